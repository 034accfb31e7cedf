"""The two units of glucose: the only place that knows the factor between them and how numbers are rounded.

Everything inside is mg/dL; mmol/L exists at the edge, for a viewer who asked for it.
"""

from __future__ import annotations

import math
from enum import StrEnum

MGDL_PER_MMOLL = 18.01559
"""A tenth of glucose's molar mass (180.1559 g/mol); the figure Nightscout and its clients convert with."""


class Unit(StrEnum):
    """A unit of glucose; its value is the label shown beside a number."""

    MGDL = "mg/dL"
    MMOLL = "mmol/L"

    @property
    def digits(self) -> int:
        """How many decimals a number in this unit always has."""
        return 1 if self is Unit.MMOLL else 0


def unit_named(text: str) -> Unit:
    """Return the unit a setting or document names: whatever contains ``mmol`` is mmol/L, all else mg/dL."""
    return Unit.MMOLL if "mmol" in text.lower() else Unit.MGDL


def half_up(value: float, digits: int = 0) -> float:
    """Round to ``digits`` decimals, halves towards positive infinity as JavaScript and every Nightscout client do."""
    step = 10.0**digits
    below = math.floor(value * step)
    return (below + (value * step - below >= 0.5)) / step


def mmoll_of(mgdl: float) -> float:
    """Return mg/dL as mmol/L, rounded to the one decimal it is always shown with."""
    return half_up(mgdl / MGDL_PER_MMOLL, 1)


def mgdl_of(mmoll: float) -> int:
    """Return mmol/L as whole mg/dL, the form readings are stored in."""
    return int(half_up(mmoll * MGDL_PER_MMOLL))


def in_unit(mgdl: float, unit: Unit) -> float:
    """Return the number a viewer reads in ``unit``: whole mg/dL, or mmol/L with one decimal."""
    return mmoll_of(mgdl) if unit is Unit.MMOLL else half_up(mgdl)


def from_unit(number: float, unit: Unit) -> int:
    """Return whole mg/dL for a number somebody gave in ``unit``."""
    return mgdl_of(number) if unit is Unit.MMOLL else int(half_up(number))
