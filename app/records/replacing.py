"""Replacing documents wholesale: what is not sent again is gone, and only the names of the old document stay.

Those are its ``_id``, its ``identifier`` when the new one brings none (the link another app deletes it by), and when we
first received it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.records.ids import object_id
from app.records.plan import Key, KeysOf, Known, Plan, Seen, same
from app.records.stamps import CHANGED, OURS, RECEIVED
from app.store.interface import Collection, Document, Filter, InsertOne, Operation, ReplaceOne, UpdateOne

_IDS_AT_ONCE = 500  # a list of twice as many is looked up in an index, of more it is a walk through all there is


@dataclass(frozen=True, slots=True)
class Identity:
    """Which stored document an uploaded one is: a key to recognise it by, and the filter that finds it in the store."""

    key: Key
    filter: Filter


def id_key(id: Any) -> Key:
    """Return the key of an ``_id``; 24 hex characters stored as text are the ObjectId they stand for."""
    return ("_id", object_id(id) or id)


def identity_by_id(document: Document) -> Identity | None:
    """Return the identity an ``_id`` gives, or None: the document is a new one."""
    return Identity(id_key(document["_id"]), {"_id": document["_id"]}) if "_id" in document else None


def keys_by_id(document: Document) -> Iterable[Key]:
    """Return the key of a document that is recognised by its ``_id`` alone."""
    if "_id" in document:
        yield id_key(document["_id"])


def stored_with_ids(kept: Collection, batch: Sequence[Document]) -> Iterator[Document]:
    """Yield the stored documents with the ``_id``s of a batch, be they kept as ObjectIds or as text."""
    ids = [document["_id"] for document in batch if "_id" in document]
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        yield from kept.find({"_id": {"$in": [*some, *map(str, some)]}})


def plan_replacements(
    batch: Sequence[Document],
    stored: Iterable[Document],
    stamp_ms: int,
    *,
    identity_of: Callable[[Document], Identity | None] = identity_by_id,
    keys_of: KeysOf = keys_by_id,
) -> Plan:
    """Plan to keep each document in place of the stored one it is, or as a new one."""
    known, plan = Known(stored, keys_of), Plan()
    for uploaded in batch:
        identity = identity_of(uploaded)
        seen = known.get(identity.key) if identity else None
        document = {**staying(seen), **uploaded}
        if "_id" in uploaded and not seen and known.get(id_key(uploaded["_id"])):
            del document["_id"]  # another document's by now
        if seen and same(_content(seen.document), _content(document)):
            plan.leave(document, seen)
            continue
        received_ms = seen.document.get(RECEIVED, stamp_ms) if seen else stamp_ms
        stamped = {**document, RECEIVED: received_ms, CHANGED: stamp_ms}
        place = plan.write(document, _operation(identity, seen, stamped))
        known.now_is(seen, {**stamped, "_id": seen.id} if seen and seen.id else stamped, place)
    return plan


def staying(seen: Seen | None) -> Document:
    """Return what stays of a stored document that is replaced."""
    identifier = seen.document.get("identifier") if seen else None
    return {"identifier": identifier} if identifier else {}


def _content(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "_id" and name not in OURS}


def _operation(identity: Identity | None, seen: Seen | None, document: Document) -> Operation:
    """Return what puts a document in place of the one that was seen.

    Member by member: what somebody else has added since the look, above all an identifier, is not taken away.
    """
    if identity is None:
        return InsertOne(document)
    where = identity.filter if seen is None or seen.id is None else {"_id": seen.id}
    content = {name: value for name, value in document.items() if name != "_id"}
    gone = [name for name in seen.document if name not in document and name != "_id"] if seen else []
    if any(not name or "." in name for name in (*content, *gone)):
        return ReplaceOne(where, content, upsert=True)  # as a path such a name would mean a member within
    update = {"$set": content}
    if seen is None:
        update["$setOnInsert"] = {RECEIVED: content.pop(RECEIVED)}
        if "_id" in document and identity.key != id_key(document["_id"]):
            update["$setOnInsert"]["_id"] = document["_id"]
    if gone:
        update["$unset"] = dict.fromkeys(gone, "")
    return UpdateOne(where, update, upsert=True)
