"""Numbers as JavaScript reads them, because Nightscout's clients count on it."""

from __future__ import annotations

import math
import re

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_HEX = re.compile(r"0x[0-9a-f]{1,13}", re.ASCII | re.IGNORECASE)
_LEADING_INTEGER = re.compile(r"\s*([+-]?\d{1,18})", re.ASCII)

_LARGEST_INT = 2**63 - 1


def whole(number: float) -> float:
    """Return a number without a fraction as ``int``, and one no store can keep as a whole number as ``float``."""
    if isinstance(number, int):
        return number if abs(number) <= _LARGEST_INT else float(number)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def js_number(value: object) -> float | None:
    """Return what JavaScript's ``Number(value)`` gives, whole numbers as ``int``; None for its NaN and infinities.

    So ``""``, ``None`` and ``False`` are 0, ``True`` is 1 and ``" 2.00 "`` is 2.
    """
    if value is None or value is False:
        return 0
    if value is True:
        return 1
    if isinstance(value, int | float):
        return whole(value) if math.isfinite(value) else None
    return _number_in(value.strip()) if isinstance(value, str) else None


def _number_in(text: str) -> float | None:
    if not text:
        return 0
    if _HEX.fullmatch(text):
        return int(text, 16)
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return whole(number) if math.isfinite(number) else None


def numeric_text(value: object) -> float | None:
    """Return the number a text holds, or None for anything else, an empty text included."""
    return _number_in(value.strip()) if isinstance(value, str) and value.strip() else None


def leading_integer(value: object) -> int | None:
    """Return what JavaScript's ``parseInt(value)`` gives: ``2.7`` and ``2x`` are 2; None for its NaN."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if math.isfinite(value) else None
    found = _LEADING_INTEGER.match(value) if isinstance(value, str) else None
    return int(found[1]) if found else None
