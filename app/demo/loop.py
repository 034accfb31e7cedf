"""What the loop decides every five minutes, from what the sensor says and what it knows of insulin and carbs."""

from __future__ import annotations

from dataclasses import dataclass

from app.demo.body import INSULIN_PEAK_MIN, SLOW_CARBS_PEAK_MIN, share_acted
from app.demo.child import SENSITIVITY_MGDL, TARGET_MGDL

_STEP_U = 0.05
_HIGHEST_RATE = 2.0
_HIGHEST_IOB = 2.5
_SUSPEND_BELOW_MGDL = 78
_MICRO_BOLUS_ABOVE_MGDL = 140
_MOMENTUM_MIN = 15
_PREDICTED = 36


@dataclass(frozen=True, slots=True)
class Known:
    """What the loop knows: glucose and its last change, insulin on board (beyond the schedule) and carbs on board."""

    glucose_mgdl: float
    change_mgdl: float
    iob: float
    cob: float
    carb_rise_mgdl: float
    scheduled_rate: float
    target_mgdl: float = TARGET_MGDL


@dataclass(frozen=True, slots=True)
class Decision:
    """A temporary rate (U/h) for half an hour, and a micro bolus (U, mostly none)."""

    rate: float
    micro_bolus: float = 0.0


def predicted(known: Known) -> list[int]:
    """Return the glucose the loop expects, every five minutes from now for three hours."""
    return [round(max(39.0, _expected(known, 5 * step))) for step in range(_PREDICTED)]


def decide(known: Known) -> Decision:
    """Return what to give until the next reading."""
    eventual, soon = _expected(known, 240), _expected(known, 30)
    if known.glucose_mgdl < _SUSPEND_BELOW_MGDL or soon < _SUSPEND_BELOW_MGDL:
        return Decision(0.0)
    missing = (eventual - known.target_mgdl) / SENSITIVITY_MGDL
    missing = min(missing, _HIGHEST_IOB - known.iob)
    micro_bolus = 0.0
    rising = known.glucose_mgdl > _MICRO_BOLUS_ABOVE_MGDL and known.change_mgdl > -1
    if missing > 4 * _STEP_U and rising:
        micro_bolus = _steps(min(0.4 * missing, 0.4))
    rate = known.scheduled_rate + 2 * (missing - micro_bolus)
    return Decision(_steps(min(max(rate, 0.0), _HIGHEST_RATE)), micro_bolus)


def _expected(known: Known, minutes: float) -> float:
    """Return glucose in so many minutes: what insulin and carbs on board will do, and the present movement fading."""
    fade = min(minutes, _MOMENTUM_MIN) * (1 - min(minutes, _MOMENTUM_MIN) / (2 * _MOMENTUM_MIN))
    insulin = SENSITIVITY_MGDL * known.iob * share_acted(minutes, INSULIN_PEAK_MIN)
    carbs = known.carb_rise_mgdl * known.cob * share_acted(minutes, SLOW_CARBS_PEAK_MIN)
    return known.glucose_mgdl + known.change_mgdl / 5 * fade + carbs - insulin


def _steps(units: float) -> float:
    return round(round(units / _STEP_U) * _STEP_U, 2)
