"""In which of the five ranges a reading lies."""

from __future__ import annotations

from enum import IntEnum

from app.glucose.sentinels import rank
from app.glucose.thresholds import Thresholds


class Range(IntEnum):
    """The five ranges, in order; negative is below target, positive above."""

    VERY_LOW = -2
    LOW = -1
    IN_RANGE = 0
    HIGH = 1
    VERY_HIGH = 2

    @property
    def words(self) -> str:
        """The name as people say it, ``very low`` or ``in range``."""
        return self.name.replace("_", " ").lower()


def range_of(mgdl: float, thresholds: Thresholds) -> Range:
    """Return the range of a stored number; LOW and error codes are very low, HIGH is very high, whatever the limits."""
    place = rank(mgdl)
    if place < thresholds.very_low:
        return Range.VERY_LOW
    if place < thresholds.bottom:
        return Range.LOW
    if place > thresholds.very_high:
        return Range.VERY_HIGH
    if place > thresholds.top:
        return Range.HIGH
    return Range.IN_RANGE
