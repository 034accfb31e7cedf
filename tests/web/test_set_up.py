"""The first minutes of a fresh server."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from app.identity import setup
from app.identity.setup import is_set_up, new_setup_code
from app.records.person import read_person
from tests.identity.family import NAME, PASSWORD
from tests.web.conftest import DESKTOP, PHONE, PageAt, Problems
from tests.web.household import Household, Visitor, words_in

OWNER = {"name": NAME, "password": PASSWORD}


def code_of(household: Household) -> str:
    return new_setup_code(household.family.store, household.family.clock)


def shown_now(household: Household, secret: str) -> str:
    """Return what an authenticator shows that has learned this secret, at the server's own time."""
    return pyotp.TOTP(secret.replace(" ", "")).at(household.family.clock.now_ms() // 1000)


def secret_on(visitor: Visitor) -> str:
    found = re.search(r'id="secret"[^>]*>([^<]+)<', visitor.get("/set-up/authenticator").text)
    assert found
    return found[1]


def begun(household: Household) -> Visitor:
    """Return a browser that has made the owner's account and stands before the authenticator."""
    visitor = household.visitor()
    answer = visitor.fill("/set-up", setup_code=code_of(household), **OWNER)
    assert answer.headers["Location"] == "/set-up/authenticator"
    return visitor


def test_the_page_of_now_leads_to_set_up(fresh_household: Household) -> None:
    visitor = fresh_household.visitor()
    assert visitor.get("/").headers["Location"].startswith("/sign-in")
    assert visitor.get("/sign-in").headers["Location"] == "/set-up"
    assert "Welcome to Nightlight" in words_in(visitor.get("/set-up"))


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_a_family_gets_from_the_code_to_the_page_of_now(
    fresh_household: Household, page_at: PageAt, size: tuple[int, int], scheme: str
) -> None:
    page: Page = page_at(size, scheme)
    page.goto(fresh_household.site.url)
    page.get_by_label("Set-up code").fill(code_of(fresh_household).lower().replace("-", " "))
    page.get_by_label("Your name").fill("Mum")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".qr svg")).to_be_visible()
    page.get_by_text("Type it in by hand").click()
    code = shown_now(fresh_household, page.locator("#secret").inner_text())
    page.get_by_label("Code from your authenticator").fill(f"{code[:3]} {code[3:]}")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".codes li")).to_have_count(8)
    page.get_by_role("button", name="I have them").click()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("mmol/L", exact=True).check()
    expect(page.get_by_label("to", exact=True).locator("visible=true")).to_have_value("10.0")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".person")).to_have_text("Ada")
    expect(page.locator('[data-value="unit"]')).to_have_text("mmol/L")
    expect(page.get_by_role("link", name="connect an uploader")).to_be_visible()
    expect(page.get_by_role("link", name="Connect an app")).to_be_visible()
    person = read_person(fresh_household.site.house.store, fresh_household.site.house.settings)
    assert (person.zone, person.thresholds.bottom, person.thresholds.top) == ("Asia/Tokyo", 70, 180)


def test_a_wrong_code_makes_no_account(fresh_household: Household) -> None:
    code_of(fresh_household)
    answer = fresh_household.visitor().fill("/set-up", setup_code="AAAA-BBBB-CCCC", **OWNER)
    assert answer.status_code == 401
    assert "This is not the set-up code" in words_in(answer)
    assert not is_set_up(fresh_household.family.store)


def test_an_ended_code_says_how_to_get_another(fresh_household: Household) -> None:
    code = code_of(fresh_household)
    fresh_household.family.clock.advance(hours=25)
    answer = fresh_household.visitor().fill("/set-up", setup_code=code, **OWNER)
    assert answer.status_code == 409
    assert "nightlight setup-code" in words_in(answer)


def test_a_weak_password_is_refused_and_never_written_back(fresh_household: Household) -> None:
    answer = fresh_household.visitor().fill(
        "/set-up", setup_code=code_of(fresh_household), name="Mum", password="nightlight1"
    )
    assert answer.status_code == 400
    assert "among the first that are guessed" in words_in(answer)
    assert "nightlight1" not in answer.text
    assert 'value="Mum"' in answer.text


def test_whatever_is_missing_is_marked(fresh_household: Household) -> None:
    answer = fresh_household.visitor().fill("/set-up", setup_code=" ", name="", password="")
    assert answer.status_code == 400
    assert answer.text.count('aria-invalid="true"') == 3
    assert "Enter the code the server printed." in words_in(answer)


