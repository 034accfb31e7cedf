"""The only reader of the wall clock.

Whoever needs the time takes a ``Clock`` as an argument, so that a test can be any moment it likes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; injected wherever time matters."""

    def now_ms(self) -> int:
        """Return UTC epoch milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow, for measuring how long something takes."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Return UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow, for measuring how long something takes."""
        return time.monotonic()


def iso_of(at_ms: int) -> str:
    """Return an instant (UTC epoch ms) as ISO text with exactly three fraction digits and ``Z``."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def datetime_of(at_ms: int) -> datetime:
    """Return an instant (UTC epoch ms) as an aware ``datetime`` in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
