"""Whom to believe when two sources bring the same event: the one stated rule.

1. What a phone, a loop or a person wrote here has no stamp of a source, and comes first: a loop knows why it dosed.
2. Then the uploaders, in the order of their vendors' ranks: another Nightscout (where a loop or a phone wrote), the
   live feeds of the makers, the makers' slower clouds, the collectors of other makers' records.
3. Files come last: they tell what was missed.

Of two sources of one rank the record that is there stays. The loser is at most used to complete what the winner lacks.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.records.sources.kinds import ALWAYS
from app.store.interface import Document, Store

OWN, MIRROR, LIVE, SLOW, COLLECTED, FILE, GONE = 0, 10, 20, 30, 40, 90, 100

UPLOADER_STAMP = "nl_uploader"
"""The field that names the uploader that brought a document."""

IMPORT_STAMP = "nl_import"
"""The field that names the import that brought a document."""

UPLOADERS = "nl_uploaders"
"""The collection the uploaders are kept in; each says its ``rank``."""


def is_brought(document: Document) -> bool:
    """Tell whether a source brought this document; what an app uploaded itself has no stamp."""
    return UPLOADER_STAMP in document or IMPORT_STAMP in document


class Ranks:
    """The rank of any stored document, by the uploaders there are; a deleted uploader's come after the files.

    ``by_uploader`` has each uploader's rank, ``taken`` how each takes the kinds it brings.
    """

    def __init__(self, by_uploader: Mapping[str, int], taken: Mapping[str, Mapping[str, str]]) -> None:
        self._by_uploader = by_uploader
        self._taken = taken

    def of(self, document: Document) -> int:
        """Return how far back a document's source stands: 0 is believed before 1."""
        if UPLOADER_STAMP in document:
            return self._by_uploader.get(str(document[UPLOADER_STAMP]), GONE)
        return FILE if IMPORT_STAMP in document else OWN

    def is_wanted_always(self, document: Document, kind: str) -> bool:
        """Tell whether the household wants this kind of the document's source beside what others bring."""
        return self._taken.get(str(document.get(UPLOADER_STAMP)), {}).get(kind) == ALWAYS


def read_ranks(store: Store) -> Ranks:
    """Return the ranks as the store has them now."""
    rows = list(store.collection(UPLOADERS).find(fields=["rank", "taken"]))
    ranks = {str(row["_id"]): row.get("rank", LIVE) for row in rows}
    return Ranks(ranks, {str(row["_id"]): row.get("taken", {}) for row in rows})
