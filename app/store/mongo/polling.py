"""Foreign writes without a change stream: look at the newest documents every few seconds, and compare.

New, different and vanished documents which the change log does not tell of were somebody else's. What lies further back
shows only in the number of documents, and then the whole collection is told to be read anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from app.clock import Clock
from app.errors import ChangesLost
from app.store.encoding import Key, key_of
from app.store.interface import Change, ChangeOp
from app.store.mongo.changes import ChangeLog
from app.store.mongo.connection import Connection
from app.store.mongo.foreign import ACTOR, COLLECTION

WATCHED: Mapping[str, tuple[str, ...]] = {
    "entries": ("date", "srvModified"),
    "treatments": ("created_at", "srvModified"),
    "devicestatus": ("created_at", "srvModified"),
    "profile": ("startDate", "srvModified"),
    "food": ("created_at", "srvModified"),
    "activity": ("created_at",),
    "settings": ("srvModified",),
    "auth_subjects": ("name",),
    "auth_roles": ("name",),
}
"""The collections the original writes, and the paths by which their newest documents are found."""

NEWEST = 300
STEPS_BETWEEN_LOOKS = 8
_ROWS_AT_ONCE = 1000
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


@dataclass(slots=True)
class _View:
    """What a look at a collection showed: its newest documents (id and digest by key), and how many there are in all.

    ``last_in_window`` are those at the end of a full window, where older ones slide in when newer ones vanish.
    """

    count: int = 0
    seen: dict[Key, tuple[Any, bytes]] = field(default_factory=dict)
    last_in_window: list[list[Key]] = field(default_factory=list)

    @property
    def digest(self) -> bytes:
        """Return what tells this view from another."""
        digests = sorted(digest for _, digest in self.seen.values())
        return hashlib.sha256(b"".join([*digests, str(self.count).encode()])).digest()


@dataclass(slots=True)
class _Told:
    """What the log told of a collection between two looks."""

    keys: set[Key] = field(default_factory=set)
    growth: int = 0


class Polling:
    """Looks every eighth step; the verdict comes one step later, for the sake of rows that are still on their way."""

    rest_s = 1.25

    def __init__(self, connection: Connection, changes: ChangeLog, clock: Clock) -> None:
        self._connection = connection
        self._changes = changes
        self._clock = clock
        self._seq = changes.last_seq()
        self._steps = 0
        self._drift: dict[str, int] = {}
        self._views = {collection: self._look(collection) for collection in WATCHED}
        self._found: dict[str, _View] = {}
        self._found_at_seq = self._seq
        for collection, view in self._views.items():
            self._compare_with_last_time(collection, view)

    def step(self) -> None:
        """Look, or judge what the last look found."""
        self._steps += 1
        if self._found:
            self._judge()
        elif self._steps % STEPS_BETWEEN_LOOKS == 0:
            self._found_at_seq = self._changes.last_seq()
            self._found = {collection: self._look(collection) for collection in WATCHED}

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _look(self, collection: str) -> _View:
        rows = self._connection.collection(collection)
        view = _View(count=rows.estimated_document_count())
        for path in WATCHED[collection]:
            found = rows.with_options(codec_options=_RAW).find({}, sort=[(path, -1)], limit=NEWEST)
            window = [(document["_id"], hashlib.blake2b(document.raw, digest_size=12).digest()) for document in found]
            keys = [key_of(id) for id, _ in window]
            view.seen |= dict(zip(keys, window, strict=True))
            if len(window) == NEWEST:
                view.last_in_window.append(keys)
        return view

    def _judge(self) -> None:
        """Append what was found and the log does not tell of."""
        told, until_look = self._read_log()
        found, self._found = self._found, {}
        for collection, view in found.items():
            before, self._views[collection] = self._views[collection], view
            growth = until_look.get(collection, _Told()).growth
            is_settled = told.get(collection, _Told()).growth == growth
            for op, id, digest in self._differences(collection, before, view):
                if key_of(id) not in told.get(collection, _Told()).keys:
                    growth += (op == "insert") - (op == "delete")
                    self._append(
                        collection, op, [id], f"{key_of(id)!r} {digest.hex()} {self._clock.now_ms() // 60_000}"
                    )
            self._check_count(collection, view.count - before.count - growth, is_settled=is_settled)
            if view.digest != before.digest:
                self._remember(collection, view)

    def _differences(self, collection: str, before: _View, view: _View) -> Iterator[tuple[ChangeOp, Any, bytes]]:
        vanished = self._vanished(collection, before, view)
        for id in vanished:
            yield "delete", id, b""
        slid_in = {key for keys in view.last_in_window for key in keys[NEWEST - len(vanished) :]} if vanished else set()
        for key, (id, digest) in view.seen.items():
            if key in before.seen:
                if before.seen[key][1] != digest:
                    yield "update", id, digest
            elif key not in slid_in:
                yield "insert", id, digest

    def _vanished(self, collection: str, before: _View, view: _View) -> list[Any]:
        """Return the ids of documents that are not there any more, rather than pushed out of the window."""
        gone = {key: id for key, (id, _) in before.seen.items() if key not in view.seen}
        if not gone:
            return []
        rows = self._connection.collection(collection).find({"_id": {"$in": list(gone.values())}}, {"_id": 1})
        there = {key_of(row["_id"]) for row in rows}
        return [id for key, id in gone.items() if key not in there]

    def _check_count(self, collection: str, surplus: int, *, is_settled: bool) -> None:
        """Tell to read a collection anew when its number of documents has remained other than it should be.

        While rows of the log come in (not ``is_settled``), documents are counted whose row comes after the look.
        """
        before = self._drift.get(collection, 0)
        drift = self._drift[collection] = before + surplus
        if is_settled and drift and drift == before:
            self._drift[collection] = 0
            self._append(collection, "resync", [], f"count {self._views[collection].digest.hex()}")

    def _read_log(self) -> tuple[dict[str, _Told], dict[str, _Told]]:
        """Return what the log told since the last verdict, and the part of it that was there before the look."""
        told: dict[str, _Told] = {}
        until_look: dict[str, _Told] = {}
        for row in self._new_rows():
            if row.actor == ACTOR:
                continue
            for about in (told, until_look) if row.seq <= self._found_at_seq else (told,):
                entry = about.setdefault(row.collection, _Told())
                entry.keys.update(map(key_of, row.ids))
                entry.growth += len(row.ids) * ((row.op == "insert") - (row.op == "delete"))
        self._seq = self._found_at_seq  # what came after the look is told again next time
        return told, until_look

    def _new_rows(self) -> Iterator[Change]:
        seq = self._seq
        while True:
            try:
                rows = self._changes.since(seq, _ROWS_AT_ONCE)
            except ChangesLost:
                return
            yield from rows
            if len(rows) < _ROWS_AT_ONCE:
                return
            seq = rows[-1].seq

    def _append(self, collection: str, op: ChangeOp, ids: list[Any], key: str) -> None:
        self._changes.append(collection, op, ids, self._clock.now_ms(), ACTOR, f"{collection} {op} {key}")

    def _compare_with_last_time(self, collection: str, view: _View) -> None:
        """Tell to read a collection anew when it is not as it was when somebody last looked."""
        saved = self._connection.collection(COLLECTION).find_one({"_id": collection})
        if saved and saved["digest"] != view.digest:
            self._append(collection, "resync", [], f"since last time {view.digest.hex()}")
        if saved is None or saved["digest"] != view.digest:
            self._remember(collection, view)

    def _remember(self, collection: str, view: _View) -> None:
        self._connection.collection(COLLECTION).update_one(
            {"_id": collection}, {"$set": {"digest": view.digest}}, upsert=True
        )
