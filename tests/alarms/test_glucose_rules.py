"""Where glucose is and where it goes: Nightscout's vectors, and what a sensor's LOW, HIGH and errors mean."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alarms.notice import Loudness, Notice, Side
from app.alarms.rules.glucose import ar2, simplealarms
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.glucose.sentinels import Sense, rank, sense_of
from app.glucose.units import Unit
from tests.alarms.situations import readings, situation

SIMPLE = {"ALARM_TYPES": "simple"}
PREDICT = {"ALARM_TYPES": "predict"}


def raised(found: Situation) -> Notice | None:
    """Return the alarm of the rule that is on."""
    rule = simplealarms if found.features.on("simplealarms") else ar2
    notices = rule(found).notices
    return notices[0] if notices else None


def level_at(mgdl: float, before: float = 100, **settings: str) -> Level:
    notice = raised(situation(readings(before, mgdl), **settings))
    return notice.level if notice else Level.NONE


@pytest.mark.parametrize(
    ("mgdl", "title", "event", "sound"),
    [
        (261, "Urgent HIGH", "high", "persistent"),
        (260, "Warning HIGH", "high", "climb"),
        (181, "Warning HIGH", "high", "climb"),
        (79, "Warning LOW", "low", "falling"),
        (55, "Warning LOW", "low", "falling"),
        (54, "Urgent LOW", "low", "persistent"),
    ],
)
def test_simple_alarms_by_the_limits(mgdl: int, title: str, event: str, sound: str) -> None:
    notice = raised(situation(readings(mgdl), **SIMPLE))
    assert notice is not None
    assert (notice.title, notice.event_name, notice.sound) == (title, event, sound)
    assert (notice.plugin, notice.group, notice.key) == ("simplealarms", "default", f"simplealarms_{notice.level:d}")
    assert notice.debug["lastSGV"] == mgdl
    assert notice.debug["thresholds"] == {"bgHigh": 260, "bgTargetTop": 180, "bgTargetBottom": 80, "bgLow": 55}


@pytest.mark.parametrize("mgdl", [80, 100, 180])
def test_in_range_is_no_alarm(mgdl: int) -> None:
    assert raised(situation(readings(mgdl), **SIMPLE)) is None


def test_without_a_reading_there_is_no_alarm_of_glucose() -> None:
    assert raised(situation(**SIMPLE)) is None
    assert raised(situation(**PREDICT)) is None


@pytest.mark.parametrize(
    ("before", "now", "title", "event", "level"),
    [
        (150, 170, "Warning, HIGH predicted", "high", Level.WARN),
        (90, 80, "Warning, LOW", "low", Level.WARN),
        (140, 200, "Urgent, HIGH", "high", Level.URGENT),
    ],
)
def test_the_forecast_by_its_vectors(before: int, now: int, title: str, event: str, level: Level) -> None:
    notice = raised(situation(readings(before, now), **PREDICT))
    assert notice is not None
    assert (notice.title, notice.event_name, notice.level) == (title, event, level)
    assert (notice.plugin, notice.group, notice.key) == ("ar2", "default", f"ar2_{level:d}")
    assert notice.sound == {(Level.WARN, "high"): "climb", (Level.WARN, "low"): "falling"}.get(
        (level, event), "persistent"
    )


def test_a_forecast_that_leads_nowhere_bad_is_no_alarm() -> None:
    assert raised(situation(readings(100, 105), **PREDICT)) is None


def test_the_forecast_is_told_to_whoever_reads_the_event() -> None:
    notice = raised(situation(readings(150, 170), **PREDICT))
    assert notice is not None
    assert notice.debug["forecast"] == {"predicted": "186, 198, 206, 212, 216, 218"}


def test_where_the_alarm_for_its_side_is_off_the_forecast_asks_to_check() -> None:
    notice = raised(situation(readings(150, 170), ALARM_HIGH="off", **PREDICT))
    assert notice is not None
    assert (notice.title, notice.event_name, notice.side) == ("Warning, Check BG predicted", "", Side.EITHER)


def test_the_usual_lines_stand_in_the_message() -> None:
    notice = raised(situation(readings(296, 301, direction="FortyFiveUp"), **SIMPLE))
    assert notice is not None
    assert notice.message == "BG Now: 301 +5 ↗ mg/dl"


@pytest.mark.parametrize(
    ("mgdl", "age_min", "is_raised"),
    [(301, 9.9, True), (301, 10, False), (70, 9.9, True), (70, 10, False), (50, 14.9, True), (50, 15.1, False)],
)
def test_an_old_reading_raises_nothing_and_a_very_low_one_as_long_as_it_is_current(
    mgdl: int, age_min: float, is_raised: bool
) -> None:
    assert (raised(situation(readings(mgdl, ago_min=age_min), **SIMPLE)) is not None) is is_raised


def test_the_forecast_wants_a_reading_of_ten_minutes_at_most() -> None:
    assert raised(situation(readings(150, 170, ago_min=10), **PREDICT)) is not None
    assert raised(situation(readings(150, 170, ago_min=10.1), **PREDICT)) is None


def test_a_reading_that_came_before_it_was_measured_is_as_old_as_its_coming() -> None:
    entry = readings(300, ago_min=-2)[0] | {"srvCreated": readings(300, ago_min=2)[0]["date"]}
    assert raised(situation([entry], now_ms=entry["date"] + 5 * 60_000, **SIMPLE)) is not None
    assert raised(situation([entry], now_ms=entry["date"] + 7 * 60_000, **SIMPLE)) is None


@pytest.mark.parametrize(
    ("off", "mgdl", "level"),
    [
        ("ALARM_URGENT_HIGH", 300, Level.WARN),
        ("ALARM_URGENT_LOW", 50, Level.WARN),
        ("ALARM_URGENT_LOW", 39, Level.WARN),
        ("ALARM_HIGH", 200, Level.NONE),
        ("ALARM_HIGH", 300, Level.URGENT),
        ("ALARM_LOW", 70, Level.NONE),
        ("ALARM_LOW", 50, Level.URGENT),
    ],
)
def test_an_alarm_that_is_off_gives_way_to_the_lesser_one(off: str, mgdl: int, level: Level) -> None:
    assert level_at(mgdl, **SIMPLE, **{off: "off"}) is level


# A sensor's LOW and HIGH.


@pytest.mark.parametrize("kind", [SIMPLE, PREDICT], ids=["simple", "predict"])
@pytest.mark.parametrize("stored", [39, 38, 37, 20, 13, "LOW", "low"])
def test_low_is_urgent_low_and_louder_than_any_number(kind: dict[str, str], stored: Any) -> None:
    entries = readings(90, 60)
    entries[-1]["sgv"] = stored
    notice = raised(situation(entries, **kind))
    assert notice is not None
    assert (notice.level, notice.side, notice.event_name) == (Level.URGENT, Side.LOW, "low")
    assert notice.loudness is Loudness.OFF_SCALE
    assert "BG Now: LOW" in notice.message
    number = raised(situation(readings(90, 40), **kind))
    assert number is not None
    assert notice.rank > number.rank
    assert notice.is_urgent_low


@pytest.mark.parametrize("kind", [SIMPLE, PREDICT], ids=["simple", "predict"])
@pytest.mark.parametrize("stored", [401, 501, 700, "HIGH"])
def test_high_is_urgent_high(kind: dict[str, str], stored: Any) -> None:
    entries = readings(300, 390)
    entries[-1]["sgv"] = stored
    notice = raised(situation(entries, **kind))
    assert notice is not None
    assert (notice.level, notice.side) == (Level.URGENT, Side.HIGH)
    assert "BG Now: HIGH" in notice.message


@pytest.mark.parametrize("kind", [SIMPLE, PREDICT], ids=["simple", "predict"])
def test_a_single_very_low_reading_is_urgent_without_any_forecast(kind: dict[str, str]) -> None:
    notice = raised(situation(readings(45), **kind))
    assert notice is not None
    assert notice.is_urgent_low


def test_very_low_glucose_that_rises_fast_is_urgent_all_the_same() -> None:
    notice = raised(situation(readings(42, 54), **PREDICT))
    assert notice is not None
    assert notice.is_urgent_low
    assert notice.title == "Urgent, LOW"


def test_what_is_only_expected_is_less_loud_than_what_was_measured() -> None:
    expected = raised(situation(readings(120, 92), **PREDICT))
    measured = raised(situation(readings(92, 54), **PREDICT))
    assert expected is not None
    assert measured is not None
    assert (expected.level, expected.loudness) == (Level.URGENT, Loudness.PREDICTED)
    assert expected.is_urgent_low
    assert measured.rank > expected.rank


# Error codes.


@pytest.mark.parametrize("kind", [SIMPLE, PREDICT], ids=["simple", "predict"])
@pytest.mark.parametrize("code", [1, 5, 9, 10, 12])
@pytest.mark.parametrize(
    "before",
    [
        readings(110, 95, 80, ago_min=5),
        readings(100, ago_min=5, direction="SingleDown"),
        readings(70, ago_min=5),
        readings(39, ago_min=5),
    ],
    ids=["computed", "told", "low", "LOW"],
)
def test_an_error_code_after_glucose_fell_is_low(kind: dict[str, str], code: int, before: Any) -> None:
    notice = raised(situation([*before, *readings(code)], **kind))
    assert notice is not None
    assert notice.is_urgent_low


@pytest.mark.parametrize("kind", [SIMPLE, PREDICT], ids=["simple", "predict"])
@pytest.mark.parametrize(
    "before",
    [[], readings(100, 101, 102, ago_min=5), readings(95, ago_min=16, direction="SingleDown"), readings(1, 1, 5, 5)],
    ids=["nothing", "steady", "long ago", "codes alone"],
)
def test_an_error_code_of_a_sensor_that_fell_from_nowhere_is_no_low(kind: dict[str, str], before: Any) -> None:
    assert raised(situation([*before, *readings(5)], **kind)) is None


# What has to hold for every reading there can be.


@given(
    st.floats(0.6, 600),
    st.floats(0.6, 600),
    st.floats(13, 400),
    st.sampled_from([SIMPLE, PREDICT, {"ALARM_TYPES": "simple predict"}]),
)
def test_below_the_urgent_limit_the_level_only_grows(
    one: float, other: float, before: float, kind: dict[str, str]
) -> None:
    """For every glucose at or below the urgent limit: the lower, the louder, whatever came before."""
    lower, higher = sorted((one, other), key=rank)
    if rank(higher) > 55 or Sense.ERROR in (sense_of(lower), sense_of(higher)):
        return
    assert level_at(lower, before, **kind) >= level_at(higher, before, **kind)
    if rank(lower) < 55:
        assert level_at(lower, before, **kind) is Level.URGENT


@given(st.integers(1, 55), st.sampled_from([SIMPLE, PREDICT]))
def test_on_the_way_down_no_code_and_no_number_is_less_loud_than_a_higher_one(mgdl: int, kind: dict[str, str]) -> None:
    """Error codes are below every number: once glucose fell, none of them is quieter than the limit itself."""

    def level(now: int) -> Level:
        notice = raised(situation(readings(95, 85, now), **kind))
        return notice.level if notice else Level.NONE

    assert level(mgdl) >= level(55)
    assert level(mgdl) is (Level.URGENT if mgdl < 55 else level(55))


@given(st.floats(0.6, 700))
def test_the_alarm_and_the_range_on_the_page_agree(mgdl: float) -> None:
    level = level_at(mgdl, 100, **SIMPLE)
    if sense_of(mgdl) is Sense.ERROR:
        return
    place = rank(mgdl)
    expected = Level.NONE
    if place < 80 or place > 180:
        expected = Level.WARN
    if place < 55 or place > 260:
        expected = Level.URGENT
    assert level is expected
    assert math.isinf(place) <= (level is Level.URGENT)


def test_everything_is_said_in_the_person_s_unit() -> None:
    notice = raised(situation(readings(296, 301), unit=Unit.MMOLL, **SIMPLE))
    assert notice is not None
    assert notice.message == "BG Now: 16.7 +0.3 - mmol/L"
    assert notice.debug["lastSGV"] == 16.7
    assert "mg/dl" not in notice.message
