"""Signing in and out, and what is said when it does not work."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from app.identity import way_back
from app.identity.second_factor import CODES
from app.identity.sessions import list_sessions
from app.identity.sign_in import PASSWORDS_OF_ADDRESS
from tests.identity.family import NAME, PASSWORD
from tests.web.conftest import DESKTOP, PHONE, PageAt, Site
from tests.web.household import Household, Visitor, words_in


def at_the_code(household: Household, next_page: str = "") -> Visitor:
    visitor = household.visitor()
    visitor.get(f"/sign-in?next={next_page}")
    visitor.post("/sign-in", {"name": NAME, "password": PASSWORD})
    visitor.get("/sign-in/code")
    return visitor


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_password_and_code_lead_to_the_page_of_now(
    household: Household, page_at: PageAt, size: tuple[int, int]
) -> None:
    household.site.glucose(110)
    page = household.mum_at(page_at(size))
    expect(page.locator('[data-value="number"]')).to_have_text("110")
    expect(page.locator("[data-line]")).to_have_text("Live")
    assert page.context.cookies()[0]["httpOnly"]


def test_the_cookie_is_narrow(household: Household) -> None:
    visitor = at_the_code(household)
    cookie = visitor.post("/sign-in/code", {"code": household.next_code()}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "; Secure" not in cookie


def test_behind_https_the_cookie_is_for_https_alone(household: Household) -> None:
    visitor = household.visitor(**{"X-Forwarded-Proto": "https"})
    assert "; Secure" in visitor.get("/sign-in").headers["Set-Cookie"]


def test_a_wrong_password_is_told_and_not_written_back(household: Household) -> None:
    answer = household.visitor().fill("/sign-in", name=NAME, password="seven red otters")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in words_in(answer)
    assert "seven red otters" not in answer.text
    assert f'value="{NAME}"' in answer.text


def test_the_password_alone_opens_nothing(household: Household) -> None:
    visitor = at_the_code(household)
    for page in ("/", "/account", "/sharing", "/person"):
        assert visitor.get(page).headers["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    ("code", "words"),
    [("wrong", "This code is not right."), ("used", "This code was used already."), ("skewed", "5 min ahead")],
)
def test_each_bad_code_is_told_apart(household: Household, code: str, words: str) -> None:
    typed = {"wrong": household.family.wrong_code, "used": lambda: "", "skewed": lambda: household.family.code(10)}
    if code == "used":
        used = household.next_code()
        at_the_code(household).post("/sign-in/code", {"code": used})
        typed["used"] = lambda: used
    answer = at_the_code(household).post("/sign-in/code", {"code": typed[code]()})
    assert answer.status_code == 401
    assert words in words_in(answer)


def test_codes_may_have_blanks(household: Household) -> None:
    visitor, code = at_the_code(household), household.next_code()
    assert visitor.post("/sign-in/code", {"code": f" {code[:3]} {code[3:]} "}).headers["Location"] == "/"


def test_too_many_passwords_say_when_to_come_back(household: Household) -> None:
    visitor = household.visitor()
    for _ in range(PASSWORDS_OF_ADDRESS.tries):
        visitor.fill("/sign-in", name=NAME, password="seven red otters")
    answer = visitor.fill("/sign-in", name=NAME, password=PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "Try again in 15 min." in words_in(answer)


def test_too_many_codes_say_so_and_keep_nobody_from_looking(household: Household) -> None:
    signed_in, stranger = household.mum(), at_the_code(household)
    for _ in range(CODES.tries + 1):
        answer = stranger.post("/sign-in/code", {"code": household.family.wrong_code()})
    assert answer.status_code == 429
    assert signed_in.get("/").status_code == 200


def test_whoever_was_sent_to_sign_in_comes_back(household: Household) -> None:
    visitor = household.visitor()
    visitor.get(visitor.get("/sharing/new").headers["Location"])
    visitor.post("/sign-in", {"name": NAME, "password": PASSWORD})
    visitor.get("/sign-in/code")
    assert visitor.post("/sign-in/code", {"code": household.next_code()}).headers["Location"] == "/sharing/new"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/account",
        "/\\evil.example",
        "/sign-out",
        "/static/x/y",
        "javascript:x",
        "%00",
    ],
)
def test_nobody_is_sent_elsewhere(household: Household, elsewhere: str) -> None:
    visitor = at_the_code(household, elsewhere)
    location = visitor.post("/sign-in/code", {"code": household.next_code()}).headers["Location"]
    assert location in ("/", "/account")


def test_a_recovery_code_lets_in_once_and_leads_to_another_authenticator(household: Household) -> None:
    visitor, code = at_the_code(household), household.family.recovery_codes[0]
    visitor.get("/sign-in/without-phone")
    answer = visitor.post("/sign-in/without-phone", {"code": code.lower().replace("-", " ")})
    assert answer.headers["Location"] == "/account"
    account = words_in(visitor.get("/account"))
    assert "That recovery code is used up." in account
    assert "Recovery codes, 7 left" in account
    assert visitor.get("/account/authenticator").status_code == 200
    again = at_the_code(household).post("/sign-in/without-phone", {"code": code})
    assert "not one of the recovery codes left" in words_in(again)


def test_without_phone_and_codes_the_operator_helps(household: Household) -> None:
    visitor = at_the_code(household)
    assert "nightlight account reset-totp" in words_in(visitor.get("/sign-in/without-phone"))
    way_back.reset_totp(household.family.store, household.family.clock, NAME)
    again = household.visitor()
    location = again.fill("/sign-in", name=NAME, password=PASSWORD).headers["Location"]
    assert location == "/set-up/authenticator"


def test_the_code_page_without_a_password_leads_back(household: Household) -> None:
    for page in ("/sign-in/code", "/sign-in/without-phone"):
        assert household.visitor().get(page).headers["Location"] == "/sign-in"


def test_a_sign_in_that_took_too_long_begins_again(household: Household) -> None:
    visitor = at_the_code(household)
    household.family.clock.advance(minutes=6)
    assert visitor.post("/sign-in/code", {"code": household.family.code()}).headers["Location"] == "/sign-in"
    assert "took too long" in words_in(visitor.get("/sign-in"))


def test_signing_out_ends_the_session_here_and_on_the_server(household: Household) -> None:
    visitor = household.mum()
    stolen = dict(visitor.client.cookies)
    assert visitor.post("/sign-out").headers["Location"] == "/sign-in"
    assert "You are signed out." in words_in(visitor.get("/sign-in"))
    assert visitor.get("/account").headers["Location"].startswith("/sign-in")
    thief = httpx.get(f"{household.site.url}/account", cookies=stolen, headers={"Accept": "text/html"})
    assert thief.headers["Location"].startswith("/sign-in")


def test_an_ended_session_is_told_kindly_and_its_cookie_forgotten(household: Household) -> None:
    visitor = household.mum()
    household.family.clock.advance(days=91)
    assert visitor.get("/").headers["Location"] == "/sign-in?next=%2F"
    assert "You were signed out here." in words_in(visitor.get("/sign-in"))
    assert "You were signed out here." not in words_in(visitor.get("/sign-in"))


def test_a_script_with_an_ended_session_is_refused(household: Household) -> None:
    visitor = household.mum()
    household.family.store.collection("nl_sessions").delete_many({})
    answer = visitor.client.get("/now.json", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "session-ended")


def test_whoever_keeps_coming_stays_signed_in(household: Household) -> None:
    visitor = household.mum()
    visitor.get("/")
    assert "Set-Cookie" not in visitor.get("/").headers
    for _ in range(12):
        household.family.clock.advance(days=14)
        answer = visitor.get("/")
        assert answer.status_code == 200
        assert "nightlight=" in answer.headers["Set-Cookie"]
    assert len(list_sessions(household.family.store, household.family.clock, "owner")) == 1


def test_who_is_signed_in_is_not_asked_again(household: Household) -> None:
    assert household.mum().get("/sign-in?next=/audit").headers["Location"] == "/audit"


def test_a_form_of_another_site_signs_nobody_in(household: Household) -> None:
    answer = household.visitor().post("/sign-in", {"name": NAME, "password": PASSWORD})
    assert answer.status_code == 400
    assert "too old" in words_in(answer)


def test_a_visitor_finds_the_way_to_sign_in(open_site: Site) -> None:
    page = httpx.get(open_site.url, headers={"Accept": "text/html"}).text
    assert '<a href="/sign-in">Sign in</a>' in page
