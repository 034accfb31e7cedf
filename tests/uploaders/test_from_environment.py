"""The uploader a Nightscout's environment describes: made once, refreshed when it changes, switched off when gone."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from app.config import load_settings
from app.house import House
from app.uploaders.from_environment import UPLOADER_ID, described_in, refresh
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS
from tests.emulators.dexcom import DexcomEmulator

SHARE = {
    "ENABLE": ("careportal", "connect"),
    "CONNECT_SOURCE": "dexcomshare",
    "CONNECT_SHARE_ACCOUNT_NAME": "ada",
    "CONNECT_SHARE_PASSWORD": "marker-password",
    "CONNECT_SHARE_REGION": "ous",
}


def settings(**given: Any) -> dict[str, Any]:
    return {**load_settings({}).values, **given}


@pytest.fixture
def refreshed(house: House, uploaders: Uploaders) -> Any:
    def again(**given: Any) -> list[Uploader]:
        refresh(house.store, house.clock, house.keyring, settings(**given))
        return uploaders.all()

    return again


def test_dexcom_is_described() -> None:
    described = described_in(settings(**SHARE, CONNECT_SHARE_SERVER="share.example.org"))
    assert described is not None
    assert described.vendor == "dexcom_share"
    assert described.answers["server"] == "https://share.example.org"
    assert (described.answers["account"], described.answers["region"]) == ("ada", "ous")


@pytest.mark.parametrize(("server", "region"), [("EU", "ous"), ("US", "us"), ("", "us")])
def test_the_old_bridge_is_described(server: str, region: str) -> None:
    described = described_in(
        settings(ENABLE=("bridge",), BRIDGE_USER_NAME="ada", BRIDGE_PASSWORD="x", BRIDGE_SERVER=server)
    )
    assert described is not None
    assert (described.vendor, described.answers["region"]) == ("dexcom_share", region)


@pytest.mark.parametrize(("given", "region"), [("EU", "eu"), ("us", "us"), ("Mars", "")])
def test_librelinkup_is_described(given: str, region: str) -> None:
    described = described_in(
        settings(
            ENABLE=("connect",),
            CONNECT_SOURCE="linkup",
            CONNECT_LINK_UP_USERNAME="mum@example.org",
            CONNECT_LINK_UP_PASSWORD="x",
            CONNECT_LINK_UP_REGION=given,
            CONNECT_LINK_UP_PATIENT_ID="p1",
        )
    )
    assert described is not None
    assert described.vendor == "librelinkup"
    assert (described.answers["region"], described.answers["patient_id"]) == (region, "p1")


def test_nightscout_is_described_with_a_token_behind_its_address() -> None:
    described = described_in(
        settings(
            ENABLE=("connect",),
            CONNECT_SOURCE="Nightscout",
            CONNECT_SOURCE_ENDPOINT="https://ada.example.org?token=t-1",
        )
    )
    assert described is not None
    assert (described.answers["address"], described.answers["token"]) == ("https://ada.example.org", "t-1")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {**SHARE, "ENABLE": ("careportal",)},
        {**SHARE, "CONNECT_SOURCE": "glooko"},
        {"BRIDGE_USER_NAME": "ada", "BRIDGE_PASSWORD": "x"},
    ],
)
def test_what_is_not_asked_for_is_not_made(refreshed: Any, given: dict[str, Any]) -> None:
    assert refreshed(**given) == []


def test_it_is_made_once_and_works(
    refreshed: Any, runner: Runner, house: House, dexcom: DexcomEmulator, uploaders: Uploaders
) -> None:
    dexcom.account, dexcom.password = "ada", "marker-password"
    dexcom.show(118)
    given = {**SHARE, "CONNECT_SHARE_SERVER": dexcom.url}
    [made] = refreshed(**given)
    assert (made.id, made.origin, made.label) == (UPLOADER_ID, "environment", "Dexcom (from the environment)")
    runner.run(made.id)
    [again] = refreshed(**given)
    assert again.state.last_success_ms == START_MS
    assert again.revision == made.revision
    assert "marker" not in str(list(house.store.collection("nl_uploaders").find()))


def test_what_people_changed_stays_until_the_variables_change(refreshed: Any, uploaders: Uploaders) -> None:
    refreshed(**SHARE)
    uploaders.enable(UPLOADER_ID, False)
    [kept] = refreshed(**SHARE)
    assert not kept.enabled
    [changed] = refreshed(**{**SHARE, "CONNECT_SHARE_PASSWORD": "another"})
    assert changed.enabled
    assert uploaders.secrets_of(UPLOADER_ID)["password"] == "another"


def test_another_vendor_takes_its_place(refreshed: Any) -> None:
    refreshed(**SHARE)
    [made] = refreshed(
        ENABLE=("connect",), CONNECT_SOURCE="nightscout", CONNECT_SOURCE_ENDPOINT="https://ada.example.org"
    )
    assert made.vendor == "nightscout"


def test_when_the_variables_are_gone_it_is_switched_off_and_comes_back_with_them(
    refreshed: Any, uploaders: Uploaders
) -> None:
    refreshed(**SHARE)
    assert not refreshed()[0].enabled
    uploaders.enable(UPLOADER_ID, True)  # its owner wants to keep it
    assert refreshed()[0].enabled
    assert refreshed(**SHARE)[0].enabled


def test_answers_that_cannot_be_used_are_logged_without_their_values(
    refreshed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert refreshed(**{**SHARE, "CONNECT_SHARE_REGION": "mars"}) == []
    assert "cannot be used" in caplog.text
    assert "marker" not in caplog.text
