from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.nightscout_texts import fixed_text, insulin_text, iob_text, unit_label
from app.glucose.units import Unit
from tests.glucose.therapy import ODD


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (1.239, 2, "1.24"),
        (1.005, 2, "1.00"),  # the number itself lies below the half
        (0.125, 2, "0.13"),
        (-0.125, 2, "-0.13"),
        (2.5, 0, "3"),
        (-0.0, 2, "0.00"),
        (0.45, 3, "0.450"),
    ],
)
def test_decimals_are_fixed_as_in_javascript(number: float, digits: int, text: str) -> None:
    assert fixed_text(number, digits) == text


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0"), (None, "0"), (math.nan, "0"), (1.0149, "1.01"), (1.016, "1.02"), (-0.001, "0.00"), (-0.02, "-0.02")],
)
def test_insulin_on_board_has_two_decimals(units: float | None, text: str) -> None:
    assert iob_text(units) == text


@pytest.mark.parametrize(
    ("units", "text"), [(0, "0"), (0.049, "0.04"), (1.239, "1.23"), (-0.314, "-0.32"), (2, "2.00"), (None, "")]
)
def test_insulin_is_cut_down_to_hundredths(units: float | None, text: str) -> None:
    assert insulin_text(units) == text


@pytest.mark.parametrize(
    ("units", "text"), [(0, "0"), (0.049, "0.00"), (0.26, "0.25"), (0.5, "0.50"), (0.58, "0.5"), (1.29, "1.2")]
)
def test_in_medtronic_style_insulin_is_cut_down_to_the_steps_of_the_pump(units: float, text: str) -> None:
    assert insulin_text(units, medtronic=True) == text


@given(st.floats(min_value=0.001, max_value=100), st.booleans())
def test_insulin_is_never_shown_as_more_than_there_is(units: float, medtronic: bool) -> None:
    assert float(insulin_text(units, medtronic=medtronic)) <= units + 1e-9


@given(ODD, st.booleans())
def test_odd_amounts_have_a_text_without_an_exponent(units: Any, medtronic: bool) -> None:
    assert re.fullmatch(r"|-?\d+(\.\d+)?", insulin_text(units, medtronic=medtronic))
    assert re.fullmatch(r"-?\d+(\.\d+)?", iob_text(units))
    assert re.fullmatch(r"|-?\d+\.\d{3}", fixed_text(units, 3))


def test_units_have_the_labels_of_nightscout() -> None:
    assert [unit_label(unit) for unit in Unit] == ["mg/dl", "mmol/L"]
