"""What is made of each document, kept from one present to the next: only documents that are new are read anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from app.live.fields import Document
from app.live.measurements import measurement_of
from app.live.statuses import status_of
from app.live.treated import treatment_done


class Dated(Protocol):
    """Something of a moment (UTC epoch ms)."""

    @property
    def at_ms(self) -> int:
        """When it was."""
        ...


Made = TypeVar("Made", bound=Dated)


class Remembered(Generic[Made]):
    """What ``make`` made of the documents of last time, oldest first. Safe for many threads."""

    def __init__(self, make: Callable[[Document], Made | None]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._documents: Iterable[Document] | None = None
        # By identity, which lasts as long as the document is held here: nobody changes a document in place.
        self._by_document: dict[int, tuple[Document, Made | None]] = {}
        self._made: tuple[Made, ...] = ()

    def of(self, documents: Iterable[Document]) -> tuple[Made, ...]:
        """Return what is made of these documents, oldest first; those that make no sense are left out."""
        with self._lock:
            if documents is not self._documents:
                known = self._by_document
                self._by_document = {id(one): known.get(id(one)) or (one, self._make(one)) for one in documents}
                made = [one for _, one in self._by_document.values() if one is not None]
                self._made = tuple(sorted(made, key=lambda one: one.at_ms))
                self._documents = documents
            return self._made


class Parsed:
    """Readings, treatments and device statuses made of documents."""

    def __init__(self) -> None:
        self.measurements = Remembered(measurement_of)
        self.treatments = Remembered(treatment_done)
        self.statuses = Remembered(status_of)
