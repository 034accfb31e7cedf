"""A share link from the outside."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.actor import NOBODY
from app.identity.audit import search
from app.identity.peer import NO_PEER
from app.sharing.shares import list_shares, revoke_share
from tests.web.conftest import PageAt, Problems
from tests.web.household import Household, Visitor, words_in


@pytest.fixture
def doctor(household: Household) -> Visitor:
    return household.visitor()


def revoke(household: Household) -> None:
    (share,) = list_shares(household.family.store)
    assert revoke_share(household.family.store, household.family.clock, NOBODY, share.id, peer=NO_PEER)


def test_looking_at_a_link_shows_and_counts_nothing(household: Household, doctor: Visitor) -> None:
    link, before = household.link(), household.told()
    for _ in range(3):
        page = doctor.get(link)
        assert page.status_code == 200
        assert "Ada" not in page.text
        assert "Weber" not in page.text
    assert list_shares(household.family.store)[0].opens == 0
    assert household.told() == before
    assert "nightlight_visit" not in doctor.client.cookies


def test_opening_shows_the_page_of_now_and_takes_the_token_out_of_the_address(
    household: Household, doctor: Visitor
) -> None:
    household.site.glucose(112)
    answer = doctor.fill(household.link())
    assert answer.headers["Location"] == "/shared/"
    cookie = next(value for value in answer.headers.get_list("Set-Cookie") if "nightlight_visit" in value)
    assert "Path=/shared" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = doctor.get("/shared/")
    words = words_in(page)
    assert "Ada , shared by Mum with Dr Weber" in words
    assert "Shows glucose. Ends Mon 11:01" in words
    assert '<span class="value" data-value="number">112</span>' in page.text
    assert household.told()[-1] == "share opened"
    assert list_shares(household.family.store)[0].opens == 1


def test_only_what_was_granted_is_shown(household: Household, doctor: Visitor) -> None:
    household.site.glucose(112)
    household.site.treatment("Meal Bolus", 20, insulin=1.25, enteredBy="Dad")
    doctor.fill(household.link())
    assert "1.25" not in doctor.get("/shared/").text
    assert "1.25" not in doctor.get("/shared/now.json").text
    other = household.visitor()
    other.fill(household.link(kinds=["glucose", "treatments"]))
    assert "1.25 U" in other.get("/shared/").text


def test_nothing_of_the_family_is_reached_through_a_link(household: Household, doctor: Visitor) -> None:
    doctor.fill(household.link())
    page = doctor.get("/shared/").text
    assert "<nav" not in page
    for path in ("/", "/account", "/sharing", "/uploaders", "/audit", "/devices", "/person"):
        assert doctor.get(path).headers["Location"].startswith("/sign-in")
    assert doctor.client.get("/api/v1/entries.json").status_code == 401
    assert doctor.client.get("/now.json").status_code == 401


def test_who_is_signed_in_sees_a_link_as_its_visitor_does(household: Household) -> None:
    link, mum = household.link(), household.mum()
    mum.fill(link)
    assert "shared by Mum with Dr Weber" in words_in(mum.get("/shared/"))
    assert "<nav" not in mum.get("/shared/").text
    assert "shared by" not in words_in(mum.get("/"))


def test_each_answer_keeps_to_itself(household: Household, doctor: Visitor) -> None:
    link = household.link()
    answers = [doctor.get(link), doctor.post(link), doctor.get("/shared/"), doctor.get("/shared/now.json")]
    for answer in [*answers, doctor.get("/s/nls_unknown")]:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]


@pytest.mark.parametrize("unknown", ["nls_unknown", "x", "nlw_0", "%00", "é"])
def test_an_unknown_link_is_not_found(doctor: Visitor, household: Household, unknown: str) -> None:
    assert doctor.get(f"/s/{unknown}").status_code == 404
    doctor.get("/sign-in")
    assert doctor.post(f"/s/{unknown}").status_code == 404


def test_a_passcode_is_wanted_and_wrong_ones_are_told(household: Household, doctor: Visitor) -> None:
    link = household.link(passcode="otter")
    assert 'name="passcode"' in doctor.get(link).text
    without = doctor.post(link)
    assert (without.status_code, "This link wants its passcode." in words_in(without)) == (401, True)
    wrong = doctor.post(link, {"passcode": "badger"})
    assert (wrong.status_code, "This is not the passcode." in words_in(wrong)) == (401, True)
    assert "badger" not in wrong.text
    assert doctor.post(link, {"passcode": "otter"}).headers["Location"] == "/shared/"


def test_guessing_a_passcode_is_slowed_down(household: Household, doctor: Visitor) -> None:
    link = household.link(passcode="otter")
    doctor.get(link)
    for guess in range(5):
        doctor.post(link, {"passcode": f"guess {guess}"})
    answer = doctor.post(link, {"passcode": "otter"})
    assert answer.status_code == 429
    assert "Try again in 15 min." in words_in(answer)


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_an_ended_link_says_so_everywhere(household: Household, doctor: Visitor, how: str) -> None:
    household.site.glucose(112)
    link = household.link()
    doctor.fill(link)
    if how == "expired":
        household.family.clock.advance(hours=48)
    else:
        revoke(household)
    for path in ("/shared/", link):
        answer = doctor.get(path)
        assert answer.status_code == 410
        assert "This link has ended" in words_in(answer)
        assert "ask the family for a new link" in words_in(answer)
        assert "112" not in answer.text
        assert "Ada" not in answer.text
    assert doctor.post(link).status_code == 410
    script = doctor.client.get("/shared/now.json", headers={"Accept": "application/json"})
    assert (script.status_code, script.json()["error"]["code"]) == (410, "gone")
    assert doctor.get("/shared/events").status_code == 410


def test_a_link_is_good_to_its_last_moment(household: Household, doctor: Visitor) -> None:
    link = household.link()
    ends_ms = list_shares(household.family.store)[0].expires_at_ms
    household.family.clock.set(ends_ms - 1)
    assert doctor.get(link).status_code == 200
    household.family.clock.set(ends_ms)
    assert doctor.get(link).status_code == 410


def test_an_open_page_is_told_when_its_time_is_over(
    household: Household, page_at: PageAt, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.events.HEARTBEAT_S", 0.2)
    problems.expect("410")
    household.site.glucose(112)
    page = page_at()
    page.goto(household.site.url + household.link())
    page.get_by_role("button", name="Open").click()
    expect(page.locator("[data-line]")).to_have_text("Live")
    household.family.clock.advance(hours=48)
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()


def test_the_end_is_told_in_the_visitors_own_time_too(household: Household, page_at: PageAt) -> None:
    page = page_at()
    page.goto(household.site.url + household.link())
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".visit time")).to_have_text("Mon 11:01 there, Mon 19:01 your time")


def test_the_unit_can_be_switched(household: Household, doctor: Visitor) -> None:
    household.site.glucose(112)
    doctor.fill(household.link())
    doctor.get("/shared/")
    assert doctor.post("/shared/look/unit", {"unit": "mmol"}).headers["Location"] == "/shared/"
    assert '<span class="value" data-value="number">6.2</span>' in doctor.get("/shared/").text


def test_closing_leaves_nothing_in_the_browser(household: Household, doctor: Visitor) -> None:
    doctor.fill(household.link())
    doctor.get("/shared/")
    assert "Closed" in words_in(doctor.post("/s/close"))
    answer = doctor.get("/shared/")
    assert answer.status_code == 401
    assert "No link is open here" in words_in(answer)


def test_another_site_cannot_open_a_link_in_somebodys_browser(household: Household, doctor: Visitor) -> None:
    assert doctor.post(household.link()).status_code == 400
    assert list_shares(household.family.store)[0].opens == 0


def test_every_opening_is_told_with_its_address(household: Household, doctor: Visitor) -> None:
    doctor.fill(household.link())
    row = next(row for row in search(household.family.store) if row.act == "share opened")
    assert row.address == "127.0.0.1"
    assert "Firefox" in row.user_agent


def test_every_way_on_from_a_link_leads_somewhere(household: Household, page_at: PageAt) -> None:
    household.site.glucose(112)
    failed: list[str] = []
    page = page_at()
    page.on("response", lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.goto(household.site.url + household.link(kinds=["glucose", "treatments", "devicestatus", "profile"]))
    page.get_by_role("button", name="Open").click()
    waiting, seen = [page.url], set[str]()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        page.goto(address)
        here = page.eval_on_selector_all("a[href]", "anchors => anchors.map((anchor) => anchor.href.split('#')[0])")
        waiting += [found for found in set(here) - seen if re.match(re.escape(household.site.url), found)]
    assert f"{household.site.url}/shared/" in seen
    assert failed == []
