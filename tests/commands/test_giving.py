"""Giving a command: stored first, pushed once, told in the audit list, and nothing secret kept."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from app.clock import iso_of
from app.commands import apns as client
from app.commands import giving, keeping
from app.commands.apns import Push, Verdict
from app.commands.command import CommandFailed
from app.errors import Unavailable
from app.identity import audit
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.commands.conftest import BOLUS, CANCEL, CARBS, DAD, HOME, MUM, OTP, OVERRIDE, Caregivers, upload_profile
from tests.emulators.apns import BUNDLE_ID, DEVICE_TOKEN, Answer, ApnsEmulator


def refused(caregivers: Caregivers, sent: dict[str, Any]) -> str:
    with pytest.raises(CommandFailed) as failed:
        caregivers.give(sent)
    return failed.value.message


@pytest.mark.parametrize("sent", [BOLUS, CARBS, OVERRIDE, CANCEL])
def test_what_apple_takes_is_sent(caregivers: Caregivers, apns_server: ApnsEmulator, sent: dict[str, str]) -> None:
    kept = caregivers.give(sent)
    assert (kept.state, kept.delivered, kept.detail) == ("sent", True, "Apple took it for the phone.")
    [pushed] = apns_server.pushed
    assert pushed.headers["apns-id"] == kept.id
    assert pushed.message["sent-at"] == iso_of(kept.at_ms)
    assert pushed.message["remote-address"] == HOME.address
    assert pushed.message.get("otp") == sent.get("otp")


def test_it_is_stored_and_told_before_it_is_pushed(caregivers: Caregivers, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def push(push: Push) -> Verdict:
        [row] = audit.search(caregivers.store)
        found.append((caregivers.newest().state, row.act))
        return Verdict("accepted")

    monkeypatch.setattr(caregivers.apns, "push", push)
    caregivers.give(BOLUS)
    assert found == [("queued", "remote command given")]


def test_without_a_row_in_the_audit_list_nothing_is_pushed(
    caregivers: Caregivers, apns_server: ApnsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **more: Any) -> None:
        raise Unavailable("The store does not answer")

    monkeypatch.setattr(giving.audit, "record", fails)
    with pytest.raises(Unavailable):
        caregivers.give(BOLUS)
    assert (apns_server.pushed, caregivers.newest().state) == ([], "queued")


def test_the_audit_list_says_who_gave_what(caregivers: Caregivers) -> None:
    kept = caregivers.give(BOLUS)
    [row] = audit.search(caregivers.store)
    assert (row.actor, row.actor_id, row.about, row.address) == (DAD.label, DAD.id, kept.id, HOME.address)
    assert row.details == {"what": "Bolus 1.25 U", "entered_by": "Dad"}


def test_apples_refusal_is_final_and_keeps_its_word(caregivers: Caregivers, apns_server: ApnsEmulator) -> None:
    apns_server.script(Answer(410, "Unregistered"))
    assert refused(caregivers, BOLUS) == "APNs delivery failed: Unregistered"
    kept = caregivers.newest()
    assert (kept.state, kept.reason, kept.delivered) == ("refused", "Unregistered", False)
    assert kept.detail == "It never reached the phone: Unregistered."


def test_without_an_answer_it_is_unknown_and_never_pushed_again(
    caregivers: Caregivers, apns_server: ApnsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(0.3))
    apns_server.script(Answer(silent=True))
    said = "no answer from Apple, it may have been delivered all the same"
    assert refused(caregivers, BOLUS) == f"APNs delivery failed: {said}"
    kept = caregivers.newest()
    assert (kept.state, kept.delivered) == ("queued", None)
    assert kept.detail == f"Whether Apple has it is unknown: {said}."
    assert refused(caregivers, BOLUS) == f"APNs delivery failed: {said}"
    caregivers.look(kept)
    assert len(apns_server.pushed) == 1


def test_the_same_again_within_minutes_is_pushed_once_and_answered_the_same(
    caregivers: Caregivers, apns_server: ApnsEmulator, clock: SettableClock
) -> None:
    first = caregivers.give(BOLUS)
    clock.advance(minutes=4)
    assert caregivers.give(BOLUS).id == first.id
    assert len(apns_server.pushed) == 1
    assert len(audit.search(caregivers.store)) == 1
    caregivers.give({**BOLUS, "otp": "482914"})
    assert len(apns_server.pushed) == 2


def test_the_same_while_it_is_being_pushed_is_not_pushed_beside_it(
    caregivers: Caregivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    def push(push: Push) -> Verdict:
        said.append(refused(caregivers, BOLUS))
        return Verdict("accepted")

    monkeypatch.setattr(caregivers.apns, "push", push)
    assert caregivers.give(BOLUS).state == "sent"
    assert said == ["APNs delivery failed: the same command is being sent already, see what becomes of it"]


def test_the_same_again_after_loop_refused_it_is_refused_as_well(
    caregivers: Caregivers, apns_server: ApnsEmulator
) -> None:
    kept = caregivers.give(BOLUS)
    keeping.move(caregivers.store, kept, "refused", kept.at_ms, reason="Bolus exceeds maximum")
    assert refused(caregivers, BOLUS) == "Loop refused it: Bolus exceeds maximum"
    assert len(apns_server.pushed) == 1


def test_after_apples_refusal_the_same_is_tried_anew(
    caregivers: Caregivers, apns_server: ApnsEmulator, clock: SettableClock
) -> None:
    apns_server.script(Answer(503, "ServiceUnavailable"))
    refused(caregivers, BOLUS)
    clock.advance(s=1)
    assert caregivers.give(BOLUS).state == "sent"
    assert len(apns_server.pushed) == 2


@pytest.mark.parametrize("sent", [{**BOLUS, "remoteBolus": "0"}, {"eventType": "Note"}, {**BOLUS, "notes": "x" * 4000}])
def test_what_is_no_command_leaves_nothing(
    caregivers: Caregivers, apns_server: ApnsEmulator, sent: dict[str, Any]
) -> None:
    refused(caregivers, sent)
    assert (keeping.listed(caregivers.store, MUM), audit.search(caregivers.store)) == ([], [])
    assert apns_server.connections == 0


def test_it_goes_to_the_phone_of_the_newest_profile(
    caregivers: Caregivers, apns_server: ApnsEmulator, clock: SettableClock
) -> None:
    clock.advance(minutes=1)
    upload_profile(caregivers.store, clock, deviceToken="beef" * 16, bundleIdentifier=BUNDLE_ID)
    apns_server.device_tokens.add("beef" * 16)
    caregivers.give(CANCEL)
    assert apns_server.pushed[0].path == f"/3/device/{'beef' * 16}"


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({}, "deviceToken"),
        ({"deviceToken": "", "bundleIdentifier": BUNDLE_ID}, "deviceToken"),
        ({"deviceToken": 7, "bundleIdentifier": BUNDLE_ID}, "deviceToken"),
        ({"deviceToken": DEVICE_TOKEN}, "bundleIdentifier"),
        ({"deviceToken": DEVICE_TOKEN, "bundleIdentifier": "a\r\nb: c"}, "bundleIdentifier"),
    ],
)
def test_what_the_newest_profile_lacks_is_named(
    caregivers: Caregivers, clock: SettableClock, told: dict[str, Any], missing: str
) -> None:
    clock.advance(minutes=1)
    upload_profile(caregivers.store, clock, **told)
    assert refused(caregivers, CANCEL) == f"Loop notification failed: Could not find {missing} in loopSettings."


def test_nothing_secret_is_stored_or_logged(
    caregivers: Caregivers, apns_server: ApnsEmulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "pymongo")  # as in every process
    caregivers.give(BOLUS)
    apns_server.script(Answer(400, "BadDeviceToken"))
    refused(caregivers, CARBS)
    bearer = apns_server.pushed[0].headers["authorization"].removeprefix("bearer ")
    names = ("nl_commands", "nl_audit", "nl_changes")
    stored = str([list(store.collection(name).find({})) for name in names])
    logged = caplog.text + str([record.__dict__ for record in caplog.records])
    assert "Bolus 1.25 U" in stored
    for place in (stored, logged):
        assert not any(secret in place for secret in (OTP, DEVICE_TOKEN, bearer))
