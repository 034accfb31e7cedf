"""One's own account: sessions, password, authenticator, recovery codes, preferences."""

from __future__ import annotations

import re

import pyotp
import pytest

from app.identity.sessions import list_sessions
from app.identity.totp import STEP_S
from tests.identity.family import NAME, PASSWORD
from tests.web.household import Household, Visitor, words_in

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


def stale(household: Household) -> Visitor:
    """Return a browser in which mum signed in six minutes ago."""
    visitor = household.mum()
    household.family.clock.advance(minutes=6)
    return visitor


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li>([0-9A-Z-]{19})</li>", page)


def secret_on(page: str) -> str:
    found = re.search(r'id="secret"[^>]*>([^<]+)<', page)
    assert found
    return found[1].replace(" ", "")


def test_every_session_is_listed_in_words_and_this_one_marked(household: Household) -> None:
    household.mum(**{"User-Agent": IPHONE})
    household.family.clock.advance(minutes=5)
    page = words_in(household.mum().get("/account"))
    assert "Firefox on Android This browser · just now · 127.0.0.1" in page
    assert "Safari on an iPhone 5 min ago" in page


def test_one_session_is_ended_without_touching_the_others(household: Household) -> None:
    phone, desk = household.mum(**{"User-Agent": IPHONE}), household.mum()
    ends = re.findall(r'action="(/account/sessions/[0-9a-f]+/end)"', desk.get("/account").text)
    assert len(ends) == len(list_sessions(household.family.store, household.family.clock, "owner")) - 1
    for end in ends:
        desk.post(end)
    assert phone.get("/account").headers["Location"].startswith("/sign-in")
    assert desk.get("/account").status_code == 200


def test_all_others_are_ended_at_once(household: Household) -> None:
    phone, desk = household.mum(), household.mum()
    assert desk.post("/account/sessions/end-others").status_code == 303
    assert phone.get("/account").headers["Location"].startswith("/sign-in")
    assert "Every other browser is signed out." in words_in(desk.get("/account"))


def test_a_fresh_sign_in_needs_no_further_code(household: Household) -> None:
    page = household.mum().get("/account/password").text
    assert 'name="code"' not in page


def test_a_password_is_changed_with_a_fresh_code(household: Household) -> None:
    elsewhere, visitor = household.mum(), stale(household)
    assert 'name="code"' in visitor.get("/account/password").text
    answer = visitor.post("/account/password", {"password": "eight blue herons", "code": household.next_code()})
    assert answer.headers["Location"] == "/account"
    assert visitor.get("/account").status_code == 200
    assert elsewhere.get("/account").headers["Location"].startswith("/sign-in")
    assert household.visitor().fill("/sign-in", name=NAME, password=PASSWORD).status_code == 401
    assert household.visitor().fill("/sign-in", name=NAME, password="eight blue herons").status_code == 303


@pytest.mark.parametrize("code", ["", "000000"])
def test_a_password_is_not_changed_without_a_right_code(household: Household, code: str) -> None:
    visitor = stale(household)
    answer = visitor.fill("/account/password", password="eight blue herons", code=code)
    assert answer.status_code in (401, 403)
    assert 'name="code"' in answer.text
    assert "eight blue herons" not in answer.text
    assert household.visitor().fill("/sign-in", name=NAME, password=PASSWORD).status_code == 303


def test_a_weak_password_costs_no_second_code(household: Household) -> None:
    visitor = stale(household)
    visitor.get("/account/password")
    answer = visitor.post("/account/password", {"password": "nightlight1", "code": household.next_code()})
    assert answer.status_code == 400
    assert 'name="code"' not in answer.text


