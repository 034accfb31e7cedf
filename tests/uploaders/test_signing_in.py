"""Signing in with the owner's browser: begun here, finished with the answer that belongs to it, once and in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from app.actor import NOBODY
from app.errors import NotFound
from app.house import House
from app.store.interface import Document
from app.uploaders.errors import ActionRequired, AuthInvalid
from app.uploaders.runner import Runner
from app.uploaders.signing_in import GOOD_FOR_MS, SigningIn, SignInRefused, answer_in
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Access, Begun, Cursors, Page, Session
from app.uploaders.vendors import VENDORS
from tests.clocks import SettableClock
from tests.uploaders.conftest import QUICK, around

RETURN = "https://ada.example.org/uploaders/sign-in/return"


class Browser:
    """A vendor's sign-in as far as it can be seen from here."""

    way: Literal["return", "paste"] = "paste"
    words = "Sign in."
    depends_on = frozenset({"region"})

    def begin(self, access: Access, return_url: str) -> Begun:
        return Begun("https://vendor.example/authorize", "state-1", {"verifier": "v"})

    def finish(self, access: Access, pending: Session, answer: Mapping[str, str], return_url: str) -> None:
        if answer.get("code") != "good":
            raise AuthInvalid("The vendor refused")
        access.keep({"token": f"{pending['verifier']} {answer['code']} {return_url}"})


class Source:
    def __init__(self, access: Access) -> None:
        self._session = access.session

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        if not self._session:
            raise ActionRequired("Sign in first", kind="sign-in")
        yield Page({})

    def look(self) -> Sequence[Document]:
        return []


@pytest.fixture
def uploader(monkeypatch: pytest.MonkeyPatch, uploaders: Uploaders) -> Uploader:
    dexcom = VENDORS["dexcom_share"]
    made = replace(dexcom, name="browser", title="Browser", open=Source, sign_in=Browser())
    monkeypatch.setitem(VENDORS, "browser", made)  # type: ignore[arg-type]
    return uploaders.create("browser", {"account": "ada", "password": "secret", "region": "us"})


@pytest.fixture
def signing_in(house: House) -> SigningIn:
    return SigningIn(house.store, house.clock, NOBODY, house.keyring, around(house), limits=QUICK)


def session_of(house: House, uploader: Uploader) -> Any:
    row = house.store.collection("nl_uploaders").find_one({"_id": uploader.id})
    assert row is not None
    return row["session"] and house.keyring.open(f"uploader:{uploader.id}:session", row["session"])["session"]


GOOD = {"state": "state-1", "code": "good"}


def test_a_finished_sign_in_lets_the_uploader_run(
    house: House, uploaders: Uploaders, uploader: Uploader, signing_in: SigningIn, runner: Runner
) -> None:
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert (failure.kind, failure.step) == ("action-required", "sign-in")
    assert signing_in.begin(uploader.id, RETURN) == "https://vendor.example/authorize"
    assert signing_in.waiting_for("state-1") == uploader.id
    signing_in.finish(uploader.id, GOOD)
    assert session_of(house, uploader) == {"token": f"v good {RETURN}"}
    assert runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None


def test_an_answer_counts_once(uploader: Uploader, signing_in: SigningIn) -> None:
    signing_in.begin(uploader.id, RETURN)
    signing_in.finish(uploader.id, GOOD)
    with pytest.raises(SignInRefused):
        signing_in.finish(uploader.id, GOOD)
    with pytest.raises(SignInRefused):
        signing_in.waiting_for("state-1")


@pytest.mark.parametrize(
    "answer", [{"code": "good"}, {"state": "", "code": "good"}, {"state": "other", "code": "good"}]
)
def test_an_answer_of_another_sign_in_is_refused(
    house: House, uploader: Uploader, signing_in: SigningIn, answer: dict[str, str]
) -> None:
    signing_in.begin(uploader.id, RETURN)
    with pytest.raises(SignInRefused):
        signing_in.finish(uploader.id, answer)
    assert session_of(house, uploader) is None
    signing_in.finish(uploader.id, GOOD)


def test_an_answer_that_comes_too_late_is_refused(
    house: House, uploader: Uploader, signing_in: SigningIn, clock: SettableClock
) -> None:
    signing_in.begin(uploader.id, RETURN)
    clock.advance(ms=GOOD_FOR_MS)
    with pytest.raises(SignInRefused):
        signing_in.finish(uploader.id, GOOD)
    assert session_of(house, uploader) is None


def test_nothing_is_signed_in_before_it_has_begun(uploader: Uploader, signing_in: SigningIn) -> None:
    with pytest.raises(SignInRefused):
        signing_in.finish(uploader.id, GOOD)


def test_what_the_vendor_refuses_keeps_no_session(house: House, uploader: Uploader, signing_in: SigningIn) -> None:
    signing_in.begin(uploader.id, RETURN)
    with pytest.raises(AuthInvalid):
        signing_in.finish(uploader.id, {"state": "state-1", "code": "bad"})
    assert session_of(house, uploader) is None


def test_a_vendor_with_a_password_has_no_sign_in(uploaders: Uploaders, signing_in: SigningIn) -> None:
    plain = uploaders.create("dexcom_share", {"account": "ada", "password": "x"})
    with pytest.raises(NotFound):
        signing_in.begin(plain.id, RETURN)


def test_renaming_keeps_the_session_and_another_region_does_not(
    house: House, uploaders: Uploaders, uploader: Uploader, signing_in: SigningIn
) -> None:
    signing_in.begin(uploader.id, RETURN)
    signing_in.finish(uploader.id, GOOD)
    uploaders.edit(uploader.id, {"label": "Another name", "region": "us"})
    assert session_of(house, uploader) is not None
    uploaders.edit(uploader.id, {"label": "Another name", "region": "jp"})
    assert session_of(house, uploader) is None


def test_nothing_usable_of_a_sign_in_lies_open_in_the_store(
    house: House, uploader: Uploader, signing_in: SigningIn
) -> None:
    signing_in.begin(uploader.id, RETURN)
    row = house.store.collection("nl_uploaders").find_one({"_id": uploader.id})
    assert "state-1" not in repr(row)
    assert "verifier" not in repr(row)


@pytest.mark.parametrize(
    "pasted",
    [
        "com.medtronic.carepartner:/sso?code=c1&state=s1",
        "  com.medtronic.carepartner:/sso?state=s1&code=c1\n",
        "https://x.example/callback#code=c1&state=s1",
    ],
)
def test_the_answer_is_read_out_of_the_address(pasted: str) -> None:
    assert answer_in(pasted) == {"code": "c1", "state": "s1"}


@pytest.mark.parametrize(
    "pasted", ["", "hello", "https://x.example/?code=c1", "https://x.example/?state=s1", "http://[", "c1"]
)
def test_what_is_no_such_address_is_refused_with_what_to_do(pasted: str) -> None:
    with pytest.raises(SignInRefused, match="not the address"):
        answer_in(pasted)
