"""An open page: kept current by the server, honest when it loses it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.actor import system_actor
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from tests.web.conftest import DESKTOP, PageAt, Problems, Serve, Site, falling_low, text_of


def opened(site: Site, page_at: PageAt, *, with_clock: bool = False, **options: object) -> Page:
    page = page_at(**options)
    if with_clock:
        page.clock.install()
    page.goto(site.url)
    expect(page.locator("[data-line]")).to_have_text("Live")
    return page


def test_a_new_reading_is_on_the_screen_within_a_second(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, minutes_ago=5)
    page = opened(open_site, page_at)
    open_site.glucose(62)
    expect(page.locator('[data-value="number"]')).to_have_text("62", timeout=1000)
    assert text_of(page, "words").startswith("Low")
    assert page.title().startswith("62")
    assert page.locator(".glance").get_attribute("data-range") == "low"
    expect(page.locator(".plot .ring")).to_have_class("ring at-low")


def test_the_first_reading_ever_appears_by_itself(open_site: Site, page_at: PageAt) -> None:
    page = opened(open_site, page_at)
    assert text_of(page, "words") == "No readings yet"
    open_site.glucose(110)
    expect(page.locator('[data-value="number"]')).to_have_text("110")
    expect(page.locator(".plot path.at-in-range")).to_be_visible()
    expect(page.locator(".first-steps")).to_be_hidden()


def test_a_treatment_and_a_status_appear_too(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, minutes_ago=1)
    page = opened(open_site, page_at)
    open_site.treatment("Meal Bolus", 0.5, insulin=1.2, carbs=18, enteredBy="Dad")
    expect(page.locator(".plot text.carbs")).to_have_text("18 g")
    expect(page.locator(".plot text.insulin")).to_have_text("1.20 U")
    expect(page.get_by_text("18 g, 1.20 U meal bolus")).to_be_visible()
    open_site.status(0.5, device="x", uploader={"battery": 55})
    expect(page.locator(".facts")).to_contain_text("55 %")


def test_a_removed_treatment_leaves_the_page(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at)
    expect(page.locator(".plot text.carbs")).to_have_text("8 g")
    open_site.house.store.collection("treatments").delete_one({"carbs": 8})
    expect(page.locator(".plot text.carbs")).to_have_count(0)
    expect(page.get_by_text("glucose tabs")).to_have_count(0)


def test_ages_tick_by_the_servers_clock(open_site: Site, page_at: PageAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.events.HEARTBEAT_S", 0.1)
    open_site.glucose(110)
    page = opened(open_site, page_at)
    expect(page.locator(".line b").first).to_have_text("just now")
    open_site.clock.advance(minutes=3)
    expect(page.locator(".line b").first).to_have_text("3 min ago")
    expect(page.locator("time")).to_have_text("10:03")


def test_a_screen_reader_hears_a_new_reading_and_at_once_another_range(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, minutes_ago=5)
    page = opened(open_site, page_at)
    open_site.glucose(112, minutes_ago=1)
    expect(page.locator("#polite[role=status]")).to_have_text(re.compile(r"^In range.*112 mg/dL, 1 min ago\.$"))
    expect(page.locator("#urgent")).to_have_text("")
    open_site.glucose(62)
    expect(page.locator("#urgent[role=alert]")).to_have_text(re.compile(r"^Low.*62 mg/dL, just now\.$"))


def test_a_silent_server_turns_the_number_into_dashes(open_site: Site, page_at: PageAt, problems: Problems) -> None:
    problems.expect("ERR_INTERNET_DISCONNECTED")
    falling_low(open_site)
    page = opened(open_site, page_at, with_clock=True)
    page.context.set_offline(True)
    page.clock.fast_forward(31_000)
    expect(page.locator('[data-value="number"]')).to_have_text("–––")
    assert text_of(page, "words") == "No contact with the server"
    assert text_of(page, "broken") == "This page last heard from the server at 10:00."
    assert page.locator("[data-line]").inner_text() == "Offline"
    assert page.locator(".arrow").is_hidden()
    assert page.locator(".line").count() == 0
    assert set(page.locator(".facts dd").all_inner_texts()) == {"–"}
    page.clock.run_for(20 * 60_000)
    expect(page.locator("rect[fill='url(#hatch)']")).to_have_count(1)
    expect(page.locator(".row[data-tone=now]")).to_contain_text("no contact since 10:00")
    assert "62" not in page.title()
    page.context.set_offline(False)
    expect(page.locator('[data-value="number"]')).to_have_text("62")
    expect(page.locator("[data-line]")).to_have_text(re.compile("Live|Polling"))


def test_short_silence_changes_nothing(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at, with_clock=True)
    page.clock.fast_forward(20_000)
    assert text_of(page, "number") == "62"


def test_on_return_the_old_value_is_greyed_until_the_server_has_answered(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, minutes_ago=1)
    page = opened(open_site, page_at)
    greyed = """() => {
        window.seen = [];
        const glance = document.querySelector(".glance");
        new MutationObserver(() => seen.push("unsure" in glance.dataset)).observe(glance, {attributes: true});
        document.dispatchEvent(new Event("visibilitychange"));
        return "unsure" in glance.dataset;
    }"""
    assert page.evaluate(greyed) is True
    expect(page.locator(".glance[data-unsure]")).to_have_count(0)


def test_on_return_without_a_server_the_old_value_stays_grey(
    open_site: Site, page_at: PageAt, problems: Problems
) -> None:
    problems.expect("ERR_INTERNET_DISCONNECTED")
    open_site.glucose(110)
    page = opened(open_site, page_at, with_clock=True)
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(3_000)
    assert page.locator(".glance[data-unsure]").count() == 1
    page.clock.fast_forward(31_000)
    expect(page.locator('[data-value="number"]')).to_have_text("–––")


def test_without_a_place_for_a_stream_the_page_asks_by_itself(
    serve: Serve, page_at: PageAt, problems: Problems
) -> None:
    problems.expect("503")
    site = serve(AUTH_DEFAULT_ROLES="readable", THREADS="4")
    site.glucose(110, minutes_ago=5)
    opened(site, page_at)
    second = page_at(size=DESKTOP)
    second.clock.install()
    second.goto(site.url)
    expect(second.locator("[data-line]")).to_have_text("Polling")
    site.glucose(66)
    second.clock.fast_forward(16_000)
    expect(second.locator('[data-value="number"]')).to_have_text("66")
    expect(second.locator(".plot .ring")).to_have_class("ring at-low")


def test_an_ended_view_shows_no_glucose(serve: Serve, page_at: PageAt, problems: Problems) -> None:
    problems.expect("401")
    site = serve(AUTH_DEFAULT_ROLES="looker")
    roles = site.house.store.collection("auth_roles")
    roles.insert_one({"name": "looker", "permissions": ["*:*:read"]})
    site.glucose(110)
    page = opened(site, page_at)
    roles.update_one({"name": "looker"}, {"$set": {"permissions": []}})
    site.glucose(55)
    expect(page.locator("[data-line]")).to_have_text("Ended")
    assert text_of(page, "number") == "–––"


def test_changed_limits_reach_the_open_page(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, minutes_ago=5)
    page = opened(open_site, page_at)
    save_person(
        open_site.house.store, Person("Mia", "UTC", Unit.MGDL, Thresholds(60, 120, 160, 250)), system_actor("x")
    )
    open_site.glucose(111)
    expect(page.locator(".plot text", has_text=re.compile("^120$"))).to_be_visible()
    expect(page.locator(".plot path.at-low")).to_have_count(1)