def test_a_second_owner_is_refused(household: Household) -> None:
    visitor = household.visitor()
    assert visitor.get("/set-up").headers["Location"] == "/sign-in"
    visitor.get("/sign-in")
    answer = visitor.post("/set-up", {"setup_code": "AAAA-BBBB-CCCC", **OWNER})
    assert answer.status_code == 409
    assert "has an account already" in words_in(answer)


def test_nothing_opens_before_the_authenticator_is_confirmed(fresh_household: Household) -> None:
    visitor = begun(fresh_household)
    for page in ("/account", "/person", "/account/recovery-codes", "/"):
        assert visitor.get(page).headers["Location"].startswith("/sign-in")


def test_a_wrong_first_code_shows_the_same_picture_again(fresh_household: Household) -> None:
    visitor = begun(fresh_household)
    secret = secret_on(visitor)
    answer = visitor.post("/set-up/authenticator", {"code": "000000"})
    assert answer.status_code == 401
    assert "This code is not right." in words_in(answer)
    assert secret in answer.text


def test_an_interrupted_enrolment_is_gone_on_with_after_the_next_password(fresh_household: Household) -> None:
    secret = secret_on(begun(fresh_household))
    other = fresh_household.visitor()
    assert other.fill("/sign-in", **OWNER).headers["Location"] == "/set-up/authenticator"
    assert secret_on(other) == secret
    answer = other.post("/set-up/authenticator", {"code": shown_now(fresh_household, secret)})
    assert answer.headers["Location"] == "/account/recovery-codes"


def test_an_enrolment_that_took_too_long_begins_again_with_the_password(fresh_household: Household) -> None:
    visitor = begun(fresh_household)
    fresh_household.family.clock.advance(minutes=61)
    assert visitor.get("/set-up/authenticator").headers["Location"] == "/sign-in"
    assert "took too long" in words_in(visitor.get("/sign-in"))


def test_recovery_codes_stay_until_their_owner_has_them(fresh_household: Household) -> None:
    visitor = begun(fresh_household)
    visitor.post("/set-up/authenticator", {"code": shown_now(fresh_household, secret_on(visitor))})
    codes = re.findall(r"<li>([0-9A-Z-]{19})</li>", visitor.get("/account/recovery-codes").text)
    assert len(codes) == len(set(codes)) == 8
    assert codes[7] in visitor.get("/account/recovery-codes").text
    file = visitor.get("/account/recovery-codes.txt")
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    assert all(code in file.text for code in codes)
    visitor.get("/account/recovery-codes")
    assert visitor.post("/account/recovery-codes/kept").headers["Location"] == "/person"
    later = visitor.get("/account/recovery-codes")
    assert not any(code in later.text for code in codes)
    assert "8 of 8 are left" in words_in(later)


def test_recovery_codes_are_gone_after_a_quarter_of_an_hour(fresh_household: Household) -> None:
    visitor = begun(fresh_household)
    visitor.post("/set-up/authenticator", {"code": shown_now(fresh_household, secret_on(visitor))})
    fresh_household.family.clock.advance(minutes=16)
    assert "<li>" not in visitor.get("/account/recovery-codes").text
    assert visitor.get("/account/recovery-codes.txt").status_code == 303


def test_the_setup_page_counts_its_tries(fresh_household: Household) -> None:
    code = code_of(fresh_household)
    visitor = fresh_household.visitor()
    for _ in range(setup.TRIES):
        visitor.fill("/set-up", setup_code="AAAA-BBBB-CCCC", **OWNER)
    assert visitor.fill("/set-up", setup_code=code, **OWNER).status_code == 409
    assert not is_set_up(fresh_household.family.store)


def test_fields_tell_browsers_what_they_are_for(fresh_household: Household) -> None:
    page = fresh_household.visitor().get("/set-up").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="new-password"' in page
    enrol = begun(fresh_household).get("/set-up/authenticator").text
    assert 'autocomplete="one-time-code"' in enrol
    assert 'inputmode="numeric"' in enrol
    assert "otpauth://totp/" in enrol


def test_no_page_of_set_up_may_be_kept(fresh_household: Household, problems: Problems) -> None:
    for page in (fresh_household.visitor().get("/set-up"), begun(fresh_household).get("/set-up/authenticator")):
        assert page.headers["Cache-Control"] == "no-store"
