"""What a collection works through: scans for reading, transactions for writing, the change rows that go with them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from app.clock import Clock
from app.errors import Unavailable
from app.logs import told
from app.store.ids import IdMaker
from app.store.interface import Index
from app.store.logged import UNLOGGED
from app.store.query import EVERYTHING
from app.store.sqlite import catalogue, changes
from app.store.sqlite.catalogue import Layout, read_layout
from app.store.sqlite.engine import Engine
from app.store.sqlite.scanning import Scan, Search
from app.store.sqlite.writing import Transaction
from app.store.timing import TimeLimit

log = logging.getLogger(__name__)

T = TypeVar("T")

_INDEXING_LIMIT_MS = 60 * 60 * 1000
_ROWS_BETWEEN_TELLING = 50_000


class Session:
    """One store's way to its engine.

    ``committed`` is called with the collection's name after every transaction that changed something.
    """

    def __init__(self, engine: Engine, clock: Clock, query_limit_ms: int, committed: Callable[[str], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._query_limit_ms = query_limit_ms
        self._committed = committed
        self._new_id = IdMaker(clock)

    def scan(self, name: str, search: Search, *, afresh: bool = False) -> Scan | None:
        """Return a scan of a collection, or None when there is no such collection."""
        layout = self._engine.layout(name, afresh=afresh)
        if layout is None:
            return None
        limit = TimeLimit(self._clock, self._query_limit_ms)

        def connect() -> AbstractContextManager[sqlite3.Connection]:
            return self._engine.reading(limit.is_over)

        return Scan(search, layout, connect, limit)

    def write(self, name: str, actor: str, work: Callable[[Transaction], T]) -> T:
        """Return what ``work`` returns, once what it did is committed together with its rows of the change log."""
        limit = TimeLimit(self._clock, self._query_limit_ms)
        with self._engine.writing() as connection:
            layout = self._present_layout(connection, name)
            transaction = Transaction(connection, layout, limit, self._new_id)
            result = work(transaction)
            rows = list(transaction.effects.rows())
            for op, ids in rows if name not in UNLOGGED else ():
                changes.append(connection, name, op, ids, self._clock.now_ms(), actor)
        self._engine.learn(transaction.layout)
        if rows:
            self._committed(name)
        return result

    def create_indexes(self, name: str, indexes: Sequence[Index]) -> None:
        """Have these indexes."""
        with self._engine.writing() as connection:
            layout = self._present_layout(connection, name)
            present = {index.name for index in layout.indexes}
            missing = list({index.name: index for index in indexes if index.name not in present}.values())
            if not missing:
                return
            new_paths = catalogue.add_indexes(connection, layout, missing)
            layout = _reread(connection, name)
            if new_paths:
                layout = self._fill_columns(connection, layout)
            catalogue.make_lookups(connection, layout)
            self._check_unique(connection, layout, missing)
        self._engine.learn(layout)

    def _present_layout(self, connection: sqlite3.Connection, name: str) -> Layout:
        """Return a collection's layout as the transaction sees it, making the collection when there is none."""
        known = self._engine.layout_known(name)
        if known is not None:
            row = connection.execute(f"SELECT {known.version_sql}").fetchone()
            if row[0] == known.version:
                return known
        found = read_layout(connection, name)
        if found is None:
            catalogue.add_collection(connection, name)
            found = _reread(connection, name)
        return found

    def _fill_columns(self, connection: sqlite3.Connection, layout: Layout) -> Layout:
        """Write the keys of every row; the new columns are empty so far."""
        limit = TimeLimit(self._clock, _INDEXING_LIMIT_MS)
        transaction = Transaction(connection, layout, limit, self._new_id)
        done = 0
        for page in transaction.pages(EVERYTHING):
            transaction.rewrite(page)
            done += len(page)
            if done % _ROWS_BETWEEN_TELLING < len(page):
                log.info("indexing", extra=told(collection=layout.name, documents=done))
        return transaction.layout

    def _check_unique(self, connection: sqlite3.Connection, layout: Layout, indexes: Sequence[Index]) -> None:
        if not any(index.unique for index in indexes):
            return
        transaction = Transaction(connection, layout, TimeLimit(self._clock, _INDEXING_LIMIT_MS), self._new_id)
        for page in transaction.pages(EVERYTHING):
            transaction.check_unique([row.document for row in page])


def _reread(connection: sqlite3.Connection, name: str) -> Layout:
    layout = read_layout(connection, name)
    if layout is None:
        raise Unavailable(f"The collection {name} vanished")
    return layout
