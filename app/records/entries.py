"""Entries: glucose readings (``sgv``), finger-stick values (``mbg``) and calibrations (``cal``).

An entry is what was measured at one instant in one way: its identity is ``{sysTime, type}``. Uploading it again merges
the supplied fields into it, so that a bridge which knows less about a reading takes nothing away from it. What came
through API v3 has no ``sysTime``; its ``date`` says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from app.actor import Actor
from app.clock import Clock, iso_of
from app.records.collection import FOLLOWED_MS, Records
from app.records.deletion import is_deleted
from app.records.ids import settle_ids
from app.records.numbers import numeric_text
from app.records.plan import Key, Known, Plan, Seen, same
from app.records.replacing import id_key, staying, stored_with_ids
from app.records.sanitising import cleaned
from app.records.stamps import CHANGED, RECEIVED, without_stamps
from app.records.times import Instant, read_instant
from app.store.interface import Document, Filter, Operation, Sort, Store, UpdateOne

_NUMBERS = ("date", "sgv", "mbg", "filtered", "unfiltered", "rssi", "noise")


class Entries(Records):
    """Keeps and finds entries; ``uuid_handling`` keeps an ``_id`` that is none of ours as ``identifier``."""

    collection: ClassVar[str] = "entries"
    newest_first: ClassVar[Sort] = (("date", -1),)

    def __init__(self, store: Store, clock: Clock, actor: Actor, *, uuid_handling: bool = True) -> None:
        super().__init__(store, clock, actor)
        self._uuid_handling = uuid_handling

    def _followed(self) -> Filter:
        since_ms = self._clock.now_ms() - FOLLOWED_MS
        return {"$or": [{"date": {"$gte": since_ms}}, {"sysTime": {"$gte": iso_of(since_ms)}}]}

    def _whole(self, document: Mapping[str, Any]) -> Document:
        entry = without_stamps(cleaned(document))
        settle_ids(entry, keep_foreign=self._uuid_handling)
        for name in _NUMBERS:
            number = numeric_text(entry.get(name))
            if number is not None:
                entry[name] = number
        return self._timed(entry)

    def _timed(self, entry: Document) -> Document:
        """Set ``sysTime`` and ``utcOffset`` from ``dateString``, else ``date``, else now; None when it is no time."""
        named = entry.pop("dateString", None)
        written = named or entry.get("date")
        instant = read_instant(written) if written else Instant(self._clock.now_ms())
        entry["sysTime"] = instant.iso if instant else None
        entry["utcOffset"] = instant.offset_min if instant else None
        if named:
            entry["dateString"] = entry["sysTime"]
        return entry

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        known, plan = Known(self._stored(batch), _keys_of), Plan()
        for entry in batch:
            key = _moment_key(entry)
            by_moment = known.get(key) if key else None
            by_id = known.get(id_key(entry["_id"])) if "_id" in entry else None
            seen = by_moment or by_id
            if seen and _holds(seen.document, entry):
                plan.leave(entry, seen)
                continue
            place = plan.write(entry, _operation(entry, seen, moved=seen is by_id, stamp_ms=stamp_ms))
            known.now_is(seen, _merged(seen, entry), place)
        return plan

    def _stored(self, batch: Sequence[Document]) -> Iterator[Document]:
        moments = sorted({entry["sysTime"] for entry in batch if _moment_key(entry)})
        if moments:
            yield from self._kept.find({"sysTime": {"$in": moments}})
            dates = [instant.at_ms for moment in moments if (instant := read_instant(moment))]
            yield from self._kept.find({"date": {"$in": dates}, "sysTime": None})
        yield from stored_with_ids(self._kept, batch)


def _moment_key(entry: Document) -> Key | None:
    moment, type = entry.get("sysTime"), entry.get("type")
    if "sysTime" not in entry and (instant := read_instant(entry.get("date"))):
        moment = instant.iso
    return (moment, type) if isinstance(moment, str) and isinstance(type, str) else None


def _keys_of(entry: Document) -> Iterable[Key]:
    key = _moment_key(entry)
    if key:
        yield key
    if "_id" in entry:
        yield id_key(entry["_id"])


def _merged(seen: Seen | None, entry: Document) -> Document:
    if seen is None:
        return entry
    if _comes_back(seen, entry):
        return staying(seen) | entry
    return seen.document | {name: value for name, value in entry.items() if name != "_id"}


def _holds(stored: Document, entry: Document) -> bool:
    if is_deleted(stored) and not is_deleted(entry):
        return False
    missing = object()
    return all(same(stored.get(name, missing), value) for name, value in entry.items() if name != "_id")


def _comes_back(seen: Seen, entry: Document) -> bool:
    """Tell whether an entry is uploaded that is stored as deleted: what was deleted then stays away."""
    return seen.id is not None and is_deleted(seen.document) and not is_deleted(entry)


def _operation(entry: Document, seen: Seen | None, *, moved: bool, stamp_ms: int) -> Operation:
    supplied = {name: value for name, value in entry.items() if name != "_id"}
    if seen and _comes_back(seen, entry):
        back = staying(seen) | supplied
        stamps = {RECEIVED: seen.document.get(RECEIVED, stamp_ms), CHANGED: stamp_ms}
        gone = seen.document.keys() - back.keys() - stamps.keys() - {"_id"}
        return UpdateOne({"_id": seen.id}, {"$set": back | stamps, "$unset": dict.fromkeys(gone, "")}, upsert=True)
    update: dict[str, Document] = {"$set": {**supplied, CHANGED: stamp_ms}, "$setOnInsert": {RECEIVED: stamp_ms}}
    if seen and is_deleted(seen.document) and "isValid" not in entry:
        update["$unset"] = {"isValid": ""}
    if seen and seen.id is not None:
        return UpdateOne({"_id": seen.id}, update, upsert=True)
    if "_id" in entry and ((seen and moved) or not _moment_key(entry)):
        return UpdateOne({"_id": entry["_id"]}, update, upsert=True)
    if "_id" in entry:
        update["$setOnInsert"]["_id"] = entry["_id"]
    return UpdateOne(_identity(entry), update, upsert=True)


def _identity(entry: Document) -> Filter:
    instant = read_instant(entry["sysTime"])
    if instant and _moment_key(entry):
        type = entry["type"]
        through_v3 = {"date": instant.at_ms, "type": type, "sysTime": None}
        return {"$or": [{"sysTime": instant.iso, "type": type}, through_v3]}
    # Without a time or a type only the same document is the same entry. Compared as values: never as operators.
    return {name: {"$eq": value} for name, value in entry.items()}
