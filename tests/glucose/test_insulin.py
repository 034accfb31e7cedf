from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.insulin import insulin_on_board
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import ODD, TREATMENTS, Treatment, after, ago_ms


@pytest.mark.parametrize(
    ("dia_h", "minutes", "units"),
    [
        (3, 0, 2),
        (3, 15, 1.956),
        (3, 30, 1.844),
        (3, 60, 1.422),
        (3, 90, 0.810),
        (3, 120, 0.349),
        (3, 150, 0.079),
        (3, 180, 0),
        (4, 60, 1.667),
        (4, 120, 0.810),
        (4, 180, 0.191),
        (4, 240, 0),
        (5, 60, 1.781),
        (5, 120, 1.179),
        (5, 200, 0.349),
        (5, 240, 0.118),
    ],
)
def test_two_units_fade_by_the_curve(dia_h: float, minutes: float, units: float) -> None:
    found = insulin_on_board([Treatment(ago_ms(minutes), insulin_u=2)], NOW_MS, dia_h=dia_h)
    assert found.units == pytest.approx(units, abs=0.0005)


@pytest.mark.parametrize(("minutes", "activity"), [(0, 0), (60, 0.5), (90, 0.75), (120, 0.714286), (240, 0)])
def test_activity_rises_to_the_peak_and_falls(minutes: float, activity: float) -> None:
    found = insulin_on_board([Treatment(ago_ms(minutes), insulin_u=2)], NOW_MS, dia_h=4, sens=50)
    assert found.activity == pytest.approx(activity, abs=1e-6)


def test_doses_add_up_and_the_newest_that_acts_is_named() -> None:
    long_over, first, second = (Treatment(ago_ms(minutes), insulin_u=2) for minutes in (300, 60, 30))
    found = insulin_on_board([second, first, long_over], NOW_MS)
    assert found.units == pytest.approx(1.422 + 1.844, abs=0.001)
    assert found.last is second


def test_of_two_doses_given_together_the_later_in_the_list_is_the_last() -> None:
    first, second = Treatment(ago_ms(30), insulin_u=2), Treatment(ago_ms(30), insulin_u=1)
    assert insulin_on_board([first, second], NOW_MS).last is second


def test_a_dose_in_the_future_does_not_count_and_one_given_now_does() -> None:
    coming, given_now = Treatment(after(0.01), insulin_u=5), Treatment(NOW_MS, insulin_u=2)
    assert insulin_on_board([coming], NOW_MS).units == 0
    assert insulin_on_board([coming, given_now], NOW_MS).units == pytest.approx(2)


def test_without_doses_nothing_acts() -> None:
    found = insulin_on_board([], NOW_MS, sens=50)
    assert (found.units, found.activity, found.last) == (0, 0, None)


def test_without_a_sensitivity_activity_is_unknown() -> None:
    assert insulin_on_board([Treatment(ago_ms(30), insulin_u=2)], NOW_MS).activity is None


@pytest.mark.parametrize("dia_h", [None, 0, -1, float("nan")])
def test_insulin_acts_three_hours_when_nobody_says_how_long(dia_h: float | None) -> None:
    found = insulin_on_board([Treatment(ago_ms(60), insulin_u=2)], NOW_MS, dia_h=dia_h)
    assert found.units == pytest.approx(1.422, abs=0.0005)


def test_near_the_end_what_is_left_dips_below_zero_and_names_no_dose() -> None:
    found = insulin_on_board([Treatment(ago_ms(179), insulin_u=2)], NOW_MS)
    assert -0.02 < found.units < 0
    assert found.last is None


@given(st.floats(0.05, 25), st.floats(0, 600), st.floats(0, 60), st.floats(2, 8))
def test_what_is_left_never_grows(units: float, minutes: float, later: float, dia_h: float) -> None:
    dose = [Treatment(NOW_MS, insulin_u=units)]
    now, then = (insulin_on_board(dose, after(m), dia_h=dia_h).units for m in (minutes, minutes + later))
    # The two parabolas meet to three digits, and the second ends a little below zero.
    assert then <= now + 0.004 * units
    assert -0.004 * units <= now <= units * 1.001


@given(st.lists(TREATMENTS, max_size=10), ODD, ODD)
def test_odd_doses_are_counted_or_passed_over(doses: list[Treatment], dia_h: float, sens: float) -> None:
    found = insulin_on_board(doses, NOW_MS, dia_h=dia_h, sens=sens)
    assert found.units == found.units
    assert found.last is None or found.last in doses
