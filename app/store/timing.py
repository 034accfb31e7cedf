"""How long a query may work."""

from __future__ import annotations

from types import TracebackType

from app.clock import Clock
from app.errors import TooSlow


class TimeLimit:
    """Counts the time spent inside ``with``, so that a reader who takes its time between chunks is not punished."""

    def __init__(self, clock: Clock, limit_ms: int) -> None:
        self._clock = clock
        self._left_s = limit_ms / 1000
        self._began_s = 0.0

    def __enter__(self) -> TimeLimit:
        self._began_s = self._clock.monotonic_s()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left_s -= self._clock.monotonic_s() - self._began_s
        if kind is None and self._left_s < 0:
            raise too_slow()

    def is_over(self) -> bool:
        """Tell, inside ``with``, whether the time is used up."""
        return self._clock.monotonic_s() - self._began_s > self._left_s


def too_slow() -> TooSlow:
    """Return the error for a query that ran past its time limit."""
    return TooSlow("A query took too long and was stopped", hint="Narrow it down, for instance by a date.")
