"""The embedded store."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from app.clock import Clock, datetime_of
from app.errors import NightlightError
from app.store import interface
from app.store.interface import Change, Health, Lease, Subscription
from app.store.listening import Listeners
from app.store.paths import checked_name
from app.store.sqlite import changes, leases
from app.store.sqlite.backup import write_backup
from app.store.sqlite.catalogue import collection_names
from app.store.sqlite.collection import SqliteCollection
from app.store.sqlite.ear import Ear
from app.store.sqlite.engine import Engine
from app.store.sqlite.errors import translated
from app.store.sqlite.session import Session
from app.store.sqlite.snapshot import snapshot
from app.store.versions import Versions

_ENOUGH_FREE_BYTES = 4 * 1024 * 1024
_HEALTH_WAIT_S = 2.0


class SqliteStore(interface.Store):
    """Documents in one file of this machine."""

    backend = "sqlite"

    def __init__(self, path: Path, *, clock: Clock, query_limit_ms: int) -> None:
        """Open the file, making it when there is none. Raises ``Unavailable`` and ``WrongVersion``."""
        self._clock = clock
        self._engine = Engine(path)
        self._ear = Ear(self._engine)
        self._listeners = Listeners(self._ear.wait, self._changes_after, self.last_seq, clock.now_ms)
        self._versions = Versions(self.listen, lambda: self._listeners.deaf)
        self._session = Session(self._engine, clock, query_limit_ms, self._committed)

    def collection(self, name: str, *, actor: str = "") -> SqliteCollection:
        """Return the collection; it comes into being with its first document or index."""
        return SqliteCollection(self._session, checked_name(name), actor)

    def last_seq(self) -> int:
        """Return the number of the newest change."""
        with self._engine.reading() as connection:
            return changes.last_seq(connection)

    def changes_since(self, seq: int, *, limit: int = 1000) -> list[Change]:
        """Return the changes after ``seq``."""
        return self._changes_after(seq, limit)

    def listen(self, heard: Callable[[Sequence[Change]], None]) -> Subscription:
        """Call ``heard`` with every change from now on."""
        return self._listeners.add(heard)

    def versions_of(self, collections: Sequence[str]) -> tuple[int, ...] | None:
        """Return numbers that change with these collections."""
        return self._versions.of(collections)

    def take_lease(self, name: str, owner: str, *, ttl_ms: int) -> Lease | None:
        """Take or renew the lease."""
        return leases.take(self.collection(leases.COLLECTION), name, owner, self._clock.now_ms(), ttl_ms)

    def drop_lease(self, name: str, owner: str) -> None:
        """Give the lease back."""
        leases.drop(self.collection(leases.COLLECTION), name, owner)

    def health(self) -> Health:
        """Tell whether the file can be read and written, and whether there is room left."""
        version = sqlite3.sqlite_version
        try:
            with self._engine.reading() as connection:
                connection.execute("SELECT count(*) FROM collections").fetchone()
        except NightlightError as problem:
            return Health(False, False, self.backend, version, problem.message)
        try:
            with self._engine.writing(wait_s=_HEALTH_WAIT_S):
                pass
        except NightlightError as problem:
            return Health(True, False, self.backend, version, problem.message)
        if shutil.disk_usage(self._engine.path.parent).free < _ENOUGH_FREE_BYTES:
            return Health(True, False, self.backend, version, "The disk is full")
        return Health(True, True, self.backend, version)

    def stats(self) -> dict[str, int]:
        """Return the size of the file, of which indexes are not told apart, and the number of documents."""
        names = self._collection_names()
        with self._engine.reading() as connection, snapshot(connection):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        documents = sum(self.collection(name).count_documents() for name in names)
        return {"data_bytes": (pages - free) * page_bytes, "index_bytes": 0, "documents": documents}

    def sweep(self) -> int:
        """Remove documents whose TTL has passed."""
        removed = 0
        now = datetime_of(self._clock.now_ms())
        for name in self._collection_names():
            layout = self._engine.layout(name)
            for index in layout.indexes if layout else ():
                if index.expire_after_s is not None:
                    ended = now - timedelta(seconds=index.expire_after_s)
                    removed += self.collection(name, actor="sweep").prune({index.keys[0][0]: {"$lte": ended}})
        return removed

    def backup(self, path: str) -> None:
        """Write a verified copy to ``path``."""
        with translated():
            connection = self._engine.connect()
            try:
                write_backup(connection, Path(path))
            finally:
                self._engine.close_connection(connection)

    def close(self) -> None:
        """End the listening thread and close the file. Idempotent."""
        self._listeners.close()
        self._engine.close()

    def _committed(self, collection: str) -> None:
        self._versions.grew(collection)
        self._ear.notice()

    def _changes_after(self, seq: int, limit: int) -> list[Change]:
        with self._engine.reading() as connection, snapshot(connection):
            return changes.since(connection, seq, limit)

    def _collection_names(self) -> list[str]:
        with self._engine.reading() as connection:
            return collection_names(connection)
