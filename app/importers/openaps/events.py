"""A rig's pump history as events in order of time, each once, however many files tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.glucose.wall_clock import WallClock
from app.importers.format import Rejected
from app.importers.openaps.parts import Part
from app.importers.placing import Order, Walks
from app.records.sources.documents import BadRecord, checked_instant
from app.records.times import read_instant

_AMOUNTS = ("amount", "programmed", "rate", "temp", "duration", "duration (min)", "carb_input", "type")


@dataclass(frozen=True, slots=True)
class Event:
    """One record of a pump: when it was (UTC epoch ms), the offset of local time (minutes), and what it says."""

    type: str
    at_ms: int
    offset_min: int
    record: dict[str, Any] = field(repr=False)
    place: str

    @property
    def key(self) -> tuple[object, ...]:
        """Return what is the same in every file that tells of it."""
        return (self.type, self.at_ms, *(str(self.record.get(name)) for name in _AMOUNTS))


def naive(written: object) -> datetime | None:
    """Return the wall-clock time of a text that names no zone, None for all else."""
    if not isinstance(written, str) or len(written) > 40:
        return None
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


class Clock:
    """Tells when a record of one file was: by its own zone, else by the wall clock and the order of the file."""

    def __init__(self, wall_clock: WallClock, now_ms: int, times: Iterable[object]) -> None:
        order = Order()
        for written in times:
            local = naive(written)
            if local is not None:
                order.see(local)
        self._wall_clock = wall_clock
        self._now_ms = now_ms
        self.walks = Walks(wall_clock, newest_first=order.newest_first)

    def moment(self, written: object) -> tuple[int, int]:
        """Return an instant (UTC epoch ms) and the offset of local time from UTC in minutes. Raises ``BadRecord``."""
        local = naive(written)
        if local is not None:
            placed = self.walks.place("", local)
            return checked_instant(placed.at_ms, self._now_ms), placed.offset_min
        instant = read_instant(written)
        if instant is None:
            raise BadRecord("it has no time")
        at_ms = checked_instant(instant.at_ms, self._now_ms)
        return at_ms, instant.offset_min or self._wall_clock.offset_min(at_ms)


def events_of(part: Part, clock: Clock) -> Iterator[Event | Rejected]:
    """Yield the events of one file of pump history, in the order of the file."""
    for number, record in enumerate(part.value, 1):
        place = f"{part.name}, record {number}"
        if not isinstance(record, dict) or not isinstance(record.get("_type"), str):
            yield Rejected(place, "it is no record of a pump")
            continue
        try:
            at_ms, offset_min = clock.moment(record.get("timestamp"))
        except BadRecord as problem:
            yield Rejected(place, str(problem))
            continue
        yield Event(record["_type"], at_ms, offset_min, record, place)


def times_of(part: Part) -> Iterator[object]:
    """Yield the times of a file of pump history as they are written."""
    for record in part.value:
        if isinstance(record, dict):
            yield record.get("timestamp")
