"""Which pumps to ask for which time: from where each has been read, in windows of whole hours, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any

from app.clock import datetime_of
from app.glucose.wall_clock import WallClock
from app.records.sources.documents import DAY_MS, HOUR_MS
from app.uploaders.errors import SchemaChanged
from app.uploaders.tandem_source.events import local_time
from app.uploaders.vendor import DEEP_OVERLAP_MS, Cursors, overlap_ms

WINDOW_MS = 7 * DAY_MS
BEFORE_MS = 12 * HOUR_MS
"""So much of the log before a window belongs to it: an extended bolus, a suspension, a night in sleep mode."""

MOST_APART = timedelta(hours=14)
"""No wall clock on Earth is further from UTC, and no pump's clock further from its owner's."""

LONGEST_UNKNOWN_MS = 28 * DAY_MS
"""A pump that does not say which time its log covers is asked for as much as one answer holds."""

DEEP = "deep"
"""The cursor that says when a fetch last reached a day back."""

_AT_REST_MS = 2 * DAY_MS
_ABOVE_ANY_OFFSET = 24 * 60


@dataclass(frozen=True)
class Pump:
    """A pump of the account: its id, its model for people, and how its log goes (None where that is not told).

    ``told_ms`` is the pump's own time of its newest event read as if it were UTC; ``first_ms`` and ``last_ms`` are the
    period of its log, UTC epoch ms. ``settings`` are as the vendor sends them.
    """

    id: str
    model: str = ""
    told_ms: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    settings: Any = None

    @cached_property
    def cursor(self) -> str:
        """Return the name of the cursor that says how far the log is read."""
        return f"pump_{self._short}"

    @cached_property
    def told(self) -> str:
        """Return the name of the cursor that keeps ``told_ms`` (0 for none): while it stays there is nothing new."""
        return f"told_{self._short}"

    @cached_property
    def unset(self) -> str:
        """Return the name of the cursor that keeps the offset the pump's clock still has, see ``as_cursor``."""
        return f"unset_{self._short}"

    @cached_property
    def _short(self) -> str:
        return sha256(self.id.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def reaches_into(self, from_ms: int, end_ms: int) -> bool:
        """Tell whether the log may hold something of a time; true where its period is not known."""
        starts = self.first_ms is None or self.first_ms - DAY_MS < end_ms
        return starts and (self.last_ms is None or self.last_ms + DAY_MS > from_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """A time to bring, UTC epoch ms in whole hours, the end not included; nothing of a log lies behind the last."""

    from_ms: int
    end_ms: int
    is_last: bool

    def days(self, wall_clock: WallClock) -> tuple[date, date]:
        """Return the first and the last day to ask for, by whatever a pump's clock may show."""
        before_ms = self.from_ms - BEFORE_MS
        first = datetime_of(before_ms + wall_clock.offset_min(before_ms) * 60_000)
        return first.date(), (datetime_of(self.end_ms) + MOST_APART).date()


def pumps_in(pumper: Mapping[str, Any], wall_clock: WallClock) -> list[Pump]:
    """Return the pumps of an account, the one with the newest event first. Raises ``SchemaChanged``."""
    listed = pumper.get("pumps")
    if not isinstance(listed, list):
        raise SchemaChanged("Tandem Source's answer holds no list of pumps")
    found = [_pump(one, wall_clock) for one in listed if isinstance(one, Mapping) and one.get("assignmentId")]
    if listed and not found:
        raise SchemaChanged("Tandem Source's pumps have no ids any more")
    return sorted(found, key=lambda pump: pump.last_ms or 0, reverse=True)


def is_deep(cursors: Cursors, now_ms: int) -> bool:
    """Tell whether this fetch is the one in an hour that reaches a day back."""
    return overlap_ms(cursors.get(DEEP, 0), now_ms) == DEEP_OVERLAP_MS


def wanted_from(pump: Pump, cursors: Cursors, first_ms: int, now_ms: int) -> int | None:
    """Return since when a pump's log has to be read, None when there is nothing new; ``first_ms`` is for a new one."""
    cursor_ms = cursors.get(pump.cursor)
    is_live = cursor_ms is not None and cursor_ms > now_ms - _AT_REST_MS
    deep = is_deep(cursors, now_ms)
    if pump.last_ms is None:
        return _wanted_of_unknown(pump, cursors, first_ms, now_ms) if is_live or deep else None
    if cursors.get(pump.told) == pump.told_ms and not (is_live and deep):
        return None
    if cursor_ms is not None:
        return cursor_ms - overlap_ms(cursors.get(DEEP, 0), now_ms)
    return max(first_ms, (pump.first_ms or 0) - DAY_MS) if pump.last_ms + DAY_MS > first_ms else None


def _wanted_of_unknown(pump: Pump, cursors: Cursors, first_ms: int, now_ms: int) -> int:
    """Return the same for a pump that does not say how far its log goes, mostly one that was never used."""
    most_ms = max(first_ms, now_ms - LONGEST_UNKNOWN_MS)
    if pump.cursor in cursors:
        return max(cursors[pump.cursor] - overlap_ms(cursors.get(DEEP, 0), now_ms), most_ms)
    return now_ms - DAY_MS if pump.told in cursors else most_ms


def offset_in(cursor: int | None) -> int | None:
    """Return the offset (minutes) that is kept in a cursor, None for none."""
    return cursor - _ABOVE_ANY_OFFSET if cursor else None


def as_cursor(offset_min: int | None) -> int:
    """Return an offset (minutes) as a cursor keeps it: 0 is none."""
    return 0 if offset_min is None else offset_min + _ABOVE_ANY_OFFSET


def windows(from_ms: int, now_ms: int) -> Iterator[Window]:
    """Yield the windows from an instant to now, whole hours of UTC; the last reaches over the present hour."""
    end_ms = (now_ms // HOUR_MS + 2) * HOUR_MS
    start_ms = from_ms // HOUR_MS * HOUR_MS
    while start_ms < end_ms:
        next_ms = min(start_ms + WINDOW_MS, end_ms)
        yield Window(start_ms, next_ms, next_ms == end_ms)
        start_ms = next_ms


def moved(pump: Pump, cursors: Cursors, newest_ms: int, window: Window) -> dict[str, int]:
    """Return the cursors of a pump behind a window; ``newest_ms`` is its newest event there, 0 for none.

    Where its log is known to go on behind the window, everything before that has been had.
    """
    before_ms = cursors.get(pump.cursor, 0)
    goes_on = pump.last_ms is not None and pump.last_ms - DAY_MS > window.end_ms
    reached_ms = max(before_ms, newest_ms, window.end_ms if goes_on and not window.is_last else 0)
    after = {pump.cursor: reached_ms} if reached_ms else {}
    return after | ({pump.told: pump.told_ms or 0} if window.is_last else {})


def whole_hours(times_ms: Sequence[int], window: Window) -> tuple[int, int] | None:
    """Return the whole hours of a window that the log covers, None when there are none.

    An answer that holds nothing of a time says nothing of it: what was brought before stays.
    """
    if not times_ms:
        return None
    first_ms = min(times_ms) // HOUR_MS * HOUR_MS
    end_ms = (max(times_ms) // HOUR_MS + 1) * HOUR_MS
    span = max(first_ms, window.from_ms), min(end_ms, window.end_ms)
    return span if span[0] < span[1] else None


def _pump(told: Mapping[str, Any], wall_clock: WallClock) -> Pump:
    covered = told.get("availableDataRange")
    covered = covered if isinstance(covered, Mapping) else {}
    first = local_time(told.get("minDateOfEvents")) or local_time(covered.get("start"))
    last = local_time(told.get("maxDateOfEvents")) or local_time(covered.get("end"))
    return Pump(
        str(told["assignmentId"]),
        str(told.get("modelName") or told.get("modelNumber") or ""),
        None if last is None else int(last.replace(tzinfo=UTC).timestamp() * 1000),
        None if first is None else wall_clock.place(first).at_ms,
        None if last is None else wall_clock.place(last, later=True).at_ms,
        told.get("settings"),
    )
