from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.sentinels import Sense, error_text, rank, sense_of


@pytest.mark.parametrize("mgdl", [39, 38, 37, 20, 13, 39.4])
def test_thirty_nine_and_below_is_low(mgdl: float) -> None:
    assert sense_of(mgdl) is Sense.LOW


@pytest.mark.parametrize("mgdl", [401, 501, 601, 1000, 400.7])
def test_vendor_codes_above_every_number_are_high(mgdl: float) -> None:
    assert sense_of(mgdl) is Sense.HIGH


@pytest.mark.parametrize("mgdl", [40, 39.5, 100, 400, 402, 500, 600])
def test_what_a_sensor_or_meter_can_measure_is_a_number(mgdl: float) -> None:
    assert sense_of(mgdl) is Sense.NUMBER


@pytest.mark.parametrize("mgdl", [0, 1, 5, 10, 12, -3])
def test_dexcoms_codes_are_errors(mgdl: float) -> None:
    assert sense_of(mgdl) is Sense.ERROR


@pytest.mark.parametrize(("code", "text"), [(1, "?SN"), (5, "?NC"), (10, "???"), (12, "?RF"), (7, "7??")])
def test_an_error_code_has_nightscouts_short_text(code: int, text: str) -> None:
    assert error_text(code)[0] == text


@given(st.floats(min_value=-10, max_value=39), st.floats(min_value=39.5, max_value=2000))
def test_low_and_errors_rank_below_every_number_and_high(low: float, other: float) -> None:
    assert rank(low) == -math.inf < rank(other)


@given(st.sampled_from([401, 501, 700]), st.integers(min_value=40, max_value=600))
def test_high_ranks_above_every_number(high: int, number: int) -> None:
    if sense_of(number) is Sense.NUMBER:
        assert rank(high) == math.inf > rank(number)


@given(st.floats(min_value=39.5, max_value=400.4), st.floats(min_value=39.5, max_value=400.4))
def test_numbers_rank_as_themselves(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert rank(low) <= rank(high)
