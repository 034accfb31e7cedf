"""When to come back: in step with the readings, patient with failures, obedient to vendors, never after a no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.uploaders.backoff import Failure, failed, is_probe, next_run_ms, retry_at_ms
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    NoPatient,
    PatientAmbiguous,
    RateLimited,
    SchemaChanged,
    SessionExpired,
    Transient,
    UploaderFailure,
    VersionTooLow,
)
from app.uploaders.vendor import Pace
from tests.clocks import START_MS

MINUTE_MS = 60_000
PACE = Pace(interval_ms=5 * MINUTE_MS, lag_ms=15_000, floor_ms=MINUTE_MS)


def waits_min(failure: UploaderFailure, count: int = 1) -> float | None:
    at_ms = retry_at_ms(failure, count, PACE, START_MS)
    return None if at_ms is None else (at_ms - START_MS) / MINUTE_MS


def test_the_next_run_is_just_after_the_next_reading_can_be_had() -> None:
    newest_ms = START_MS - 2 * MINUTE_MS
    assert next_run_ms(PACE, newest_ms, START_MS, 0.0) == newest_ms + 5 * MINUTE_MS + 15_000
    assert next_run_ms(PACE, newest_ms, START_MS, 1.0) == newest_ms + 5 * MINUTE_MS + 35_000


def test_a_reading_that_is_due_is_not_asked_for_below_the_floor() -> None:
    assert next_run_ms(PACE, START_MS - 6 * MINUTE_MS, START_MS, 0.0) == START_MS + MINUTE_MS


@pytest.mark.parametrize("newest_ms", [None, START_MS - 11 * MINUTE_MS, 0])
def test_without_a_recent_reading_the_plain_interval_counts(newest_ms: int | None) -> None:
    assert next_run_ms(PACE, newest_ms, START_MS, 0.0) == START_MS + 5 * MINUTE_MS


@given(st.none() | st.integers(START_MS - 10**9, START_MS + 300_000), st.floats(0, 1))
def test_the_next_run_is_never_below_the_floor_nor_beyond_two_intervals(newest_ms: int | None, jitter: float) -> None:
    due_ms = next_run_ms(PACE, newest_ms, START_MS, jitter)
    assert START_MS + MINUTE_MS <= due_ms <= START_MS + 10 * MINUTE_MS + 35_000


@pytest.mark.parametrize(
    "failure",
    [
        AuthInvalid("no"),
        ActionRequired("step", kind="tou"),
        NoPatient("nobody"),
        PatientAmbiguous("several", patients=()),
        VersionTooLow("old", minimum=""),
    ],
)
def test_what_only_the_owner_can_mend_is_never_tried_again_by_itself(failure: UploaderFailure) -> None:
    assert waits_min(failure, 1) is None
    assert waits_min(failure, 9) is None


@pytest.mark.parametrize("failure", [Transient("x"), SessionExpired("x"), SchemaChanged("x")])
def test_passing_trouble_is_met_with_growing_patience(failure: UploaderFailure) -> None:
    assert [waits_min(failure, count) for count in (1, 2, 3, 4, 5, 6, 99)] == [2.5, 5, 10, 20, 30, 30, 30]


def test_a_lockout_is_sat_out_to_its_end() -> None:
    assert waits_min(Locked("x", until_ms=START_MS + 47 * MINUTE_MS)) == 47


def test_a_lockout_of_unknown_length_is_taken_for_longer_each_time() -> None:
    assert [waits_min(Locked("x"), count) for count in (1, 2, 3, 4)] == [15, 60, 24 * 60, 24 * 60]


@pytest.mark.parametrize(("told_s", "minutes"), [(30, 5), (600, 10), (3600, 60), (10**9, 24 * 60)])
def test_the_wait_a_vendor_names_is_kept_but_never_below_the_interval(told_s: float, minutes: float) -> None:
    assert waits_min(RateLimited("x", retry_after_s=told_s)) == minutes


def test_a_vendor_that_names_no_wait_is_given_up_to_a_quarter_of_an_hour() -> None:
    assert [waits_min(RateLimited("x"), count) for count in (1, 2, 3, 9)] == [5, 10, 15, 15]


def test_a_failure_of_one_kind_is_counted_and_keeps_its_beginning() -> None:
    first = failed(None, Transient("down", hint="wait"), START_MS)
    second = failed(first, Transient("still down"), START_MS + 1000)
    assert (second.count, second.since_ms, second.at_ms, second.message) == (2, START_MS, START_MS + 1000, "still down")
    other = failed(second, AuthInvalid("no"), START_MS + 2000)
    assert (other.count, other.since_ms) == (1, START_MS + 2000)


@pytest.mark.parametrize(
    ("kind", "count", "probe"), [("transient", 4, False), ("transient", 5, True), ("rate-limited", 9, False)]
)
def test_after_five_passing_failures_a_run_is_a_single_probe(kind: str, count: int, probe: bool) -> None:
    assert is_probe(Failure(kind, "", "", 0, 0, count)) is probe
    assert not is_probe(None)
