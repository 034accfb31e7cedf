"""The change log in MongoDB: a capped collection whose ``_id`` is the dense ``seq``.

Rows are appended right after the write they tell of. Threads that write at the same time share one insert; processes
contend for the next number, and who loses takes the one after it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, CollectionInvalid, DuplicateKeyError, OperationFailure

from app.errors import ChangesLost
from app.logs import told
from app.store.interface import Change, ChangeOp, Document
from app.store.mongo.connection import Connection
from app.store.mongo.errors import DUPLICATE_KEY, translated

log = logging.getLogger(__name__)

COLLECTION = "nl_changes"
KEPT_ROWS = 100_000
KEPT_BYTES = 128 * 1024 * 1024
IDS_IN_ROW = 1000
_NAMESPACE_EXISTS = 48
_SEED: Document = {"_id": 0, "collection": "", "op": "resync", "ids": [], "at_ms": 0, "actor": ""}


@dataclass(eq=False, slots=True)
class _Wish:
    """Rows a thread wants appended."""

    rows: list[Document]
    done: bool = False
    failure: Exception | None = field(default=None)


class ChangeLog:
    """Appends to the log and reads it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: list[_Wish] = []
        self._pending_lock = threading.Lock()
        self._appending = threading.Lock()
        self._last = 0
        self._making = threading.Lock()
        self._made = False

    def append(self, collection: str, op: ChangeOp, ids: Sequence[Any], at_ms: int, actor: str, key: str = "") -> None:
        """Append what happened to these documents. A ``key`` lets a row be appended but once, whoever does it.

        Raises ``Unavailable``.
        """
        rows: list[Document] = []
        for start in range(0, max(1, len(ids)), IDS_IN_ROW):
            some = list(ids[start : start + IDS_IN_ROW])
            rows.append({"collection": collection, "op": op, "ids": some, "at_ms": at_ms, "actor": actor})
            if key:
                rows[-1]["key"] = f"{key}:{start}"
        wish = _Wish(rows)
        with self._pending_lock:
            self._pending.append(wish)
        with self._appending:  # whoever comes first takes along what all the others wish
            if not wish.done:
                self._append_pending()
        if wish.failure:
            raise wish.failure

    def last_seq(self) -> int:
        """Return the newest row's number, 0 when there is none. Raises ``Unavailable``."""
        with translated():
            newest = self._rows().find_one({}, {"_id": 1}, sort=[("$natural", -1)])
        return newest["_id"] if newest else 0

    def since(self, seq: int, limit: int) -> list[Change]:
        """Return the rows after ``seq``, oldest first. Raises ``ChangesLost`` and ``Unavailable``."""
        with translated():
            rows = list(self._rows().find({"_id": {"$gt": seq}}, sort=[("_id", 1)], limit=limit))
        if (rows and rows[0]["_id"] != seq + 1) or (not rows and seq > self.last_seq()):
            raise ChangesLost("The change log no longer reaches back that far", hint="Read everything anew.")
        return [
            Change(row["_id"], row["collection"], row["op"], tuple(row["ids"]), row["at_ms"], row["actor"])
            for row in rows
        ]

    def make(self) -> Collection[Document]:
        """Return the log's collection, which exists from then on. Raises the driver's errors."""
        with self._making:
            if not self._made:
                self._create()
                self._made = True
        return self._rows()

    def _rows(self) -> Collection[Document]:
        return self._connection.collection(COLLECTION)

    def _create(self) -> None:
        database = self._connection.database
        try:
            if COLLECTION not in database.list_collection_names(filter={"name": COLLECTION}):
                database.create_collection(COLLECTION, capped=True, size=KEPT_BYTES, max=KEPT_ROWS)
        except (CollectionInvalid, OperationFailure) as problem:
            if isinstance(problem, OperationFailure) and problem.code != _NAMESPACE_EXISTS:
                raise
            log.debug("another process made the change log")
        rows = self._rows()
        has_key = {"key": {"$exists": True}}
        rows.create_index([("key", 1)], name="key_1", unique=True, partialFilterExpression=has_key)
        if rows.find_one({}, {"_id": 1}) is None:  # a cursor that waits for rows needs one to begin with
            try:
                rows.insert_one(dict(_SEED))
            except DuplicateKeyError:
                log.debug("another process made the first row")

    def _append_pending(self) -> None:
        with self._pending_lock:
            wishes, self._pending = self._pending, []
        try:
            with translated():
                self._insert([row for wish in wishes for row in wish.rows])
        except Exception as problem:
            for wish in wishes:
                wish.failure = problem
        for wish in wishes:
            wish.done = True

    def _insert(self, rows: list[Document]) -> None:
        collection = self.make()
        self._last = self._last or self.last_seq()
        while rows:
            numbered = [{"_id": number, **row} for number, row in enumerate(rows, start=self._last + 1)]
            try:
                collection.insert_many(numbered)
            except BulkWriteError as problem:
                rows = self._left_over(problem, rows)
            else:
                self._last += len(rows)
                return

    def _left_over(self, problem: BulkWriteError, rows: list[Document]) -> list[Document]:
        """Return the rows still to be appended after another process took a number, or had appended the same row."""
        errors = problem.details["writeErrors"]
        if not errors or errors[0]["code"] != DUPLICATE_KEY:
            raise problem
        place = errors[0]["index"]
        self._last = max(self._last + place, self.last_seq())
        appended_by_other = "key" in errors[0].get("keyPattern", {})
        return rows[place + 1 :] if appended_by_other else rows[place:]


def append_quietly(log_of_changes: ChangeLog, *arguments: Any) -> None:
    """Append, but only warn when that fails: the write it tells of is done, and will be found as a foreign one."""
    try:
        log_of_changes.append(*arguments)
    except Exception as problem:
        log.warning("a change could not be logged", extra=told(problem=str(problem)))
