"""What every collection of documents can do, whoever asks: search, count, find by name, save, replace, delete.

Deleted documents are in nobody's answer (``deletion.py``). A service is made for one use, on behalf of one actor.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from app.actor import Actor
from app.clock import Clock
from app.errors import DuplicateKey
from app.records.deletion import DELETED, there
from app.records.ids import named
from app.records.plan import Plan
from app.records.stamps import CHANGED, stamping
from app.store.interface import Document, Filter, Sort, Store

SAVED_AT_ONCE = 1000
FOLLOWED_MS = 100 * 86_400_000
"""How far back followers look (AndroidAPS: a hundred days); what is older leaves no trace when v1 deletes it."""

_TRIES = 4
_MANY = 100
_big_saves = threading.BoundedSemaphore(2)
"""Saves of many documents work side by side in twos: more of them are no faster, and each has megabytes in hand."""


class Records(ABC):
    """The documents of one collection. ``clock`` gives their stamps, ``actor`` is who the change log names."""

    collection: ClassVar[str]
    newest_first: ClassVar[Sort]

    def __init__(self, store: Store, clock: Clock, actor: Actor) -> None:
        self._clock = clock
        self._kept = store.collection(self.collection, actor=actor.label)

    def search(
        self, filter: Filter | None = None, *, sort: Sort | None = None, limit: int = 0, skip: int = 0
    ) -> Iterator[Document]:
        """Yield the matching documents, newest first unless ``sort`` says otherwise; ``limit`` 0 means all."""
        return self._kept.find(there(filter), sort=self._order(sort), limit=limit, skip=skip)

    def search_json(
        self, filter: Filter | None = None, *, sort: Sort | None = None, limit: int = 0, skip: int = 0
    ) -> Iterator[bytes]:
        """Yield the same documents as ``search``, each as JSON bytes in the store's wire form."""
        return self._kept.find_json(there(filter), sort=self._order(sort), limit=limit, skip=skip)

    def count(self, filter: Filter | None = None) -> int:
        """Return how many documents match."""
        return self._kept.count_documents(there(filter))

    def find(self, name: str) -> Document | None:
        """Return the document with this ``_id`` or ``identifier``, or None."""
        return self._kept.find_one(there(named(name)))

    def save(self, documents: Iterable[Mapping[str, Any]]) -> list[Document]:
        """Keep uploaded documents and return them as understood, in the order they came, each with its ``_id``.

        A document that is already there is recognised and not doubled, however often and in whatever pieces it comes.
        A thousand documents are one bulk write. Raises ``BadDocument``.
        """
        whole = list(documents)
        with _big_saves if len(whole) > _MANY else nullcontext():
            return self._save([kept for document in whole for kept in self._normalised(document)])

    def put(self, documents: Iterable[Mapping[str, Any]]) -> list[Document]:
        """Keep documents that were kept elsewhere, each as one and in place of the one it is, and return them in order.

        Unlike ``save`` this takes nothing apart and dates nothing anew. Raises ``BadDocument``.
        """
        whole = list(documents)
        with _big_saves if len(whole) > _MANY else nullcontext():
            return self._save([self._as_kept(document) for document in whole])

    def replace(self, document: Mapping[str, Any]) -> Document:
        """Keep one document in place of the one that has its identity, or as a new one. Raises ``BadDocument``."""
        return self._save([self._whole(document)])[0]

    def delete(self, filter: Filter) -> int:
        """Delete every matching document and return how many there were.

        What programs may have taken over through API v3 is marked as deleted, so that they learn of it; the rest is
        removed for good.
        """
        marked, followed = 0, self._followed()
        if followed is not None:
            with stamping(self._clock) as stamp_ms:
                found = {"$and": [there(filter), followed]} if followed else there(filter)
                marked = self._kept.update_many(found, {"$set": {**DELETED, CHANGED: stamp_ms}})
        return marked + self._kept.delete_many(there(filter))

    def _followed(self) -> Filter | None:
        """Return which documents programs follow one by one, {} for all and None for none of this collection."""
        return None

    def _normalised(self, document: Mapping[str, Any]) -> list[Document]:
        return [self._whole(document)]

    def _as_kept(self, document: Mapping[str, Any]) -> Document:
        return self._whole(document)

    @abstractmethod
    def _whole(self, document: Mapping[str, Any]) -> Document:
        """Return an uploaded document in the form it is kept in, without stamps."""

    @abstractmethod
    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        """Plan how normalised documents get into the store."""

    def _order(self, sort: Sort | None) -> Sort:
        return self.newest_first if sort is None else sort

    def _save(self, documents: Sequence[Document]) -> list[Document]:
        saved: list[Document] = []
        for start in range(0, len(documents), SAVED_AT_ONCE):
            saved += self._write(documents[start : start + SAVED_AT_ONCE])
        return saved

    def _write(self, batch: Sequence[Document]) -> list[Document]:
        for _ in range(_TRIES - 1):
            try:
                return self._write_once(batch)
            except DuplicateKey:
                continue  # somebody stored one of these ids since we looked: look again
        return self._write_once(batch)

    def _write_once(self, batch: Sequence[Document]) -> list[Document]:
        with stamping(self._clock) as stamp_ms:
            return self._plan(batch, stamp_ms).carry_out(self._kept)
