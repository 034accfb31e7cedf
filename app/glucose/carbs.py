"""Carbs on board: how much of the meals is not absorbed yet, by Nightscout's model.

Carbs begin to be absorbed 20 minutes after a meal, at a fixed rate, one meal after the other; insulin that acts in the
meantime delays them (Nightscout's factor of 8 between the liver and sensitivity).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.glucose.numbers import figure, moment, positive
from app.glucose.units import half_up

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_BEGIN_MIN = 20
_LONG_OVER_MS = 10 * _HOUR_MS
_LIVER_SENS_RATIO = 8
_RECENT_MS = _HOUR_MS
_LONGEST_MIN = 366 * 1440.0  # no meal and no delay lasts longer, however odd the numbers


class Meal(Protocol):
    """Carbs eaten at once."""

    @property
    def at_ms(self) -> int:
        """When they were eaten."""
        ...

    @property
    def carbs_g(self) -> float | None:
        """How many."""
        ...


class CarbSettings(Protocol):
    """What absorption depends on; a profile's values at a moment are it."""

    @property
    def sens(self) -> float | None:
        """What a unit of insulin lowers glucose by."""
        ...

    @property
    def carb_ratio_g_per_u(self) -> float | None:
        """How many carbs a unit of insulin is for."""
        ...

    @property
    def carbs_g_per_h(self) -> float | None:
        """How fast carbs are absorbed."""
        ...


M = TypeVar("M", bound=Meal)


@dataclass(frozen=True, slots=True)
class CarbsOnBoard(Generic[M]):
    """What is not absorbed yet (g), until when, and the newest meal, eaten long ago or not.

    ``raw_carb_impact`` is how fast it raises glucose now, in the unit of the sensitivity per minute. Without a meal
    ``decayed_by_ms`` is 0.
    """

    grams: float
    decayed_by_ms: int
    is_decaying: bool
    carbs_g_per_h: float | None
    raw_carb_impact: float
    last: M | None


@dataclass(frozen=True, slots=True)
class _Settings:
    sens: float
    ratio: float
    g_per_h: float


def carbs_on_board(
    meals: Iterable[M],
    at_ms: int,
    *,
    settings_at: Callable[[int], CarbSettings | None],
    activity_at: Callable[[int], float | None],
) -> CarbsOnBoard[M] | None:
    """Return what the meals before a moment still hold then, None when a setting this needs is unknown.

    ``activity_at`` tells how fast insulin lowers glucose, in the sensitivity's unit per minute. Both are asked for
    moments of the past and of the future, ``activity_at`` for 0 before the first meal too; where it knows nothing there
    is no delay. The rate of absorption is needed only when there are meals.
    """
    now = settings_at(at_ms)
    if now is None or not positive(now.sens) or not positive(now.carb_ratio_g_per_u):
        return None
    eaten = _eaten(meals, before_ms=at_ms)
    if not eaten:
        return CarbsOnBoard(0.0, 0, False, positive(now.carbs_g_per_h), 0.0, None)
    grams, decayed_by_ms, is_decaying = 0.0, 0, False
    for meal_ms, carbs_g, _ in eaten:
        settings = _usable(settings_at(meal_ms))
        if settings is None:
            return None
        before_ms, decayed_by_ms = decayed_by_ms, _decayed_by(meal_ms, carbs_g, settings, decayed_by_ms)
        if decayed_by_ms > at_ms - _LONG_OVER_MS:
            decayed_by_ms += _delay_ms(settings, activity_at(before_ms), activity_at(decayed_by_ms))
        left_h = (decayed_by_ms - at_ms) / _HOUR_MS
        if left_h > 0:
            grams += min(carbs_g, left_h * settings.g_per_h)
            is_decaying = at_ms < before_ms or at_ms > meal_ms + _BEGIN_MIN * _MINUTE_MS
        else:
            grams = 0.0
    impact = _impact(_usable(now)) if is_decaying else 0.0
    if impact is None:
        return None
    return CarbsOnBoard(grams, decayed_by_ms, is_decaying, positive(now.carbs_g_per_h), impact, eaten[-1][2])


def recent_meal(meals: Iterable[M], now_ms: int) -> M | None:
    """Return the newest meal of the last hour."""
    eaten = _eaten(meals, before_ms=now_ms + 1)
    return eaten[-1][2] if eaten and now_ms - eaten[-1][0] < _RECENT_MS else None


def _eaten(meals: Iterable[M], before_ms: int) -> list[tuple[int, float, M]]:
    """Return when and how many carbs were eaten before a moment, in order of time."""
    eaten = [
        (meal_ms, carbs_g, meal)
        for meal in meals
        if (meal_ms := moment(meal.at_ms)) is not None and meal_ms < before_ms and (carbs_g := positive(meal.carbs_g))
    ]
    return sorted(eaten, key=lambda one: one[0])


def _usable(settings: CarbSettings | None) -> _Settings | None:
    if settings is None:
        return None
    sens, ratio = positive(settings.sens), positive(settings.carb_ratio_g_per_u)
    g_per_h = positive(settings.carbs_g_per_h)
    return _Settings(sens, ratio, g_per_h) if sens and ratio and g_per_h else None


def _decayed_by(meal_ms: int, carbs_g: float, settings: _Settings, before_ms: int) -> int:
    """Return when a meal would be absorbed without insulin, after the meal before it (``before_ms``)."""
    begin_min = max(_BEGIN_MIN, (before_ms - meal_ms) / _MINUTE_MS)
    return meal_ms + int(min(begin_min + carbs_g / settings.g_per_h * 60, _LONGEST_MIN)) * _MINUTE_MS


def _delay_ms(settings: _Settings, activity_at_begin: float | None, activity_at_end: float | None) -> int:
    begin, end = figure(activity_at_begin), figure(activity_at_end)
    if begin is None or end is None:
        return 0
    delayed_g = (begin + end) / 2 * _LIVER_SENS_RATIO / settings.sens * settings.ratio
    delay_min = delayed_g / settings.g_per_h * 60
    return int(half_up(min(max(0.0, delay_min), _LONGEST_MIN))) * _MINUTE_MS


def _impact(settings: _Settings | None) -> float | None:
    return settings.sens / settings.ratio * settings.g_per_h / 60 if settings else None
