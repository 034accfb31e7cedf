"""What the calculations need to know of a reading."""

from __future__ import annotations

from typing import Protocol


class Measured(Protocol):
    """A glucose value and the moment the sensor measured it (UTC epoch milliseconds)."""

    @property
    def at_ms(self) -> int:
        """When the sensor measured it."""
        ...

    @property
    def mgdl(self) -> float:
        """The stored number, sentinels included."""
        ...
