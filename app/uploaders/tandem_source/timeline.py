"""When the events of one pump happened: its wall clock says the time of day, the order of its log the rest.

A pump knows no zone and no daylight saving. Its times are placed by the person's wall clock, in the order of the log,
which decides between the two passes of an hour that comes twice. People set the pump's clock by hand, hours or days
after everybody else's: where the log tells that, or where times would lie in the future, what was written before is
placed by the old offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.glucose.wall_clock import Placed, Walk, WallClock
from app.records.sources.documents import DAY_MS, MINUTE_MS
from app.uploaders.tandem_source.events import Code, Event

AHEAD_MS = 15 * MINUTE_MS
"""A pump's clock that is ahead by more than this was not set back yet; by less, it runs fast."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY_MIN = 24 * 60
_WEEK_MS = 7 * DAY_MS
_LEAST_STEP_MIN = 30  # smaller ones put a clock right that ran fast or slow
_LATE_DAYS = 200
"""For so long after clocks changed a pump may still have the old time: until they change again."""


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and where it lies on the time line."""

    event: Event
    at_ms: int
    offset_min: int

    def ms_of(self, local: datetime) -> int:
        """Return when the pump's clock showed another time close by, UTC epoch ms."""
        return self.at_ms + (local - self.event.local) // _MS


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of one pump in the order of its log.

    ``unset_min`` is the offset from UTC (minutes) its clock still has while everybody else's changed, None when it goes
    right as far as anybody can tell. It has to be remembered: what gives it away is not to be seen at any time.
    """

    events: Sequence[Timed]
    unset_min: int | None = None


def timed(events: Iterable[Event], wall_clock: WallClock, now_ms: int, unset_min: int | None = None) -> Timeline:
    """Return the events of one pump, each place in its log once, with their instants.

    ``unset_min`` is what the last time line said.
    """
    by_key = {event.key: event for event in events}
    walk = Walk(wall_clock)
    placed = [_timed(by_key[key], walk.place(by_key[key].local)) for key in sorted(by_key)]
    _by_the_clock_of_then(placed, wall_clock)
    if unset_min is None:
        unset_min = _given_away(placed, wall_clock, now_ms)
    if unset_min is None or not _is_unset(placed, unset_min, wall_clock, now_ms):
        return Timeline(placed)
    _moved_back(placed, len(placed), unset_min, wall_clock)
    return Timeline(placed, unset_min)


def _timed(event: Event, placed: Placed) -> Timed:
    return Timed(event, placed.at_ms, placed.offset_min)


def _by_the_clock_of_then(placed: list[Timed], wall_clock: WallClock) -> None:
    """Place what came before each setting of the clock by the offset the pump had then, the last setting first."""
    for place in range(len(placed) - 1, 0, -1):
        step_min = _step_min(placed, place)
        if step_min:
            after = placed[min(place + 1, len(placed) - 1)]
            _moved_back(placed, place, after.offset_min - step_min, wall_clock)


def _step_min(placed: Sequence[Timed], place: int) -> int:
    """Return by how many minutes an event set the clock forward, to the quarter of an hour; 0 when it set none."""
    event = placed[place].event
    if event.code != Code.TIME_SET:
        return 0
    prior_ms, after_ms = event.number_of("timeprior"), event.number_of("timeafter")
    if prior_ms is not None and after_ms is not None:
        # Both are milliseconds since midnight.
        step_min = round((after_ms - prior_ms) / MINUTE_MS / 15) * 15
        step_min = (step_min + _DAY_MIN // 2) % _DAY_MIN - _DAY_MIN // 2
    elif 0 < place < len(placed) - 1:
        apart = placed[place + 1].event.local - placed[place - 1].event.local
        # The pump writes each five minutes: what is over a quarter of an hour is the time that passed.
        step_min = int((apart.total_seconds() + 60) // 900) * 15
    else:
        step_min = 0
    return step_min if abs(step_min) >= _LEAST_STEP_MIN else 0


def _given_away(placed: Sequence[Timed], wall_clock: WallClock, now_ms: int) -> int | None:
    """Return the offset of a clock that was not set back: without it the newest event would lie ahead of us."""
    if not placed or placed[-1].at_ms <= now_ms + AHEAD_MS:
        return None
    newest = placed[-1]
    for before_min in _offsets_before(newest, wall_clock):
        if before_min > newest.offset_min and newest.at_ms - (before_min - newest.offset_min) * MINUTE_MS <= now_ms:
            return before_min
    return None


def _is_unset(placed: Sequence[Timed], offset_min: int, wall_clock: WallClock, now_ms: int) -> bool:
    """Tell whether nobody has set the pump's clock since the person's own left that offset at its last change."""
    if not placed or placed[-1].offset_min == offset_min or offset_min not in _offsets_before(placed[-1], wall_clock):
        return False
    since = range(placed[-1].at_ms, now_ms, _WEEK_MS)
    if any(wall_clock.offset_min(at_ms) != placed[-1].offset_min for at_ms in since):
        return False
    for place in range(len(placed) - 1, -1, -1):
        if placed[place].offset_min == offset_min:
            return True
        if _step_min(placed, place):
            return False
    return True


def _moved_back(placed: list[Timed], end: int, offset_min: int, wall_clock: WallClock) -> None:
    """Give the events before ``end`` their old offset, back to where the person's own clock had it, or was set."""
    if end == 0 or offset_min not in _offsets_before(placed[end - 1], wall_clock):
        return
    for place in range(end - 1, -1, -1):
        one = placed[place]
        if one.offset_min == offset_min:
            return
        placed[place] = replace(one, at_ms=_instant_of(one.event.local, offset_min), offset_min=offset_min)
        if _step_min(placed, place):
            return


def _offsets_before(one: Timed, wall_clock: WallClock) -> list[int]:
    """Return the offsets the person's clock had in the last months, the latest first."""
    found = (wall_clock.offset_min(one.at_ms - days * DAY_MS) for days in range(_LATE_DAYS + 1))
    return list(dict.fromkeys(found))


def _instant_of(local: datetime, offset_min: int) -> int:
    return (local.replace(tzinfo=UTC) - _EPOCH) // _MS - offset_min * MINUTE_MS
