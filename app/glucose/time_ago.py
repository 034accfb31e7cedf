"""How long ago something was, in Nightscout's words."""

from __future__ import annotations

from dataclasses import dataclass

from app.glucose.numbers import moment
from app.glucose.staleness import is_ahead
from app.glucose.units import half_up

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

# An age below the first number (ms) is counted in the second (ms).
_STEPS = (
    (2 * _MINUTE_MS, _MINUTE_MS, "min ago", "m"),
    (_HOUR_MS, _MINUTE_MS, "mins ago", "m"),
    (2 * _HOUR_MS, _HOUR_MS, "hour ago", "h"),
    (_DAY_MS, _HOUR_MS, "hours ago", "h"),
    (2 * _DAY_MS, _DAY_MS, "day ago", "d"),
    (7 * _DAY_MS, _DAY_MS, "days ago", "d"),
)


@dataclass(frozen=True, slots=True)
class TimeAgo:
    """An age as a number, None when it is not counted, and the words after it, ``mins ago``, or in short ``m``."""

    value: int | None
    label: str
    short: str

    @property
    def text(self) -> str:
        """The age in short, ``4m ago``; without a number the words alone, ``ago`` or ``future``."""
        return self.short if self.value is None else f"{self.value}{self.short} ago"


def time_ago(at_ms: int | None, now_ms: int) -> TimeAgo:
    """Return how long before ``now_ms`` this was (None: nobody knows); clocks may run ahead by five minutes."""
    at = moment(at_ms)
    if at is None:
        return TimeAgo(None, "time ago", "ago")
    if is_ahead(at, now_ms):
        return TimeAgo(None, "in the future", "future")
    age_ms = now_ms - at
    for below_ms, unit_ms, label, short in _STEPS:
        if age_ms < below_ms:
            return TimeAgo(max(1, int(half_up(age_ms / unit_ms))), label, short)
    return TimeAgo(None, "long ago", "ago")
