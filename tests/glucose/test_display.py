from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.display import glucose_text, signed_text
from app.glucose.units import Unit


@pytest.mark.parametrize(
    ("mgdl", "unit", "text"),
    [
        (112, Unit.MGDL, "112"),
        (112.5, Unit.MGDL, "113"),
        (112, Unit.MMOLL, "6.2"),
        (90, Unit.MMOLL, "5.0"),
        (39, Unit.MGDL, "LOW"),
        (37, Unit.MMOLL, "LOW"),
        (401, Unit.MMOLL, "HIGH"),
        (5, Unit.MGDL, "?NC"),
    ],
)
def test_a_value_is_written_as_people_read_it(mgdl: float, unit: Unit, text: str) -> None:
    assert glucose_text(mgdl, unit) == text


@given(st.floats(min_value=39.5, max_value=400.4))
def test_mmol_always_has_one_decimal(mgdl: float) -> None:
    assert re.fullmatch(r"\d{1,2}\.\d", glucose_text(mgdl, Unit.MMOLL))


@pytest.mark.parametrize(
    ("change", "unit", "text"),
    [
        (-6, Unit.MGDL, "−6"),
        (6, Unit.MGDL, "+6"),
        (0, Unit.MGDL, "+0"),
        (0.3, Unit.MMOLL, "+0.3"),
        (-0.3, Unit.MMOLL, "−0.3"),
        (-0.0, Unit.MMOLL, "+0.0"),
        (-0.01, Unit.MMOLL, "+0.0"),
    ],
)
def test_a_change_has_a_true_sign(change: float, unit: Unit, text: str) -> None:
    assert signed_text(change, unit) == text


@given(st.floats(min_value=-300, max_value=300), st.sampled_from(list(Unit)))
def test_a_change_never_has_a_hyphen(change: float, unit: Unit) -> None:
    assert "-" not in signed_text(change, unit)
