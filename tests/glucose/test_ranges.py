from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import rank
from app.glucose.thresholds import Thresholds, nightscout_thresholds
from app.glucose.units import Unit

glucose = st.floats(min_value=0, max_value=700)
whole = st.integers(min_value=0, max_value=500)
any_thresholds = st.builds(
    lambda low, bottom, top, high: nightscout_thresholds(
        Unit.MGDL, bg_low=low, bg_target_bottom=bottom, bg_target_top=top, bg_high=high
    ),
    whole,
    whole,
    whole,
    whole,
)


@pytest.mark.parametrize(
    ("mgdl", "expected"),
    [
        (53, Range.VERY_LOW),
        (54, Range.LOW),
        (69, Range.LOW),
        (69.4, Range.LOW),
        (70, Range.IN_RANGE),
        (180, Range.IN_RANGE),
        (181, Range.HIGH),
        (250, Range.HIGH),
        (251, Range.VERY_HIGH),
        (39, Range.VERY_LOW),
        (5, Range.VERY_LOW),
        (401, Range.VERY_HIGH),
    ],
)
def test_limits_belong_to_the_range_inside_them(mgdl: float, expected: Range) -> None:
    assert range_of(mgdl, Thresholds()) is expected


@given(glucose, glucose, any_thresholds)
def test_a_louder_reading_is_never_in_a_quieter_range(one: float, other: float, thresholds: Thresholds) -> None:
    lower, higher = sorted((one, other), key=rank)
    assert range_of(lower, thresholds) <= range_of(higher, thresholds)


@given(st.floats(min_value=0, max_value=39), any_thresholds)
def test_a_sensors_low_is_very_low_whatever_the_limits(mgdl: float, thresholds: Thresholds) -> None:
    assert range_of(mgdl, thresholds) is Range.VERY_LOW


@given(any_thresholds)
def test_a_sensors_high_is_very_high_whatever_the_limits(thresholds: Thresholds) -> None:
    assert range_of(401, thresholds) is Range.VERY_HIGH


def test_ranges_have_words() -> None:
    assert [range_.words for range_ in Range] == ["very low", "low", "in range", "high", "very high"]
