"""The first HTML already says everything: no script is needed to know how it stands."""

from __future__ import annotations

import gzip
import json

import httpx
from playwright.sync_api import Page

from app.actor import system_actor
from app.clock import iso_of
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from app.uploaders.backoff import Failure
from app.uploaders.state import COLLECTION, State, state_document
from app.uploaders.uploaders import Uploaders
from tests.web.conftest import PageAt, Serve, Site, falling_low, text_of


def shown(site: Site, page_at: PageAt) -> Page:
    page = page_at(java_script_enabled=False)
    page.goto(site.url)
    return page


def test_words_number_arrow_unit_change_age_and_device_are_there_without_script(
    open_site: Site, page_at: PageAt
) -> None:
    falling_low(open_site)
    page = shown(open_site, page_at)
    assert text_of(page, "words") == "Low and falling"
    assert text_of(page, "number") == "62"
    assert text_of(page, "unit") == "mg/dL"
    assert page.get_by_role("img", name="falling").is_visible()
    assert page.locator(".line").all_inner_texts() == [
        "−6 mg/dL in 5 min",
        "2 min ago, Dexcom G6 by xDrip",
        "8 g carbs 11 min ago · 1.20 U 2 h 24 min ago",
    ]
    assert page.title() == "62 ↘ mg/dL · Low and falling"


