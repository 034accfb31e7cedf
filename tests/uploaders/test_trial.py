"""The button "test this": signs in, fetches a little, stores nothing, says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.units import Unit
from app.house import House
from app.uploaders.form import FormRefused
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.trial import Trial, try_out
from app.uploaders.uploaders import Uploaders
from tests.clocks import SettableClock
from tests.emulators.dexcom import DexcomEmulator, fault
from tests.emulators.linkup import LinkUpEmulator
from tests.emulators.nightscout import NightscoutEmulator
from tests.emulators.server import page
from tests.uploaders.conftest import QUICK, around, dexcom_answers, linkup_answers, nightscout_answers


@pytest.fixture
def tried(uploaders: Uploaders, clock: SettableClock, house: House) -> Any:
    def try_it(vendor: str, answers: dict[str, Any], **options: Any) -> Trial:
        return try_out(
            uploaders, vendor, answers, **{"clock": clock, "around": around(house), "limits": QUICK, **options}
        )

    return try_it


def test_dexcom_is_signed_in_and_the_last_reading_told(tried: Any, dexcom: DexcomEmulator, house: House) -> None:
    dexcom.show(111, 118, newest_min_ago=3)
    trial = tried("dexcom_share", dexcom_answers(dexcom))
    assert trial == Trial(True, "Signed in. Last reading 118 mg/dL, 3 min ago from Dexcom.")
    assert house.store.last_seq() == 0


def test_the_reading_is_told_in_the_viewers_unit(tried: Any, dexcom: DexcomEmulator) -> None:
    dexcom.show(118)
    assert "Last reading 6.5 mmol/L" in tried("dexcom_share", dexcom_answers(dexcom), unit=Unit.MMOLL).sentence


def test_librelinkup_is_signed_in_and_the_last_reading_told(tried: Any, linkup: LinkUpEmulator) -> None:
    linkup.show(110, 131, newest_min_ago=1)
    assert tried("librelinkup", linkup_answers(linkup)).sentence.startswith("Signed in. Last reading 131 mg/dL, 1 min")


def test_nightscout_is_signed_in_and_the_last_reading_told(tried: Any, nightscout: NightscoutEmulator) -> None:
    nightscout.show(110, 125, newest_min_ago=4)
    trial = tried("nightscout", nightscout_answers(nightscout))
    assert trial.sentence == "Signed in. Last reading 125 mg/dL, 4 min ago from xDrip-DexcomG5."


def test_an_account_without_readings_is_told_what_to_check(tried: Any, dexcom: DexcomEmulator) -> None:
    trial = tried("dexcom_share", dexcom_answers(dexcom))
    assert trial.ok
    assert "no reading" in trial.sentence
    assert "sharing is on" in trial.hint


def test_a_wrong_password_is_said_and_sent_once(tried: Any, dexcom: DexcomEmulator) -> None:
    trial = tried("dexcom_share", dexcom_answers(dexcom, password="wrong"))
    assert (trial.ok, trial.sentence, trial.kind) == (False, "Dexcom refused the password.", "auth-invalid")
    assert "region" in trial.hint
    assert dexcom.log_ins == 1


def test_several_people_are_offered_to_pick_from(tried: Any, linkup: LinkUpEmulator, house: House) -> None:
    linkup.patients.append(("p2", "Ben"))
    trial = tried("librelinkup", linkup_answers(linkup))
    assert [patient.name for patient in trial.patients] == ["Ada Example", "Ben Example"]
    assert trial.kind == "patient-ambiguous"
    linkup.show(131)
    assert tried("librelinkup", linkup_answers(linkup, patient_id=trial.patients[1].id)).ok


def test_a_step_the_owner_has_to_take_is_named(tried: Any, linkup: LinkUpEmulator) -> None:
    linkup.steps = ["tou"]
    trial = tried("librelinkup", linkup_answers(linkup))
    assert (trial.kind, trial.step) == ("action-required", "tou")
    assert "terms of use" in trial.sentence


def test_an_address_that_is_no_nightscout_is_said(tried: Any, dexcom: DexcomEmulator) -> None:
    trial = tried("nightscout", {"address": dexcom.url})
    assert (trial.kind, trial.step) == ("action-required", "address")


def test_a_private_address_is_refused_with_what_to_do(tried: Any, nightscout: NightscoutEmulator, house: House) -> None:
    trial = tried("nightscout", nightscout_answers(nightscout), around=around(house, private_allowed=False))
    assert trial.step == "address"
    assert nightscout.asked == []


def test_a_vendor_that_is_down_is_said(tried: Any, dexcom: DexcomEmulator) -> None:
    dexcom.script("/", page(503))
    assert tried("dexcom_share", dexcom_answers(dexcom)).kind == "transient"


def test_answers_that_cannot_be_used_never_reach_the_vendor(tried: Any, dexcom: DexcomEmulator) -> None:
    with pytest.raises(FormRefused):
        tried("dexcom_share", dexcom_answers(dexcom, region="mars"))
    assert dexcom.asked == []


def test_an_uploader_is_tried_with_the_password_it_has(
    tried: Any, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    assert tried("dexcom_share", {"server": dexcom.url}, uploader_id=dexcom_uploader.id).ok


def test_a_locked_account_is_left_alone(
    tried: Any, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(118)
    dexcom.script("Authenticate", fault("SSO_AuthenticateMaxAttemptsExceeded"))
    runner.run(dexcom_uploader.id)
    trial = tried("dexcom_share", dexcom_answers(dexcom), uploader_id=dexcom_uploader.id)
    assert trial.kind == "locked"
    assert dexcom.log_ins == 1
    clock.advance(minutes=11)
    assert tried("dexcom_share", dexcom_answers(dexcom), uploader_id=dexcom_uploader.id).ok
