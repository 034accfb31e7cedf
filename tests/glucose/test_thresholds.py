from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.thresholds import Thresholds, nightscout_thresholds, thresholds_in
from app.glucose.units import Unit

limits = st.integers(min_value=0, max_value=500)


def test_the_consensus_limits_are_the_default() -> None:
    assert Thresholds() == Thresholds(54, 70, 180, 250)


@pytest.mark.parametrize("bad", [(70, 70, 180, 250), (54, 180, 70, 250), (54, 70, 250, 180), (300, 70, 180, 250)])
def test_limits_that_do_not_ascend_are_refused(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="must ascend"):
        Thresholds(*bad)


def test_limits_given_in_mmol_become_mgdl() -> None:
    given_mmol = thresholds_in(Unit.MMOLL, very_low=3.0, bottom=3.9, top=10.0, very_high=13.9)
    assert given_mmol == Thresholds(54, 70, 180, 250)


def test_limits_given_in_mgdl_stay() -> None:
    assert thresholds_in(Unit.MGDL, very_low=54, bottom=70, top=180, very_high=250) == Thresholds()


def test_nightscouts_own_defaults() -> None:
    assert nightscout_thresholds(Unit.MGDL) == Thresholds(55, 80, 180, 260)


def test_nightscout_settings_in_mmol_are_converted() -> None:
    found = nightscout_thresholds(Unit.MMOLL, bg_low=3, bg_target_bottom=4, bg_target_top=10, bg_high=15)
    assert found == Thresholds(54, 72, 180, 270)


def test_nightscout_settings_in_mgdl_stay_though_the_display_is_mmol() -> None:
    assert nightscout_thresholds(Unit.MMOLL) == Thresholds(55, 80, 180, 260)


@pytest.mark.parametrize(
    ("low", "bottom", "top", "high", "put_right"),
    [
        (55, 200, 180, 260, (55, 179, 180, 260)),
        (90, 80, 180, 260, (79, 80, 180, 260)),
        (55, 80, 180, 170, (55, 80, 180, 181)),
        (200, 190, 100, 50, (98, 99, 100, 101)),
    ],
)
def test_nightscout_settings_that_cross_are_put_right(
    low: int, bottom: int, top: int, high: int, put_right: tuple[int, int, int, int]
) -> None:
    found = nightscout_thresholds(Unit.MGDL, bg_low=low, bg_target_bottom=bottom, bg_target_top=top, bg_high=high)
    assert found == Thresholds(*put_right)


@given(limits, limits, limits, limits, st.sampled_from(list(Unit)))
def test_whatever_nightscout_settings_say_limits_ascend(low: int, bottom: int, top: int, high: int, unit: Unit) -> None:
    found = nightscout_thresholds(unit, bg_low=low, bg_target_bottom=bottom, bg_target_top=top, bg_high=high)
    assert found.very_low < found.bottom < found.top < found.very_high
