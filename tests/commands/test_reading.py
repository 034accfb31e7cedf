"""What an app sends, understood: amounts as typed or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.command import BOLUS, CANCEL, CARBS, OVERRIDE, CommandFailed, read_command
from tests.commands import conftest as sent


def refused(body: dict[str, Any]) -> str:
    with pytest.raises(CommandFailed) as refusal:
        read_command(body)
    assert refusal.value.status == 500
    return refusal.value.message


def test_a_bolus_is_read() -> None:
    command = read_command(sent.BOLUS)
    assert (command.event_type, command.amount, command.otp) == (BOLUS, 1.25, sent.OTP)
    assert (command.notes, command.entered_by, command.words) == ("", "Dad", "Bolus 1.25 U")


def test_carbs_are_read() -> None:
    command = read_command({**sent.CARBS, "created_at": "2026-01-14T07:05:09Z"})
    assert (command.event_type, command.amount, command.absorption_h) == (CARBS, 25, 3)
    assert (command.start, command.notes, command.words) == ("2026-01-14T07:05:09Z", None, "Carbs 25 g")


def test_an_override_and_its_end_are_read() -> None:
    command = read_command(sent.OVERRIDE)
    assert (command.event_type, command.override, command.duration_min) == (OVERRIDE, "Running", 60)
    assert command.words == "Override 🏃 Running for 60 min"
    assert read_command(sent.CANCEL).event_type == CANCEL


def test_values_that_are_numbers_are_read_too() -> None:
    assert read_command({**sent.BOLUS, "remoteBolus": 1.25, "otp": 482913}) == read_command(sent.BOLUS)
    assert read_command({**sent.CARBS, "remoteCarbs": 25, "remoteAbsorption": 3}) == read_command(sent.CARBS)
    assert read_command({**sent.OVERRIDE, "duration": 60}) == read_command(sent.OVERRIDE)


NO_AMOUNTS = ["", "0", "0.0", "-1", "+1", "abc", "1,25", "1.25U", "1e2", "0x10", "NaN", "Infinity", "12345", "1.2.3",
              "١", None, True, [1.25], {"$gt": 0}, -1, 0, 1e300]  # fmt: skip


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_what_is_no_plain_amount_is_refused(amount: Any) -> None:
    assert refused({**sent.BOLUS, "remoteBolus": amount}) == "Loop remote bolus failed. Incorrect bolus entry: "
    assert refused({**sent.CARBS, "remoteCarbs": amount}) == "Loop remote carbs failed. Incorrect carbs entry: "


@pytest.mark.parametrize("absent", ["", "0", "abc", None, "-2"])
def test_carbs_without_an_absorption_time_take_three_hours(absent: Any) -> None:
    assert read_command({**sent.CARBS, "remoteAbsorption": absent}).absorption_h == 3
    assert read_command({**sent.CARBS, "remoteAbsorption": "4.5"}).absorption_h == 4.5


@pytest.mark.parametrize("endless", ["", "0", None, "-5", "abc"])
def test_an_override_without_a_duration_has_no_end(endless: Any) -> None:
    assert read_command({**sent.OVERRIDE, "duration": endless}).duration_min is None


@pytest.mark.parametrize("name", ["", None, "  ", {"a": 1}])
def test_an_override_needs_a_name(name: Any) -> None:
    assert refused({**sent.OVERRIDE, "reason": name}) == "Loop notification failed: No override named."


@pytest.mark.parametrize("event_type", ["", None, "Remote Bolus", "remote bolus entry", "Note", ["Remote Bolus Entry"]])
def test_anything_else_is_no_command(event_type: Any) -> None:
    assert refused({**sent.BOLUS, "eventType": event_type}) == "Loop notification failed: Unhandled event type:"


@given(st.decimals(min_value="0.01", max_value="9999", places=2))
def test_an_amount_is_the_one_that_was_typed(amount: Any) -> None:
    assert read_command({**sent.BOLUS, "remoteBolus": str(amount)}).amount == float(amount)


@given(st.text(max_size=12))
def test_a_text_is_an_amount_of_its_digits_or_none(text: str) -> None:
    try:
        command = read_command({**sent.BOLUS, "remoteBolus": text})
    except CommandFailed:
        return
    assert command.amount == float(text)
    assert 0 < float(text) < 10_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(["reason", "reasonDisplay", "duration", "remoteCarbs", "remoteAbsorption", "remoteBolus", "otp",
                         "notes", "enteredBy", "created_at"])  # fmt: skip
kinds = st.sampled_from([BOLUS, CARBS, OVERRIDE, CANCEL, "Note"])


@given(kinds, st.dictionaries(names, anything))
def test_nothing_else_than_a_refusal_comes_of_nonsense(kind: str, body: dict[str, Any]) -> None:
    try:
        command = read_command({"eventType": kind, **body})
    except CommandFailed:
        return
    assert command.event_type == kind
    assert command.otp not in repr(command) or len(command.otp) < 3
