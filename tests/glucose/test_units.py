from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.units import Unit, from_unit, half_up, in_unit, mgdl_of, mmoll_of, unit_named

numbers = st.floats(min_value=-1000, max_value=1000, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [(2.5, 0, 3), (-2.5, 0, -2), (1.25, 1, 1.3), (-1.25, 1, -1.2), (0.49999999999999994, 0, 0), (-0.5, 0, 0)],
)
def test_halves_round_towards_positive_infinity(value: float, digits: int, rounded: float) -> None:
    assert half_up(value, digits) == rounded


@given(numbers)
def test_rounding_moves_a_number_by_half_a_step_at_most(value: float) -> None:
    assert abs(half_up(value) - value) <= 0.5


@given(numbers, numbers)
def test_rounding_never_changes_the_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert half_up(low, 1) <= half_up(high, 1)


@pytest.mark.parametrize(
    ("mgdl", "mmoll"), [(39, 2.2), (70, 3.9), (100, 5.6), (112, 6.2), (180, 10.0), (250, 13.9), (400, 22.2)]
)
def test_known_values_convert_to_mmol(mgdl: int, mmoll: float) -> None:
    assert mmoll_of(mgdl) == mmoll


@pytest.mark.parametrize(("mmoll", "mgdl"), [(3.0, 54), (3.9, 70), (5.5, 99), (10.0, 180), (13.9, 250)])
def test_known_values_convert_to_mgdl(mmoll: float, mgdl: int) -> None:
    assert mgdl_of(mmoll) == mgdl


@given(st.integers(min_value=0, max_value=400).map(lambda tenths: tenths / 10))
def test_what_a_person_types_in_mmol_is_what_they_read_again(mmoll: float) -> None:
    assert mmoll_of(mgdl_of(mmoll)) == mmoll


@given(st.integers(min_value=1, max_value=600))
def test_a_reading_shown_in_mmol_is_within_a_twentieth_of_the_truth(mgdl: int) -> None:
    assert math.isclose(mmoll_of(mgdl), mgdl / 18.01559, abs_tol=0.0500001)


def test_numbers_in_mgdl_are_whole() -> None:
    assert in_unit(112.4, Unit.MGDL) == 112
    assert from_unit(112.5, Unit.MGDL) == 113
    assert from_unit(6.2, Unit.MMOLL) == 112


@pytest.mark.parametrize("text", ["mmol", "mmol/L", "MMOL/l", "mmol/dl"])
def test_whatever_contains_mmol_names_mmol(text: str) -> None:
    assert unit_named(text) is Unit.MMOLL


@pytest.mark.parametrize("text", ["mg/dl", "mg/dL", "", "mg"])
def test_all_else_names_mgdl(text: str) -> None:
    assert unit_named(text) is Unit.MGDL


def test_the_value_of_a_unit_is_its_label() -> None:
    assert [str(unit) for unit in Unit] == ["mg/dL", "mmol/L"]
