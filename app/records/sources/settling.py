"""One event, one record, whichever came first: what a lesser source brought makes way for a better source's record.

A source that brings what a better one has already told is stopped before it is stored (``neighbours``). Here the other
order is put right: the loop's own bolus that arrives after the pump's cloud has told it, the phone that was away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.clock import iso_of
from app.records.sources.documents import MINUTE_MS, TIME_FIELDS, ms_of
from app.records.sources.keeping import Keeping
from app.records.sources.kinds import BASALS, kind_of
from app.records.sources.neighbours import AROUND_READINGS_MS, AROUND_TREATMENTS_MS
from app.records.sources.ranks import Ranks, is_brought
from app.records.sources.sameness import lacking, told_again, twins
from app.store.interface import Document

SETTLED = ("entries", "treatments")
"""The collections in which events of several sources meet."""

_INTERVAL_MS = 5 * MINUTE_MS
_WIDEST_MS = 86_400_000


class Settling:
    """Settles who tells an event. ``ranks`` are read anew for each settling by whoever makes one."""

    def __init__(self, keeping: Keeping, ranks: Ranks) -> None:
        self._keeping = keeping
        self._ranks = ranks

    def settle(self, collection: str, documents: Sequence[Document]) -> int:
        """Settle the time around some documents of one collection; return how many records made way."""
        field = TIME_FIELDS[collection]
        times = sorted(at_ms for one in documents if (at_ms := ms_of(one.get(field))) is not None)
        settled, start = 0, 0
        for place in range(1, len(times) + 1):
            if place == len(times) or times[place] - times[start] > _WIDEST_MS:
                settled += self._settle(collection, times[start], times[place - 1])
                start = place
        return settled

    def _settle(self, collection: str, first_ms: int, last_ms: int) -> int:
        around_ms = AROUND_READINGS_MS if collection == "entries" else AROUND_TREATMENTS_MS
        there = self._between(collection, first_ms - around_ms, last_ms + around_ms)
        if not any(map(is_brought, there)):
            return 0
        work = self._readings if collection == "entries" else self._treatments
        gone = 0
        for rank in sorted({self._ranks.of(one) for one in there if is_brought(one)}, reverse=True):
            lesser = [one for one in there if self._ranks.of(one) == rank]
            better = [one for one in there if self._ranks.of(one) < rank]
            if better:
                gone += work(lesser, better)
        return gone

    def _readings(self, lesser: Sequence[Document], better: Sequence[Document]) -> int:
        sensor = [one for one in better if one.get("type") == "sgv"]
        doubled = twins([one for one in lesser if one.get("type") == "sgv"], sensor, _INTERVAL_MS)
        missing = [(theirs, fields) for ours, theirs in doubled if (fields := lacking(theirs, ours))]
        self._keeping.complete(missing)
        self._keeping.mark_deleted("entries", [ours for ours, _ in doubled])
        return len(doubled)

    def _treatments(self, lesser: Sequence[Document], better: Sequence[Document]) -> int:
        judged = [one for one in lesser if not self._stays(one)]
        doubled = told_again(judged, better)
        self._keeping.mark_deleted("treatments", doubled)
        return len(doubled)

    def _stays(self, document: Document) -> bool:
        kind = kind_of("treatments", document)
        return kind == BASALS and self._ranks.is_wanted_always(document, kind)

    def _between(self, collection: str, first_ms: int, last_ms: int) -> list[Document]:
        written: Callable[[int], object] = int if collection == "entries" else iso_of
        span = {TIME_FIELDS[collection]: {"$gte": written(first_ms), "$lte": written(last_ms)}}
        return list(self._keeping.records[collection].search(span, sort=()))
