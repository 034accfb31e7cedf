"""When Glooko's records happened. Its times end in ``Z`` and are none of UTC: they are the wall clock of the device.

True are an offset written into a time (``+02:00``), one that stands beside it (``pumpTimestampUtcOffset``), and
``updatedAt``, the server's own time of the last change, which says nothing of when a record happened but for one thing:
not later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.glucose.wall_clock import Came, Placed, WallClock
from app.records.sources.documents import FUTURE_MS, MINUTE_MS, BadRecord, checked_instant, checked_offset, ms_of

TIME_NAMES = ("pumpTimestamp", "displayTime", "timestamp")
"""The fields that say when, by resource; the first that is there counts."""

SPACING_MS = 150_000
"""Readings of one sensor lie five minutes apart: two that are closer on a clock that was set back are an hour apart."""

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST = len("2026-03-14T07:05")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a record happened: UTC epoch ms, offset of local time in minutes; ``is_sure`` unless its hour came twice."""

    at_ms: int
    offset_min: int
    is_sure: bool = True


class Moments:
    """Places the records of one resource, in the order of their change.

    ``spaced`` is for readings of a sensor, of which two cannot be at one time: where a clock was set back, the second
    belongs to the hour that came again.
    """

    def __init__(self, wall_clock: WallClock, now_ms: int, *, spaced: bool = False) -> None:
        self._wall_clock = wall_clock
        self._now_ms = now_ms
        self._spaced = spaced
        self._twice: dict[str, Placed] = {}

    def of(self, record: Mapping[str, Any], guid: str) -> Moment:
        """Return when a record happened. Raises ``BadRecord`` for none, and for one that cannot be."""
        name = next((one for one in TIME_NAMES if record.get(one)), "")
        local, offset_min = _written(record[name]) if name else _counted(record.get("x"))
        if offset_min is None and name:
            offset_min = _offset_beside(record.get(f"{name}UtcOffset"))
        if offset_min is not None:
            at_ms = _ms_of(local) - offset_min * MINUTE_MS
            return Moment(checked_instant(at_ms, self._now_ms), offset_min)
        placed = self._placed(local, guid, changed_ms(record))
        return Moment(checked_instant(placed.at_ms, self._now_ms), placed.offset_min, placed.came != Came.TWICE)

    def _placed(self, local: datetime, guid: str, changed_at_ms: int | None) -> Placed:
        found = self._wall_clock.places(local)
        if len(found) < 2:
            return self._wall_clock.place(local)
        first, later = found[0], found[-1]
        if changed_at_ms is not None and later.at_ms > changed_at_ms + FUTURE_MS:
            # Known before the hour came again: this is sure, and takes its place from a reading of the second time.
            self._twice[guid] = Placed(first.at_ms, first.offset_min)
        if guid not in self._twice:
            self._twice[guid] = later if self._spaced and self._is_taken(first) else first
        return self._twice[guid]

    def _is_taken(self, place: Placed) -> bool:
        return any(abs(other.at_ms - place.at_ms) < SPACING_MS for other in self._twice.values())


def changed_ms(record: Mapping[str, Any]) -> int | None:
    """Return when the server changed a record last (UTC epoch ms), None when it does not say."""
    written = record.get("updatedAt")
    return ms_of(written) if isinstance(written, str) else None


def as_wall_clock(at_ms: int, wall_clock: WallClock) -> str:
    """Return an instant as Glooko writes it: the wall clock's time, with a ``Z`` that is not true."""
    local = _EPOCH + timedelta(milliseconds=at_ms + wall_clock.offset_min(at_ms) * MINUTE_MS)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}Z"


def _written(text: Any) -> tuple[datetime, int | None]:
    """Return a local time and the offset that was written into it; a ``Z`` is none. Raises ``BadRecord``."""
    if not isinstance(text, str) or len(text.strip()) < _SHORTEST:
        raise BadRecord("a record's time cannot be read")
    try:
        read = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        raise BadRecord("a record's time cannot be read") from None
    local = read.replace(tzinfo=None)
    offset = read.utcoffset()
    if offset is None or text.strip()[-1] in "Zz":
        return local, None
    return local, round(offset.total_seconds() / 60)


def _counted(seconds: Any) -> tuple[datetime, None]:
    """Return the local time a point of the graph counts in seconds as if it were UTC. Raises ``BadRecord``."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 32_503_680_000:
        raise BadRecord("a record has no time")
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None), None


def _offset_beside(text: Any) -> int | None:
    found = _OFFSET.fullmatch(text.strip()) if isinstance(text, str) else None
    if not found:
        return None
    sign, hours, minutes = found.groups()
    return checked_offset((60 * int(hours) + int(minutes)) * (-1 if sign == "-" else 1))


def _ms_of(local: datetime) -> int:
    return (local.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
