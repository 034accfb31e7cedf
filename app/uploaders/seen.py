"""What an uploader brought lately: an identifier and a digest for each document, kept for two days.

So the overlap of every fetch costs one look-up, a document that changed at its source is told from one that did not,
and one that somebody deleted here does not come back with the next overlap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from app.clock import Clock, datetime_of
from app.records.sources.documents import DAY_MS, ms_of
from app.store.interface import Collection, Document, UpdateOne

COLLECTION = "nl_uploader_seen"

KEPT_MS = 2 * DAY_MS
"""Twice the longest overlap of a fetch."""

PROFILES_KEPT_MS = 3650 * DAY_MS  # they are read anew each hour, however old


class Seen:
    """The memory of one uploader."""

    def __init__(self, rows: Collection, clock: Clock, uploader_id: str) -> None:
        self._rows = rows
        self._clock = clock
        self._id = uploader_id

    def unseen(self, collection: str, documents: Iterable[Document]) -> dict[str, Document]:
        """Return by identifier each document that is not, to the letter, the one we saw last."""
        found = {document["identifier"]: document for document in documents}
        rows = self._rows.find({"_id": {"$in": [self._row(collection, name) for name in found]}})
        digests = {row["_id"]: row["digest"] for row in rows}
        return {name: one for name, one in found.items() if digests.get(self._row(collection, name)) != digest_of(one)}

    def brought(self, collection: str, identifiers: Iterable[str]) -> set[str]:
        """Return those of the identifiers that we have seen in this collection, in whatever form."""
        names = {self._row(collection, name): name for name in identifiers}
        return {names[row["_id"]] for row in self._rows.find({"_id": {"$in": list(names)}}, fields=["_id"])}

    def remember(self, collection: str, documents: Mapping[str, Document], time_field: str) -> None:
        """Keep in mind what these documents look like, as far as an overlap can bring them again."""
        now_ms = self._clock.now_ms()
        kept_ms = PROFILES_KEPT_MS if collection == "profile" else KEPT_MS
        operations = [
            UpdateOne(
                {"_id": self._row(collection, name)},
                {"$set": {"digest": digest_of(one), "uploader": self._id, "expires_at": datetime_of(now_ms + kept_ms)}},
                upsert=True,
            )
            for name, one in documents.items()
            if (ms_of(one.get(time_field)) or now_ms) > now_ms - kept_ms
        ]
        if operations:
            self._rows.bulk_write(operations)

    def lose(self, collection: str, identifiers: Iterable[str]) -> None:
        """Drop the memory of documents that were deleted at their source, so that they may come back from there."""
        self._rows.delete_many({"_id": {"$in": [self._row(collection, name) for name in identifiers]}})

    def forget(self) -> None:
        """Drop the whole memory of this uploader."""
        self._rows.delete_many({"uploader": self._id})

    def _row(self, collection: str, identifier: str) -> str:
        return f"{self._id}|{collection}|{identifier}"


def digest_of(document: Document) -> str:
    """Return a short hash of a document's content, the same in whatever order its fields come."""
    content = json.dumps(document, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
