from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.staleness import Staleness, age_ms_of, interval_ms_of, is_ahead, staleness_of
from tests.glucose.samples import MINUTE_MS, NOW_MS, ago

ORDER = [Staleness.FRESH, Staleness.LATE, Staleness.OLD, Staleness.GONE]


def after(minutes: float) -> int:
    return NOW_MS - round(minutes * MINUTE_MS)


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (0, Staleness.FRESH),
        (6, Staleness.FRESH),
        (6.01, Staleness.LATE),
        (15, Staleness.LATE),
        (15.01, Staleness.OLD),
        (30, Staleness.OLD),
        (30.01, Staleness.GONE),
        (100_000, Staleness.GONE),
        (-5, Staleness.FRESH),
        (-5.01, Staleness.FUTURE),
    ],
)
def test_states_by_age(minutes: float, state: Staleness) -> None:
    assert staleness_of(NOW_MS, after(minutes)) is state


def test_no_reading_is_a_state_of_its_own() -> None:
    assert staleness_of(NOW_MS, None) is Staleness.NEVER


def test_a_quarter_hour_sensor_is_fresh_for_eighteen_minutes() -> None:
    assert staleness_of(NOW_MS, after(18), interval_ms=15 * MINUTE_MS) is Staleness.FRESH
    assert staleness_of(NOW_MS, after(18.1), interval_ms=15 * MINUTE_MS) is Staleness.OLD


def test_a_one_minute_sensor_is_fresh_for_six_minutes_too() -> None:
    assert staleness_of(NOW_MS, after(5), interval_ms=MINUTE_MS) is Staleness.FRESH
    assert staleness_of(NOW_MS, after(7), interval_ms=MINUTE_MS) is Staleness.LATE


def test_a_reading_is_never_younger_than_its_arrival() -> None:
    assert staleness_of(NOW_MS, after(0), after(180)) is Staleness.GONE
    assert age_ms_of(NOW_MS, after(0), after(180)) == 180 * MINUTE_MS


def test_a_reading_that_arrived_late_is_as_old_as_the_sensor_says() -> None:
    assert staleness_of(NOW_MS, after(40), after(0)) is Staleness.GONE


def test_only_what_runs_further_ahead_than_clocks_differ_is_ahead() -> None:
    assert not is_ahead(NOW_MS + 5 * MINUTE_MS, NOW_MS)
    assert is_ahead(NOW_MS + 5 * MINUTE_MS + 1, NOW_MS)


def test_only_fresh_and_late_are_current() -> None:
    assert [state for state in Staleness if state.current] == [Staleness.FRESH, Staleness.LATE]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from([1, 5, 15]))
def test_a_reading_only_ever_gets_staler(one: int, other: int, interval_min: int) -> None:
    younger, older = sorted((one, other))
    interval_ms = interval_min * MINUTE_MS
    now = ORDER.index(staleness_of(NOW_MS, NOW_MS - younger, interval_ms=interval_ms))
    later = ORDER.index(staleness_of(NOW_MS, NOW_MS - older, interval_ms=interval_ms))
    assert now <= later


@given(st.integers(-400_000, 10**7), st.integers(0, 10**7))
def test_knowing_when_it_arrived_never_makes_a_reading_fresher(at_ago: int, received_ago: int) -> None:
    alone = staleness_of(NOW_MS, NOW_MS - at_ago)
    both = staleness_of(NOW_MS, NOW_MS - at_ago, NOW_MS - received_ago)
    if alone is Staleness.FUTURE:
        assert both is Staleness.FUTURE
    else:
        assert ORDER.index(alone) <= ORDER.index(both)


@pytest.mark.parametrize("every", [1, 5, 15])
def test_a_sensors_interval_is_seen_from_its_readings(every: int) -> None:
    assert interval_ms_of([ago(every * n, 100) for n in range(20, -1, -1)]) == every * MINUTE_MS


def test_gaps_and_doubles_do_not_make_another_sensor() -> None:
    lossy = [ago(10 * n, 100) for n in range(10, -1, -1)]
    doubled = [ago(5 * n + later, 100) for n in range(20, -1, -1) for later in (0.1, 0)]
    assert interval_ms_of(lossy) == interval_ms_of(doubled) == 5 * MINUTE_MS


def test_too_few_readings_are_taken_for_a_five_minute_sensor() -> None:
    assert interval_ms_of([]) == interval_ms_of([ago(1, 100), ago(0, 100)]) == 5 * MINUTE_MS
