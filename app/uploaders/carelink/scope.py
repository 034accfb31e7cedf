"""What every part of the mapper knows: whose records these are, how their times are placed, and what time it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from app.glucose.wall_clock import Placed, WallClock
from app.records.sources.acts import Act
from app.records.sources.documents import FUTURE_MS, MINUTE_MS, BadRecord, checked_instant, identifier_of

VENDOR = "carelink"
DEVICE = "nightlight-carelink"

_OUT_OF_ORDER_MS = 10 * MINUTE_MS  # records are this far out of order without a clock having been set

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Scope:
    """``account`` is the user name of the wearer, ``now_ms`` our clock (UTC epoch ms)."""

    account: str
    clock: WallClock
    now_ms: int

    def place(self, local: datetime, before_ms: int | None = None) -> Placed:
        """Return where a local time lies. Raises ``BadRecord`` when that is in the future or long ago.

        Where it was shown twice it is the later one, but not after ``before_ms`` (of a newer record) and not after now.
        """
        latest_ms = self.now_ms + FUTURE_MS
        if before_ms is not None:
            latest_ms = min(latest_ms, before_ms + _OUT_OF_ORDER_MS)
        found = self.clock.places(local) or [self.clock.place(local)]
        placed = next((one for one in reversed(found) if one.at_ms <= latest_ms), found[0])
        checked_instant(placed.at_ms, self.now_ms)
        return placed

    def newest_first(self) -> Callable[[datetime], Placed]:
        """Return what places records from the newest back, each before the one that was placed last.

        The newest is near now, which tells the clock's present time from the one it was set from.
        """
        last_ms: int | None = None

        def place(local: datetime) -> Placed:
            nonlocal last_ms
            placed = self.place(local, last_ms)
            last_ms = placed.at_ms
            return placed

        return place

    def name(self, kind: str, record: int | str) -> str:
        """Return the identifier of a record."""
        return identifier_of(VENDOR, self.account, kind, record)

    def act(self, kind: str, at: Placed, notes: str = "") -> Act:
        """Return what a treatment of this instant says of itself."""
        identifier = self.name(kind, at.at_ms)
        return Act(identifier=identifier, at_ms=at.at_ms, entered_by=DEVICE, offset_min=at.offset_min, notes=notes)


def each(records: Iterable[R], use: Callable[[R], None], unusable: list[str]) -> None:
    """Use records one by one; one that cannot be used is left out, and ``unusable`` says why."""
    for record in records:
        try:
            use(record)
        except BadRecord as problem:
            unusable.append(str(problem))
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            unusable.append("a record has an unknown shape")
