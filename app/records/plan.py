"""What one save writes: the operations of its single bulk write, and the ``_id`` each of its documents ends up with.

A save looks at what is stored first. So a document that is stored exactly like that is not written again (a bridge that
sends its last two hours every five minutes changes nothing), and one that comes twice in a save is one document. What
the look missed because it was stored a moment later, the upserts of the store still recognise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from app.records.deletion import is_deleted
from app.store.interface import Collection, Document, Operation

Key = Hashable
KeysOf = Callable[[Document], Iterable[Key]]


@dataclass(slots=True)
class Seen:
    """A document a save may meet: stored under ``id``, or else written earlier in the save by operation ``place``."""

    document: Document
    id: Any = None
    place: int | None = None


class Known:
    """The documents a save may meet, under every key by which ``keys_of`` recognises them."""

    def __init__(self, stored: Iterable[Document], keys_of: KeysOf) -> None:
        self._keys_of = keys_of
        self._by_key: dict[Key, Seen] = {}
        # Old databases hold doubles: the one that is not deleted is meant.
        for document in sorted(stored, key=is_deleted):
            self._remember(Seen(document, document["_id"]))

    def get(self, key: Key) -> Seen | None:
        """Return the document recognised by ``key``."""
        return self._by_key.get(key)

    def now_is(self, seen: Seen | None, document: Document, place: int) -> None:
        """Know from here on that operation ``place`` made ``seen`` (None: a new one) into ``document``."""
        if seen is None:
            self._remember(Seen(document, place=place))
            return
        for key in self._keys_of(seen.document):
            if self._by_key.get(key) is seen:
                del self._by_key[key]
        seen.document = document
        self._remember(seen)

    def _remember(self, seen: Seen) -> None:
        for key in self._keys_of(seen.document):
            self._by_key.setdefault(key, seen)


class Plan:
    """The operations of one save, gathered document by document."""

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._documents: list[tuple[Document, Any, int | None]] = []

    def leave(self, document: Document, seen: Seen) -> None:
        """Write nothing for this document: it is there as it is."""
        self._documents.append((document, seen.id, seen.place))

    def write(self, document: Document, operation: Operation) -> int:
        """Write this document by ``operation``; return the place of the operation."""
        place = len(self._operations)
        self._operations.append(operation)
        self._documents.append((document, None, place))
        return place

    def carry_out(self, collection: Collection) -> list[Document]:
        """Do it in one bulk write; return the documents in the order they came, each with its ``_id``."""
        outcomes = collection.bulk_write(self._operations) if self._operations else []
        for document, id, place in self._documents:
            document["_id"] = id if place is None else outcomes[place].id
        return [document for document, _, _ in self._documents]


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same for whoever reads them back: ``1`` is ``1.0`` but not ``True``."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
