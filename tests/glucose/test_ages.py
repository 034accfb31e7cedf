from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.ages import Age, AgeLimits, age_of, sensor_ages
from app.glucose.levels import Level
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import TREATMENTS, Treatment, after, ago_ms

LIMITS = AgeLimits(info_h=44, warn_h=48, urgent_h=72)


def event(hours: float) -> Treatment:
    """An event so many hours before NOW_MS."""
    return Treatment(ago_ms(hours * 60))


def age(hours: float) -> Age[Treatment]:
    found = age_of([event(hours)], NOW_MS)
    assert found
    return found


def test_an_age_is_counted_in_whole_hours_and_the_minutes_over_them() -> None:
    found = age(50 + 17.9 / 60)
    assert (found.age_h, found.min_fractions, found.days, found.hours) == (50, 17, 2, 2)
    assert (found.hours_text, found.days_text, found.long_text) == ("50h", "2d2h", "2 days 2 hours")
    assert found.at_ms == found.event.at_ms


def test_hours_over_the_days_go_up_to_23() -> None:
    assert (age(47).days_text, age(48).days_text) == ("1d23h", "2d0h")


def test_under_a_day_no_days_are_shown() -> None:
    found = age(5)
    assert (found.hours_text, found.days_text, found.long_text) == ("5h", "5h", "5 hours")


def test_the_newest_event_that_is_not_in_the_future_counts() -> None:
    events = [event(50), event(3), event(80), Treatment(after(1))]
    found = age_of(events, NOW_MS)
    assert found
    assert found.event is events[1]


def test_an_event_of_this_moment_has_the_age_zero() -> None:
    assert (age(0).age_h, age(0).min_fractions) == (0, 0)


def test_without_an_event_there_is_no_age() -> None:
    assert age_of([], NOW_MS) is age_of([Treatment(after(1))], NOW_MS) is None


@pytest.mark.parametrize(
    ("hours", "level"),
    [
        (43.9, Level.NONE),
        (44, Level.INFO),
        (47.9, Level.INFO),
        (48, Level.WARN),
        (72, Level.URGENT),
        (900, Level.URGENT),
    ],
)
def test_an_age_matters_from_its_limits_on(hours: float, level: Level) -> None:
    assert age(hours).level(LIMITS) is level


def test_a_limit_that_is_not_set_is_never_reached() -> None:
    assert age(80).level(AgeLimits(None, None, None)) is Level.NONE
    assert age(80).level(AgeLimits(44, None, None)) is Level.INFO


@pytest.mark.parametrize(
    ("hours", "alert"),
    [
        (43.9, None),
        (44, Level.INFO),
        (44 + 20.5 / 60, Level.INFO),
        (44 + 21 / 60, None),
        (48.1, Level.WARN),
        (50, None),
        (72.2, Level.URGENT),
        (73, None),
    ],
)
def test_a_level_is_announced_in_the_first_20_minutes_of_its_hour(hours: float, alert: Level | None) -> None:
    assert age(hours).alert(LIMITS) is alert


def test_a_limit_between_two_hours_counts_from_the_later_one() -> None:
    limits = AgeLimits(44.5, None, None)
    assert (age(44.9).level(limits), age(45).alert(limits)) == (Level.NONE, Level.INFO)


def test_a_sensor_that_was_started_again_is_as_old_as_its_start() -> None:
    found = sensor_ages([event(10)], [event(90)], NOW_MS)
    assert found.start
    assert found.change
    assert (found.start.age_h, found.change.age_h) == (10, 90)
    assert (found.newest_name, found.newest) == ("Sensor Start", found.start)


@pytest.mark.parametrize("started", [10, 90])
def test_a_start_that_is_not_newer_than_the_change_is_not_found(started: float) -> None:
    found = sensor_ages([event(started)], [event(10)], NOW_MS)
    assert found.start is None
    assert (found.newest_name, found.newest) == ("Sensor Change", found.change)


def test_a_sensor_that_was_never_started_has_no_age() -> None:
    found = sensor_ages([], [], NOW_MS)
    assert (found.newest_name, found.newest) == ("Sensor Start", None)


@given(st.lists(TREATMENTS, max_size=8), st.lists(TREATMENTS, max_size=8))
def test_odd_events_are_counted_or_passed_over(starts: list[Treatment], changes: list[Treatment]) -> None:
    found = sensor_ages(starts, changes, NOW_MS)
    for one in (found.start, found.change):
        assert one is None or (one.age_h >= 0 and 0 <= one.min_fractions < 60 and one.at_ms <= NOW_MS)
