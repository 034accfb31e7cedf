from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.numbers import figure, moment, positive
from tests.glucose.therapy import ODD


@pytest.mark.parametrize(
    ("written", "number"),
    [(3, 3), (0.5, 0.5), ("0.5", 0.5), (" 1.50 ", 1.5), ("1,5", 1.5), (".5", 0.5), ("-2", -2), ("1e2", 100), (0, 0)],
)
def test_a_number_is_read_from_a_number_or_text(written: object, number: float) -> None:
    assert figure(written) == number


@pytest.mark.parametrize(
    "written",
    [
        *(None, True, False, [], {}, math.nan, math.inf, -math.inf, 1e16, 10**400),
        *("", "U", "1.5 U", "1.2.3", "1,234.5", "Infinity", "NaN", "0x10", "1e400"),
    ],
)
def test_what_is_no_number_is_none(written: object) -> None:
    assert figure(written) is None
    assert positive(written) is None
    assert moment(written) is None


def test_only_what_is_above_zero_is_positive() -> None:
    assert positive("0.1") == 0.1
    assert positive(0) is positive(-1) is positive(1e-300) is None


def test_a_moment_is_in_whole_milliseconds() -> None:
    assert (moment(1_795_255_200_000), moment("1795255200000"), moment(1.9)) == (
        1_795_255_200_000,
        1_795_255_200_000,
        1,
    )


@given(st.floats(allow_nan=False, min_value=-1e15, max_value=1e15).filter(lambda x: abs(x) >= 1e-9))
def test_a_number_survives_being_written_as_text(number: float) -> None:
    assert figure(repr(number)) == figure(number) == number


@given(ODD)
def test_whatever_stands_there_the_answer_is_a_usable_number_or_none(written: Any) -> None:
    number = figure(written)
    assert number is None or (math.isfinite(number) and (number == 0 or 1e-9 <= abs(number) <= 1e15))
