from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from app.glucose.raw_glucose import Calibration, RawDisplay, noise_label, raw_mgdl
from tests.glucose.therapy import ODD

CALIBRATION = Calibration(scale=1, intercept=30_000, slope=800)


def raw(
    calibration: Calibration = CALIBRATION,
    display: RawDisplay = RawDisplay.UNSMOOTHED,
    *,
    mgdl: float | None = 110,
    filtered: float | None = 120_000,
    unfiltered: float | None = 118_000,
) -> int | None:
    return raw_mgdl(calibration, mgdl=mgdl, filtered=filtered, unfiltered=unfiltered, display=display)


@pytest.mark.parametrize(
    ("display", "mgdl"), [(RawDisplay.UNSMOOTHED, 108), (RawDisplay.FILTERED, 113), (RawDisplay.UNFILTERED, 110)]
)
def test_a_signal_is_turned_into_glucose(display: RawDisplay, mgdl: int) -> None:
    assert raw(display=display) == mgdl


@pytest.mark.parametrize("mgdl", [39, 5, 39.9, None])
def test_without_a_number_the_unfiltered_signal_counts(mgdl: float | None) -> None:
    assert raw(mgdl=mgdl) == raw(mgdl=mgdl, display=RawDisplay.FILTERED) == 110


def test_from_40_on_the_reading_sets_the_signal_right() -> None:
    assert raw(mgdl=40) == 39


def test_without_an_intercept_the_line_begins_at_nothing() -> None:
    no_intercept = replace(CALIBRATION, intercept=None, slope=2)
    assert raw(no_intercept, RawDisplay.UNFILTERED, unfiltered=101) == 51


@pytest.mark.parametrize("filtered", [0, None])
def test_without_a_filtered_signal_the_unfiltered_one_counts(filtered: float | None) -> None:
    assert raw(filtered=filtered) == 110


@pytest.mark.parametrize("nothing", [0, None])
def test_without_scale_slope_or_unfiltered_signal_there_is_no_raw_glucose(nothing: float | None) -> None:
    assert raw(replace(CALIBRATION, scale=nothing)) is None
    assert raw(replace(CALIBRATION, slope=nothing)) is None
    assert raw(unfiltered=nothing) is None


def test_a_filtered_signal_that_stands_for_no_glucose_cannot_set_the_other_right() -> None:
    assert raw(filtered=30_000) is None


def test_raw_glucose_below_zero_is_none() -> None:
    assert raw(unfiltered=20_000, display=RawDisplay.UNFILTERED) is None


@pytest.mark.parametrize(
    ("noise", "mgdl", "label"),
    [
        (0, 110, "---"),
        (1, 110, "Clean"),
        (2, 110, "Light"),
        (3, 110, "Medium"),
        (4, 110, "Heavy"),
        (5, 110, "~~~"),
        (1.5, 110, "~~~"),
        (None, 110, "~~~"),
        (None, 39, "Heavy"),
        (None, None, "~~~"),
        (1, 39, "Clean"),
    ],
)
def test_noise_has_a_word(noise: float | None, mgdl: float | None, label: str) -> None:
    assert noise_label(noise, mgdl) == label


@given(ODD, ODD, ODD, ODD, ODD, ODD)
def test_odd_signals_give_a_positive_number_or_none(
    scale: float, intercept: float, slope: float, mgdl: float, filtered: float, unfiltered: float
) -> None:
    for display in RawDisplay:
        found = raw(Calibration(scale, intercept, slope), display, mgdl=mgdl, filtered=filtered, unfiltered=unfiltered)
        assert found is None or found >= 0
    assert noise_label(filtered, mgdl)
