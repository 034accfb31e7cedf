"""The pages of a sign-in at a vendor: there and back, by pasting an address or by being sent back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import pytest

from app.actor import system_actor
from app.uploaders.errors import AuthInvalid
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Access, Begun, Session
from app.uploaders.vendors import VENDORS
from tests.web.household import Household, words_in

ANSWERS = {"label": "CareLink of Ada", "account": "ada", "password": "x", "region": "us", "glucose": "alone"}


class Browser:
    words = "The vendor wants you to sign in yourself."
    depends_on = frozenset({"region"})

    def __init__(self, way: Literal["return", "paste"]) -> None:
        self.way: Literal["return", "paste"] = way
        self.returned_to = ""

    def begin(self, access: Access, return_url: str) -> Begun:
        self.returned_to = return_url
        return Begun("https://vendor.example/authorize?x=1", "s1", {})

    def finish(self, access: Access, pending: Session, answer: Mapping[str, str], return_url: str) -> None:
        if answer.get("code") != "good":
            raise AuthInvalid("The vendor refused", hint="Sign in with the other account.")
        access.keep({"token": "t"})


@pytest.fixture(params=["paste", "return"])
def browser_sign_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Browser:
    made = Browser(request.param)
    vendor = replace(VENDORS["dexcom_share"], name="browser", title="Vendor", sign_in=made)
    monkeypatch.setitem(VENDORS, "browser", vendor)  # type: ignore[arg-type]
    return made


def only_one(household: Household) -> Uploader:
    house = household.site.house
    (one,) = Uploaders(house.store, house.clock, system_actor("test"), house.keyring).all()
    return one


def signed_in(household: Household) -> bool:
    row = household.family.store.collection("nl_uploaders").find_one()
    return row is not None and row["session"] is not None


def test_a_new_uploader_leads_to_its_sign_in_and_back(household: Household, browser_sign_in: Browser) -> None:
    mum = household.mum()
    path = mum.fill("/uploaders/add/browser", **ANSWERS).headers["Location"]
    assert path == f"/uploaders/{only_one(household).id}/sign-in"
    page = words_in(mum.get(path))
    assert "CareLink of Ada is added. One step is left: the sign-in." in page
    assert "The vendor wants you to sign in yourself." in page
    begun = mum.post(path)
    assert "https://vendor.example/authorize?x=1" in begun.text
    came_back = f"{household.site.url}/uploaders/sign-in/return"
    assert browser_sign_in.returned_to == came_back
    if browser_sign_in.way == "paste":
        done = mum.post(f"{path}/finish", {"address": "app.vendor:/sso?code=good&state=s1"})
    else:
        done = mum.get("/uploaders/sign-in/return", params={"code": "good", "state": "s1"})
    assert done.headers["Location"] == "/uploaders"
    assert signed_in(household)
    assert household.told()[-1] == "uploader signed in"
    assert "CareLink of Ada is signed in" in words_in(mum.get("/uploaders"))


def test_what_the_vendor_refuses_is_said_with_what_to_do(household: Household, browser_sign_in: Browser) -> None:
    mum = household.mum()
    path = mum.fill("/uploaders/add/browser", **ANSWERS).headers["Location"]
    mum.get(path)
    mum.post(path)
    answer = mum.post(f"{path}/finish", {"address": "x:/sso?code=bad&state=s1"})
    assert "The vendor refused. Sign in with the other account." in words_in(answer)
    assert not signed_in(household)


def test_an_answer_nobody_waits_for_changes_nothing(household: Household, browser_sign_in: Browser) -> None:
    mum = household.mum()
    path = mum.fill("/uploaders/add/browser", **ANSWERS).headers["Location"]
    mum.get(path)
    mum.post(path)
    assert mum.get("/uploaders/sign-in/return", params={"code": "good", "state": "of another"}).status_code == 303
    assert "belongs to another sign-in" in words_in(mum.get("/uploaders"))
    assert mum.post(f"{path}/finish", {"address": "nonsense"}).status_code == 400
    assert not signed_in(household)


def test_nobody_else_can_finish_it(household: Household, browser_sign_in: Browser) -> None:
    mum = household.mum()
    path = mum.fill("/uploaders/add/browser", **ANSWERS).headers["Location"]
    mum.get(path)
    mum.post(path)
    stranger = household.visitor()
    answer = stranger.get("/uploaders/sign-in/return", params={"code": "good", "state": "s1"})
    assert answer.headers["Location"].startswith("/sign-in")
    assert not signed_in(household)


def test_a_vendor_with_a_password_has_no_such_page(household: Household) -> None:
    mum = household.mum()
    mum.fill("/uploaders/add/dexcom_share", **ANSWERS)
    assert mum.get(f"/uploaders/{only_one(household).id}/sign-in").status_code == 404
