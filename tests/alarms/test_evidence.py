"""What ends an alarm of glucose, and all that does not."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.evidence import is_over
from app.alarms.notice import Notice, Side
from app.glucose.levels import Level
from app.glucose.units import Unit
from tests.alarms.situations import situation
from tests.live.uploads import at, done, sgv


def over(
    side: Side, level: Level, *entries: dict[str, Any], since_min: float = 20, done: Any = (), unit: Unit = Unit.MGDL
) -> bool:
    seen = situation(entries, done, unit=unit)
    alarm = Notice(level, "simplealarms", "", "", side=side)
    return is_over(alarm, at(since_min), seen.readings, seen.present.person.thresholds, seen.now_ms)


def finger(minutes: float, mgdl: float) -> dict[str, Any]:
    return {"type": "mbg", "mbg": mgdl, "date": at(minutes), "device": "meter"}


@pytest.mark.parametrize(
    ("side", "level", "mgdl", "expected"),
    [
        (Side.LOW, Level.URGENT, 64, False),
        (Side.LOW, Level.URGENT, 65, True),
        (Side.LOW, Level.WARN, 89, False),
        (Side.LOW, Level.WARN, 90, True),
        (Side.LOW, Level.URGENT, 300, True),
        (Side.HIGH, Level.URGENT, 251, False),
        (Side.HIGH, Level.URGENT, 250, True),
        (Side.HIGH, Level.WARN, 171, False),
        (Side.HIGH, Level.WARN, 170, True),
        (Side.HIGH, Level.URGENT, 60, True),
        (Side.EITHER, Level.WARN, 120, False),
    ],
)
def test_one_reading_has_to_be_clear_of_the_limit(side: Side, level: Level, mgdl: int, expected: bool) -> None:
    assert over(side, level, sgv(0, mgdl)) is expected


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("level", [Level.WARN, Level.URGENT])
def test_two_readings_in_range_end_any_alarm(side: Side, level: Level) -> None:
    low_end, high_end = sgv(5, 81), sgv(0, 179)
    for first, second in ((low_end, {**high_end, "sgv": 82}), ({**low_end, "sgv": 178}, high_end)):
        assert over(side, level, first, second)


@pytest.mark.parametrize(("first", "second"), [(79, 81), (81, 79), (39, 81), (181, 179)])
def test_both_of_them_have_to_be_in_range(first: int, second: int) -> None:
    assert not over(Side.LOW if first < 100 else Side.HIGH, Level.WARN, sgv(5, first), sgv(0, second))


def test_a_reading_two_programs_uploaded_is_one() -> None:
    assert not over(Side.LOW, Level.WARN, sgv(0.4, 82), sgv(0, 82))
    assert over(Side.LOW, Level.WARN, sgv(1, 82), sgv(0.4, 82), sgv(0, 82))


def test_readings_from_before_the_alarm_show_nothing() -> None:
    assert not over(Side.LOW, Level.URGENT, sgv(10, 120), sgv(5, 120), since_min=5)
    assert not over(Side.LOW, Level.WARN, sgv(10, 82), sgv(5, 82), sgv(0, 82), since_min=5)


@pytest.mark.parametrize(("minutes", "expected"), [(0, True), (10, True), (10.1, False), (15, False)])
def test_the_last_of_them_is_ten_minutes_old_at_most(minutes: float, expected: bool) -> None:
    assert over(Side.LOW, Level.URGENT, sgv(minutes, 120)) is expected
    assert over(Side.LOW, Level.WARN, sgv(minutes + 5, 82), sgv(minutes, 82)) is expected


def test_what_came_longer_ago_than_it_was_measured_is_as_old_as_its_coming() -> None:
    assert not over(Side.LOW, Level.URGENT, sgv(7, 120, srvCreated=at(11)))


def test_nothing_at_all_shows_nothing() -> None:
    assert not over(Side.LOW, Level.URGENT)
    assert not over(Side.HIGH, Level.WARN)


@pytest.mark.parametrize("code", [1, 5, 10, 12, 39, 38, "LOW"])
def test_no_code_and_no_low_is_a_recovery(code: Any) -> None:
    assert not over(Side.LOW, Level.URGENT, sgv(5, 120), sgv(0, code))
    assert not over(Side.HIGH, Level.URGENT, sgv(0, code))


def test_high_is_no_recovery_from_high() -> None:
    assert not over(Side.HIGH, Level.URGENT, sgv(0, 401))


def test_a_finger_stick_is_a_reading() -> None:
    assert over(Side.LOW, Level.URGENT, finger(0, 100))
    assert over(Side.LOW, Level.WARN, finger(6, 82), finger(0, 84))
    assert not over(Side.LOW, Level.URGENT, finger(0, 60))


@pytest.mark.parametrize(
    ("fields", "unit", "expected"),
    [
        ({"glucose": 100, "units": "mg/dl"}, Unit.MGDL, True),
        ({"glucose": "100"}, Unit.MGDL, True),
        ({"glucose": 5.6, "units": "mmol"}, Unit.MGDL, True),
        ({"glucose": 5.6}, Unit.MMOLL, True),
        ({"glucose": 100}, Unit.MMOLL, True),
        ({"glucose": 5.6}, Unit.MGDL, False),
        ({"glucose": 60}, Unit.MGDL, False),
        ({"glucose": 100, "glucoseType": "Sensor"}, Unit.MGDL, False),
        ({}, Unit.MGDL, False),
    ],
)
def test_a_finger_stick_entered_as_a_treatment_is_a_reading(fields: dict[str, Any], unit: Unit, expected: bool) -> None:
    checked = done(1, "BG Check", **{"glucoseType": "Finger", **fields})
    assert over(Side.LOW, Level.URGENT, done=[checked], unit=unit) is expected


def test_a_reading_of_the_future_shows_nothing() -> None:
    assert not over(Side.LOW, Level.URGENT, sgv(-3, 120))
