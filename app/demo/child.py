"""Who the made-up child is: settings of the pump, the zone, and the days of its life.

Glucose is mg/dL, insulin U, carbs g. The figures are those of a child of ten with about 27 U a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_BEGINS_HOUR = 4

SENSITIVITY_MGDL = 80
TARGET_MGDL = 110
INSULIN_HOURS = 6
CARBS_PER_HOUR = 25

Schedule = tuple[tuple[int, float], ...]
"""(local hour, value) from midnight on."""

BASAL: Schedule = ((0, 0.35), (4, 0.5), (8, 0.4), (20, 0.35))
RATIOS: Schedule = ((0, 12), (6, 10), (11, 13), (17, 12))
"""U/h, and g for each U."""


@dataclass(frozen=True, slots=True)
class Child:
    """One made-up child: all of its life follows from the seed and the zone it lives in."""

    seed: int
    zone: str

    def begin_ms(self, day: date) -> int:
        """Return when a day of its life begins, at four in the morning: nobody eats or boluses then."""
        local = datetime(day.year, day.month, day.day, DAY_BEGINS_HOUR, tzinfo=ZoneInfo(self.zone))
        return round(local.timestamp() * 1000)

    def local(self, at_ms: int) -> datetime:
        """Return the local time of an instant."""
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(self.zone))

    def day_of(self, at_ms: int) -> date:
        """Return the day of its life an instant belongs to."""
        return (self.local(at_ms) - timedelta(hours=DAY_BEGINS_HOUR)).date()


def scheduled(schedule: Schedule, hour: int) -> float:
    """Return a schedule's value at a local hour."""
    return next(value for start, value in reversed(schedule) if hour >= start)
