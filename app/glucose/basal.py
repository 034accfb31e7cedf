"""The basal rate that really runs: what the profile schedules, a temporary rate instead, a combo bolus on top."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.glucose.nightscout_texts import fixed_text
from app.glucose.numbers import figure, positive
from app.glucose.spans import Span, Timed, cut_spans, span_at


class TempBasal(Timed, Protocol):
    """A temporary rate: ``absolute_u_per_h``, or by how many percent it differs from the scheduled one."""

    @property
    def absolute_u_per_h(self) -> float | None:
        """The rate; 0 stops the pump."""
        ...

    @property
    def percent(self) -> float | None:
        """The difference, -50 for half the scheduled rate."""
        ...


class ComboBolus(Timed, Protocol):
    """The part of a bolus that is given slowly."""

    @property
    def relative_u_per_h(self) -> float | None:
        """What it adds to the rate."""
        ...


T = TypeVar("T", bound=TempBasal)
C = TypeVar("C", bound=ComboBolus)


@dataclass(frozen=True, slots=True)
class BasalAt(Generic[T, C]):
    """The basal rate at a moment (U/h, None where unknown), and the treatments it comes from.

    ``temp_u_per_h`` is the scheduled rate while no temporary one runs; the total is it and ``combo_u_per_h``.
    """

    scheduled_u_per_h: float | None
    temp: T | None
    combo: C | None
    temp_u_per_h: float | None
    combo_u_per_h: float

    @property
    def total_u_per_h(self) -> float | None:
        """What the pump gives."""
        return None if self.temp_u_per_h is None else self.temp_u_per_h + self.combo_u_per_h

    @property
    def text(self) -> str:
        """The total as Nightscout shows it, ``TC: 1.150U`` with T for temporary and C for combo; empty if unknown."""
        if self.total_u_per_h is None:
            return ""
        marks = ("T" if self.temp else "") + ("C" if self.combo else "")
        return f"{marks}{': ' if marks else ''}{fixed_text(self.total_u_per_h, 3)}U"


class RunningBasal(Generic[T, C]):
    """The temporary rates and combo boluses of a stretch of time, each ended by the next of its kind."""

    def __init__(self, temps: Iterable[T], combos: Iterable[C] = ()) -> None:
        self.temps: tuple[Span[T], ...] = cut_spans(temps)
        self.combos: tuple[Span[C], ...] = cut_spans(combos)

    def at(self, at_ms: int, scheduled_u_per_h: float | None) -> BasalAt[T, C]:
        """Return the basal rate at a moment where the profile schedules this much; no rate is ever below zero."""
        temp, combo = span_at(self.temps, at_ms), span_at(self.combos, at_ms)
        scheduled = figure(scheduled_u_per_h)
        return BasalAt(
            scheduled_u_per_h=scheduled,
            temp=temp.item if temp else None,
            combo=combo.item if combo else None,
            temp_u_per_h=_rate(temp.item, scheduled) if temp else scheduled,
            combo_u_per_h=(positive(combo.item.relative_u_per_h) or 0.0) if combo else 0.0,
        )


def _rate(temp: TempBasal, scheduled_u_per_h: float | None) -> float | None:
    absolute, percent = figure(temp.absolute_u_per_h), figure(temp.percent)
    if absolute is not None:
        return max(0.0, absolute)
    if percent is None or scheduled_u_per_h is None:
        return scheduled_u_per_h
    return max(0.0, scheduled_u_per_h * (100 + percent) / 100)
