"""When the events of one pump happened: its wall clock says the time of day, the order of its log the rest.

A pump knows no zone and no daylight saving. Its times are placed by the person's wall clock, in the order of the log,
which decides between the two passes of an hour that comes twice. People set the pump's clock by hand, hours or days
after everybody else's: where the log tells that, or where a time would lie in the future, what came before is placed by
the old offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.glucose.wall_clock import Placed, Walk, WallClock
from app.records.sources.documents import DAY_MS, FUTURE_MS, MINUTE_MS
from app.uploaders.tandem_source.events import Code, Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY_MIN = 24 * 60
_LEAST_STEP_MIN = 30  # smaller ones put a clock right that ran fast or slow
_LATE_DAYS = 31
"""For so long after clocks changed a pump may still have the old time."""


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and where it lies on the time line."""

    event: Event
    at_ms: int
    offset_min: int

    def ms_of(self, local: datetime) -> int:
        """Return when the pump's clock showed another time close by, UTC epoch ms."""
        return self.at_ms + (local - self.event.local) // _MS


def timed(events: Iterable[Event], wall_clock: WallClock, now_ms: int) -> list[Timed]:
    """Return the events of one pump in the order of its log, each place in it once, with their instants."""
    by_key = {event.key: event for event in events}
    walk = Walk(wall_clock)
    placed = [_timed(by_key[key], walk.place(by_key[key].local)) for key in sorted(by_key)]
    _by_the_clock_of_then(placed, wall_clock)
    _none_in_the_future(placed, wall_clock, now_ms)
    return placed


def _timed(event: Event, placed: Placed) -> Timed:
    return Timed(event, placed.at_ms, placed.offset_min)


def _by_the_clock_of_then(placed: list[Timed], wall_clock: WallClock) -> None:
    """Place what came before a setting of the clock by the offset the pump had then."""
    for place in range(len(placed) - 1, 0, -1):
        if placed[place].event.code != Code.TIME_SET:
            continue
        step_min = _step_min(placed, place)
        after = placed[min(place + 1, len(placed) - 1)]
        if abs(step_min) >= _LEAST_STEP_MIN:
            _moved_back(placed, place, after.offset_min - step_min, wall_clock)


def _step_min(placed: Sequence[Timed], place: int) -> int:
    """Return by how many minutes the clock was set forward, to the quarter of an hour."""
    event = placed[place].event
    prior_ms, after_ms = event.number_of("timeprior"), event.number_of("timeafter")
    if prior_ms is not None and after_ms is not None and prior_ms != after_ms:
        # Both are milliseconds since midnight.
        step_min = round((after_ms - prior_ms) / MINUTE_MS / 15) * 15
        return (step_min + _DAY_MIN // 2) % _DAY_MIN - _DAY_MIN // 2
    if place + 1 >= len(placed):
        return 0
    apart = placed[place + 1].event.local - placed[place - 1].event.local
    return round(apart.total_seconds() / 900) * 15


def _none_in_the_future(placed: list[Timed], wall_clock: WallClock, now_ms: int) -> None:
    """Where the newest event would lie ahead of us, the pump's clock has not been set back yet."""
    if not placed or placed[-1].at_ms <= now_ms + FUTURE_MS:
        return
    newest = placed[-1]
    for before_min in _offsets_before(newest, wall_clock):
        if before_min > newest.offset_min and newest.at_ms - (before_min - newest.offset_min) * MINUTE_MS <= now_ms:
            _moved_back(placed, len(placed), before_min, wall_clock)
            return


def _moved_back(placed: list[Timed], end: int, offset_min: int, wall_clock: WallClock) -> None:
    """Give events their old offset, from before ``end`` back to where the person's own clock had it."""
    if end == 0 or offset_min not in _offsets_before(placed[end - 1], wall_clock):
        return
    for place in range(end - 1, -1, -1):
        one = placed[place]
        if one.offset_min == offset_min:
            return
        at_ms = _instant_of(one.event.local, offset_min)
        placed[place] = replace(one, at_ms=at_ms, offset_min=offset_min)


def _offsets_before(one: Timed, wall_clock: WallClock) -> list[int]:
    """Return the offsets the person's clock had in the last weeks, the latest first."""
    found = (wall_clock.offset_min(one.at_ms - days * DAY_MS) for days in range(_LATE_DAYS + 1))
    return list(dict.fromkeys(found))


def _instant_of(local: datetime, offset_min: int) -> int:
    return (local.replace(tzinfo=UTC) - _EPOCH) // _MS - offset_min * MINUTE_MS