def test_another_authenticator_takes_the_place_of_the_first(household: Household) -> None:
    elsewhere, visitor = household.mum(), household.mum()
    secret = secret_on(visitor.get("/account/authenticator").text)
    household.family.clock.advance(s=STEP_S)
    answer = visitor.post("/account/authenticator", {"code": pyotp.TOTP(secret).at(household.site.ms(0) // 1000)})
    assert answer.headers["Location"] == "/account/recovery-codes"
    assert len(codes_on(visitor.get("/account/recovery-codes").text)) == 8
    assert elsewhere.get("/account").headers["Location"].startswith("/sign-in")
    visitor.post("/account/recovery-codes/kept")
    assert visitor.get("/account").status_code == 200


def test_another_authenticator_wants_a_code_first_and_leads_back(household: Household) -> None:
    visitor = stale(household)
    location = visitor.get("/account/authenticator").headers["Location"]
    assert location == "/confirm?next=/account/authenticator"
    visitor.get(location)
    answer = visitor.post("/confirm", {"next": "/account/authenticator", "code": household.next_code()})
    assert answer.headers["Location"] == "/account/authenticator"
    assert secret_on(visitor.get("/account/authenticator").text)


def test_a_wrong_first_code_keeps_the_old_authenticator(household: Household) -> None:
    visitor = household.mum()
    visitor.get("/account/authenticator")
    answer = visitor.post("/account/authenticator", {"code": "000000"})
    assert answer.status_code == 401
    assert secret_on(answer.text)
    assert household.mum()


def test_a_wrong_first_code_after_too_long_asks_for_a_code_again(household: Household) -> None:
    visitor = household.mum()
    visitor.get("/account/authenticator")
    household.family.clock.advance(minutes=6)
    answer = visitor.post("/account/authenticator", {"code": "000000"})
    assert answer.headers["Location"] == "/confirm?next=/account/authenticator"


def test_new_recovery_codes_end_the_old_ones(household: Household) -> None:
    visitor, old = household.mum(), household.family.recovery_codes[0]
    assert "8 of 8 are left" in words_in(visitor.get("/account/recovery-codes"))
    assert visitor.post("/account/recovery-codes").headers["Location"] == "/account/recovery-codes"
    new = codes_on(visitor.get("/account/recovery-codes").text)
    assert len(new) == 8
    assert visitor.post("/account/recovery-codes/kept").headers["Location"] == "/account"
    for code, let_in in ((old, False), (new[0], True)):
        stranger = household.visitor()
        stranger.fill("/sign-in", name=NAME, password=PASSWORD)
        assert (stranger.fill("/sign-in/without-phone", code=code).status_code == 303) is let_in


def test_new_recovery_codes_want_a_fresh_code(household: Household) -> None:
    visitor = stale(household)
    assert visitor.fill("/account/recovery-codes").status_code == 403
    assert visitor.fill("/account/recovery-codes", code=household.next_code()).status_code == 303


def test_made_codes_open_only_in_the_session_they_were_made_in(household: Household) -> None:
    visitor = household.mum()
    visitor.fill("/account/recovery-codes")
    assert codes_on(visitor.get("/account/recovery-codes").text)
    assert codes_on(household.mum().get("/account/recovery-codes").text) == []


def test_the_unit_goes_with_the_account_to_other_browsers(household: Household) -> None:
    visitor = household.mum()
    visitor.get("/account")
    assert visitor.post("/account/look/unit", {"unit": "mmol"}).headers["Location"] == "/account"
    assert ">mmol/L</span>" in visitor.get("/").text
    assert ">mmol/L</span>" in household.mum().get("/").text


def test_the_theme_stays_in_this_browser(household: Household) -> None:
    visitor = household.mum()
    visitor.get("/account")
    assert visitor.post("/account/look/theme", {"theme": "contrast"}).headers["Location"] == "/account"
    assert 'data-theme="contrast"' in visitor.get("/account").text
    assert "data-theme" not in household.mum().get("/account").text


@pytest.mark.parametrize(
    "act",
    ["/account/password", "/account/recovery-codes", "/account/sessions/end-others", "/sign-out", "/account/look/unit"],
)
def test_no_act_is_done_for_another_site(household: Household, act: str) -> None:
    visitor = household.mum()
    assert visitor.client.post(act, data={"password": "eight blue herons"}).status_code == 400
    assert visitor.get("/account").status_code == 200


def test_confirming_leads_only_to_pages_of_ours(household: Household) -> None:
    visitor = stale(household)
    visitor.get("/confirm?next=https://evil.example/")
    answer = visitor.post("/confirm", {"next": "https://evil.example/", "code": household.next_code()})
    assert answer.headers["Location"] == "/"


def test_a_wrong_code_while_confirming_is_told(household: Household) -> None:
    visitor = stale(household)
    visitor.get("/confirm?next=/sharing/new")
    answer = visitor.post("/confirm", {"next": "/sharing/new", "code": household.family.wrong_code()})
    assert answer.status_code == 401
    assert "This code is not right." in words_in(answer)
    assert 'value="/sharing/new"' in answer.text
