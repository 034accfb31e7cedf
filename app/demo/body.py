"""How glucose answers to insulin, carbs and exercise: two compartments each, one step a minute.

Insulin and carbs pass two compartments in turn before they act, as in Hovorka's model (Physiol. Meas. 2004;25:905),
with its time to the peak of insulin and of slow carbs. Insulin counts as the difference to what the body needs at rest,
so that with the right basal rate glucose stays where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

INSULIN_PEAK_MIN = 55
SLOW_CARBS_PEAK_MIN = 40
FAST_CARBS_PEAK_MIN = 12
_SENSOR_LAG_MIN = 8
_EXERCISE_LAG_MIN = 12
_EXERCISE_UPTAKE = 1.1  # mg/dL a minute, taken up by working muscle
_LIVER_BELOW_MGDL, _LIVER_SHARE = 65, 0.02  # the liver gives sugar when glucose is low
_KIDNEY_ABOVE_MGDL, _KIDNEY_SHARE = 220, 0.006  # the kidneys let sugar go when it is high


@dataclass(slots=True)
class Depot:
    """Something taken that acts later, through two compartments."""

    peak_min: float
    first: float = 0.0
    second: float = 0.0

    @property
    def left(self) -> float:
        """How much has not acted yet."""
        return self.first + self.second

    def take(self, amount: float) -> None:
        """Take an amount at once."""
        self.first += amount

    def fade(self, share: float) -> None:
        """Lose a share of it without an effect."""
        self.first *= 1 - share
        self.second *= 1 - share

    def minute(self) -> float:
        """Let a minute pass and return how much acted in it."""
        moves, acts = self.first / self.peak_min, self.second / self.peak_min
        self.first -= moves
        self.second += moves - acts
        return acts


@dataclass(slots=True)
class Body:
    """Glucose in the blood and, some minutes later, where the sensor measures; mg/dL."""

    glucose: float
    sensed: float
    sensitivity_mgdl: float
    insulin: Depot = field(default_factory=lambda: Depot(INSULIN_PEAK_MIN))
    slow_carbs: Depot = field(default_factory=lambda: Depot(SLOW_CARBS_PEAK_MIN))
    fast_carbs: Depot = field(default_factory=lambda: Depot(FAST_CARBS_PEAK_MIN))
    exertion: float = 0.0

    def minute(self, *, net_insulin: float, carb_rise_mgdl: float, exercising: bool, drift_mgdl: float) -> None:
        """Let a minute pass.

        ``net_insulin`` is what was given beyond the need at rest (U), ``carb_rise_mgdl`` what a gram does,
        ``drift_mgdl`` what comes from nowhere in particular.
        """
        self.insulin.take(net_insulin)
        self.exertion += (float(exercising) - self.exertion) / _EXERCISE_LAG_MIN
        change = drift_mgdl - self.sensitivity_mgdl * self.insulin.minute() - _EXERCISE_UPTAKE * self.exertion
        change += carb_rise_mgdl * (self.slow_carbs.minute() + self.fast_carbs.minute())
        change += _LIVER_SHARE * max(0.0, _LIVER_BELOW_MGDL - self.glucose)
        change -= _KIDNEY_SHARE * max(0.0, self.glucose - _KIDNEY_ABOVE_MGDL)
        self.glucose = max(25.0, self.glucose + change)
        self.sensed += (self.glucose - self.sensed) / _SENSOR_LAG_MIN


def share_acted(minutes: float, peak_min: float) -> float:
    """Return which share of an amount has acted so many minutes after it was taken."""
    return 1 - (1 + minutes / peak_min) * math.exp(-minutes / peak_min)
