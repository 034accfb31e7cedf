"""The four limits a person's glucose is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from app.glucose.units import Unit, from_unit

_HIGHEST_MMOLL_BG_HIGH = 50  # Nightscout takes a BG_HIGH below this for mmol/L


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits in mg/dL, each below the next; in range is ``bottom`` to ``top``, both included.

    The defaults are the consensus limits of time in range (Battelino et al., Diabetes Care 2019;42:1593). ValueError
    when they do not ascend.
    """

    very_low: int = 54
    bottom: int = 70
    top: int = 180
    very_high: int = 250

    def __post_init__(self) -> None:
        if not self.very_low < self.bottom < self.top < self.very_high:
            raise ValueError(f"limits must ascend: {self.very_low}, {self.bottom}, {self.top}, {self.very_high}")


def thresholds_in(unit: Unit, *, very_low: float, bottom: float, top: float, very_high: float) -> Thresholds:
    """Return the limits somebody gave in ``unit``; ValueError when they do not ascend in whole mg/dL."""
    return Thresholds(*(from_unit(number, unit) for number in (very_low, bottom, top, very_high)))


def nightscout_thresholds(
    unit: Unit, *, bg_low: float = 55, bg_target_bottom: float = 80, bg_target_top: float = 180, bg_high: float = 260
) -> Thresholds:
    """Return the limits of Nightscout's ``BG_*`` settings, put right by its own rules instead of refused.

    With mmol/L display and a ``bg_high`` below 50 all four are mmol/L. Then, in this order: the bottom moves below the
    top, low below the bottom, high above the top.
    """
    given = unit if bg_high < _HIGHEST_MMOLL_BG_HIGH else Unit.MGDL
    low, bottom, top, high = (from_unit(number, given) for number in (bg_low, bg_target_bottom, bg_target_top, bg_high))
    bottom = min(bottom, top - 1)
    return Thresholds(min(low, bottom - 1), bottom, top, max(high, top + 1))


def nightscout_names(thresholds: Thresholds) -> dict[str, int]:
    """Return limits (mg/dL) by the names Nightscout's clients know them by."""
    return {
        "bgHigh": thresholds.very_high,
        "bgTargetTop": thresholds.top,
        "bgTargetBottom": thresholds.bottom,
        "bgLow": thresholds.very_low,
    }