def test_only_known_facts_are_shown(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    names = shown(open_site, page_at).locator(".facts dt").all_inner_texts()
    assert names == ["IOB", "COB", "Loop", "Reservoir", "Phone"]


def test_without_devices_there_is_no_grid_of_facts(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110)
    assert shown(open_site, page_at).locator(".facts").is_hidden()


def test_the_chain_and_the_treatments_are_lists(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = shown(open_site, page_at)
    chain = page.get_by_role("region", name="The chain").locator("li .what").all_inner_texts()
    assert chain == ["Sensor", "Phone", "Loop", "Pump", "Server", "This page"]
    treatments = page.get_by_role("region", name="Treatments").locator("li").all_inner_texts()
    assert [row.split("\n") for row in treatments] == [
        ["09:49", "8 g carbs: glucose tabs", "Mum"],
        ["07:36", "1.20 U meal bolus", "Dad"],
    ]


def test_the_last_three_hours_are_a_table_behind_a_word(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = shown(open_site, page_at)
    table = page.get_by_role("table", name="Last 3 hours")
    assert table.is_hidden()
    page.get_by_text("Table").click()
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    assert rows[0] == ["09:58", "62 mg/dL", "low"]
    assert ["09:49", "8 g", "carbs"] in rows
    assert len(rows) > 36


def test_what_needs_script_is_not_shown_without_it(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = shown(open_site, page_at)
    assert page.locator(".chart").is_hidden()
    assert page.get_by_role("button", name="6 h").is_hidden()


def test_times_are_the_persons_own(open_site: Site, page_at: PageAt) -> None:
    person = Person("Mia", "Asia/Kolkata", Unit.MGDL, Thresholds())
    save_person(open_site.house.store, person, system_actor("test"))
    open_site.glucose(110)
    page = shown(open_site, page_at)
    assert text_of(page, "clock") == "15:30"
    assert page.get_by_role("link", name="Mia").is_visible()


def test_another_limit_makes_another_range(open_site: Site, page_at: PageAt) -> None:
    person = Person("Mia", "UTC", Unit.MGDL, Thresholds(60, 90, 140, 200))
    save_person(open_site.house.store, person, system_actor("test"))
    open_site.glucose(85)
    assert text_of(shown(open_site, page_at), "words") == "Low"


def test_the_unit_is_the_persons_until_the_viewer_chooses(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = shown(open_site, page_at)
    page.get_by_role("button", name="mmol/L").click()
    assert (text_of(page, "number"), text_of(page, "unit")) == ("3.4", "mmol/L")
    assert page.locator(".line").first.inner_text() == "−0.4 mmol/L in 5 min"
    assert page.get_by_role("button", name="mmol/L").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="mg/dL").click()
    assert (text_of(page, "number"), text_of(page, "unit")) == ("62", "mg/dL")


def test_the_theme_follows_the_system_until_the_viewer_chooses(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110)
    page = shown(open_site, page_at)
    assert page.locator("html").get_attribute("data-theme") is None
    page.get_by_role("button", name="High contrast").click()
    assert page.locator("html").get_attribute("data-theme") == "contrast"
    page.get_by_role("button", name="System").click()
    assert page.locator("html").get_attribute("data-theme") is None


def test_a_sentinel_is_a_word_and_the_loudest_state(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(39)
    page = shown(open_site, page_at)
    assert (text_of(page, "words"), text_of(page, "number")) == ("Very low", "LOW")
    assert page.locator(".glance").get_attribute("data-range") == "very-low"


def test_before_the_first_reading_the_page_says_so_kindly(open_site: Site, page_at: PageAt) -> None:
    page = shown(open_site, page_at)
    assert (text_of(page, "words"), text_of(page, "number")) == ("No readings yet", "–––")
    assert page.get_by_text("The first reading appears here by itself").is_visible()
    assert page.get_by_text("API secret").count() == 0
    assert page.locator(".history").is_hidden()


def test_whoever_may_connect_things_is_told_how(serve: Serve, page_at: PageAt) -> None:
    site = serve(AUTH_DEFAULT_ROLES="admin")
    page = shown(site, page_at)
    assert page.get_by_text(f"{site.url}/").is_visible()
    assert page.get_by_text("From a vendor's cloud").is_visible()


def test_a_viewer_without_treatments_or_statuses_learns_nothing_of_them(serve: Serve, page_at: PageAt) -> None:
    site = serve(AUTH_DEFAULT_ROLES="glucose-only")
    roles = site.house.store.collection("auth_roles")
    roles.insert_one({"name": "glucose-only", "permissions": ["api:entries:read"]})
    falling_low(site)
    page = shown(site, page_at)
    assert text_of(page, "number") == "62"
    for word in ("carbs", "1.20 U", "glucose tabs", "Treatments", "IOB", "Reservoir", "Loop", "71 %", "loop://"):
        assert word not in page.content()


def test_no_glucose_without_its_permission(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="careportal")
    site.glucose(110)
    accepted = {"/": "text/html", "/now.json": "*/*", "/events": "text/event-stream"}
    answers = [httpx.get(site.url + path, headers={"Accept": kind}) for path, kind in accepted.items()]
    assert [answer.status_code for answer in answers] == [303, 401, 401]
    assert not any("110" in answer.text for answer in answers)


def test_what_uploaders_wrote_is_text_and_never_markup(open_site: Site, page_at: PageAt) -> None:
    attack = "</script><img src=x onerror=alert(1)>"
    open_site.glucose(110, device=attack)
    note = {"eventType": "Note", "created_at": iso_of(open_site.ms(5)), "notes": attack, "enteredBy": attack}
    open_site.house.store.collection("treatments").insert_one(note)
    page = page_at()
    page.goto(open_site.url)
    page.get_by_text("Live", exact=True).wait_for()
    assert page.locator("main img").count() == 0
    assert attack in page.locator(".lists").inner_text()


def test_the_first_html_is_small_even_with_a_day_of_minutes(open_site: Site) -> None:
    entries = [{"type": "sgv", "date": open_site.ms(minute), "sgv": 90 + minute % 97} for minute in range(1440)]
    open_site.house.store.collection("entries").insert_many(entries)
    sent = httpx.get(open_site.url, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert sent.headers["Content-Encoding"] == "gzip"
    assert len(gzip.compress(sent.content)) < 24_000


def test_the_same_values_come_as_json(open_site: Site) -> None:
    falling_low(open_site)
    found = httpx.get(f"{open_site.url}/now.json").json()
    assert (found["now"]["number"], found["now"]["words"]) == ("62", "Low and falling")
    assert len(found["marks"]["readings"]) == 36
    again = httpx.get(f"{open_site.url}/now.json", params={"after": found["now"]["seq"]}).json()
    assert "marks" not in again
    assert json.dumps(again["now"]) == json.dumps(found["now"])


def in_trouble(site: Site) -> None:
    """An uploader that Dexcom has refused since half an hour ago."""
    actor = system_actor("test")
    uploaders = Uploaders(site.house.store, site.clock, actor, site.house.keyring)
    made = uploaders.create("dexcom_share", {"region": "ous", "account": "mia", "password": "secret words"})
    failure = Failure("auth-invalid", "Dexcom refused the password", "Enter it again.", site.ms(30), site.ms(30), 3)
    state = State(last_run_ms=site.ms(30), failure=failure)
    site.house.store.collection(COLLECTION).update_one({"_id": made.id}, {"$set": {"state": state_document(state)}})


def test_an_uploader_in_trouble_is_named_with_the_time(open_site: Site, page_at: PageAt) -> None:
    in_trouble(open_site)
    open_site.glucose(110, 40)
    page = shown(open_site, page_at)
    assert text_of(page, "broken") == "Dexcom refused the password at 09:30."


def test_its_trouble_is_told_to_nobody_who_may_not_see_devices(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="glucose-only")
    site.house.store.collection("auth_roles").insert_one({"name": "glucose-only", "permissions": ["api:entries:read"]})
    in_trouble(site)
    assert "refused" not in httpx.get(site.url).text
