"""The uploader a Nightscout's environment describes: made once, refreshed when it changes, switched off when gone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.actor import NOBODY
from app.config import load_settings
from app.house import House
from app.records.entries import Entries
from app.uploaders.from_environment import UPLOADER_ID, described_in, refresh
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.glooko import GlookoEmulator
from tests.uploaders.conftest import around

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


@pytest.mark.parametrize(
    ("environment", "server", "region", "address"),
    [
        ("default", "", "us", ""),
        ("eu", "", "eu", ""),
        ("CA", "", "ca", ""),
        ("development", "", "us", "https://api.glooko.work"),
        ("production", "", "us", "https://externalapi.glooko.com"),
        ("eu", "eu.api.glooko.com", "eu", "https://eu.api.glooko.com"),
        ("Mars", "", "us", ""),
    ],
)
def test_glooko_is_described(environment: str, server: str, region: str, address: str) -> None:
    described = described_in(
        settings(
            ENABLE=("connect",),
            CONNECT_SOURCE="glooko",
            CONNECT_GLOOKO_EMAIL="mum@example.org",
            CONNECT_GLOOKO_PASSWORD="x",
            CONNECT_GLOOKO_ENV=environment,
            CONNECT_GLOOKO_SERVER=server,
        )
    )
    assert described is not None
    assert described.vendor == "glooko"
    assert (described.answers["email"], described.answers["password"]) == ("mum@example.org", "x")
    assert (described.answers["region"], described.answers["server"]) == (region, address)
    assert described.answers["zone"] == ""


@pytest.mark.parametrize("offset", [2, -5, 14, -12, 5.5, 5.75, -9.5])
def test_an_offset_of_glookos_clocks_is_the_zone_that_always_has_it(offset: float) -> None:
    described = described_in(
        settings(ENABLE=("connect",), CONNECT_SOURCE="glooko", CONNECT_GLOOKO_TIMEZONE_OFFSET=offset)
    )
    assert described is not None
    zone = ZoneInfo(described.answers["zone"])
    for month in (1, 7):
        assert datetime(2026, month, 1, tzinfo=zone).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("offset", [0, 15, -13, 2.25, "UTC+2"])
def test_an_offset_no_zone_has_is_left_to_the_person(offset: Any) -> None:
    described = described_in(
        settings(ENABLE=("connect",), CONNECT_SOURCE="glooko", CONNECT_GLOOKO_TIMEZONE_OFFSET=offset)
    )
    assert described is not None
    assert described.answers["zone"] == ""


def test_glookos_variables_make_an_uploader_that_works(refreshed: Any, house: House) -> None:
    with GlookoEmulator(house.clock).running() as glooko:
        glooko.zone, glooko.told_zone = ZoneInfo("Etc/GMT-2"), None
        glooko.readings(118)
        [made] = refreshed(
            ENABLE=("connect",),
            CONNECT_SOURCE="glooko",
            CONNECT_GLOOKO_EMAIL=glooko.email,
            CONNECT_GLOOKO_PASSWORD=glooko.password,
            CONNECT_GLOOKO_SERVER=glooko.url,
            CONNECT_GLOOKO_TIMEZONE_OFFSET=2,
        )
        runner = Runner(
            house.store, house.clock, house.keyring, around(house), limits=Limits(rest_s=0), jitter=lambda: 0.0
        )
        runner.run(made.id)
    [entry] = Entries(house.store, house.clock, NOBODY).search()
    assert (entry["sgv"], entry["date"]) == (118, START_MS - 10 * 60_000)


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
        {**SHARE, "CONNECT_SOURCE": "diasend"},
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
