"""Foreign writes by change stream: every write there was, less those the change log tells of."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pymongo.change_stream import DatabaseChangeStream
from pymongo.errors import OperationFailure

from app.clock import Clock
from app.errors import ChangesLost
from app.store.encoding import Key, key_of
from app.store.interface import ChangeOp, Document
from app.store.mongo.changes import ChangeLog
from app.store.mongo.connection import Connection
from app.store.mongo.foreign import ACTOR, COLLECTION, is_watched

log = logging.getLogger(__name__)

GRACE_S = 1.0
_OPS: dict[str, ChangeOp] = {"insert": "insert", "update": "update", "replace": "update", "delete": "delete"}
_HISTORY_LOST = {222, 260, 280, 286}  # the stream cannot go on, or not from where we were
_AWAIT_MS = 250
_EVENTS_AT_ONCE = 100
_ROWS_AT_ONCE = 1000
_MENTIONS_KEPT_S = 60.0
_SAVE_EVERY_S = 5.0
_SAVE_IDLE_S = 600.0  # so that a place nobody moves from is not too old for the database one day

Write = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class _Event:
    """A write seen in the stream and not yet found in the log."""

    write: Write
    id: Any
    op: ChangeOp
    token: Document
    seen_at_s: float


class Watching:
    """One change stream over the database, and the change log beside it.

    A write of ours is one event and one mention in the log; whichever comes first waits for the other. An event whose
    mention does not come was somebody else's.
    """

    rest_s = 0.0

    def __init__(self, connection: Connection, changes: ChangeLog, clock: Clock) -> None:
        self._connection = connection
        self._changes = changes
        self._clock = clock
        saved = self._place.find_one({"_id": "stream"}) or {}
        self._token: Document | None = saved.get("token")
        self._seq: int = saved.get("seq", changes.last_seq())
        self._stream: DatabaseChangeStream[Document] | None = None
        self._waiting: list[_Event] = []
        self._mentions: Counter[Write] = Counter()
        self._mentioned_at: dict[Write, tuple[float, int]] = {}
        self._heard_since_saved = False
        self._saved_at_s = clock.monotonic_s()

    def step(self) -> None:
        """Wait a moment for what happens, take it in, and append what nobody logged."""
        try:
            self._take_in()
        except OperationFailure as problem:
            refused_token = self._stream is None and self._token is not None
            if problem.code not in _HISTORY_LOST and not refused_token:
                raise
            self._start_over()
            return
        now_s = self._clock.monotonic_s()
        if self._waiting:
            self._read_log(now_s)
            self._waiting = [event for event in self._waiting if not self._is_ours(event)]
        while self._waiting and now_s - self._waiting[0].seen_at_s > GRACE_S:
            self._append(self._waiting[0])
            del self._waiting[0]
        self._forget_old_mentions(now_s)
        if now_s - self._saved_at_s > (_SAVE_EVERY_S if self._heard_since_saved else _SAVE_IDLE_S):
            self._save()

    def close(self) -> None:
        """Close the stream, remembering where it stood."""
        self._save()
        if self._stream is not None:
            self._stream.close()

    @property
    def _place(self) -> Any:
        return self._connection.collection(COLLECTION)

    def _take_in(self) -> None:
        """Take in events until there is none for a moment, or there were many."""
        self._stream = self._stream or self._opened()
        for _ in range(_EVENTS_AT_ONCE):
            told = self._stream.try_next()
            if told is None:
                break
            self._hear(told)
            self._token = told["_id"]
        else:
            return
        self._token = self._stream.resume_token or self._token  # type: ignore[assignment]
        if not self._stream.alive:  # the database was dropped
            self._start_over()

    def _hear(self, told: Document) -> None:
        collection = self._connection.logical(told.get("ns", {}).get("coll", ""))
        if not is_watched(collection):
            return
        self._heard_since_saved = True
        op = _OPS.get(told["operationType"])
        if op is None:
            self._append_resync(collection, str(told["_id"]["_data"]))
            return
        id = told["documentKey"]["_id"]
        self._waiting.append(_Event((collection, key_of(id)), id, op, told["_id"], self._clock.monotonic_s()))

    def _opened(self) -> DatabaseChangeStream[Document]:
        return self._connection.database.watch(
            [{"$project": {"operationType": 1, "ns": 1, "documentKey": 1}}],
            resume_after=self._token,
            max_await_time_ms=_AWAIT_MS,
        )

    def _read_log(self, now_s: float) -> None:
        while True:
            try:
                rows = self._changes.since(self._seq, _ROWS_AT_ONCE)
            except ChangesLost:
                self._seq = self._changes.last_seq()
                return
            for row in rows:
                self._seq = row.seq
                for id in row.ids if row.actor != ACTOR else ():
                    write = (row.collection, key_of(id))
                    self._mentions[write] += 1
                    self._mentioned_at[write] = (now_s, row.seq)
            if len(rows) < _ROWS_AT_ONCE:
                return

    def _is_ours(self, event: _Event) -> bool:
        """Tell whether the log mentions an event's write, using that mention up."""
        if not self._mentions[event.write]:
            del self._mentions[event.write]
            return False
        self._mentions[event.write] -= 1
        if not self._mentions[event.write]:
            del self._mentions[event.write], self._mentioned_at[event.write]
        return True

    def _forget_old_mentions(self, now_s: float) -> None:
        """Forget mentions of writes that changed nothing in the end, for which no event will come."""
        while self._mentioned_at:
            write, (at_s, _) = next(iter(self._mentioned_at.items()))
            if now_s - at_s < _MENTIONS_KEPT_S:
                return
            del self._mentions[write], self._mentioned_at[write]

    def _append(self, event: _Event) -> None:
        key = str(event.token["_data"])
        self._changes.append(event.write[0], event.op, [event.id], self._clock.now_ms(), ACTOR, key)

    def _append_resync(self, collection: str, key: str) -> None:
        self._changes.append(collection, "resync", [], self._clock.now_ms(), ACTOR, key)

    def _start_over(self) -> None:
        """Begin a new stream, and only then tell that what was before it is not known: nothing may fall in between."""
        log.warning("the database no longer knows all writes since we last looked; listeners start over")
        lost = self._token
        if self._stream is not None:
            self._stream.close()
        self._stream, self._token = None, None
        self._stream = self._opened()
        self._append_resync("", f"lost {lost and lost.get('_data')}")

    def _save(self) -> None:
        """Remember where the stream stands, unless there are events in the air that would be forgotten by it."""
        if self._waiting or self._token is None:
            return
        oldest = min((seq for _, seq in self._mentioned_at.values()), default=self._seq + 1)
        place = {"$set": {"token": self._token, "seq": oldest - 1}}
        self._place.update_one({"_id": "stream"}, place, upsert=True)
        self._heard_since_saved = False
        self._saved_at_s = self._clock.monotonic_s()
