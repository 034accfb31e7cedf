"""Where the wall-clock times of a file lie, each device for itself, and what is said of hours twice or never there."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from app.glucose.wall_clock import Came, Placed, Walk, WallClock
from app.importers.format import Said
from app.records.sources.documents import DAY_MS, MINUTE_MS, BadRecord

_MOST_DEVICES = 500
_SLACK_S = 600
_NEAR_MIN = 2
_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_DAY_MIN = 24 * 60


def checked_local(local: datetime) -> datetime:
    """Return a wall-clock time. Raises ``BadRecord`` for a year in which nobody wrote such files."""
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        raise BadRecord(f"the year {local.year} cannot be right")
    return local


class Walks:
    """Places times row by row, with a walk of its own for each device (or whatever else has rows in order)."""

    def __init__(self, wall_clock: WallClock, *, newest_first: bool = False) -> None:
        self._wall_clock = wall_clock
        self._newest_first = newest_first
        self._walks: dict[Hashable, Walk] = {}

    def place(self, device: Hashable, local: datetime) -> Placed:
        """Return where the next time of a device lies. Raises ``BadRecord`` for an impossible year."""
        checked_local(local)
        walk = self._walks.get(device)
        if walk is None:
            if len(self._walks) >= _MOST_DEVICES:
                return self._wall_clock.place(local)
            walk = self._walks[device] = Walk(self._wall_clock, newest_first=self._newest_first)
        return walk.place(local)

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say once all times are placed."""
        twice = sum(walk.counts[Came.TWICE] for walk in self._walks.values())
        never = sum(walk.counts[Came.NEVER] for walk in self._walks.values())
        if twice:
            yield Said(
                f"{twice} times lie in an hour that came twice, because clocks were set back or on a journey; "
                "the order of the records decided which of the two it was."
            )
        if never:
            yield Said(
                f"{never} times lie in an hour that was left out, because clocks were set forward or on a journey; "
                "they are moved on by that hour."
            )


def local_key(local: datetime, placed: Placed) -> str:
    """Return the part of a record's name that tells its time: the same whatever zone is chosen, but for hours that
    came twice.
    """
    text = local.isoformat(timespec="seconds")
    return f"{text}{placed.offset_min:+d}" if placed.came is Came.TWICE else text


@dataclass(slots=True)
class Order:
    """Whether rows come oldest or newest first, found out from all of them: also from those five minutes apart."""

    forward: int = 0
    backward: int = 0
    far_forward: int = 0
    far_backward: int = 0
    before: datetime | None = field(default=None, repr=False)

    def see(self, local: datetime) -> None:
        """Take note of the next row."""
        if self.before is not None:
            apart_s = (local - self.before).total_seconds()
            self.forward += apart_s > 0
            self.backward += apart_s < 0
            self.far_forward += apart_s > _SLACK_S
            self.far_backward += apart_s < -_SLACK_S
        self.before = local

    @property
    def newest_first(self) -> bool:
        """Tell whether the rows go back in time."""
        return self.backward > self.forward

    @property
    def against(self) -> int:
        """Return how many rows go far against the direction of the others."""
        return self.far_forward if self.newest_first else self.far_backward


class Minutes:
    """The minutes that hold a reading already: a store keeps one reading of a kind for each instant, and files that
    tell the minute only may have two.
    """

    def __init__(self) -> None:
        self._by_day: dict[int, int] = {}

    def apart(self, at_ms: int, mgdl: int) -> int:
        """Return the instant for a reading: as it is while its minute is free, else as many ms later as it has mg/dL.

        So both readings stay, each where every other export of the same device puts it.
        """
        if at_ms % MINUTE_MS:
            return at_ms
        day, minute = at_ms // DAY_MS, at_ms % DAY_MS // MINUTE_MS
        taken = self._by_day.get(day, 0)
        if taken >> minute & 1:
            return at_ms + mgdl
        self._by_day[day] = taken | 1 << minute
        return at_ms

    def has_near(self, at_ms: int) -> bool:
        """Tell whether a minute up to two from this one is taken."""
        for minute in range(at_ms // MINUTE_MS - _NEAR_MIN, at_ms // MINUTE_MS + _NEAR_MIN + 1):
            if self._by_day.get(minute // _DAY_MIN, 0) >> minute % _DAY_MIN & 1:
                return True
        return False
