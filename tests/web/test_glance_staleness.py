"""Staleness is a state: what an ageing reading looks like, by the table of ages."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import PageAt, Problems, Site, falling_low, text_of


@pytest.fixture
def page(open_site: Site, page_at: PageAt) -> Page:
    falling_low(open_site)
    return page_at()


def aged(page: Page, site: Site, minutes: float) -> Page:
    """Show the page when the last reading, two minutes old, has become so old."""
    site.clock.advance(minutes=minutes - 2)
    page.goto(site.url)
    return page


def colour_of(page: Page, selector: str) -> str:
    found: str = page.locator(selector).first.evaluate("element => getComputedStyle(element).color")
    return found


MUTED, AMBER, LOW = "rgb(154, 165, 179)", "rgb(240, 181, 63)", "rgb(255, 114, 133)"


def test_up_to_six_minutes_it_is_normal(page: Page, open_site: Site) -> None:
    aged(page, open_site, 6)
    assert text_of(page, "words") == "Low and falling"
    assert colour_of(page, ".value") == LOW
    assert page.locator("[data-tone=soon].line").count() == 0
    assert page.locator("body").get_attribute("data-health") == "good"


def test_up_to_a_quarter_of_an_hour_the_age_is_amber(page: Page, open_site: Site) -> None:
    aged(page, open_site, 12)
    assert colour_of(page, ".value") == LOW
    age = page.locator(".line[data-tone=soon] b")
    assert (age.inner_text(), colour_of(page, ".line[data-tone=soon] b")) == ("12 min ago", AMBER)
    assert age.evaluate("element => getComputedStyle(element, '::before').content") == '""'
    assert page.locator(".arrow").is_visible()


def test_up_to_half_an_hour_it_is_grey_without_trend_and_change(page: Page, open_site: Site) -> None:
    aged(page, open_site, 18)
    assert (text_of(page, "words"), text_of(page, "number")) == ("Old: 18 min", "62")
    assert colour_of(page, ".value") == MUTED
    assert page.locator(".arrow").is_hidden()
    assert page.get_by_text("in 5 min").count() == 0
    assert page.locator(".value").evaluate("element => getComputedStyle(element).textDecorationLine") == "none"
    assert page.locator(".plot .ring").count() == 0


def test_beyond_it_is_struck_out_and_the_broken_link_is_named(page: Page, open_site: Site) -> None:
    aged(page, open_site, 45)
    assert text_of(page, "words") == "No data since 09:58"
    assert page.locator(".value").evaluate("element => getComputedStyle(element).textDecorationLine") == "line-through"
    assert colour_of(page, ".value") == MUTED
    assert page.locator(".line").first.inner_text() == "Last known 62, falling slowly, 45 min ago"
    assert text_of(page, "broken") == "The phone stopped sending at 10:00."
    assert "Phone\N{NO-BREAK SPACE}×" in text_of(page, "links")
    greys = [colour_of(page, f".facts div:nth-of-type({number}) dd") for number in (1, 2)]
    assert greys == [MUTED, MUTED]
    assert page.locator("rect[fill='url(#hatch)']").count() >= 1
    assert "62" not in page.title()


def test_a_reading_dated_in_the_future_is_an_error_and_never_now(page: Page, open_site: Site) -> None:
    aged(page, open_site, 20)
    open_site.glucose(300, minutes_ago=-90)
    expect(page.locator('[data-value="words"]')).to_have_text("Reading dated in the future")
    assert "0 min" not in page.locator(".glance").inner_text()
    assert "just now" not in page.locator(".glance").inner_text()
    assert colour_of(page, ".value") == MUTED


def test_it_ages_while_the_page_is_open(page: Page, open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.events.HEARTBEAT_S", 0.1)
    aged(page, open_site, 2)
    expect(page.locator("[data-line]")).to_have_text("Live")
    for minutes, state in ((10, "late"), (18, "old"), (45, "gone")):
        open_site.clock.set(open_site.house.clock.now_ms())
        now_min = {10: 8, 18: 8, 45: 27}[minutes]
        open_site.clock.advance(minutes=now_min)
        expect(page.locator(".glance")).to_have_attribute("data-state", state)
    open_site.glucose(90)
    expect(page.locator(".glance")).to_have_attribute("data-state", "fresh")


def test_a_page_whose_script_never_runs_greys_itself(page: Page, open_site: Site, problems: Problems) -> None:
    problems.expect("ERR_FAILED")
    page.route("**/js/glance.js", lambda route: route.abort())
    aged(page, open_site, 2)
    assert page.locator(".glance").evaluate("element => getComputedStyle(element).opacity") == "1"
    page.evaluate("for (const one of document.getAnimations()) one.currentTime = 101_000")
    assert page.locator(".glance").evaluate("element => getComputedStyle(element).opacity") == "0.6"
    told = page.locator(".glance").evaluate("element => getComputedStyle(element, '::after').fontSize")
    assert told == "16px"


def test_a_living_page_does_not(page: Page, open_site: Site) -> None:
    aged(page, open_site, 2)
    expect(page.locator("[data-line]")).to_have_text("Live")
    assert page.evaluate("document.getAnimations().filter((one) => one instanceof CSSAnimation).length") == 0


def test_without_script_the_page_loads_itself_anew(open_site: Site) -> None:
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in httpx.get(open_site.url).text
