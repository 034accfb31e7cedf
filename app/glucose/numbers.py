"""Numbers as they really come: as text, missing, or not a number at all."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:[.,]\d{0,30})?|[.,]\d{1,30})(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_LARGEST = 1e15  # no amount and no moment is larger
_SMALLEST = 1e-9  # no amount is smaller, and to divide by less is to divide by nothing


def figure(value: object) -> float | None:
    """Return the number this is or holds as text (a decimal comma is understood), None for all else.

    A text that is only partly a number is none: half an amount of insulin is not an amount of insulin. Nothing beyond
    1e15 is a number; what is nearer to 0 than 1e-9 is 0.
    """
    if isinstance(value, str):
        text = value.strip()
        value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value) if abs(value) >= _SMALLEST else 0.0


def positive(value: object) -> float | None:
    """Return the number this is when it is above zero."""
    number = figure(value)
    return number if number is not None and number > 0 else None


def moment(value: object) -> int | None:
    """Return the whole milliseconds of an instant, None when it is none."""
    number = figure(value)
    return None if number is None else math.floor(number)
