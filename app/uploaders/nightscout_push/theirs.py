"""What the other Nightscout has around some documents of ours, looked up before anything is sent.

So nothing is sent that is there already, whoever put it there; and what was sent when we were killed is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from app.records.ids import object_id
from app.records.sources.documents import DAY_MS, TIME_FIELDS
from app.records.sources.neighbours import AROUND_READINGS_MS, AROUND_TREATMENTS_MS
from app.records.sources.nightscout_documents import is_deleted
from app.store.interface import Document
from app.uploaders.nightscout_push.client import PushClient
from app.uploaders.nightscout_push.mapper import content_key, name_of, plain, time_of

T = TypeVar("T")
Call = Callable[[Callable[[], T]], T]

AROUND_MS = {
    "entries": AROUND_READINGS_MS,
    "treatments": AROUND_TREATMENTS_MS,
    "devicestatus": 0,
    "activity": DAY_MS,  # its time is text in any zone, and compared letter by letter
}
_TOGETHER_MS = DAY_MS
"""Documents closer than this are looked up in one stretch."""


class Theirs:
    """Documents of one collection of theirs, by name and by what tells them apart beside it."""

    def __init__(self, collection: str, records: Iterable[Any]) -> None:
        self.collection = collection
        self.all: list[Document] = [one for one in records if isinstance(one, dict) and not is_deleted(one)]
        self._by_name: dict[str, Document] = {}
        for one in self.all:
            for name in names_of(one):
                self._by_name.setdefault(name, one)
        self._by_moment = {key: one for one in reversed(self.all) if (key := self._moment(one)) is not None}

    def of(self, document: Document) -> Document | None:
        """Return what is there under the name of a document of ours; an entry is what has its instant and type."""
        if self.collection == "entries":
            return self.beside(document)
        own = object_id(document.get("_id"))
        return self._by_name.get(name_of(document)) or (self._by_name.get(str(own)) if own is not None else None)

    def beside(self, document: Document) -> Document | None:
        """Return what is there of the same moment and sort, whatever its name."""
        key = self._moment(plain(document, self.collection))
        return None if key is None else self._by_moment.get(key)

    def _moment(self, document: Document) -> Hashable:
        if self.collection in ("food", "activity"):
            return content_key(self.collection, document)
        at_ms = time_of(self.collection, document)
        if at_ms is None:
            return None
        return (at_ms, repr(document.get(_SORT[self.collection])) if self.collection in _SORT else "")


_SORT = {"entries": "type", "treatments": "eventType", "devicestatus": "device"}


def names_of(theirs: Document) -> list[str]:
    """Return the names a document of theirs goes by."""
    return [name for name in (theirs.get("identifier"), theirs.get("_id")) if isinstance(name, str) and name]


def look_up(client: PushClient, call: Call[Any], collection: str, documents: Sequence[Document]) -> Theirs:
    """Return what is there around some documents, through ``call``, which lets us in anew when need be."""
    if collection == "profile":
        return Theirs(collection, call(client.every_profile))
    if collection == "food":
        return Theirs(collection, call(client.every_food))
    around_ms, found = AROUND_MS[collection], []
    for first_ms, last_ms in stretches(time_of(collection, one) for one in documents):
        ask = partial(client.around, collection, TIME_FIELDS[collection], first_ms - around_ms, last_ms + around_ms)
        found += call(ask)
    return Theirs(collection, found)


def stretches(times: Iterable[int | None]) -> list[tuple[int, int]]:
    """Return the stretches of time, first and last instant, in which some instants (UTC epoch ms) lie."""
    found: list[tuple[int, int]] = []
    for at_ms in sorted(at_ms for at_ms in times if at_ms is not None):
        if found and at_ms - found[-1][1] <= _TOGETHER_MS:
            found[-1] = (found[-1][0], at_ms)
        else:
            found.append((at_ms, at_ms))
    return found
