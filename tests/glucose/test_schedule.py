from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.schedule import Schedule, schedule_of
from tests.glucose.therapy import ODD

HOUR_S = 3600


@pytest.mark.parametrize(("hour", "value"), [(0, 0.5), (5.99, 0.5), (6, 0.9), (21.99, 0.9), (22, 0.6), (23.99, 0.6)])
def test_the_last_step_that_has_begun_holds(hour: float, value: float) -> None:
    schedule = schedule_of(
        [{"time": "00:00", "value": 0.5}, {"time": "06:00", "value": "0.9"}, {"time": "22:00", "value": " 0.60 "}]
    )
    assert schedule
    assert schedule.at(int(hour * HOUR_S)) == value


def test_the_written_time_counts_before_the_seconds_beside_it() -> None:
    assert schedule_of([{"time": "01:30", "timeAsSeconds": 99, "value": 1}]) == Schedule(((5400, 1),))


def test_seconds_count_where_there_is_no_time() -> None:
    written = [{"timeAsSeconds": "0", "value": 1}, {"time": "noon", "timeAsSeconds": 43200, "value": 2}]
    assert schedule_of(written) == Schedule(((0, 1), (43200, 2)))


def test_the_order_in_which_steps_are_stored_does_not_matter() -> None:
    written = [{"time": "12:00", "value": 2}, {"time": "00:00", "value": 1}]
    assert schedule_of(written) == schedule_of(written[::-1]) == Schedule(((0, 1), (43200, 2)))


def test_of_two_steps_at_the_same_time_the_last_counts() -> None:
    schedule = schedule_of([{"time": "00:00", "value": 1}, {"time": "00:00", "value": 2}])
    assert schedule
    assert schedule.at(0) == 2


def test_before_the_first_step_the_value_is_unknown() -> None:
    schedule = schedule_of([{"time": "06:00", "value": 1}])
    assert schedule
    assert schedule.at(6 * HOUR_S - 1) is None


def test_an_unreadable_value_does_not_let_the_one_before_run_on() -> None:
    schedule = schedule_of([{"time": "00:00", "value": 1}, {"time": "06:00", "value": "a lot"}])
    assert schedule
    assert schedule.at(6 * HOUR_S) is None
    assert schedule.values == (1,)


def test_a_step_without_a_time_is_passed_over() -> None:
    assert schedule_of([{"value": 9}, None, 7, {"time": "00:00", "value": 1}]) == Schedule(((0, 1),))


@pytest.mark.parametrize("written", [4, "4", 4.0])
def test_one_value_is_for_the_whole_day(written: object) -> None:
    assert schedule_of(written) == Schedule(((0, 4),))


@pytest.mark.parametrize("written", [None, "", [], {}, "often", [{"value": 1}], True])
def test_what_is_no_schedule_is_none(written: object) -> None:
    assert schedule_of(written) is None


@given(
    st.lists(st.one_of(ODD, st.fixed_dictionaries({"time": ODD, "timeAsSeconds": ODD, "value": ODD}))), st.integers()
)
def test_odd_schedules_are_read_without_an_error(written: list[Any], second: int) -> None:
    schedule = schedule_of(written)
    if schedule:
        found = schedule.at(second)
        assert found is None or found in schedule.values
