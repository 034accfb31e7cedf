"""Activity: heart rate, steps, motion, and what bridges keep beside treatments.

``created_at`` stays exactly as it was written, with its offset: tconnectsync compares it letter by letter. Looking for
it goes by moment all the same (``written_times``).

Identity is the ``_id``; where none is sent, everything the document says. No member names a record of activity (a watch
and a phone count steps at one and the same moment), but an upload that is repeated is the same in every word. So a
document with a time of its own gets an ``_id`` derived from its content, and cannot be stored twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, ClassVar

import orjson

from app.clock import iso_of
from app.records.collection import SAVED_AT_ONCE, Records
from app.records.deletion import there
from app.records.ids import settle_ids
from app.records.plan import Key, Plan
from app.records.replacing import id_key, keys_by_id, plan_replacements, stored_with_ids
from app.records.sanitising import cleaned
from app.records.stamps import without_stamps
from app.records.times import read_instant
from app.records.written_times import fulfils, in_order_of_moment, roughly, sorts_by_day, speaks_of
from app.store import ObjectId
from app.store.encoding import json_lines, on_wire
from app.store.interface import Document, Filter, Sort

_TIME = "created_at"
_LINES_AT_ONCE = 256


class Activity(Records):
    """Keeps and finds activity. Conditions on ``created_at`` compare its moment, as UTC ISO text with milliseconds."""

    collection: ClassVar[str] = "activity"
    newest_first: ClassVar[Sort] = ((_TIME, -1),)

    def search(
        self, filter: Filter | None = None, *, sort: Sort | None = None, limit: int = 0, skip: int = 0
    ) -> Iterator[Document]:
        """Yield the matching documents, newest first unless ``sort`` says otherwise; ``limit`` 0 means all."""
        order = self._order(sort)
        by_time = bool(order) and order[0][0] == _TIME
        if not by_time and not speaks_of(filter or {}, _TIME):
            return super().search(filter, sort=order, limit=limit, skip=skip)
        found = self._matching(there(filter), order)
        if by_time:
            found = in_order_of_moment(found, _TIME, order[0][1])
        return islice(found, skip, skip + limit if limit else None)

    def search_json(
        self, filter: Filter | None = None, *, sort: Sort | None = None, limit: int = 0, skip: int = 0
    ) -> Iterator[bytes]:
        """Yield the same documents as ``search``, each as JSON bytes in the store's wire form."""
        found = self.search(filter, sort=sort, limit=limit, skip=skip)
        return chain.from_iterable(_lines(found))

    def count(self, filter: Filter | None = None) -> int:
        """Return how many documents match."""
        if not speaks_of(filter or {}, _TIME):
            return super().count(filter)
        return sum(1 for _ in self._matching(there(filter), ()))

    def delete(self, filter: Filter) -> int:
        """Remove every matching document for good and return how many there were."""
        if not speaks_of(filter, _TIME):
            return super().delete(filter)
        ids = [document["_id"] for document in self._matching(there(filter), ())]
        chunks = [ids[start : start + SAVED_AT_ONCE] for start in range(0, len(ids), SAVED_AT_ONCE)]
        return sum(self._kept.delete_many({"_id": {"$in": chunk}}) for chunk in chunks)

    def _matching(self, filter: Filter, order: Sort) -> Iterator[Document]:
        if not speaks_of(filter, _TIME):
            return self._kept.find(filter, sort=order)
        matches = fulfils(filter, _TIME)
        return (document for document in self._kept.find(roughly(filter, _TIME), sort=order) if matches(document))

    def _whole(self, document: Mapping[str, Any]) -> Document:
        activity = without_stamps(cleaned(document))
        settle_ids(activity)
        written = activity.get(_TIME)
        instant = read_instant(written) if written else None
        if not sorts_by_day(written):
            activity[_TIME] = instant.iso if instant else iso_of(self._clock.now_ms())
        if instant and "_id" not in activity:
            activity["_id"] = content_id(activity)
        return activity

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        return plan_replacements(batch, self._stored(batch), stamp_ms, keys_of=_keys_of)

    def _stored(self, batch: Sequence[Document]) -> Iterator[Document]:
        yield from stored_with_ids(self._kept, batch)
        # What the original Nightscout stored has an id of another making.
        moments = sorted({activity[_TIME] for activity in batch if _is_derived(activity)})
        if moments:
            yield from self._kept.find({_TIME: {"$in": moments}})


def _lines(documents: Iterator[Document]) -> Iterator[list[bytes]]:
    while some := [*islice(documents, _LINES_AT_ONCE)]:
        yield json_lines(some, on_wire)


def content_id(activity: Document) -> ObjectId:
    """Return the id a document's content gives: the second of ``created_at``, a hash of all but ``_id`` and stamps."""
    said = {name: value for name, value in without_stamps(activity).items() if name != "_id"}
    digest = hashlib.sha256(orjson.dumps(said, default=repr, option=orjson.OPT_SORT_KEYS)).digest()
    instant = read_instant(activity.get(_TIME))
    second = (instant.at_ms // 1000 if instant else 0) & 0xFFFFFFFF
    return ObjectId(second.to_bytes(4, "big") + digest[:8])


def _is_derived(activity: Document) -> bool:
    return "_id" in activity and bool(activity["_id"] == content_id(activity))


def _keys_of(activity: Document) -> Iterable[Key]:
    yield from keys_by_id(activity)
    yield id_key(content_id(activity))
