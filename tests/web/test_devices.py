"""Apps and devices: a token for each, shown once, ended in one tap."""

from __future__ import annotations

import html
import re
from hashlib import sha1

import httpx
import pytest
from playwright.sync_api import expect

from app.actor import system_actor
from app.identity.roles import BUILT_IN
from app.identity.tokens import list_tokens
from app.web.devices import whole_address
from tests.web.conftest import PageAt, Serve
from tests.web.household import Household, household_at, make_hashes_cheap, words_in

XDRIP = {"name": "xDrip on Ada's phone", "preset": "uploads"}


def made(household: Household, **entered: str) -> tuple[str, str]:
    """Make a token and return it with the page that shows it."""
    mum = household.mum()
    assert mum.fill("/devices/new", **{**XDRIP, **entered}).headers["Location"] == "/devices/made"
    page = mum.get("/devices/made").text
    found = re.search(r'id="token"[^>]*>(nld_[^<]+)<', page)
    assert found
    return found[1], page


def test_a_token_lets_an_app_upload_and_read(household: Household) -> None:
    token, page = made(household)
    address = html.unescape(re.search(r'id="address"[^>]*>([^<]+)<', page)[1])  # type: ignore[index]
    assert address == household.site.url
    headers = {"api-secret": sha1(token.encode()).hexdigest()}
    reading = {"type": "sgv", "sgv": 121, "date": household.site.ms(1), "dateString": "2026-11-21T09:59:00.000Z"}
    assert httpx.post(f"{address}/api/v1/entries", json=[reading], headers=headers).status_code == 200
    assert httpx.get(f"{address}/api/v1/entries.json", headers=headers).json()[0]["sgv"] == 121
    assert "just now" in words_in(household.mum().get("/devices"))


def test_a_token_is_shown_once(household: Household) -> None:
    mum = household.mum()
    mum.fill("/devices/new", **XDRIP)
    assert "nld_" in mum.get("/devices/made").text
    assert mum.get("/devices/made").headers["Location"] == "/devices"
    assert "nld_" not in mum.get("/devices").text


def test_the_page_has_a_code_for_xdrip_and_words_for_each_app(household: Household) -> None:
    token, page = made(household)
    assert f"http://{token}@" in page
    assert '<div class="qr"><svg aria-hidden="true"' in page
    for app in ("xDrip+", "AAPS", "Loop", "Trio"):
        assert f"<summary>{app}</summary>" in page


def test_the_whole_address_keeps_a_path() -> None:
    assert whole_address("https://ada.example", "nld_x") == "https://nld_x@ada.example/api/v1/"
    assert whole_address("https://home.example/ada", "nld_x") == "https://nld_x@home.example/ada/api/v1/"


def test_the_address_is_the_one_the_settings_name(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_cheap(monkeypatch)
    household = household_at(serve, BASE_URL="https://ada.example/")
    household.set_up()
    assert "https://ada.example</p>" in made(household)[1]
    household.close()


def test_a_shut_out_app_is_refused_at_once_and_the_others_are_not(household: Household) -> None:
    first, second = made(household)[0], made(household, name="Watch", preset="reads")[0]
    mum = household.mum()
    mum.get("/devices")
    shut_out = next(token.id for token in list_tokens(household.family.store) if token.name == "Watch")
    assert mum.post(f"/devices/{shut_out}/end").status_code == 303
    page = words_in(mum.get("/devices"))
    assert "That device is shut out from now on." in page
    assert "Shut out (1)" in page
    entries = f"{household.site.url}/api/v1/entries.json"
    assert httpx.get(entries, headers={"api-secret": second}).status_code == 401
    assert httpx.get(entries, headers={"api-secret": first}).status_code == 200


def test_a_reading_app_cannot_upload(household: Household) -> None:
    token, _ = made(household, preset="reads")
    entry = [{"type": "sgv", "sgv": 121, "date": household.site.ms(1)}]
    answer = httpx.post(f"{household.site.url}/api/v1/entries", json=entry, headers={"api-secret": token})
    assert answer.status_code == 401


def test_a_token_wants_a_fresh_code(household: Household) -> None:
    mum = household.mum()
    household.family.clock.advance(minutes=6)
    answer = mum.fill("/devices/new", **XDRIP)
    assert answer.status_code == 403
    assert 'value="xDrip on Ada&#39;s phone"' in answer.text
    assert list_tokens(household.family.store) == []
    assert mum.post("/devices/new", {**XDRIP, "code": household.next_code()}).status_code == 303


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 61}, {"preset": "everything"}])
def test_what_cannot_be_is_refused(household: Household, wrong: dict[str, str]) -> None:
    assert household.mum().fill("/devices/new", **{**XDRIP, **wrong}).status_code == 400
    assert list_tokens(household.family.store) == []


def test_nightscouts_subjects_are_listed_with_their_roles(household: Household) -> None:
    documents = household.family.store.collection("auth_subjects", actor=system_actor("x").label)
    documents.insert_one({"name": "Nurse", "roles": ["readable"], "created_at": "2020-01-01T00:00:00.000Z"})
    assert "readable" in BUILT_IN
    assert "Nurse readable" in words_in(household.mum().get("/devices"))


def test_the_token_is_copied_with_a_button(household: Household, page_at: PageAt) -> None:
    page = household.mum_at(page_at(permissions=["clipboard-read", "clipboard-write"]))
    page.goto(f"{household.site.url}/devices/new")
    page.get_by_label("Which app or device?").fill("Loop")
    page.get_by_role("button", name="Make its token").click()
    page.get_by_role("button", name="Copy: Token").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#token").inner_text()
