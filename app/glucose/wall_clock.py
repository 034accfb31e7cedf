"""Where on the time line a wall clock's time lies: zones a person has lived in, hours that come twice, hours that miss.

A device that writes local time without a zone says less than it seems: when clocks go back an hour comes twice, when
they go forward one does not exist, and a journey does both. Times are placed by the zones the person was in; between
two possible instants the order in which the device wrote decides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

_SLACK_MS = 2 * 60_000
"""Rows of one device are this far out of order without a clock having been set."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Came(StrEnum):
    """How often a wall clock showed a time: once, twice (an hour that came again), or never (an hour left out)."""

    ONCE = "once"
    TWICE = "twice"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ZoneSince:
    """The zone a person lived in from an instant on (UTC epoch ms)."""

    from_ms: int
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Placed:
    """A wall clock's time on the time line: UTC epoch ms, and the offset of local time from UTC in minutes."""

    at_ms: int
    offset_min: int
    came: Came = Came.ONCE


class WallClock:
    """Places local times by the zones a person lived in; before the first it is the first that counts.

    ``is_known`` is false for one that nobody has said anything of: then what is placed by it is a guess. Raises
    ``ValueError`` when there is no zone at all.
    """

    def __init__(self, zones: Iterable[ZoneSince], *, is_known: bool = True) -> None:
        self.is_known = is_known
        self._zones: Sequence[ZoneSince] = sorted(zones, key=lambda one: one.from_ms)
        if not self._zones:
            raise ValueError("a wall clock needs a zone")
        self._starts = [one.from_ms for one in self._zones]

    @classmethod
    def in_zone(cls, zone: tzinfo) -> WallClock:
        """Return the wall clock of somebody who never left a zone."""
        return cls([ZoneSince(0, zone)])

    def offset_min(self, at_ms: int) -> int:
        """Return the offset of local time from UTC in minutes at an instant."""
        return self.at(at_ms).offset_min

    def at(self, at_ms: int) -> Placed:
        """Return an instant as the wall clock shows it."""
        return Placed(at_ms, _offset_min(at_ms, self._zone_at(at_ms)))

    def zone_at(self, at_ms: int) -> tzinfo:
        """Return the zone the person was in."""
        return self._zone_at(at_ms)

    def places(self, local: datetime) -> list[Placed]:
        """Return every instant at which the wall clock showed a time, oldest first; none for an hour left out."""
        found: dict[int, Placed] = {}
        for place, since in enumerate(self._zones):
            first_ms = self._starts[place] if place else None
            end_ms = self._starts[place + 1] if place + 1 < len(self._starts) else None
            for fold in (0, 1):
                at_ms = _ms_of(local, since.zone, fold)
                inside = (first_ms is None or at_ms >= first_ms) and (end_ms is None or at_ms < end_ms)
                if inside and _shows(at_ms, since.zone, local):
                    found[at_ms] = Placed(at_ms, _offset_min(at_ms, since.zone))
        came = Came.TWICE if len(found) > 1 else Came.ONCE
        return [Placed(one.at_ms, one.offset_min, came) for _, one in sorted(found.items())]

    def place(self, local: datetime, *, later: bool = False) -> Placed:
        """Place one time alone: of two instants the first unless ``later``; one left out is moved on by the gap."""
        found = self.places(local)
        if found:
            return found[-1 if later else 0]
        return self._left_out(local)

    def _left_out(self, local: datetime) -> Placed:
        """Return where a time that never was shown would lie had the clock not been set forward."""
        zone = self._zone_at(_ms_of(local, self._zones[0].zone, 0))
        at_ms = _ms_of(local, zone, 0)
        return Placed(at_ms, _offset_min(at_ms, self._zone_at(at_ms)), Came.NEVER)

    def _zone_at(self, at_ms: int) -> tzinfo:
        return self._zones[max(bisect_right(self._starts, at_ms) - 1, 0)].zone


class Walk:
    """Places the times of one device in the order it wrote them, oldest first or ``newest_first``.

    Of two instants it takes the one that goes on from the row before. ``counts`` tells how many times came twice or
    never.
    """

    def __init__(self, wall_clock: WallClock, *, newest_first: bool = False) -> None:
        self._wall_clock = wall_clock
        self._newest_first = newest_first
        self._before_ms: int | None = None
        self.counts: dict[Came, int] = dict.fromkeys(Came, 0)

    def place(self, local: datetime) -> Placed:
        """Return where the next time lies."""
        found = self._wall_clock.places(local)
        placed = self._going_on(found) if found else self._wall_clock.place(local)
        self.counts[placed.came] += 1
        self._before_ms = placed.at_ms
        return placed

    def _going_on(self, found: Sequence[Placed]) -> Placed:
        in_order = list(reversed(found)) if self._newest_first else list(found)
        if self._before_ms is None:
            return in_order[0]
        for one in in_order:
            ahead_ms = (one.at_ms - self._before_ms) * (-1 if self._newest_first else 1)
            if ahead_ms >= -_SLACK_MS:
                return one
        return in_order[-1]


def _ms_of(local: datetime, zone: tzinfo, fold: int) -> int:
    return (local.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MS


def _shows(at_ms: int, zone: tzinfo, local: datetime) -> bool:
    shown = (_EPOCH + at_ms * _MS).astimezone(zone).replace(tzinfo=None, fold=0)
    return abs(shown - local.replace(tzinfo=None, fold=0)) < timedelta(seconds=1)


def _offset_min(at_ms: int, zone: tzinfo) -> int:
    offset = (_EPOCH + at_ms * _MS).astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)
