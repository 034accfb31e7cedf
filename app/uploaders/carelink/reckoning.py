"""How the pump's local times become instants: by the one offset each payload shows of itself.

Every text is what the pump's clock showed, without a zone. A payload tells two times of its own upload, one on that
clock and one true: their difference is the offset of everything in it. It is found anew for each payload, for clocks
are set and people travel; where it cannot be trusted the last good one counts, and before there was one the zone of the
person.

When the offset changes from one payload to the next, the older records in the new one were either written again on the
new clock, or they stand as they stood. The readings tell which: a run of them is looked for where either would put it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from app.glucose.wall_clock import WallClock, ZoneSince
from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS, BadRecord, checked_offset
from app.uploaders.carelink.payload import Payload, flag_of, local_time, number_of
from app.uploaders.vendor import Cursors

OLD_MS = 20 * MINUTE_MS
"""An upload older than this says nothing of the pump's clock."""

OFFSET, BEFORE, SEAM, GUESSED = "offset_min", "offset_before_min", "seam_ms", "guessed"
"""The cursors of the clock: the last good offset; the one before it and until when it counted, 0 where the change left
no seam; 1 while there was no offset and the person's zone had to do."""

NEWEST, RUN = "entries", "run_of_values"
"""The cursors of the readings: the newest we brought, and the hash of the run of values that ends with it."""

_RUN = 6  # readings: half an hour of them is as good as a fingerprint
_SEAM_COUNTS_MS = DAY_MS + HOUR_MS


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading in the order of the payload: what the pump's clock showed, read as if it were UTC, and the value."""

    local_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Reckoning:
    """``clock`` places local times; ``mistaken`` is what placed those of earlier payloads and was wrong, if so."""

    clock: WallClock
    cursors: Mapping[str, int]
    mistaken: WallClock | None = None


def reading_at(local: datetime, value: float) -> Reading:
    """Return a reading as this module compares them."""
    return Reading(_as_utc_ms(local), value)


def best_offset_min(payload: Payload, now_ms: int) -> int | None:
    """Return the offset of the pump's clock from UTC in minutes, in quarters of an hour; None when it cannot be told.

    It cannot while the pump is out of reach or when the upload is more than 20 minutes old.
    """
    server_ms = number_of(payload.get("lastConduitUpdateServerDateTime"))
    if not server_ms or flag_of(payload.get("pumpCommunicationState")) is False:
        return None
    if (number_of(payload.get("currentServerTime")) or now_ms) - server_ms > OLD_MS:
        return None
    try:
        local_ms = _as_utc_ms(local_time(payload.get("lastConduitDateTime")))
    except BadRecord:
        return None
    return checked_offset((local_ms - server_ms) / MINUTE_MS)


def reckoned(
    payload: Payload, readings: Sequence[Reading], cursors: Cursors, person: WallClock, now_ms: int
) -> Reckoning:
    """Return how to place the times of a payload; ``person`` is the clock that counts where nothing better is known."""
    last, best = cursors.get(OFFSET), best_offset_min(payload, now_ms)
    if last is None:
        if best is None:
            return Reckoning(person, {GUESSED: 1})
        return Reckoning(_always(best), {OFFSET: best, GUESSED: 0}, mistaken=person if cursors.get(GUESSED) else None)
    if best is None or best == last:
        before, seam_ms = cursors.get(BEFORE, last), cursors.get(SEAM, 0)
        if seam_ms + _SEAM_COUNTS_MS > now_ms:
            return Reckoning(_changed(before, last, seam_ms), {})
        return Reckoning(_always(last), {})
    seam_ms = _seam_ms(readings, cursors, last, best)
    if not seam_ms:
        return Reckoning(_always(best), {OFFSET: best, SEAM: 0})
    return Reckoning(_changed(last, best, seam_ms), {OFFSET: best, BEFORE: last, SEAM: seam_ms})


def run_of(readings: Sequence[Reading], last: int) -> int:
    """Return the hash of the run of values that ends with the reading in place ``last``."""
    values = [round(reading.value, 1) for reading in readings[max(0, last + 1 - _RUN) : last + 1]]
    return zlib.crc32(repr(values).encode())


def _seam_ms(readings: Sequence[Reading], cursors: Cursors, before: int, after: int) -> int:
    """Return from when on the new offset counts when the older readings stand as they stood; 0 when they do not."""
    newest_ms, run = cursors.get(NEWEST), cursors.get(RUN)
    if newest_ms is None or run is None:
        return 0
    stands = [place for place, one in enumerate(readings) if one.local_ms == newest_ms + before * MINUTE_MS]
    moved = [place for place, one in enumerate(readings) if one.local_ms == newest_ms + after * MINUTE_MS]
    if any(run_of(readings, place) == run for place in moved):
        return 0
    found = next((place for place in stands if run_of(readings, place) == run), None)
    if found is None:
        return 0
    return _last_before_change(readings, found, after - before).local_ms - before * MINUTE_MS + 1


def _last_before_change(readings: Sequence[Reading], start: int, change_min: int) -> Reading:
    """Return the last reading before the one at which the clock jumps by ``change_min``, from ``start`` on."""
    for place in range(start, len(readings) - 1):
        step_min = (readings[place + 1].local_ms - readings[place].local_ms) / MINUTE_MS
        if step_min < 0 if change_min < 0 else step_min >= change_min:
            return readings[place]
    return readings[start]


def _always(offset_min: int) -> WallClock:
    return WallClock.in_zone(_zone(offset_min))


def _changed(before_min: int, after_min: int, seam_ms: int) -> WallClock:
    return WallClock([ZoneSince(0, _zone(before_min)), ZoneSince(seam_ms, _zone(after_min))])


def _zone(offset_min: int) -> tzinfo:
    return timezone(timedelta(minutes=offset_min))


def _as_utc_ms(local: datetime) -> int:
    return int(local.replace(tzinfo=UTC).timestamp()) * 1000
