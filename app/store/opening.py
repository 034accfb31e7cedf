"""Opens the store a URI names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.clock import Clock, SystemClock
from app.errors import BadSetting
from app.store.interface import Store
from app.store.sqlite.store import SqliteStore

QUERY_LIMIT_MS = 10_000


def open_store(
    uri: str,
    *,
    clock: Clock | None = None,
    names: Mapping[str, str] | None = None,
    pool_size: int = 20,
    min_pool_size: int = 0,
    max_idle_ms: int = 30_000,
    query_limit_ms: int = QUERY_LIMIT_MS,
) -> Store:
    """Return the store at ``uri``: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, ``mongodb://…``,
    ``mongodb+srv://…``.

    ``names`` maps our names of collections to those in a database whose owner renamed Nightscout's; it and the pool
    settings matter to MongoDB only. A query is stopped after ``query_limit_ms`` of work. Raises ``BadSetting`` for a
    URI that names no store; the embedded backend also ``Unavailable`` and ``WrongVersion``. MongoDB is not contacted
    yet.
    """
    clock = clock or SystemClock()
    scheme, _, path = uri.partition("://")
    if scheme == "sqlite" and len(path) > 1 and path.startswith("/"):
        return SqliteStore(Path(path[1:]), clock=clock, query_limit_ms=query_limit_ms)
    if scheme in ("mongodb", "mongodb+srv"):
        from app.store.mongo.store import MongoStore  # the driver costs memory that a family's own file does not need

        return MongoStore(
            uri,
            clock=clock,
            names=names or {},
            pool_size=pool_size,
            min_pool_size=min_pool_size,
            max_idle_ms=max_idle_ms,
            query_limit_ms=query_limit_ms,
        )
    raise BadSetting(
        "STORE_URI: its value names no store", hint="Wanted: mongodb://…, mongodb+srv://… or sqlite:///path."
    )
