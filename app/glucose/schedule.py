"""A value that changes through the day by the clock on the wall: basal rates, ratios, sensitivities, targets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.glucose.numbers import figure

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::\d{2})?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Steps in order of time: from which second after local midnight which value holds, None where it is unreadable."""

    steps: tuple[tuple[int, float | None], ...]

    def at(self, second_of_day: int) -> float | None:
        """Return the value at a time of day; before the first step nobody knows it."""
        held = [value for from_s, value in self.steps if from_s <= second_of_day]
        return held[-1] if held else None

    @property
    def values(self) -> tuple[float, ...]:
        """The values that could be read, in order of time."""
        return tuple(value for _, value in self.steps if value is not None)


def schedule_of(written: object) -> Schedule | None:
    """Return the schedule somebody stored, None when there is none.

    A list of ``{time: "06:30", value}`` or ``{timeAsSeconds, value}``, in any order (of two at the same time the last
    counts), or one value for the whole day. Numbers may be text. An item without a time is passed over; a value nobody
    can read is unknown from then on, so that the one before it does not run into it.
    """
    if not isinstance(written, list | tuple):
        whole_day = figure(written)
        return None if whole_day is None else Schedule(((0, whole_day),))
    steps = [
        (from_s, figure(item.get("value")))
        for item in written
        if isinstance(item, Mapping) and (from_s := _second_of_day(item)) is not None
    ]
    return Schedule(tuple(sorted(steps, key=lambda step: step[0]))) if steps else None


def _second_of_day(item: Mapping[str, object]) -> int | None:
    written = item.get("time")
    clock = _CLOCK.fullmatch(written) if isinstance(written, str) else None
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60
    seconds = figure(item.get("timeAsSeconds"))
    return None if seconds is None else int(seconds)
