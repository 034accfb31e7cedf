"""The message Loop reads, to the letter."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.command import CARBS, Command, CommandFailed, read_command
from app.commands.payload import MOST_BYTES, payload_bytes, payload_of
from tests.clocks import START_MS
from tests.commands import conftest as sent

ALWAYS = {
    "remote-address": "192.0.2.7",
    "sent-at": "2026-11-21T10:00:00.000Z",
    "expiration": "2026-11-21T10:05:00.000Z",
}


def message(body: dict[str, Any]) -> dict[str, Any]:
    """Return the message as it arrives, without what Apple shows."""
    payload = payload_of(read_command(body), remote_address="192.0.2.7", sent_ms=START_MS)
    pushed: dict[str, Any] = orjson.loads(payload_bytes(payload))
    del pushed["aps"]
    return pushed


def shown(body: dict[str, Any]) -> dict[str, Any]:
    aps: dict[str, Any] = payload_of(read_command(body), remote_address="192.0.2.7", sent_ms=START_MS)["aps"]
    return aps


def test_a_bolus() -> None:
    assert message(sent.BOLUS) == {**ALWAYS, "notes": "", "entered-by": "Dad", "bolus-entry": 1.25, "otp": sent.OTP}


def test_carbs() -> None:
    asked = {"carbs-entry": 25, "absorption-time": 3, "otp": sent.OTP}
    assert message(sent.CARBS) == {**ALWAYS, **asked}
    started = {**sent.CARBS, "created_at": "2026-01-14T07:05:09Z"}
    assert message(started) == {**ALWAYS, **asked, "start-time": "2026-01-14T07:05:09Z"}


def test_whole_numbers_have_no_fraction() -> None:
    payload = payload_bytes(payload_of(Command(CARBS, 25), remote_address="", sent_ms=START_MS))
    assert b'"carbs-entry":25,"absorption-time":3,' in payload
    assert b'"bolus-entry":2,' in payload_bytes(
        payload_of(read_command({**sent.BOLUS, "remoteBolus": "2.0"}), remote_address="", sent_ms=START_MS)
    )


def test_an_override() -> None:
    assert message(sent.OVERRIDE) == {**ALWAYS, "override-name": "Running", "override-duration-minutes": 60}
    assert message({**sent.OVERRIDE, "duration": "0"}) == {**ALWAYS, "override-name": "Running"}


def test_the_end_of_an_override() -> None:
    assert message(sent.CANCEL) == {**ALWAYS, "cancel-temporary-override": "true"}


def test_without_a_password_there_is_none_in_it() -> None:
    assert "otp" not in message({**sent.BOLUS, "otp": ""})
    assert "otp" not in message({**sent.OVERRIDE, "otp": sent.OTP})


def test_the_phone_shows_what_is_asked_and_by_whom_and_wakes_loop() -> None:
    aps = shown({**sent.BOLUS, "notes": "before dinner"})
    assert aps["alert"] == "Remote command: Bolus 1.25 U - before dinner - Dad"
    assert (aps["content-available"], aps["interruption-level"]) == (1, "time-sensitive")
    assert "absorbed in 3 h" in shown(sent.CARBS)["alert"]


@pytest.mark.parametrize("body", [sent.BOLUS, sent.CARBS])
def test_the_phone_never_shows_the_password(body: dict[str, Any]) -> None:
    assert sent.OTP not in str(shown(body))


def test_a_message_too_long_for_apple_is_refused() -> None:
    fits = {**sent.BOLUS, "notes": "x" * 1500}
    assert len(payload_bytes(payload_of(read_command(fits), remote_address="", sent_ms=START_MS))) < MOST_BYTES
    with pytest.raises(CommandFailed, match="APNs delivery failed: PayloadTooLarge"):
        message({**sent.BOLUS, "notes": "x" * 3000})


@given(st.integers(min_value=0, max_value=4_000_000_000_000), st.text(max_size=20), st.text(max_size=20))
def test_it_expires_five_minutes_after_it_was_given_and_is_json(sent_ms: int, notes: str, who: str) -> None:
    command = read_command({**sent.BOLUS, "notes": notes, "enteredBy": who})
    payload = orjson.loads(payload_bytes(payload_of(command, remote_address="::1", sent_ms=sent_ms)))
    assert (payload["notes"], payload["entered-by"]) == (notes.strip(), who.strip())
    assert payload["sent-at"] < payload["expiration"]
