"""How Nightscout writes numbers, to the letter, because its clients show these texts as they come."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from app.glucose.numbers import figure
from app.glucose.trend import Direction, known_direction
from app.glucose.units import Unit

_INTEGERS_BELOW = 2**63
"""From here on a number is written with an exponent."""

_UNKNOWN_ARROW = "-"
_NO_ARROW = "⇼"


def js_number(number: float) -> float | None:
    """Return a number as JavaScript writes it: 2 for 2.0, nothing for what is no number."""
    if not math.isfinite(number):
        return None
    return int(number) if abs(number) < _INTEGERS_BELOW and number == int(number) else float(number)


def js_text(number: float) -> str:
    """Return a number as JavaScript puts it into a text, ``2`` for 2.0."""
    return str(js_number(number))


def fixed_text(number: float, digits: int) -> str:
    """Return a number with so many decimals as JavaScript's ``toFixed`` does: halves away from zero, by exact value.

    Empty for what is no number.
    """
    exact = figure(number)
    return "" if exact is None else f"{Decimal(exact + 0.0).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"


def iob_text(units: float | None) -> str:
    """Return insulin on board as properties show it, ``1.01``; nothing and unknown are ``0``, never ``-0.00``."""
    number = figure(units)
    if not number:
        return "0"
    text = fixed_text(number, 2)
    return "0.00" if text == "-0.00" else text


def insulin_text(units: float | None, *, medtronic: bool = False) -> str:
    """Return an amount of insulin cut down to a step a pump can give, ``1.23``; none is ``0``, unknown empty.

    The step is 0.01 U; in ``medtronic`` style 0.05 U up to half a unit and 0.1 U above it.
    """
    number = figure(units)
    if number is None:
        return ""
    if not number:
        return "0"
    step, digits = (0.01, 2) if not medtronic else (0.05, 2) if number <= 0.5 else (0.1, 1)
    return fixed_text(math.floor(number / step) * step, digits)


def change_text(scaled: float) -> str:
    """Return a change of glucose with its sign, ``+5``, ``-0.3``; no change is ``+0``."""
    return f"{'+' if scaled >= 0 else ''}{js_text(scaled)}"


def arrow(told: str) -> str:
    """Return the arrow of a direction, a dash for an unknown one."""
    known = known_direction(told)
    if known is Direction.NONE:
        return _NO_ARROW
    return (known.arrow if known else "") or _UNKNOWN_ARROW


def unit_label(unit: Unit) -> str:
    """Return the label Nightscout gives a unit, ``mg/dl`` or ``mmol/L``."""
    return "mmol/L" if unit is Unit.MMOLL else "mg/dl"
