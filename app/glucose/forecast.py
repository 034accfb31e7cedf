"""Where glucose goes in the next half hour, by AR2.

AR2 is Nightscout's second-order autoregressive model of the logarithm of glucose over 140 mg/dL, in steps of five
minutes; the coefficients, the loss and the widths of the cone are Nightscout's. It knows of glucose alone, of neither
insulin nor carbs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.glucose.levels import Level
from app.glucose.nightscout_texts import unit_label
from app.glucose.numbers import figure
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit, half_up, in_unit

_REFERENCE_MGDL = 140
_BEFORE, _NOW = -0.723, 1.716
_LOWEST_MGDL, _HIGHEST_MGDL = 36, 400
_STEP_MS = 5 * 60_000
_SHIFT_MS = 2000  # so that a forecast is never drawn on top of a reading
_STEPS = 6
_CONE = (0.020, 0.041, 0.061, 0.081, 0.099, 0.116, 0.132, 0.146, 0.159, 0.171, 0.182, 0.192, 0.201)
_BEST_MGDL = 120
_WARN_LOSS, _URGENT_LOSS = 0.05, 0.10


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Glucose expected at a moment."""

    at_ms: int
    mgdl: int


@dataclass(frozen=True, slots=True)
class ConePoint:
    """Between which values glucose is expected at a moment."""

    at_ms: int
    low_mgdl: int
    high_mgdl: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Six points, five minutes apart, and how far they lie from the best glucose on average (0 is no loss)."""

    points: tuple[ForecastPoint, ...]
    average_loss: float

    @property
    def level(self) -> Level:
        """How much the loss matters: URGENT, WARN or NONE."""
        if self.average_loss > _URGENT_LOSS:
            return Level.URGENT
        return Level.WARN if self.average_loss > _WARN_LOSS else Level.NONE

    def event_name(self, thresholds: Thresholds, *, alarm_high: bool, alarm_low: bool) -> str:
        """Return what is coming in 20 minutes, ``high`` or ``low`` where its alarm is on, else nothing."""
        soon = self.points[3].mgdl
        if alarm_high and soon > thresholds.top:
            return "high"
        return "low" if alarm_low and soon < thresholds.bottom else ""

    def text(self, unit: Unit) -> str:
        """Return what is expected in 15 minutes, ``BG 15m: 206 mg/dl``."""
        return f"BG 15m: {in_unit(self.points[2].mgdl, unit):.{unit.digits}f} {unit_label(unit)}"


def forecast_of(mean_mgdl: float | None, mean_5_min_ago_mgdl: float | None, at_ms: int) -> Forecast | None:
    """Return the forecast from glucose at ``at_ms`` and five minutes before; None without both or below 36 mg/dL."""
    curve = _curve(mean_mgdl, mean_5_min_ago_mgdl)
    if curve is None:
        return None
    points = tuple(
        ForecastPoint(_step_ms(at_ms, step), _mgdl(log)) for step, log in enumerate(islice(curve, _STEPS), start=1)
    )
    losses = [math.log10(point.mgdl / _BEST_MGDL) ** 2 for point in points]
    return Forecast(points, sum(losses) / (_STEPS - 1))


def cone_of(
    mean_mgdl: float | None, mean_5_min_ago_mgdl: float | None, at_ms: int, factor: float = 2
) -> tuple[ConePoint, ...]:
    """Return the cone around the forecast, 13 points wide by ``factor``; empty where there is no forecast."""
    curve = _curve(mean_mgdl, mean_5_min_ago_mgdl)
    wide = figure(factor)
    if curve is None or wide is None:
        return ()
    return tuple(
        ConePoint(_step_ms(at_ms, step), _mgdl(log - abs(wide) * width), _mgdl(log + abs(wide) * width))
        for step, (width, log) in enumerate(zip(_CONE, curve, strict=False), start=1)
    )


def _curve(mean_mgdl: float | None, mean_5_min_ago_mgdl: float | None) -> Iterator[float] | None:
    """Return the steps to come, without end, as logarithms of glucose over 140 mg/dL."""
    mean, before = figure(mean_mgdl), figure(mean_5_min_ago_mgdl)
    if mean is None or mean < _LOWEST_MGDL or before is None or before <= 0:
        return None
    return _steps(math.log(before / _REFERENCE_MGDL), math.log(mean / _REFERENCE_MGDL))


def _steps(before: float, now: float) -> Iterator[float]:
    while True:
        before, now = now, _BEFORE * before + _NOW * now
        yield now


def _step_ms(at_ms: int, step: int) -> int:
    return at_ms + step * _STEP_MS + _SHIFT_MS


def _mgdl(log: float) -> int:
    mgdl = half_up(_REFERENCE_MGDL * math.exp(min(log, 10)))
    return int(min(max(mgdl, _LOWEST_MGDL), _HIGHEST_MGDL))
