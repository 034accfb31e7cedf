"""What was dealt with lately: a run begins a little before the cursor, and repeats nothing of what is there.

Another process may store a document after a later one was read, with a stamp that was passed. It is found by beginning
earlier; and what the last runs dealt with is known by its ``_id`` and stamp, so that nobody's edit over there is undone
by sending the same once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.records.sources.documents import MINUTE_MS
from app.records.stamps import CHANGED
from app.store.interface import Document

OVERLAP_MS = 2 * MINUTE_MS
MOST = 2000
"""So many are remembered of each collection; more come at once only when a file is imported."""


class Lately:
    """The documents of each collection whose stamp is less than the overlap before the newest one's."""

    def __init__(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        self._stamps = {collection: dict(stamps) for collection, stamps in kept.items()}

    @property
    def kept(self) -> dict[str, dict[str, Any]]:
        """Return what is to be kept for the next run."""
        return self._stamps

    def unknown(self, collection: str, batch: Sequence[Document]) -> list[Document]:
        """Return the documents of a batch that were not dealt with as they are now."""
        stamps = self._stamps.get(collection, {})
        return [one for one in batch if stamps.get(str(one["_id"])) != one[CHANGED]]

    def remember(self, collection: str, batch: Sequence[Document]) -> None:
        """Take note that a batch, in the order of its stamps, was dealt with."""
        since = batch[-1][CHANGED] - OVERLAP_MS
        stamps = self._stamps.get(collection, {}) | {str(one["_id"]): one[CHANGED] for one in batch}
        recent = sorted(((at, id) for id, at in stamps.items() if at > since), reverse=True)[:MOST]
        self._stamps[collection] = {id: at for at, id in recent}
