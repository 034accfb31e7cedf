"""Times of a device whose clock was set by hand, and that wrote down each time it was: from what to what.

Between two settings such a clock is off from the true time by one and the same amount, whatever clocks on walls do: a
reader that nobody set after the night in October goes on showing summer time. So the stretches between the settings
hang together, and one amount for all of them is found by asking where most rows agree with the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.glucose.wall_clock import Placed, WallClock
from app.records.sources.documents import EARLIEST_MS, WIDEST_OFFSET_MIN, BadRecord

_AGREES_MIN = 8
_LATEST_MS = 4_102_444_800_000  # 2100-01-01
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a time on a wall has no zone)


@dataclass(slots=True)
class Stretch:
    """Rows between two settings of a clock. ``ahead_min`` is by how much it was ahead of the first stretch's."""

    ahead_min: float = 0.0
    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def see(self, local: datetime) -> None:
        """Take note of the next row."""
        self.rows += 1
        self.first = self.first or local
        self.last = local


class SetClock:
    """Places the times of a device by the stretch they are from; ``base_min`` is the first one's offset from UTC."""

    def __init__(self, wall_clock: WallClock, stretches: Sequence[Stretch]) -> None:
        self._wall_clock = wall_clock
        self._stretches = stretches
        candidates = [
            wall_clock.place(local).offset_min - stretch.ahead_min
            for stretch in stretches
            for local in (stretch.first, stretch.last)
            if local is not None
        ]
        # Of equals the newest: that is the clock people have looked at last.
        self.base_min = max(reversed(candidates), key=self._agreeing, default=0.0)

    def place(self, local: datetime, stretch: int) -> Placed:
        """Return where a time lies that was written in the stretch of this number. Raises ``BadRecord``."""
        at_ms = _ms(local, self.base_min + self._stretches[stretch].ahead_min)
        if not EARLIEST_MS <= at_ms <= _LATEST_MS:
            raise BadRecord("the device's clock was set to no possible time")
        return self._wall_clock.at(at_ms)

    def _agreeing(self, base_min: float) -> int:
        """Return how many rows lie in stretches whose clock was right if the first one's offset was ``base_min``."""
        return sum(stretch.rows for stretch in self._stretches if self._agrees(stretch, base_min + stretch.ahead_min))

    def _agrees(self, stretch: Stretch, offset_min: float) -> bool:
        if stretch.first is None or stretch.last is None or abs(offset_min) > WIDEST_OFFSET_MIN + _AGREES_MIN:
            return False
        middle_ms = _ms(stretch.first + (stretch.last - stretch.first) / 2, offset_min)
        return abs(self._wall_clock.offset_min(middle_ms) - offset_min) <= _AGREES_MIN


def _ms(local: datetime, offset_min: float) -> int:
    since = local.replace(tzinfo=None) - _EPOCH - timedelta(minutes=offset_min)
    return int(since.total_seconds() * 1000)
