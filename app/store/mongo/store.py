"""The store in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.clock import Clock
from app.errors import NightlightError, Unavailable
from app.store import interface
from app.store.ids import IdMaker
from app.store.interface import Change, Health, Lease, Subscription
from app.store.listening import Listeners
from app.store.mongo import leases
from app.store.mongo.changes import ChangeLog
from app.store.mongo.codec import WireLines
from app.store.mongo.collection import MongoCollection
from app.store.mongo.connection import Connection
from app.store.mongo.ear import Ear
from app.store.mongo.errors import translated
from app.store.mongo.foreign import ForeignWrites
from app.store.paths import checked_name
from app.store.versions import Versions


class MongoStore(interface.Store):
    """Documents in one database."""

    backend = "mongodb"

    def __init__(
        self,
        uri: str,
        *,
        clock: Clock,
        names: Mapping[str, str],
        pool_size: int,
        min_pool_size: int,
        max_idle_ms: int,
        query_limit_ms: int,
    ) -> None:
        """Name the database without contacting it. Raises ``BadSetting``."""
        self._clock = clock
        self._limit_ms = query_limit_ms
        self._connection = Connection(
            uri, names, pool_size=pool_size, min_pool_size=min_pool_size, max_idle_ms=max_idle_ms
        )
        self._new_id = IdMaker(clock)
        self._wire = WireLines()
        self._log = ChangeLog(self._connection)
        self._ear = Ear(self._log)
        self._listeners = Listeners(self._ear.wait, self._log.since, self._log.last_seq, clock.now_ms)
        self._versions = Versions(self.listen, lambda: self._listeners.deaf)
        self._foreign = ForeignWrites(self._connection, self._log, clock)

    def collection(self, name: str, *, actor: str = "") -> MongoCollection:
        """Return the collection."""
        return MongoCollection(
            self._connection,
            self._log,
            self._clock,
            self._new_id,
            self._wire,
            self._versions.grew,
            name=checked_name(name),
            actor=actor,
            limit_ms=self._limit_ms,
        )

    def last_seq(self) -> int:
        """Return the number of the newest change."""
        return self._log.last_seq()

    def changes_since(self, seq: int, *, limit: int = 1000) -> list[Change]:
        """Return the changes after ``seq``."""
        return self._log.since(seq, limit)

    def listen(self, heard: Callable[[Sequence[Change]], None]) -> Subscription:
        """Call ``heard`` with every change from now on."""
        subscription = self._listeners.add(heard)
        self._foreign.start()
        return subscription

    def versions_of(self, collections: Sequence[str]) -> tuple[int, ...] | None:
        """Return numbers that change with these collections."""
        return self._versions.of(collections)

    def take_lease(self, name: str, owner: str, *, ttl_ms: int) -> Lease | None:
        """Take or renew the lease."""
        with translated():
            return leases.take(self._connection.collection(leases.COLLECTION), name, owner, ttl_ms)

    def drop_lease(self, name: str, owner: str) -> None:
        """Give the lease back."""
        with translated():
            leases.drop(self._connection.collection(leases.COLLECTION), name, owner)

    def health(self) -> Health:
        """Tell whether the database answers and has a primary that takes writes."""
        try:
            with translated():
                version = str(self._connection.client.server_info()["version"])
                writable = bool(self._connection.client.admin.command("hello").get("isWritablePrimary"))
        except NightlightError as problem:
            return Health(False, False, self.backend, "", problem.message)
        return Health(True, writable, self.backend, version, "" if writable else "There is no primary")

    def stats(self) -> dict[str, int]:
        """Return the sizes of the database."""
        with translated():
            told = self._connection.database.command("dbStats")
        return {
            "data_bytes": int(told["dataSize"]),
            "index_bytes": int(told["indexSize"]),
            "documents": int(told["objects"]),
        }

    def sweep(self) -> int:
        """Do nothing: MongoDB removes what is past its TTL by itself, about once a minute."""
        return 0

    def backup(self, path: str) -> None:
        """Refuse: a database is copied with its own tools."""
        raise Unavailable("A MongoDB database cannot be copied from here", hint="Use mongodump.")

    def close(self) -> None:
        """End the threads and close the connections of this process. Idempotent."""
        self._foreign.close()
        self._listeners.close()
        self._ear.close()
        self._connection.close()
