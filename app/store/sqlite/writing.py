"""One write transaction on one collection: finds documents, works out what becomes of them, writes rows and changes."""

# ruff: noqa: S608 - names put into SQL are the catalogue's own, values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from app.errors import DuplicateKey
from app.store.batch import Desk, Effects, Held, Step
from app.store.encoding import Key, is_same, key_of, texts_of, value_along
from app.store.interface import Document, Outcome
from app.store.matching import matcher
from app.store.paths import MISSING
from app.store.query import And, Equals, Node, Or, Test
from app.store.sqlite import catalogue
from app.store.sqlite.catalogue import Layout
from app.store.sqlite.scanning import Row, Scan, Search
from app.store.sqlite.walking import TYPED_LINE, documents_of, run
from app.store.timing import TimeLimit

_MOST_PARAMETERS = 2000
_LOOKUPS_AT_ONCE = 500
_PAGE_ROWS = 1000


class Transaction:
    """The work of one transaction; the caller begins and ends it on ``connection``."""

    def __init__(
        self, connection: sqlite3.Connection, layout: Layout, limit: TimeLimit, new_id: Callable[[], Any]
    ) -> None:
        self.layout = layout
        self.effects = Effects()
        self._connection = connection
        self._limit = limit
        self._new_id = new_id
        self._next_rid = 0
        self._dirty: dict[Held, None] = {}
        self._removed: list[int] = []

    def connect(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend the transaction's own connection."""
        return nullcontext(self._connection)

    def run(self, steps: Sequence[Step]) -> list[Outcome]:
        """Do the steps in order and write their effects. Raises what a collection's writes raise."""
        desk = Desk(steps)
        at_hand = self._fetch(steps, desk) if len(steps) > 1 else frozenset()
        outcomes = [self._do(step, desk, at_hand) for step in steps]
        self.flush()
        return outcomes

    def scan(self, tree: Node, sort: tuple[tuple[str, int], ...] = ()) -> Scan:
        """Return a scan that sees what this transaction has written so far."""
        return Scan(Search(tree, matcher(tree), sort), self.layout, self.connect, self._limit)

    def pages(self, tree: Node) -> Iterator[list[Row]]:
        """Yield every match once, in pages, while the caller changes or removes what it was given."""
        rids = self.scan(tree).rids()
        for start in range(0, len(rids), _PAGE_ROWS):
            yield self.scan(tree).fetched(rids[start : start + _PAGE_ROWS])

    def change(self, row: Row, document: Document) -> bool:
        """Put ``document`` in place of a row's, and tell whether that is a change."""
        if is_same(row.document, document):
            return False
        self._dirty[Held(document, row.rid)] = None
        self.effects.changed.append(document["_id"])
        return True

    def insert(self, document: Document) -> Held:
        """Add a document, giving it an ``_id`` when it has none."""
        if "_id" not in document:
            document = {"_id": self._new_id(), **document}
        elif next(iter(document)) != "_id":
            document = {"_id": document["_id"], **document}
        held = Held(document, self._new_rid())
        self._dirty[held] = None
        self.effects.created.append(document["_id"])
        return held

    def remove_all(self, rows: Iterable[Row]) -> int:
        """Delete rows and return how many they were."""
        before = len(self.effects.deleted)
        for row in rows:
            self._removed.append(row.rid)
            self.effects.deleted.append(row.document["_id"])
        self.flush()
        return len(self.effects.deleted) - before

    def rewrite(self, rows: Iterable[Row]) -> None:
        """Write rows as they are, for the sake of their keys."""
        self._write_rows([Held(row.document, row.rid) for row in rows])

    def check_unique(self, documents: Iterable[Document]) -> None:
        """Raise ``DuplicateKey`` when one of these, written already, stands beside one that a unique index forbids."""
        for paths in self.layout.unique:
            for document in documents:
                if len(list(self.scan(_same_values(paths, document)).rows(limit=2))) > 1:
                    raise DuplicateKey(f"There is a document with the same {', '.join(paths)} already")

    def flush(self) -> None:
        """Write what is pending."""
        removed, self._removed = self._removed, []
        for start in range(0, len(removed), _MOST_PARAMETERS):
            some = removed[start : start + _MOST_PARAMETERS]
            self._connection.execute(
                f"DELETE FROM {self.layout.table} WHERE rid IN ({', '.join('?' * len(some))})", some
            )
        dirty, self._dirty = [held for held in self._dirty if not held.gone], {}
        if dirty:
            self._write_rows(dirty)
            self.check_unique([held.document for held in dirty])

    def _do(self, step: Step, desk: Desk, at_hand: frozenset[Step]) -> Outcome:
        if step.kind == "insert":
            return self._created(step, desk)
        held = desk.first(step) if step in at_hand else self._find(step, desk)
        if held is None:
            return self._created(step, desk) if step.upsert else Outcome()
        if step.kind == "delete":
            return self._deleted(held)
        return self._changed(held, step, desk)

    def _created(self, step: Step, desk: Desk) -> Outcome:
        held = self.insert(step.created())
        desk.lay(held)
        return Outcome(held.document["_id"], created=True)

    def _deleted(self, held: Held) -> Outcome:
        held.gone = True
        self._removed.append(held.rid)
        self.effects.deleted.append(held.document["_id"])
        return Outcome(held.document["_id"], modified=True)

    def _changed(self, held: Held, step: Step, desk: Desk) -> Outcome:
        id = held.document["_id"]
        document = step.changed(held.document)
        if is_same(held.document, document):
            return Outcome(id)
        held.document = document
        desk.lay(held)
        self._dirty[held] = None
        self.effects.changed.append(id)
        return Outcome(id, modified=True)

    def _find(self, step: Step, desk: Desk) -> Held | None:
        """Look in the file, which first must know what the batch did so far."""
        self.flush()
        row = next(self.scan(step.tree).rows(limit=1), None)
        if row is None:
            return None
        known = desk.row(row.rid)
        if known:
            return known
        held = Held(row.document, row.rid)
        desk.lay(held)
        return held

    def _fetch(self, steps: Sequence[Step], desk: Desk) -> frozenset[Step]:
        """Lay every document on the desk that the steps may find, and return the steps for which that was done.

        A lookup that leaves too many rows is not worth it; its steps look for themselves.
        """
        columns = {lookup.paths: self._lookup_columns(lookup.paths) for step in steps for lookup in step.lookups}
        wanted = [step for step in steps if step.lookups and all(columns[lookup.paths] for lookup in step.lookups)]
        rows: dict[int, Document] = {}
        for start in range(0, len(wanted), _LOOKUPS_AT_ONCE):
            some = wanted[start : start + _LOOKUPS_AT_ONCE]
            for row in self._looked_up(some, columns):
                rows[row.rid] = row.document
            if len(rows) > 4 * len(steps) + _PAGE_ROWS:
                return frozenset()
        for rid in sorted(rows):
            desk.lay(Held(rows[rid], rid))
        return frozenset(wanted)

    def _lookup_columns(self, paths: Sequence[str]) -> dict[str, int]:
        """Return the key columns a lookup by these paths can use, with the place of the path; empty when none of them
        leads an index.
        """
        layout = self.layout
        usable = {
            column: place
            for place, path in enumerate(paths)
            if path not in layout.odd and (column := layout.column(path)) is not None
        }
        leading = {"id", *(lookup.leading for lookup in layout.lookups)}
        return usable if leading & usable.keys() else {}

    def _looked_up(self, steps: Sequence[Step], columns: dict[tuple[str, ...], dict[str, int]]) -> Iterator[Row]:
        """Yield the rows the lookups of these steps lead to."""
        wanted: dict[tuple[str, ...], dict[tuple[Key, ...], None]] = {}
        for step in steps:
            for lookup in step.lookups:
                key = tuple(lookup.keys[place] for place in columns[lookup.paths].values())
                wanted.setdefault(lookup.paths, {})[key] = None
        most = 4 * len(steps) + _PAGE_ROWS
        for paths, tuples in wanted.items():
            names = list(columns[paths])
            row = f"({', '.join('?' * len(names))})"
            # A cross join, because SQLite would look through the whole table for `IN (VALUES ...)`.
            same = " AND ".join(f"{name} = wanted.column{place}" for place, name in enumerate(names, start=1))
            listed = f"(VALUES {', '.join([row] * len(tuples))}) AS wanted"
            source = f"{listed} CROSS JOIN {self.layout.table} WHERE {same} LIMIT {most}"
            with self._limit:
                chunk = run(self.connect, self.layout, TYPED_LINE, source, [key for keys in tuples for key in keys])
            yield from map(Row, chunk.rids, documents_of(chunk))

    def _new_rid(self) -> int:
        if not self._next_rid:
            (last,) = self._connection.execute(f"SELECT ifnull(max(rid), 0) FROM {self.layout.table}").fetchone()
            self._next_rid = int(last)
        self._next_rid += 1
        return self._next_rid

    def _write_rows(self, dirty: Sequence[Held]) -> None:
        rows: list[list[Key]] = []
        turned_odd: set[str] = set()
        for held, text in zip(dirty, texts_of([held.document for held in dirty]), strict=True):
            keys, odd = self.layout.keys(held.document)
            turned_odd |= odd
            rows.append([held.rid, key_of(held.document["_id"]), text, *keys])
        if turned_odd:
            self.layout = catalogue.mark_odd(self._connection, self.layout, turned_odd)
        columns = list(self.layout.columns.values())
        updates = ", ".join(f"{column} = excluded.{column}" for column in ["doc", *columns])
        row = f"({', '.join('?' * (3 + len(columns)))})"
        at_once = max(1, _MOST_PARAMETERS // (3 + len(columns)))
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            self._connection.execute(
                f"INSERT INTO {self.layout.table} ({', '.join(['rid', 'id', 'doc', *columns])}) "
                f"VALUES {', '.join([row] * len(some))} ON CONFLICT (rid) DO UPDATE SET {updates}",
                [key for values in some for key in values],
            )


def _same_values(paths: Sequence[str], document: Document) -> Node:
    """Return the filter for documents a unique index over ``paths`` would not let stand beside this one."""
    tests: list[Node] = []
    for path in paths:
        value = value_along(document, path.split("."))
        if isinstance(value, list):
            tests.append(Or(tuple(Test(path, Equals(inner)) for inner in value)))
        else:
            tests.append(Test(path, Equals(None if value is MISSING else value)))
    return And(tuple(tests))
