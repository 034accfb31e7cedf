"""How old a reading is, as a state: what is fresh, late, old, gone, or impossible because it is dated in the future.

The age is the sensor's, and never younger than the time since the reading arrived: a reading cannot have been measured
after we received it, so a clock that runs ahead cannot make an old reading look new.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median

from app.glucose.measured import Measured

_MINUTE_MS = 60_000

FRESH_MS = 6 * _MINUTE_MS
LATE_MS = 15 * _MINUTE_MS
OLD_MS = 30 * _MINUTE_MS

FUTURE_TOLERANCE_MS = 5 * _MINUTE_MS
"""How far a clock may run ahead of ours before its readings are an error: Nightscout's limit."""

DEFAULT_INTERVAL_MS = 5 * _MINUTE_MS

_INTERVALS_SEEN = 12
_MINUTE_SENSOR_BELOW_MS = 2.5 * _MINUTE_MS
_QUARTER_HOUR_SENSOR_FROM_MS = 13 * _MINUTE_MS  # later than a five-minute sensor that loses every other reading


class Staleness(StrEnum):
    """The states of age.

    FRESH up to six minutes (or 1.2 times the sensor's own interval), LATE up to 15, OLD up to 30, then GONE. NEVER when
    there is no reading; FUTURE when it is dated further ahead than clocks may differ.
    """

    FRESH = "fresh"
    LATE = "late"
    OLD = "old"
    GONE = "gone"
    NEVER = "never"
    FUTURE = "future"

    @property
    def current(self) -> bool:
        """True while the number may be read as what is now: trend and delta are shown, nothing is grey."""
        return self in (Staleness.FRESH, Staleness.LATE)


def is_ahead(at_ms: int, by_ms: int) -> bool:
    """Tell whether a reading is dated further ahead of the moment ``by_ms`` than clocks may differ."""
    return at_ms - by_ms > FUTURE_TOLERANCE_MS


def age_ms_of(now_ms: int, at_ms: int, received_ms: int | None = None) -> int:
    """Return the age of a reading, never negative and never less than the time since it was received."""
    return max(0, now_ms - (at_ms if received_ms is None else min(at_ms, received_ms)))


def staleness_of(
    now_ms: int, at_ms: int | None, received_ms: int | None = None, *, interval_ms: int = DEFAULT_INTERVAL_MS
) -> Staleness:
    """Return the state of a reading measured at ``at_ms`` (None: there is none) and received at ``received_ms``."""
    if at_ms is None:
        return Staleness.NEVER
    if is_ahead(at_ms, now_ms):
        return Staleness.FUTURE
    age_ms = age_ms_of(now_ms, at_ms, received_ms)
    if age_ms <= max(FRESH_MS, 1.2 * interval_ms):
        return Staleness.FRESH
    if age_ms <= LATE_MS:
        return Staleness.LATE
    return Staleness.OLD if age_ms <= OLD_MS else Staleness.GONE


def interval_ms_of(readings: Sequence[Measured]) -> int:
    """Return a sensor's own interval, from the spacing of its newest readings (oldest first).

    It is the kind of sensor (1, 5 or 15 minutes) that the median of the last twelve spacings fits, so that neither gaps
    nor doubled readings make another sensor of it; 5 until three spacings are known.
    """
    newest = readings[-_INTERVALS_SEEN - 1 :]
    apart = [later.at_ms - earlier.at_ms for earlier, later in pairwise(newest)]
    apart = [ms for ms in apart if ms > _MINUTE_MS // 2]
    if len(apart) < 3:
        return DEFAULT_INTERVAL_MS
    usual_ms = median(apart)
    if usual_ms < _MINUTE_SENSOR_BELOW_MS:
        return _MINUTE_MS
    return DEFAULT_INTERVAL_MS if usual_ms < _QUARTER_HOUR_SENSOR_FROM_MS else 15 * _MINUTE_MS
