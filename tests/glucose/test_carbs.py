from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.carbs import CarbsOnBoard, carbs_on_board, recent_meal
from app.glucose.insulin import insulin_on_board
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import ODD, TREATMENTS, Treatment, after, ago_ms


@dataclass(frozen=True)
class Settings:
    sens: float | None = 50
    carb_ratio_g_per_u: float | None = 10
    carbs_g_per_h: float | None = 30


def activity_of(*doses: Treatment) -> Callable[[int], float | None]:
    return lambda at_ms: insulin_on_board(doses, at_ms, dia_h=4, sens=50).activity


def after_minutes(minutes: float, *meals: Treatment, settings: Settings | None = None) -> CarbsOnBoard[Treatment]:
    found = carbs_on_board(
        meals, after(minutes), settings_at=lambda _: settings or Settings(), activity_at=activity_of(*meals)
    )
    assert found
    return found


@pytest.mark.parametrize(
    ("minutes", "grams"), [(1, 45), (20, 45), (21, 44.5), (60, 25), (109, 0.5), (110, 0), (300, 0)]
)
def test_a_meal_is_absorbed_from_the_20th_minute_on(minutes: float, grams: float) -> None:
    assert after_minutes(minutes, Treatment(NOW_MS, carbs_g=45)).grams == pytest.approx(grams)


@pytest.mark.parametrize(
    ("minutes", "decaying", "impact"), [(20, False, 0), (21, True, 2.5), (109, True, 2.5), (110, False, 0)]
)
def test_carbs_raise_glucose_while_they_are_absorbed(minutes: float, decaying: bool, impact: float) -> None:
    found = after_minutes(minutes, Treatment(NOW_MS, carbs_g=45))
    assert (found.is_decaying, found.raw_carb_impact) == (decaying, impact)


def test_it_is_told_until_when_the_carbs_last_and_how_fast_they_go() -> None:
    meal = Treatment(NOW_MS, carbs_g=45)
    found = after_minutes(60, meal)
    assert (found.decayed_by_ms, found.carbs_g_per_h, found.last) == (after(110), 30, meal)


def test_insulin_with_a_meal_delays_its_end() -> None:
    found = after_minutes(60, Treatment(NOW_MS, carbs_g=45, insulin_u=3))
    assert (found.decayed_by_ms, found.grams) == (after(112), pytest.approx(26))


def test_a_delay_grows_with_activity() -> None:
    meal = Treatment(NOW_MS, carbs_g=45)
    found = carbs_on_board([meal], after(60), settings_at=lambda _: Settings(), activity_at=lambda _: 50)
    assert found
    assert found.decayed_by_ms == after(110 + 160)  # 50 · 8 / 50 · 10 = 80 g later, at 30 g/h


def test_carbs_that_were_gone_ten_hours_ago_are_not_delayed() -> None:
    meal = Treatment(NOW_MS, carbs_g=45)
    ends = [
        carbs_on_board([meal], after(110 + minutes), settings_at=lambda _: Settings(), activity_at=lambda _: 50)
        for minutes in (599, 600)
    ]
    assert [found.decayed_by_ms if found else None for found in ends] == [after(270), after(110)]


def test_where_activity_is_known_only_at_the_end_nothing_is_delayed() -> None:
    meal = Treatment(NOW_MS, carbs_g=45)
    found = carbs_on_board(
        [meal], after(60), settings_at=lambda _: Settings(), activity_at=lambda at_ms: 50 if at_ms else None
    )
    assert found
    assert found.decayed_by_ms == after(110)


def test_where_activity_is_unknown_nothing_is_delayed() -> None:
    meal = Treatment(NOW_MS, carbs_g=45, insulin_u=3)
    found = carbs_on_board([meal], after(60), settings_at=lambda _: Settings(), activity_at=lambda _: None)
    assert found
    assert found.grams == pytest.approx(25)


@pytest.mark.parametrize(("minutes", "grams"), [(31, 44.5), (60, 30), (90, 15), (120, 0)])
def test_a_second_meal_is_absorbed_after_the_first(minutes: float, grams: float) -> None:
    meals = [Treatment(after(30), carbs_g=20), Treatment(NOW_MS, carbs_g=30)]
    assert after_minutes(minutes, *meals).grams == pytest.approx(grams)


