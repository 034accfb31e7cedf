"""How amounts of insulin and carbohydrates are written."""

from __future__ import annotations

from app.glucose.display import MINUS
from app.glucose.units import half_up


def units_text(units: float) -> str:
    """Return insulin with two decimals, ``0.40 U``; none at all is ``0 U``."""
    return f"{_two_decimals(units)} U"


def rate_text(units_per_hour: float) -> str:
    """Return a basal rate, ``0.75 U/h``; none is ``0 U/h``."""
    return f"{_two_decimals(units_per_hour)} U/h"


def grams_text(grams: float) -> str:
    """Return carbohydrates in g with a decimal only where there is one, ``8 g``, ``7.5 g``."""
    return f"{half_up(grams, 1):g} g"


def reservoir_text(units: float) -> str:
    """Return what is left in a reservoir: whole units, one decimal below ten, ``82 U``, ``7.5 U``."""
    digits = 1 if units < 10 else 0
    return f"{half_up(units, digits):.{digits}f} U"


def _two_decimals(number: float) -> str:
    rounded = half_up(number, 2)
    if not rounded:
        return "0"
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):.2f}"
