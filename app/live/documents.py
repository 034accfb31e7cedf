"""The stored documents behind the picture: for whoever answers in Nightscout's shapes, or computes from every field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from app.live.window import Window
from app.store.interface import Document


@dataclass(frozen=True, slots=True)
class Documents:
    """What is stored of the last days, none of it deleted, oldest first. Nobody may change a document in here.

    ``entries`` and ``activity`` of 48 h, ``treatments`` of 60 h and before them the newest of each lasting event (up to
    62 days old; a Profile Switch without an end: 372), ``device_statuses`` of one day or two (``DEVICESTATUS_DAYS``),
    the ``profiles`` that started last (one at most), all ``food``. ``stats`` are the store's sizes in bytes when last
    looked at. What slid out of a window since the last change may still be in here.
    """

    entries: tuple[Document, ...] = ()
    treatments: tuple[Document, ...] = ()
    device_statuses: tuple[Document, ...] = ()
    activity: tuple[Document, ...] = ()
    profiles: tuple[Document, ...] = ()
    food: tuple[Document, ...] = ()
    stats: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored document with the moment it belongs to."""

    id: str
    at_ms: int
    document: Document


class DocumentWindow:
    """The documents of one collection since a moment; ``at_ms_of`` tells when one was, None: it has no place here."""

    def __init__(self, at_ms_of: Callable[[Document], int | None]) -> None:
        self._at_ms_of = at_ms_of
        self._window: Window[Kept] = Window()
        self._documents: tuple[Document, ...] | None = ()

    def fill(self, documents: Iterable[Document], from_ms: int) -> None:
        """Hold just these documents, of those from ``from_ms`` on."""
        self._window = Window(self._kept(documents, from_ms))
        self._documents = None

    def refresh(self, ids: Iterable[Any], documents: Iterable[Document], from_ms: int) -> None:
        """Hold these ``documents`` and nothing else under ``ids``."""
        dropped = [id for id in map(str, ids) if self._window.drop(id)]
        put = self._kept(documents, from_ms)
        for kept in put:
            self._window.put(kept)
        if dropped or put:
            self._documents = None

    def trim(self, from_ms: int) -> None:
        """Forget everything before ``from_ms``."""
        if self._window.trim(from_ms):
            self._documents = None

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents, oldest first; the same tuple until something changes."""
        if self._documents is None:
            self._documents = tuple(map(attrgetter("document"), self._window.items))
        return self._documents

    def _kept(self, documents: Iterable[Document], from_ms: int) -> list[Kept]:
        dated = ((document, self._at_ms_of(document)) for document in documents)
        return [Kept(str(one["_id"]), at_ms, one) for one, at_ms in dated if at_ms is not None and at_ms >= from_ms]
