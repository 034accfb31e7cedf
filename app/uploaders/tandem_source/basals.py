"""Basal insulin: what the pump gave each five minutes, and nothing while it was suspended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from app.records.sources.acts import MOST_RATE_U_PER_H
from app.records.sources.basals import TOUCHING_MS, Piece
from app.records.sources.documents import DAY_MS, MINUTE_MS, BadRecord, amount_of, checked_instant
from app.uploaders.tandem_source.events import Code
from app.uploaders.tandem_source.timeline import Timed

INTERVAL_MS = 5 * MINUTE_MS
LONGEST_SUSPENSION_MS = DAY_MS
"""A pump that says nothing for longer was put away: nobody knows what it gave."""


@dataclass(frozen=True, slots=True)
class _Step:
    """From an instant on this rate (U/h), None for one that is not told."""

    at_ms: int
    rate_u_per_h: float | None
    suspended: bool = False


def pieces(events: Sequence[Timed], now_ms: int) -> tuple[list[Piece], list[str]]:
    """Return the basal insulin of one pump in order of time, and why some of it cannot be used.

    A rate holds for five minutes, or until the next is told if that is sooner. A suspended pump gives nothing until it
    is resumed or tells a rate again, and no longer than its log goes.
    """
    unusable: list[str] = []
    steps = sorted(_steps(events, now_ms, unusable), key=lambda step: step.at_ms)
    newest_ms = max((one.at_ms for one in events), default=0)
    made: list[Piece] = []
    for step, following in zip_longest(steps, steps[1:]):
        if step.rate_u_per_h is not None:
            end_ms = _end_ms(step, following.at_ms if following else None, min(newest_ms, now_ms))
            if end_ms > step.at_ms:
                made.append(Piece(step.at_ms, end_ms, step.rate_u_per_h))
    return made, unusable


def is_suspended(events: Iterable[Timed]) -> bool:
    """Tell whether a pump was suspended when its log ended."""
    suspended = False
    for one in events:
        if one.event.code in (Code.SUSPENDED, Code.RESUMED):
            suspended = one.event.code == Code.SUSPENDED
        elif one.event.code == Code.BASAL and (one.event.number_of("commandedrate") or 0) > 0:
            suspended = False
    return suspended


def _steps(events: Iterable[Timed], now_ms: int, unusable: list[str]) -> Iterator[_Step]:
    suspended = False
    for one in events:
        try:
            if one.event.code == Code.SUSPENDED:
                suspended = True
                yield _Step(checked_instant(one.at_ms, now_ms), 0.0, suspended=True)
            elif one.event.code == Code.RESUMED:
                suspended = False
                yield _Step(checked_instant(one.at_ms, now_ms), None)
            elif one.event.code == Code.BASAL:
                rate = _rate_of(one)
                if rate > 0 or not suspended:
                    suspended = False
                    yield _Step(checked_instant(one.at_ms, now_ms), rate)
        except BadRecord as problem:
            unusable.append(str(problem))


def _rate_of(one: Timed) -> float:
    told = one.event.fields.get("commandedrate")
    if told is None:
        raise BadRecord("a basal rate is missing")
    # The log counts in milli-units per hour.
    return amount_of(told, most=1000 * MOST_RATE_U_PER_H, what="basal rate") / 1000


def _end_ms(step: _Step, next_ms: int | None, newest_ms: int) -> int:
    if step.suspended:
        end_ms = newest_ms if next_ms is None else next_ms
        return min(end_ms, step.at_ms + LONGEST_SUSPENSION_MS)
    if next_ms is not None and next_ms - step.at_ms <= INTERVAL_MS + TOUCHING_MS:
        return next_ms
    return step.at_ms + INTERVAL_MS
