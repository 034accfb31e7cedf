from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.staleness import Staleness
from app.glucose.units import Unit
from app.live.glance import DASHES
from app.live.picture import Facts
from tests.live.pictures import NOW_MS, before, fact, falling, picture, reading, seen, treatment


def test_a_low_that_falls_is_told_words_first() -> None:
    done = [treatment(11, carbs=8), treatment(52, insulin=0.4)]
    said = seen(picture(*falling(62), treatments=done))
    assert said.words == "Low and falling"
    assert (said.number, said.unit, said.range) == ("62", "mg/dL", "low")
    assert (said.arrow, said.trend) == ("↘", "falling")
    assert (said.delta, said.delta_min) == ("−6 mg/dL", 5)
    assert (said.age, said.device) == ("2 min ago", "Dexcom G6 by xDrip")
    assert said.done == "8 g carbs 11 min ago · 0.40 U 52 min ago"
    assert (said.state, said.grey, said.struck, said.at_ms) == (Staleness.FRESH, False, False, before(2))


def test_every_text_is_in_the_viewers_unit() -> None:
    said = seen(picture(reading(6, 119), reading(1, 121)), unit=Unit.MMOLL)
    assert (said.number, said.unit, said.delta) == ("6.7", "mmol/L", "+0.1 mmol/L")
    assert said.words == "In range, steady"


def test_a_late_reading_keeps_number_and_trend() -> None:
    said = seen(picture(*falling(100, minutes=12)))
    assert (said.state, said.age, said.arrow, said.grey) == (Staleness.LATE, "12 min ago", "↘", False)
    assert said.delta == "−6 mg/dL"


def test_an_old_reading_loses_trend_and_delta_and_turns_grey() -> None:
    said = seen(picture(*falling(78, minutes=18)))
    assert (said.state, said.words, said.number) == (Staleness.OLD, "Old: 18 min", "78")
    assert said.grey
    assert not said.struck
    assert said.arrow == said.trend == said.delta == said.range == said.last_known == ""
    assert said.delta_min is None


def test_a_gone_reading_is_struck_out_and_told_as_the_last_known() -> None:
    readings = [reading(43 + 5 * n, 78 + 12 * n, "SingleDown") for n in range(12)]
    said = seen(picture(*readings))
    assert (said.state, said.words) == (Staleness.GONE, "No data since 01:31")
    assert (said.number, said.struck, said.grey) == ("78", True, True)
    assert (said.last_known, said.age) == ("Last known 78, falling", "43 min ago")
    assert said.arrow == said.delta == said.range == ""


def test_a_reading_from_before_the_window_is_still_the_last_known() -> None:
    said = seen(picture(last_before=reading(4 * 24 * 60, 140, "Flat")))
    assert (said.words, said.last_known) == ("No data since Tue 02:14", "Last known 140, steady")
    assert (said.number, said.struck, said.age) == ("140", True, "4 d ago")


def test_without_any_reading_there_are_dashes() -> None:
    said = seen(picture())
    assert (said.state, said.words, said.number) == (Staleness.NEVER, "No readings yet", DASHES)
    assert said.age == said.arrow == said.delta == ""
    assert said.broken == "No reading has come yet."


def test_finger_sticks_are_not_the_sensors_reading() -> None:
    said = seen(picture(*falling(100), reading(0, 250, kind="mbg")))
    assert said.number == "100"


@pytest.mark.parametrize(("mgdl", "number", "words"), [(39, "LOW", "Very low"), (401, "HIGH", "Very high")])
def test_a_sentinel_has_no_delta_and_no_computed_trend(mgdl: float, number: str, words: str) -> None:
    said = seen(picture(reading(7, 60), reading(2, mgdl)))
    assert (said.number, said.words, said.delta, said.arrow) == (number, words, "", "")


def test_low_keeps_the_direction_the_sensor_tells() -> None:
    assert seen(picture(reading(7, 60), reading(2, 39, "SingleDown"))).words == "Very low and falling"


def test_the_step_down_from_high_is_not_called_a_delta() -> None:
    assert seen(picture(reading(7, 401), reading(2, 390))).delta == ""


