"""Numbers read as JavaScript reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.numbers import js_number, leading_integer, numeric_text, whole


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("2.00", 2),
        (" 30 ", 30),
        ("", 0),
        (None, 0),
        (False, 0),
        (True, 1),
        ("1e3", 1000),
        (".5", 0.5),
        ("0x10", 16),
        (2.0, 2),
        ("-0", 0),
        ("12abc", None),
        ("1_000", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        (float("nan"), None),
        ({}, None),
        ([5], None),
    ],
)
def test_a_value_becomes_the_number_javascript_makes_of_it(value: object, number: float | None) -> None:
    assert js_number(value) == number
    assert not isinstance(js_number(value), float) or number == 0.5


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("5x", 5),
        ("1e2", 1),
        ("2.7", 2),
        ("2026-11-20", 2026),
        (" -3", -3),
        ("4294967296", 4294967296),
        (2.7, 2),
        ("abc", None),
        ("", None),
        (None, None),
        (True, None),
        (float("inf"), None),
        ([], None),
    ],
)
def test_the_leading_integer_is_what_parseint_finds(value: object, number: int | None) -> None:
    assert leading_integer(value) == number


@pytest.mark.parametrize(
    ("text", "number"), [("120", 120), ("5.5", 5.5), ("", None), (" ", None), ("x", None), (7, None)]
)
def test_numeric_text_is_only_text_that_is_a_number(text: object, number: float | None) -> None:
    assert numeric_text(text) == number


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_without_fraction_is_an_integer_a_store_can_keep(number: float) -> None:
    kept = whole(number)
    assert kept == number or math.isclose(kept, number)
    assert not (isinstance(kept, float) and kept.is_integer() and abs(kept) < 2**53)
    assert not isinstance(kept, int) or abs(kept) < 2**63
