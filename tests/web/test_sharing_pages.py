"""Making share links, the list of them, and ending one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.sharing.shares import list_shares
from tests.web.conftest import DESKTOP, PHONE, PageAt, Problems
from tests.web.household import Household, Visitor, words_in

WEBER = {"label": "Dr Weber", "role": "clinician", "kinds": ["treatments"], "hours": "48", "passcode": ""}


def make(mum: Visitor, **entered: object) -> str:
    """Make a link and return its path."""
    assert mum.fill("/sharing/new", **{**WEBER, **entered}).headers["Location"] == "/sharing/made"
    found = re.search(r"(/s/nls_[\w-]+)", mum.get("/sharing/made").text)
    assert found
    return found[1]


def test_a_link_is_made_for_two_days_with_glucose_always(household: Household) -> None:
    make(household.mum())
    (share,) = list_shares(household.family.store)
    assert (share.label, share.role, share.kinds) == ("Dr Weber", "clinician", ("glucose", "treatments"))
    assert share.expires_at_ms - share.made_at_ms == 48 * 3_600_000
    assert not share.has_passcode


def test_the_form_offers_two_days_and_everything(household: Household) -> None:
    page = household.mum().get("/sharing/new").text
    assert '<option value="48" selected>2 days</option>' in page
    assert page.count(" checked") == 5
    assert '<option value="720">30 days</option>' in page


def test_a_link_is_shown_once(household: Household) -> None:
    mum = household.mum()
    make(mum)
    assert mum.get("/sharing/made").headers["Location"] == "/sharing"
    assert "nls_" not in mum.get("/sharing").text


def test_a_link_wants_a_fresh_code_and_keeps_what_was_entered(household: Household) -> None:
    mum = household.mum()
    household.family.clock.advance(minutes=6)
    answer = mum.fill("/sharing/new", **{**WEBER, "hours": "12", "passcode": "otter"})
    assert answer.status_code == 403
    assert "This needs a code from the authenticator." in words_in(answer)
    assert 'value="Dr Weber"' in answer.text
    assert '<option value="12" selected>' in answer.text
    assert "otter" not in answer.text
    assert list_shares(household.family.store) == []
    wrong = mum.post("/sharing/new", {**WEBER, "code": household.family.wrong_code()})
    assert "This code is not right." in words_in(wrong)
    assert mum.post("/sharing/new", {**WEBER, "code": household.next_code()}).headers["Location"] == "/sharing/made"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"label": " "}, "Say for whom the link is."),
        ({"hours": "9999"}, "Please look at the marked answers."),
        ({"kinds": ["passwords"]}, "Please look at the marked answers."),
        ({"passcode": "abc"}, "A passcode has 4 to 64 characters."),
    ],
)
def test_what_cannot_be_is_refused(household: Household, wrong: dict[str, object], words: str) -> None:
    answer = household.mum().fill("/sharing/new", **{**WEBER, **wrong})
    assert answer.status_code == 400
    assert words in words_in(answer)
    assert list_shares(household.family.store) == []


def test_the_list_tells_whether_a_link_was_used(household: Household) -> None:
    mum = household.mum()
    link = make(mum)
    assert "Ends in 2 d, Mon 11:01" in words_in(mum.get("/sharing"))
    assert "Not opened yet" in words_in(mum.get("/sharing"))
    doctor = household.visitor()
    doctor.fill(link)
    household.family.clock.advance(minutes=10)
    doctor.get("/shared/")
    household.family.clock.advance(minutes=5)
    assert "Opened once, last used 5 min ago" in words_in(mum.get("/sharing"))


def test_a_link_is_ended_in_one_tap(household: Household) -> None:
    mum = household.mum()
    link = make(mum)
    (share,) = list_shares(household.family.store)
    mum.get("/sharing")
    assert mum.post(f"/sharing/{share.id}/end").status_code == 303
    page = words_in(mum.get("/sharing"))
    assert "Nobody outside the family can look now." in page
    assert "Ended Dr Weber ended by you" in page
    assert household.visitor().get(link).status_code == 410


def test_links_that_ran_out_or_were_shut_are_told_apart(household: Household) -> None:
    mum = household.mum()
    make(mum, label="Granny", hours="2")
    link = make(mum, label="School", hours="720", passcode="otter")
    for wrong in range(20):
        household.family.clock.advance(hours=1)
        household.visitor().fill(link, passcode=f"wrong {wrong}")
    page = words_in(mum.get("/sharing"))
    assert "School shut after wrong passcodes" in page
    assert "Granny ran out" in page


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_a_link_is_made_opened_and_ended_in_real_browsers(
    household: Household,
    page_at: PageAt,
    problems: Problems,
    size: tuple[int, int],
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems.expect("410")
    monkeypatch.setattr("app.web.events.HEARTBEAT_S", 0.2)
    household.site.glucose(112)
    mum = household.mum_at(page_at(size, scheme))
    household.family.clock.advance(minutes=6)
    mum.goto(f"{household.site.url}/sharing/new")
    mum.get_by_label("For whom?").fill("Dr Weber")
    mum.get_by_label("A clinician").check()
    mum.get_by_label("Code from your authenticator").fill(household.next_code())
    mum.get_by_role("button", name="Make the link").click()
    link = mum.locator("#link").inner_text()
    doctor = page_at(size, scheme)
    doctor.goto(link)
    doctor.get_by_role("button", name="Open").click()
    expect(doctor.get_by_text("Ada, shared by Mum with Dr Weber")).to_be_visible()
    expect(doctor.locator("[data-line]")).to_have_text("Live")
    household.site.glucose(98)
    expect(doctor.locator('[data-value="number"]')).to_have_text("98")
    mum.get_by_role("link", name="Done").click()
    mum.get_by_role("button", name="End the link for Dr Weber now").click()
    expect(mum.get_by_text("Nobody outside the family can look now.")).to_be_visible()
    expect(doctor.get_by_role("heading", name="This link has ended")).to_be_visible()
    assert "98" not in doctor.locator("main").inner_text()
