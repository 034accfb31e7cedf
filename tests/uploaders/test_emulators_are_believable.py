"""The emulators against clients other people maintain: what they accept, the real servers would have sent."""

from __future__ import annotations

from types import SimpleNamespace

import pydexcom
import pytest
from pydexcom import const
from pydexcom.errors import AccountError
from pylibrelinkup import PyLibreLinkUp
from pylibrelinkup.exceptions import (
    AuthenticationError,
    EmailVerificationError,
    PrivacyPolicyError,
    RedirectError,
    TermsOfUseError,
)

from tests.clocks import START_MS
from tests.emulators.dexcom import DexcomEmulator, Shown
from tests.emulators.linkup import PATIENT_ID, LinkUpEmulator


@pytest.fixture
def follower(dexcom: DexcomEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(const.DEXCOM_BASE_URLS, pydexcom.Region.OUS, f"{dexcom.url}/ShareWebServices/Services/")


@pytest.mark.usefixtures("follower")
def test_pydexcom_reads_our_dexcom(dexcom: DexcomEmulator) -> None:
    dexcom.readings = [Shown(START_MS - 60_000, 131, "FortyFiveUp"), Shown(START_MS - 360_000, 128, "Flat", "-0500")]
    client = pydexcom.Dexcom(username=dexcom.account, password=dexcom.password, region=pydexcom.Region.OUS)
    readings = client.get_glucose_readings()
    assert [(reading.value, reading.trend_direction) for reading in readings] == [(131, "FortyFiveUp"), (128, "Flat")]
    assert int(readings[0].datetime.timestamp() * 1000) == START_MS - 60_000
    dexcom.end_sessions()
    assert client.get_latest_glucose_reading() is not None


@pytest.mark.usefixtures("follower")
def test_pydexcom_is_refused_by_our_dexcom(dexcom: DexcomEmulator) -> None:
    dexcom.readings = []
    dexcom.gives_no_ids = True
    with pytest.raises(pydexcom.errors.ArgumentError):
        pydexcom.Dexcom(username=dexcom.account, password=dexcom.password, region=pydexcom.Region.OUS)
    dexcom.gives_no_ids, dexcom.region_known = False, False
    with pytest.raises(AccountError):
        pydexcom.Dexcom(username=dexcom.account, password=dexcom.password, region=pydexcom.Region.OUS)


def client_of(linkup: LinkUpEmulator, region: str = "eu", password: str = "") -> PyLibreLinkUp:
    place = SimpleNamespace(value=f"{linkup.url}/{region}")
    return PyLibreLinkUp(linkup.email, password or linkup.password, place)


def test_pylibrelinkup_reads_our_librelinkup(linkup: LinkUpEmulator) -> None:
    linkup.show(110, 120, 131, arrow=4)
    client = client_of(linkup)
    client.authenticate()
    [patient] = client.get_patients()
    assert str(patient.patient_id) == PATIENT_ID
    latest = client.latest(patient)
    assert (latest.value_in_mg_per_dl, latest.trend) == (131, 4)
    assert int(latest.factory_timestamp.timestamp() * 1000) == START_MS - 60_000
    assert [point.value_in_mg_per_dl for point in client.graph(patient)] == [110, 120]


@pytest.mark.parametrize(
    ("step", "problem"),
    [("tou", TermsOfUseError), ("pp", PrivacyPolicyError), ("verifyEmail", EmailVerificationError)],
)
def test_pylibrelinkup_knows_our_librelinkups_steps(
    linkup: LinkUpEmulator, step: str, problem: type[Exception]
) -> None:
    linkup.steps = [step]
    with pytest.raises(problem):
        client_of(linkup).authenticate()


def test_pylibrelinkup_is_refused_and_sent_on_by_our_librelinkup(linkup: LinkUpEmulator) -> None:
    with pytest.raises(AuthenticationError):
        client_of(linkup, password="wrong").authenticate()
    with pytest.raises(RedirectError):
        client_of(linkup, "us").authenticate()
