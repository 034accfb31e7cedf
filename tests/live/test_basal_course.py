"""The basal rate over some hours, temporary and scheduled."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.basal_course import basal_course
from tests.live.device_documents import a_profile
from tests.live.presents import present
from tests.live.uploads import at, done

HOUR_MIN = 60
HALF_PAST_TEN_BERLIN_MIN = 30  # before the tests' clock starts, which is 11:00 in Berlin


def course(
    *treatments: dict[str, Any], hours: float = 2, profiles: list[dict[str, Any]] | None = None
) -> list[tuple[int, int, float, bool]]:
    """Return (minutes ago it begins, minutes it lasts, rate, scheduled) of each stretch."""
    known = present(treatments=treatments, profiles=[a_profile()] if profiles is None else profiles)
    return [
        ((at(0) - one.from_ms) // 60_000, (one.until_ms - one.from_ms) // 60_000, one.u_per_h, one.scheduled)
        for one in basal_course(known, at(hours * HOUR_MIN))
    ]


def test_the_profile_steps_by_its_own_clock() -> None:
    assert course() == [(120, 90, 0.5, True), (30, 30, 0.8, True)]


def test_a_lone_stretch_is_one() -> None:
    assert course(hours=0.25) == [(15, 15, 0.8, True)]


def test_a_temporary_rate_runs_in_between() -> None:
    assert course(done(100, "Temp Basal", absolute=0, duration=30)) == [
        (120, 20, 0.5, True),
        (100, 30, 0, False),
        (70, 40, 0.5, True),
        (30, 30, 0.8, True),
    ]


def test_a_rate_in_percent_follows_the_schedule() -> None:
    assert course(done(45, "Temp Basal", percent=-50, duration=30)) == [
        (120, 75, 0.5, True),
        (45, 15, 0.25, False),
        (30, 15, 0.4, False),
        (15, 15, 0.8, True),
    ]


def test_one_that_runs_now_is_told_to_its_end() -> None:
    assert course(done(10, "Temp Basal", absolute=2, duration=30), hours=0.25) == [
        (15, 5, 0.8, True),
        (10, 30, 2, False),
    ]


def test_one_that_is_planned_is_not() -> None:
    assert course(done(-10, "Temp Basal", absolute=2, duration=30), hours=0.25) == [(15, 15, 0.8, True)]


def test_equal_neighbours_are_one() -> None:
    treatments = [done(60 - 5 * n, "Temp Basal", absolute=1, duration=5) for n in range(6)]
    assert course(*treatments, hours=1) == [(60, 30, 1, False), (30, 30, 0.8, True)]


def test_one_that_began_before_is_told_from_the_first_moment() -> None:
    assert course(done(90, "Temp Basal", absolute=2, duration=45), hours=1)[0] == (60, 15, 2, False)


def test_a_switch_changes_the_schedule() -> None:
    profile = a_profile()
    profile["store"]["Sport"] = profile["store"]["Default"] | {"basal": [{"time": "00:00", "value": 0.1}]}
    switch = done(20, "Profile Switch", profile="Sport", duration=10)
    assert course(switch, hours=0.5, profiles=[profile]) == [
        (30, 10, 0.8, True),
        (20, 10, 0.1, True),
        (10, 10, 0.8, True),
    ]


def test_a_switch_may_bring_its_profile_along() -> None:
    brought = (
        '{"basal": [{"time": "00:00", "value": 0.1}, {"time": "10:45", "value": 0.2}], "timezone": "Europe/Berlin"}'
    )
    switch = done(40, "Profile Switch", profile="New", profileJson=brought, duration=0)
    assert course(switch, hours=0.5) == [(30, 15, 0.1, True), (15, 15, 0.2, True)]


@pytest.mark.parametrize("written", ["{", "[]", "null", '"x"'])
def test_a_switch_that_brings_nonsense_changes_nothing(written: str) -> None:
    switch = done(40, "Profile Switch", profile="New", profileJson=written, duration=0)
    assert course(switch, hours=0.25) == [(15, 15, 0.8, True)]


def test_without_a_profile_only_temporary_rates_are_known() -> None:
    temp = done(60, "Temp Basal", absolute=2, duration=30)
    assert course(temp, profiles=[]) == [(60, 30, 2, False)]
    assert course(done(60, "Temp Basal", percent=50, duration=30), profiles=[]) == []