def test_an_error_code_is_told_as_a_sensor_error_and_is_as_loud_as_low() -> None:
    said = seen(picture(reading(7, 100), reading(2, 5, "Flat")))
    assert (said.words, said.number, said.range) == ("Sensor error: not calibrated", "?NC", "very low")
    assert said.arrow == ""


def test_a_direction_nobody_gave_is_computed() -> None:
    said = seen(picture(reading(7, 112), reading(2, 100)))
    assert (said.arrow, said.trend) == ("↓", "falling")


@pytest.mark.parametrize("direction", ["NOT COMPUTABLE", "NotComputable"])
def test_a_sensor_that_cannot_tell_the_direction_is_believed(direction: str) -> None:
    assert seen(picture(reading(7, 100, direction), reading(2, 100, direction))).arrow == ""


def test_a_change_over_a_gap_is_told_with_the_minutes_it_took() -> None:
    said = seen(picture(reading(13, 120), reading(2, 85)))
    assert (said.delta, said.delta_min) == ("−35 mg/dL", 11)


def test_a_reading_that_came_late_is_as_old_as_the_sensor_says() -> None:
    assert seen(picture(reading(40, 100, received=0))).state is Staleness.GONE


def test_a_reading_from_a_clock_ahead_is_an_error_of_its_own() -> None:
    said = seen(picture(reading(-180, 100, "Flat", received=1)))
    assert (said.state, said.words) == (Staleness.FUTURE, "Reading dated in the future")
    assert (said.age, said.number, said.grey, said.arrow) == ("dated 05:14", "100", True, "")
    assert said.broken == "A clock is wrong: the last reading is dated 05:14."


def test_a_reading_from_a_clock_ahead_does_not_become_new_when_its_hour_comes() -> None:
    said = seen(picture(reading(1, 250, received=180), reading(60, 100, received=60)))
    assert (said.number, said.state) == ("100", Staleness.GONE)


def test_a_wrong_clock_does_not_hide_a_good_reading() -> None:
    said = seen(picture(*falling(100), reading(-180, 250, received=1)))
    assert (said.number, said.state) == ("100", Staleness.FRESH)


def test_a_clock_a_little_ahead_is_just_now() -> None:
    said = seen(picture(reading(5, 100), reading(-1, 104)))
    assert (said.state, said.age, said.delta) == (Staleness.FRESH, "just now", "+4 mg/dL")


def test_a_quarter_hour_sensor_is_current_between_its_readings() -> None:
    said = seen(picture(*(reading(17 + 15 * n, 100, device="LibreLink") for n in range(8))))
    assert (said.state, said.grey) == (Staleness.FRESH, False)


def test_facts_of_a_glance_with_old_glucose_are_grey() -> None:
    facts = Facts(iob=fact(0.85), cob=fact(8), basal=fact(0.0))
    fresh, old = (seen(picture(*falling(100, minutes=m), facts=facts)).facts for m in (2, 20))
    assert [shown.grey for shown in fresh] == [False, False, False]
    assert [shown.grey for shown in old] == [True, True, True]


def test_a_glance_is_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen(picture()).words = "All good"  # type: ignore[misc]


readings = st.lists(
    st.builds(
        reading,
        st.integers(-300, 3000),
        st.integers(1, 500),
        st.sampled_from(["", "Flat", "SingleDown", "DoubleUp", "NONE", "nonsense"]),
        received=st.none() | st.integers(-1, 3000),
    ),
    max_size=40,
)


@given(readings, st.sampled_from(list(Unit)))
def test_whatever_the_readings_nothing_old_looks_like_now(some: list, unit: Unit) -> None:
    said = seen(picture(*some), unit=unit)
    assert said.words
    assert said.number
    if not said.state.current:
        assert said.arrow == said.trend == said.delta == said.range == ""
        assert said.grey or said.number == DASHES
    else:
        assert said.at_ms is not None
        assert NOW_MS - 18 * 60_000 <= said.at_ms <= NOW_MS + 5 * 60_000
