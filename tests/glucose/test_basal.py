from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.basal import RunningBasal
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import ODD, TREATMENTS, Treatment, after, ago_ms


def temp(*, absolute: float | None = None, percent: float | None = None, at_ms: int = ago_ms(10)) -> Treatment:
    return Treatment(at_ms, duration_min=30, absolute_u_per_h=absolute, percent=percent)


def combo(relative: float | None) -> Treatment:
    return Treatment(ago_ms(20), duration_min=60, relative_u_per_h=relative)


def test_without_treatments_the_scheduled_rate_runs() -> None:
    found = RunningBasal[Treatment, Treatment]([]).at(NOW_MS, 0.45)
    assert (found.scheduled_u_per_h, found.temp, found.combo) == (0.45, None, None)
    assert (found.temp_u_per_h, found.combo_u_per_h, found.total_u_per_h, found.text) == (0.45, 0, 0.45, "0.450U")


def test_a_percentage_and_a_combo_bolus_make_up_the_total() -> None:
    half, extended = temp(percent=-50), combo(0.6)
    found = RunningBasal([half], [extended]).at(NOW_MS, 1.1)
    assert (found.temp, found.combo) == (half, extended)
    assert (found.temp_u_per_h, found.combo_u_per_h) == (pytest.approx(0.55), 0.6)
    assert found.total_u_per_h == pytest.approx(1.15)
    assert found.text == "TC: 1.150U"


@pytest.mark.parametrize(
    ("absolute", "percent", "rate", "text"),
    [(2, None, 2, "T: 2.000U"), (0, None, 0, "T: 0.000U"), (2, 50, 2, "T: 2.000U"), (None, 50, 1.5, "T: 1.500U")],
)
def test_an_absolute_rate_counts_before_a_percentage_and_may_be_zero(
    absolute: float | None, percent: float | None, rate: float, text: str
) -> None:
    found = RunningBasal[Treatment, Treatment]([temp(absolute=absolute, percent=percent)]).at(NOW_MS, 1)
    assert (found.temp_u_per_h, found.text) == (rate, text)


def test_a_combo_bolus_alone_is_marked_so() -> None:
    assert RunningBasal([], [combo(0.5)]).at(NOW_MS, 1).text == "C: 1.500U"


def test_a_temporary_rate_that_says_nothing_leaves_the_scheduled_one() -> None:
    found = RunningBasal[Treatment, Treatment]([temp()]).at(NOW_MS, 1)
    assert (found.temp_u_per_h, found.text) == (1, "T: 1.000U")


@pytest.mark.parametrize(("minutes", "rate"), [(-11, 1), (-10, 2), (20, 2), (21, 1)])
def test_a_temporary_rate_counts_while_it_runs(minutes: float, rate: float) -> None:
    assert RunningBasal[Treatment, Treatment]([temp(absolute=2)]).at(after(minutes), 1).total_u_per_h == rate


def test_the_next_temporary_rate_ends_the_one_before() -> None:
    running = RunningBasal[Treatment, Treatment]([temp(absolute=2), temp(absolute=3, at_ms=ago_ms(5))])
    assert running.at(NOW_MS, 1).total_u_per_h == 3
    assert [span.duration_min for span in running.temps] == [5, 30]


def test_a_cancelled_temporary_rate_runs_no_more() -> None:
    running = RunningBasal[Treatment, Treatment]([temp(absolute=2), Treatment(ago_ms(5), duration_min=0)])
    assert running.at(NOW_MS, 1).total_u_per_h == 1


def test_without_a_scheduled_rate_only_an_absolute_one_is_known() -> None:
    unknown = RunningBasal[Treatment, Treatment]([temp(percent=50)]).at(NOW_MS, None)
    assert (unknown.total_u_per_h, unknown.text) == (None, "")
    assert RunningBasal([temp(absolute=0.8)], [combo(0.2)]).at(NOW_MS, None).total_u_per_h == 1


def test_no_rate_is_below_zero() -> None:
    assert RunningBasal([temp(percent=-150)], [combo(-1)]).at(NOW_MS, 1).total_u_per_h == 0


@given(st.lists(TREATMENTS, max_size=8), st.lists(TREATMENTS, max_size=8), ODD)
def test_odd_treatments_give_a_rate_or_none(temps: list[Treatment], combos: list[Treatment], scheduled: float) -> None:
    found = RunningBasal(temps, combos).at(NOW_MS, scheduled)
    assert found.temp is None or found.temp in temps
    assert (found.total_u_per_h is None) == (found.text == "")
