"""How much glucose changed, by Nightscout's five-minute buckets, so that every app shows the same number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.glucose.display import signed_text
from app.glucose.measured import Measured
from app.glucose.sentinels import LOW_MGDL
from app.glucose.units import Unit, half_up, in_unit

_MINUTE_MS = 60_000
_BUCKET_MS = 5 * _MINUTE_MS
_BUCKETS = 4
_INTERPOLATED_BEYOND_MIN = 9


@dataclass(frozen=True, slots=True)
class Bucket:
    """The readings of five minutes, newest first; ``index`` 0 is centred on the newest reading.

    ``mean_mgdl``, ``last_mgdl`` and ``at_ms`` (of the newest) are those of the readings above LOW, None when there is
    none.
    """

    index: int
    from_ms: int
    to_ms: int
    readings: tuple[Measured, ...]
    mean_mgdl: float | None = None
    last_mgdl: float | None = None
    at_ms: int | None = None

    @property
    def errors(self) -> tuple[Measured, ...]:
        """The readings below LOW, which are error codes in Nightscout's contract."""
        return tuple(reading for reading in self.readings if reading.mgdl < LOW_MGDL)


@dataclass(frozen=True, slots=True)
class Delta:
    """The change between two buckets.

    ``absolute_mgdl`` over ``elapsed_min`` is what was measured. ``mgdl`` is the change in five minutes, worked out from
    it when more than nine minutes lie between (``interpolated``); ``mean_5_min_ago_mgdl`` is where that puts the start.
    """

    absolute_mgdl: float
    elapsed_min: float
    interpolated: bool
    mean_mgdl: float
    mean_5_min_ago_mgdl: float
    mgdl: int
    recent_ms: int
    previous_ms: int

    def scaled(self, unit: Unit) -> float:
        """Return the five-minute change in ``unit``; in mmol/L it is the difference of the two shown numbers."""
        if unit is Unit.MGDL:
            return self.mgdl
        return half_up(in_unit(self.mean_mgdl, unit) - in_unit(self.mean_5_min_ago_mgdl, unit), unit.digits)

    def text(self, unit: Unit) -> str:
        """Return the five-minute change with its sign, ``−6`` or ``+0.3``."""
        return signed_text(self.scaled(unit), unit)

    def measured_text(self, unit: Unit) -> str:
        """Return the change that was measured over ``elapsed_min``, with its sign; nothing is worked out."""
        before = in_unit(self.mean_mgdl - self.absolute_mgdl, unit)
        return signed_text(half_up(in_unit(self.mean_mgdl, unit) - before, unit.digits), unit)


def buckets(readings: Sequence[Measured], now_ms: int) -> tuple[Bucket, ...]:
    """Sort the newest readings (``readings`` oldest first) into four buckets, newest first; none without a reading.

    Each covers five minutes, both ends included; the first that covers a reading takes it. Readings in the future are
    passed over; the walk back ends at the first reading no bucket covers.
    """
    past = (reading for reading in reversed(readings) if reading.at_ms <= now_ms)
    newest = next(past, None)
    if newest is None:
        return ()
    starts = [newest.at_ms - _BUCKET_MS // 2 - index * _BUCKET_MS for index in range(_BUCKETS)]
    held: list[list[Measured]] = [[newest], *([] for _ in starts[1:])]
    for reading in past:
        place = next((i for i, start in enumerate(starts) if start <= reading.at_ms <= start + _BUCKET_MS), None)
        if place is None:
            break
        held[place].append(reading)
    return tuple(_bucket(index, start, tuple(held[index])) for index, start in enumerate(starts))


def _bucket(index: int, from_ms: int, readings: tuple[Measured, ...]) -> Bucket:
    real = [reading for reading in readings if reading.mgdl > LOW_MGDL]
    if not real:
        return Bucket(index, from_ms, from_ms + _BUCKET_MS, readings)
    mean = sum(reading.mgdl for reading in real) / len(real)
    return Bucket(index, from_ms, from_ms + _BUCKET_MS, readings, mean, real[0].mgdl, real[0].at_ms)


def delta_of(sorted_buckets: Sequence[Bucket]) -> Delta | None:
    """Return the change between the two newest buckets that hold readings, None when either has no mean."""
    filled = [bucket for bucket in sorted_buckets if bucket.readings][:2]
    if len(filled) < 2:
        return None
    recent, previous = filled
    if recent.mean_mgdl is None or previous.mean_mgdl is None or recent.at_ms is None or previous.at_ms is None:
        return None
    absolute = recent.mean_mgdl - previous.mean_mgdl
    elapsed_min = (recent.at_ms - previous.at_ms) / _MINUTE_MS
    interpolated = elapsed_min > _INTERPOLATED_BEYOND_MIN
    ago = recent.mean_mgdl - (absolute / elapsed_min * 5 if interpolated else absolute)
    return Delta(
        absolute_mgdl=absolute,
        elapsed_min=elapsed_min,
        interpolated=interpolated,
        mean_mgdl=recent.mean_mgdl,
        mean_5_min_ago_mgdl=ago,
        mgdl=int(half_up(recent.mean_mgdl - ago)),
        recent_ms=recent.at_ms,
        previous_ms=previous.at_ms,
    )
