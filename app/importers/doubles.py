"""Whether a record was in the file before: sixteen bytes for each, however long its name is."""

from __future__ import annotations

import hashlib
from array import array

from app.store.interface import Document

_SMALLEST = 1 << 12
_FULL = 0.6


class Doubles:
    """A set of records, as hashes of eight bytes in one flat table: two of ten million meet by chance once in 10^5."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def is_new(self, collection: str, document: Document) -> bool:
        """Tell whether this is the first of its kind, and remember it.

        Entries of one instant and type are one, as the store keeps them; everything else goes by its identifier.
        """
        key = f"{document['date']}|{document['type']}" if collection == "entries" else document["identifier"]
        hashed = hashlib.blake2b(f"{collection}|{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if self._count > _FULL * len(self._slots):
            self._grow()
        return self._put(int.from_bytes(hashed, "little") or 1)

    def _put(self, value: int) -> bool:
        last = len(self._slots) - 1
        place = value & last
        while self._slots[place]:
            if self._slots[place] == value:
                return False
            place = (place + 1) & last
        self._slots[place] = value
        self._count += 1
        return True

    def _grow(self) -> None:
        before = self._slots
        self._slots = array("Q", bytes(16 * len(before)))
        self._count = 0
        for value in before:
            if value:
                self._put(value)
