"""What is stored here, in the order in which it changed, for whoever carries it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.clock import Clock
from app.records.stamps import CHANGED, settled_before_ms
from app.store.interface import Document, Filter, Store

PAGE = 500


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Reads one person's documents as they changed, deleted ones among them (``isValid: false``)."""

    store: Store
    clock: Clock

    def changed(self, collection: str, after_ms: int, which: Filter | None = None) -> Iterator[list[Document]]:
        """Yield documents whose ``srvModified`` is above ``after_ms``, oldest change first, in pages.

        Documents of one stamp are never torn apart between two pages, so that the last stamp of a page is where to go
        on. What is being written at this moment is left for the next time.
        """
        kept = self.store.collection(collection)
        end_ms = settled_before_ms(self.clock)
        while True:
            span: Filter = {CHANGED: {"$gt": after_ms, "$lt": end_ms}}
            wanted: Filter = {"$and": [span, which]} if which else span
            page = list(kept.find(wanted, sort=((CHANGED, 1), ("_id", 1)), limit=PAGE))
            if not page:
                return
            last_ms = page[-1][CHANGED]
            if len(page) == PAGE:
                rest: Filter = {CHANGED: last_ms}
                same = kept.find({"$and": [rest, which]} if which else rest, sort=(("_id", 1),))
                page = [one for one in page if one[CHANGED] != last_ms] + list(same)
            yield page
            after_ms = last_ms

    def never_stamped(self, collection: str, field: str, after: object, which: Filter | None = None) -> list[Document]:
        """Return a page of documents without ``srvModified`` (an older program wrote them), in order of ``field``.

        ``after`` is the value of ``field`` of the last one had, None to begin.
        """
        unstamped: Filter = {CHANGED: None}
        parts: list[Filter] = [unstamped, {field: {"$gt": after}} if after is not None else {field: {"$exists": True}}]
        if which:
            parts.append(which)
        return list(self.store.collection(collection).find({"$and": parts}, sort=((field, 1),), limit=PAGE))
