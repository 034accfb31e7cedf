"""The documents as they stood behind the picture of a past moment, read anew from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.clock import iso_of
from app.live.documents import Documents
from app.live.lookup import Lookup
from app.live.recent import Recent, reported_ms, treatment_ms
from app.store.interface import Document, Store

_WIDEST_OFFSET_MS = 14 * 3_600_000


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """A clock that stands at one moment."""

    at_ms: int

    def now_ms(self) -> int:
        """Return the moment it stands at."""
        return self.at_ms

    def monotonic_s(self) -> float:
        """Return the same moment in seconds."""
        return self.at_ms / 1000


def documents_at(store: Store, at_ms: int, *, status_days: int = 1) -> Documents:
    """Return the documents of the windows that end at a moment; none of them is later. Errors of the store pass."""
    clock = StoppedClock(at_ms)
    recent = Recent(_LookupUntil(store, clock), clock, status_days=status_days)
    recent.load()
    return recent.documents()


class _LookupUntil(Lookup):
    """Reads nothing that is later than its clock."""

    def __init__(self, store: Store, clock: StoppedClock) -> None:
        super().__init__(store, clock)
        self._until_ms = clock.at_ms

    def since(self, collection: str, from_ms: int) -> list[Document]:
        """Return the documents of a collection between ``from_ms`` and the moment."""
        if collection == "entries":
            between = {"$gte": iso_of(from_ms), "$lte": iso_of(self._until_ms)}
            dated = self._entries.search({"date": {"$gte": from_ms, "$lte": self._until_ms}})
            undated = self._entries.search({"date": {"$exists": False}, "sysTime": between})
            return [*dated, *undated]
        # Text dates with another offset than Z sort by their local time: look further, then by the moment.
        between = {"$gte": iso_of(from_ms - _WIDEST_OFFSET_MS), "$lte": iso_of(self._until_ms + _WIDEST_OFFSET_MS)}
        moment_of = treatment_ms if collection == "treatments" else reported_ms
        found = self._by_collection[collection].search({"created_at": between})
        return [document for document in found if (moment_of(document) or self._until_ms + 1) <= self._until_ms]

    def profiles(self) -> Iterable[Document]:
        """Return the profile that had started last, else the one that starts last."""
        started = [*self._profiles.search({"startDate": {"$lte": iso_of(self._until_ms)}}, limit=1)]
        return started or super().profiles()
