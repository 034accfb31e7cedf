"""What is stored here, in the order in which it changed, for whoever carries it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.clock import Clock
from app.records.ids import object_id
from app.records.stamps import CHANGED, settled_before_ms
from app.store import ObjectId
from app.store.interface import Document, Store

PAGE = 500
_FIRST_ID = ObjectId("0" * 24)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Reads one person's documents as they changed, deleted ones among them (``isValid: false``)."""

    store: Store
    clock: Clock

    def changed(self, collection: str, after_ms: int) -> Iterator[list[Document]]:
        """Yield documents whose ``srvModified`` is above ``after_ms``, oldest change first, in pages.

        Documents of one stamp are never torn apart between two pages, so that the last stamp of a page is where to go
        on. What this process is writing at this moment is left for the next time; what another one is writing may come
        later with a stamp that was passed: whoever must not miss it begins a little earlier than where he ended.
        """
        kept = self.store.collection(collection)
        end_ms = settled_before_ms(self.clock)
        while True:
            span = {CHANGED: {"$gt": after_ms, "$lt": end_ms}}
            page = list(kept.find(span, sort=((CHANGED, 1), ("_id", 1)), limit=PAGE))
            if not page:
                return
            last_ms = page[-1][CHANGED]
            if len(page) == PAGE:
                same = kept.find({CHANGED: last_ms}, sort=(("_id", 1),))
                page = [one for one in page if one[CHANGED] != last_ms] + list(same)
            yield page
            after_ms = last_ms

    def never_stamped(self, collection: str, after: ObjectId | None = None) -> Iterator[list[Document]]:
        """Yield documents without ``srvModified`` (an older program wrote them) in the order of their ``_id``s.

        ``after`` is the ``_id`` of the last one had, None to begin. Those whose ``_id`` is no ObjectId are in no page.
        """
        return self._unstamped(collection, after or _FIRST_ID)

    def never_stamped_by_text(self, collection: str) -> Iterator[list[Document]]:
        """Yield, in pages, documents without ``srvModified`` whose ``_id`` is a text, as a few apps once chose it."""
        return self._unstamped(collection, "")

    def _unstamped(self, collection: str, after: Any) -> Iterator[list[Document]]:
        kept = self.store.collection(collection)
        while True:
            unstamped = {"_id": {"$gt": after}, CHANGED: None}
            page = list(kept.find(unstamped, sort=(("_id", 1),), limit=PAGE))
            if not page:
                return
            yield page
            after = page[-1]["_id"]

    def known(self, collection: str, names: Iterable[str]) -> set[str]:
        """Return those of some names (identifiers, or ``_id``s as text) that a document here has, a deleted one too."""
        wanted = sorted(set(names))
        found: set[str] = set()
        kept = self.store.collection(collection)
        for start in range(0, len(wanted), PAGE):
            some = wanted[start : start + PAGE]
            ids: list[Any] = [*some, *(id for id in map(object_id, some) if id is not None)]
            found |= {one["identifier"] for one in kept.find({"identifier": {"$in": some}}, fields=["identifier"])}
            found |= {str(one["_id"]) for one in kept.find({"_id": {"$in": ids}}, fields=["_id"])}
        return found

    def moments(self, dates: Iterable[int]) -> dict[tuple[int, str], bool]:
        """Return the instants (UTC epoch ms) and types of entries here that have one of these dates.

        The value tells whether one of them is there, or all are deleted.
        """
        wanted = sorted(set(dates))
        found: dict[tuple[int, str], bool] = {}
        kept = self.store.collection("entries")
        for start in range(0, len(wanted), PAGE):
            span = {"date": {"$in": wanted[start : start + PAGE]}}
            for one in kept.find(span, fields=["date", "type", "isValid"]):
                key = (one["date"], str(one.get("type")))
                found[key] = found.get(key, False) or one.get("isValid") is not False
        return found
