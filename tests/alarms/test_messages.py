"""The lines of an alarm, to the letter, in either unit."""

from __future__ import annotations

import pytest

from app.glucose.units import Unit
from tests.alarms.situations import EVERYTHING, readings, situation
from tests.live.device_documents import a_profile, by_loop
from tests.live.uploads import at, done


def test_glucose_alone_with_what_is_on_anyway() -> None:
    assert situation(readings(110, 115, direction="Flat")).message == "BG Now: 115 +5 → mg/dl\nBG 15m: 124 mg/dl"


@pytest.mark.parametrize(
    ("values", "unit", "line"),
    [
        ((296, 301), Unit.MGDL, "BG Now: 301 +5 ↗ mg/dl"),
        ((301, 296), Unit.MGDL, "BG Now: 296 -5 ↗ mg/dl"),
        ((85, 90), Unit.MMOLL, "BG Now: 5.0 +0.3 ↗ mmol/L"),
        ((100, 100), Unit.MMOLL, "BG Now: 5.6 +0 ↗ mmol/L"),
        ((100,), Unit.MGDL, "BG Now: 100 ↗ mg/dl"),
        ((60, 39), Unit.MGDL, "BG Now: LOW ↗ mg/dl"),
        ((60, 20), Unit.MMOLL, "BG Now: LOW ↗ mmol/L"),
        ((390, 401), Unit.MGDL, "BG Now: HIGH +11 ↗ mg/dl"),
        ((100, 5), Unit.MGDL, "BG Now: ?NC ↗ mg/dl"),
    ],
)
def test_the_line_of_glucose(values: tuple[int, ...], unit: Unit, line: str) -> None:
    found = situation(readings(*values, direction="FortyFiveUp"), unit=unit, ALARM_TYPES="simple")
    assert found.message == line


def test_a_direction_nobody_knows_is_a_dash_and_an_old_one_is_left_out() -> None:
    assert situation(readings(100), ALARM_TYPES="simple").message == "BG Now: 100 - mg/dl"
    assert situation(readings(100, ago_min=16), ALARM_TYPES="simple").message == "BG Now: 100 mg/dl"


def test_without_a_reading_there_are_no_lines() -> None:
    assert situation().message == ""


def test_every_feature_adds_its_line() -> None:
    entries = readings(110, 115, direction="Flat", filtered=120000, unfiltered=118000, noise=1)
    entries.append({"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800})
    treatments = [done(30, "Meal Bolus", insulin=2, carbs=20)]
    found = situation(entries, treatments, [by_loop()], [a_profile()], ENABLE=EVERYTHING)
    names = [line.split(":")[0] for line in found.message.splitlines()]
    assert names == ["BG Now", "Raw BG", "BG 15m", "BWP", "IOB", "COB"]
    assert found.message.splitlines()[-2:] == ["IOB: 1.50U", "COB: 25g"]


def test_a_feature_that_is_off_adds_none() -> None:
    found = situation(
        readings(110, 115), [], [by_loop()], [a_profile()], DISABLE="bgnow direction", ALARM_TYPES="simple"
    )
    assert found.message == "BG Now: 115 mg/dl"
