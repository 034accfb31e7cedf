"""Fields of documents as they really come: numbers as text, parts that are missing or of another shape, odd dates.

Each function returns what is there, or None (empty for texts and parts) when it makes no sense; none raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from app.records.numbers import numeric_text
from app.records.times import MS_2000, read_instant

Document = Mapping[str, Any]


def is_number(value: object) -> bool:
    """Tell whether this is a finite number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any) -> float | None:
    """Return the number this is, or holds as text."""
    return value if is_number(value) else numeric_text(value)


def first_number(document: Document, *names: str) -> float | None:
    """Return the number in the first of these fields that holds one."""
    return next((found for name in names if (found := number(document.get(name))) is not None), None)


def moment(written: object) -> int | None:
    """Return the instant (UTC epoch ms) somebody wrote; nothing before the year 2000 is one."""
    instant = read_instant(written)
    return instant.at_ms if instant and instant.at_ms >= MS_2000 else None


def first_moment(document: Document, *names: str) -> int | None:
    """Return the instant in the first of these fields that holds one."""
    return next((found for name in names if (found := moment(document.get(name))) is not None), None)


def text(value: object) -> str:
    """Return the text this is, without blanks around it."""
    return value.strip() if isinstance(value, str) else ""


def part(document: Document, name: str) -> Document:
    """Return the part of a document with this name."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}
