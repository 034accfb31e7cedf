from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.forecast import Forecast, cone_of, forecast_of
from app.glucose.levels import Level
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import ODD, after

THRESHOLDS = Thresholds(55, 80, 180, 260)


def forecast(before: float, now: float) -> Forecast:
    found = forecast_of(now, before, NOW_MS)
    assert found
    return found


def event(found: Forecast, *, high: bool = True, low: bool = True) -> str:
    return found.event_name(THRESHOLDS, alarm_high=high, alarm_low=low)


@pytest.mark.parametrize(
    ("before", "now", "points", "loss", "level", "name"),
    [
        (150, 170, [186, 198, 206, 212, 216, 218], 0.066415, Level.WARN, "high"),
        (90, 80, [74, 70, 68, 66, 66, 66], 0.072391, Level.WARN, "low"),
        (140, 200, [258, 309, 350, 381, 400, 400], 0.258785, Level.URGENT, "high"),
        (100, 105, [109, 112, 115, 117, 118, 120], 0.000631, Level.NONE, ""),
    ],
)
def test_half_an_hour_is_forecast_from_two_values(
    before: float, now: float, points: list[int], loss: float, level: Level, name: str
) -> None:
    found = forecast(before, now)
    assert [point.mgdl for point in found.points] == points
    assert found.average_loss == pytest.approx(loss, abs=1e-6)
    assert (found.level, event(found)) == (level, name)


def test_points_are_five_minutes_and_a_little_apart_from_the_reading() -> None:
    assert [point.at_ms for point in forecast(150, 170).points] == [after(5 * k) + 2000 for k in range(1, 7)]


def test_an_event_whose_alarm_is_off_has_no_name() -> None:
    assert event(forecast(150, 170), high=False) == event(forecast(90, 80), low=False) == ""


@pytest.mark.parametrize(
    ("before", "now", "in_20_min", "name"),
    [(85, 110, 180, ""), (86, 111, 181, "high"), (99, 91, 80, ""), (98, 90, 79, "low")],
)
def test_an_event_is_named_by_what_is_out_of_range_in_20_minutes(
    before: float, now: float, in_20_min: int, name: str
) -> None:
    found = forecast(before, now)
    assert (found.points[3].mgdl, event(found)) == (in_20_min, name)


def test_the_line_says_what_is_expected_in_a_quarter_of_an_hour() -> None:
    assert forecast(150, 170).text(Unit.MGDL) == "BG 15m: 206 mg/dl"
    assert forecast(150, 170).text(Unit.MMOLL) == "BG 15m: 11.4 mmol/L"


@pytest.mark.parametrize(
    ("before", "now"),
    [(None, 100), (100, None), (0, 100), (-5, 100), (100, 35.9), (float("nan"), 100), (100, float("nan"))],
)
def test_without_two_usable_values_there_is_no_forecast(before: float | None, now: float | None) -> None:
    assert forecast_of(now, before, NOW_MS) is None
    assert cone_of(now, before, NOW_MS) == ()


def test_the_lowest_value_a_forecast_starts_from_is_36() -> None:
    assert forecast_of(36, 36, NOW_MS)


def test_the_cone_has_13_steps_and_opens_around_the_forecast() -> None:
    cone = cone_of(100, 100, NOW_MS)
    assert len(cone) == 13
    assert [point.at_ms for point in cone[:2]] == [after(5) + 2000, after(10) + 2000]
    assert (cone[0].low_mgdl, cone[0].high_mgdl) == (96, 104)  # 140 · e^(0.993 · ln(100/140) ∓ 0.04)


def test_the_cone_has_the_widths_of_nightscout() -> None:
    cone = cone_of(140, 140, NOW_MS)  # flat on 140, so that only the widths show
    assert [point.low_mgdl for point in cone] == [135, 129, 124, 119, 115, 111, 108, 105, 102, 99, 97, 95, 94]
    assert [point.high_mgdl for point in cone] == [146, 152, 158, 165, 171, 177, 182, 187, 192, 197, 201, 206, 209]


def test_a_cone_of_no_width_is_the_forecast() -> None:
    cone = cone_of(170, 150, NOW_MS, 0)
    assert (
        [point.low_mgdl for point in cone[:6]]
        == [point.high_mgdl for point in cone[:6]]
        == [186, 198, 206, 212, 216, 218]
    )


@given(st.floats(36, 500), st.floats(20, 500), st.floats(0, 5))
def test_the_forecast_lies_in_its_cone_and_within_what_sensors_measure(
    now: float, before: float, factor: float
) -> None:
    found, cone = forecast_of(now, before, NOW_MS), cone_of(now, before, NOW_MS, factor)
    assert found
    for point, around in zip(found.points, cone, strict=False):
        assert point.at_ms == around.at_ms
        assert 36 <= around.low_mgdl <= point.mgdl <= around.high_mgdl <= 400


@given(ODD, ODD, ODD)
def test_odd_values_give_a_forecast_or_none(now: float, before: float, factor: float) -> None:
    found = forecast_of(now, before, NOW_MS)
    assert found is None or len(found.points) == 6
    assert len(cone_of(now, before, NOW_MS, factor)) in (0, 13)