def test_a_second_meal_counts_as_absorbing_from_its_first_minute() -> None:
    meals = [Treatment(NOW_MS, carbs_g=30), Treatment(after(30), carbs_g=20)]
    assert after_minutes(31, *meals).is_decaying


def test_settings_are_those_of_the_time_of_the_meal() -> None:
    meals = [Treatment(NOW_MS, carbs_g=45)]
    slow, fast = Settings(carbs_g_per_h=30), Settings(carbs_g_per_h=60)
    found = carbs_on_board(
        meals, after(30), settings_at=lambda at_ms: slow if at_ms <= NOW_MS else fast, activity_at=activity_of()
    )
    assert found
    assert (found.grams, found.carbs_g_per_h, found.raw_carb_impact) == (pytest.approx(40), 60, 5)


def test_a_meal_of_this_moment_does_not_count_yet() -> None:
    assert after_minutes(0, Treatment(NOW_MS, carbs_g=45)).last is None


def test_without_a_meal_there_are_no_carbs_whatever_the_rate() -> None:
    found = after_minutes(0, settings=Settings(carbs_g_per_h=None))
    assert (found.grams, found.decayed_by_ms, found.is_decaying, found.carbs_g_per_h) == (0, 0, False, None)


def test_long_after_a_meal_it_is_still_the_last_one() -> None:
    meal = Treatment(ago_ms(2000), carbs_g=45)
    found = after_minutes(0, meal)
    assert (found.grams, found.last) == (0, meal)


@pytest.mark.parametrize(
    "settings",
    [Settings(sens=None), Settings(sens=0), Settings(carb_ratio_g_per_u=None), Settings(carb_ratio_g_per_u=-1)],
)
def test_without_sensitivity_or_carb_ratio_nothing_is_known(settings: Settings) -> None:
    assert carbs_on_board([], NOW_MS, settings_at=lambda _: settings, activity_at=activity_of()) is None


@pytest.mark.parametrize("rate", [None, 0, -30, float("nan")])
def test_with_a_meal_and_no_rate_of_absorption_nothing_is_known(rate: float | None) -> None:
    meals = [Treatment(ago_ms(30), carbs_g=45)]
    settings = Settings(carbs_g_per_h=rate)
    assert carbs_on_board(meals, NOW_MS, settings_at=lambda _: settings, activity_at=activity_of()) is None


def test_without_settings_nothing_is_known() -> None:
    assert carbs_on_board([], NOW_MS, settings_at=lambda _: None, activity_at=activity_of()) is None


@pytest.mark.parametrize(("minutes", "found"), [(0, True), (59.9, True), (60, False), (-1, False)])
def test_a_meal_is_recent_for_an_hour(minutes: float, found: bool) -> None:
    meal = Treatment(ago_ms(minutes), carbs_g=5)
    assert recent_meal([Treatment(ago_ms(70), carbs_g=9), meal, Treatment(NOW_MS)], NOW_MS) is (meal if found else None)


@given(st.lists(st.tuples(st.integers(-600, -1), st.floats(1, 200)), max_size=8), st.floats(5, 100))
def test_there_are_never_more_carbs_than_were_eaten(raw: list[tuple[int, float]], rate: float) -> None:
    meals = [Treatment(after(minutes), carbs_g=carbs_g) for minutes, carbs_g in raw]
    grams = after_minutes(0, *meals, settings=Settings(carbs_g_per_h=rate)).grams
    assert 0 <= grams <= sum(carbs_g for _, carbs_g in raw) + 1e-9


@given(st.lists(TREATMENTS, max_size=8), st.builds(Settings, ODD, ODD, ODD), ODD)
def test_odd_meals_and_settings_give_carbs_or_nothing(
    meals: list[Treatment], settings: Settings, activity: float | None
) -> None:
    found = carbs_on_board(meals, NOW_MS, settings_at=lambda _: settings, activity_at=lambda _: activity)
    assert found is None or found.grams >= 0
