"""How old a cannula, a reservoir, a battery and a sensor are, and when that matters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.glucose.levels import Level
from app.glucose.numbers import figure, moment

_MINUTE_MS = 60_000
_ALERT_FOR_MIN = 20

NOT_FOUND_TEXT = "n/a "
"""What Nightscout shows where nobody knows an age, blank included."""


class Event(Protocol):
    """A change or a start of something."""

    @property
    def at_ms(self) -> int:
        """When it was."""
        ...


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """From how many hours on an age matters, None where it never does."""

    info_h: float | None
    warn_h: float | None
    urgent_h: float | None

    def hours_of(self, level: Level) -> int | None:
        """Return the whole hour from which an age has this level."""
        limits = {Level.INFO: self.info_h, Level.WARN: self.warn_h, Level.URGENT: self.urgent_h}
        hours = figure(limits.get(level))
        return None if hours is None else math.ceil(hours)


@dataclass(frozen=True, slots=True)
class Age(Generic[E]):
    """How old something is: whole hours since the event (``at_ms``), and the whole minutes over them."""

    event: E
    at_ms: int
    age_h: int
    min_fractions: int

    @property
    def days(self) -> int:
        """Whole days of 24 hours."""
        return self.age_h // 24

    @property
    def hours(self) -> int:
        """Whole hours over the days."""
        return self.age_h % 24

    @property
    def hours_text(self) -> str:
        """The age in hours, ``50h``."""
        return f"{self.age_h}h"

    @property
    def days_text(self) -> str:
        """The age in days and hours, ``2d2h``; under a day ``5h``."""
        return f"{self.days}d{self.hours}h" if self.days else f"{self.hours}h"

    @property
    def long_text(self) -> str:
        """The age in words as Nightscout writes them, ``2 days 2 hours``."""
        return f"{self.days} days {self.hours} hours" if self.days else f"{self.hours} hours"

    def level(self, limits: AgeLimits) -> Level:
        """Return how much the age matters."""
        for level in (Level.URGENT, Level.WARN, Level.INFO):
            hours = limits.hours_of(level)
            if hours is not None and self.age_h >= hours:
                return level
        return Level.NONE

    def alert(self, limits: AgeLimits) -> Level | None:
        """Return the level that was reached within the last 20 minutes, the time in which it is announced."""
        level = self.level(limits)
        return level if self.age_h == limits.hours_of(level) and self.min_fractions <= _ALERT_FOR_MIN else None


def age_of(events: Iterable[E], now_ms: int) -> Age[E] | None:
    """Return the age since the newest of these events that is not in the future, None when there is none."""
    newest: tuple[int, E] | None = None
    for event in events:
        at_ms = moment(event.at_ms)
        if at_ms is not None and at_ms <= now_ms and (newest is None or at_ms > newest[0]):
            newest = at_ms, event
    if newest is None:
        return None
    minutes = (now_ms - newest[0]) // _MINUTE_MS
    return Age(newest[1], newest[0], minutes // 60, minutes % 60)


@dataclass(frozen=True, slots=True)
class SensorAges(Generic[E]):
    """A sensor is changed or only started again: the ages since both, None where unknown or no longer true."""

    start: Age[E] | None
    change: Age[E] | None

    @property
    def newest_name(self) -> str:
        """The event a sensor's age counts from, ``Sensor Start`` or ``Sensor Change``."""
        return "Sensor Change" if self.start is None and self.change is not None else "Sensor Start"

    @property
    def newest(self) -> Age[E] | None:
        """The age since that event."""
        return self.start or self.change


def sensor_ages(starts: Iterable[E], changes: Iterable[E], now_ms: int) -> SensorAges[E]:
    """Return both ages of a sensor; a start that is not newer than the change was that of the sensor before."""
    start, change = age_of(starts, now_ms), age_of(changes, now_ms)
    replaced = start is not None and change is not None and start.at_ms <= change.at_ms
    return SensorAges(None if replaced else start, change)
