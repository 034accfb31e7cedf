"""Insulin on board: how much of the boluses given still acts, by the curve every Nightscout screen uses.

The curve is Nightscout's, coefficients and all: two parabolas fitted to what a bilinear (triangle-shaped) activity with
its peak after 75 minutes leaves over three hours, stretched in time to the person's own duration of insulin action.
Basal insulin does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.glucose.numbers import figure, moment, positive
from app.glucose.profile import DEFAULT_DIA_H

_MINUTE_MS = 60_000
_CURVE_DIA_H = 3.0
_PEAK_MIN = 75
_END_MIN = 180
_RISING = 0.001852
_FALLING = (0.001323, -0.054233, 0.55556)


class Dose(Protocol):
    """Insulin given at once."""

    @property
    def at_ms(self) -> int:
        """When it was given."""
        ...

    @property
    def insulin_u(self) -> float | None:
        """How much."""
        ...


D = TypeVar("D", bound=Dose)


@dataclass(frozen=True, slots=True)
class InsulinOnBoard(Generic[D]):
    """What still acts (U, not rounded), and the newest dose that has a part in it.

    ``activity`` is how fast it lowers glucose now, in the unit of the sensitivity per minute; None without one.
    """

    units: float
    activity: float | None
    last: D | None


def insulin_on_board(
    doses: Iterable[D], at_ms: int, *, dia_h: float | None = DEFAULT_DIA_H, sens: float | None = None
) -> InsulinOnBoard[D]:
    """Return what the doses up to a moment still do then, with insulin that acts ``dia_h`` hours (3 if unusable).

    ``sens`` is what a unit lowers glucose by. Close to the end the curve dips below zero by a few thousandths.
    """
    dia = positive(dia_h) or DEFAULT_DIA_H
    sensitivity = figure(sens)
    units, share_per_min = 0.0, 0.0
    last: tuple[int, D] | None = None
    for dose in doses:
        given_ms = moment(dose.at_ms)
        minutes = None if given_ms is None else _CURVE_DIA_H / dia * (at_ms - given_ms) / _MINUTE_MS
        if given_ms is None or minutes is None or not 0 <= minutes < _END_MIN:
            continue
        given_u = figure(dose.insulin_u)
        if not given_u:
            continue
        left_u = given_u * share_left(minutes)
        units += left_u
        share_per_min += given_u * share_active(minutes, dia)
        if left_u > 0 and (last is None or given_ms >= last[0]):
            last = given_ms, dose
    activity = None if sensitivity is None else sensitivity * share_per_min
    return InsulinOnBoard(units, activity, last[1] if last else None)


def share_left(minutes: float) -> float:
    """Return which share of a dose still acts, so many minutes of the three-hour curve after it was given."""
    if minutes < _PEAK_MIN:
        x = minutes / 5 + 1
        return 1 - _RISING * x * x + _RISING * x
    if minutes < _END_MIN:
        x = (minutes - _PEAK_MIN) / 5
        square, linear, begin = _FALLING
        return square * x * x + linear * x + begin
    return 0.0


def share_active(minutes: float, dia_h: float) -> float:
    """Return which share of a dose acts per minute, so many minutes of the three-hour curve after it was given.

    It rises in a straight line to the peak and falls in one to the end.
    """
    peak = 2 / dia_h / 60
    if minutes < _PEAK_MIN:
        return peak / _PEAK_MIN * minutes
    if minutes < _END_MIN:
        return peak - (minutes - _PEAK_MIN) * peak / (_END_MIN - _PEAK_MIN)
    return 0.0
