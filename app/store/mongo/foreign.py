"""Finds writes that nobody logged: those of an original Nightscout on the same database, and of a process of ours
that died between its write and its row of the change log.

One process at a time looks for them, by lease: by a change stream where the database has one, else by looking at the
newest documents again and again. What it finds it appends to the log, each write once.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from typing import Any, Protocol

from app.clock import Clock
from app.errors import NightlightError
from app.logs import told
from app.store.logged import UNLOGGED
from app.store.mongo import leases
from app.store.mongo.changes import ChangeLog
from app.store.mongo.connection import Connection
from app.store.mongo.errors import translated

log = logging.getLogger(__name__)

COLLECTION = "nl_foreign"
"""Where the search stands: the change stream's resume token, or digests of what was last seen."""

ACTOR = "elsewhere"
_LEASE = "foreign writes"
_LEASE_TTL_MS = 30_000
_RENEW_S = 10.0
RETRY_S = 5.0
_END_WAIT_S = 5.0


class Search(Protocol):
    """A way of finding foreign writes; it says how long to rest between two steps."""

    rest_s: float

    def step(self) -> None:
        """Look once. Raises the driver's errors and our own."""

    def close(self) -> None:
        """Give back what it holds."""


class ForeignWrites:
    """The thread that looks for foreign writes, for as long as somebody listens to the store."""

    def __init__(self, connection: Connection, changes: ChangeLog, clock: Clock) -> None:
        self._connection = connection
        self._changes = changes
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, unless it has begun."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="foreign writes", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and let another process look."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_END_WAIT_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with translated():
                    self._look_while_ours()
            except NightlightError as problem:
                log.warning("foreign writes cannot be looked for", extra=told(problem=problem.message))
            except Exception:
                log.exception("looking for foreign writes failed")
            self._ended.wait(RETRY_S)
        try:
            with translated():
                leases.drop(self._leases, _LEASE, self._owner)
        except NightlightError:
            log.debug("the lease runs out by itself")

    def _look_while_ours(self) -> None:
        search: Search | None = None
        taken_at_s = -math.inf
        try:
            while not self._ended.is_set():
                if self._clock.monotonic_s() - taken_at_s >= _RENEW_S:
                    if leases.take(self._leases, _LEASE, self._owner, _LEASE_TTL_MS) is None:
                        return
                    taken_at_s = self._clock.monotonic_s()
                search = search or self._new_search()
                search.step()
                self._ended.wait(search.rest_s)
        finally:
            if search is not None:
                search.close()

    def _new_search(self) -> Search:
        from app.store.mongo.polling import Polling
        from app.store.mongo.watching import Watching

        hello = self._connection.client.admin.command("hello")
        has_streams = "setName" in hello or hello.get("msg") == "isdbgrid"
        return (Watching if has_streams else Polling)(self._connection, self._changes, self._clock)

    @property
    def _leases(self) -> Any:
        return self._connection.collection(leases.COLLECTION)


def is_watched(collection: str) -> bool:
    """Tell whether writes to a collection (our name for it) belong into the change log."""
    return collection not in UNLOGGED and not collection.startswith("system.")
