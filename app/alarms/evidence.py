"""What ends an alarm of glucose: readings that show that it is over. That nothing comes any more shows nothing.

Two readings in range, or one that is 10 mg/dL beyond the limit, and the last of them no older than ten minutes: so that
neither a value that jumps about the limit nor a gap, a sensor that is off or an error code is taken for a recovery.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.alarms.notice import Notice, Side
from app.alarms.rules.glucose import age_ms
from app.glucose.levels import Level
from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import Sense, rank, sense_of
from app.glucose.thresholds import Thresholds
from app.live.measurements import Measurement

BEYOND_MGDL = 10
NEW_MS = 10 * 60_000

_APART_MS = 30_000
"""Nearer than this, two readings are one that two programs uploaded."""


def is_over(
    alarm: Notice, since_ms: int, measurements: Sequence[Measurement], thresholds: Thresholds, now_ms: int
) -> bool:
    """Tell whether an alarm of glucose that a reading of ``since_ms`` raised is over.

    ``measurements`` are those of sensor and finger, oldest first.
    """
    later = [one for one in measurements if since_ms < one.at_ms <= now_ms]
    if not later or age_ms(later[-1], now_ms) > NEW_MS or sense_of(later[-1].mgdl) is not Sense.NUMBER:
        return False
    return _is_beyond(alarm, later[-1], thresholds) or _are_two_in_range(later, thresholds)


def _is_beyond(alarm: Notice, last: Measurement, thresholds: Thresholds) -> bool:
    """Tell whether a number is clear of the limit that was crossed."""
    is_urgent, place = alarm.level is Level.URGENT, rank(last.mgdl)
    if alarm.side is Side.LOW:
        return place >= (thresholds.very_low if is_urgent else thresholds.bottom) + BEYOND_MGDL
    if alarm.side is Side.HIGH:
        return place <= (thresholds.very_high if is_urgent else thresholds.top) - BEYOND_MGDL
    return False


def _are_two_in_range(later: Sequence[Measurement], thresholds: Thresholds) -> bool:
    last = later[-1]
    before = next((one for one in reversed(later) if last.at_ms - one.at_ms >= _APART_MS), None)
    return before is not None and all(range_of(one.mgdl, thresholds) is Range.IN_RANGE for one in (before, last))
