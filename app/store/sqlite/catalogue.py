"""What collections, indexed paths and indexes the file has, and the SQL names standing for them.

Table and column names are numbers of ours (``documents_3``, ``k7``): a name from outside is only ever a value in the
catalogue's own tables. Each collection's layout carries a version, which every read and every write compares with the
one it was planned by.
"""

# ruff: noqa: S608 - names put into SQL are the catalogue's own, values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.store.encoding import Key, is_odd, key_of, value_along
from app.store.indexes import FEW_VALUED
from app.store.interface import Document, Index
from app.store.paths import checked_name

SCHEMA = """
CREATE TABLE collections (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL);
CREATE TABLE paths (
    collection INTEGER NOT NULL, path TEXT NOT NULL, number INTEGER NOT NULL, odd INTEGER NOT NULL,
    PRIMARY KEY (collection, path)
) WITHOUT ROWID;
CREATE TABLE indexes (
    collection INTEGER NOT NULL, name TEXT NOT NULL, keys TEXT NOT NULL, is_unique INTEGER NOT NULL,
    expire_after_s INTEGER,
    PRIMARY KEY (collection, name)
) WITHOUT ROWID;
CREATE TABLE nl_changes (
    seq INTEGER PRIMARY KEY, collection TEXT NOT NULL, op TEXT NOT NULL, ids TEXT NOT NULL, at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL
);
"""


class StaleLayout(Exception):
    """A plan was made with a layout that no longer holds."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """An SQL index: its name, and its columns with whether they descend.

    An index of one column leaves out the rows without it, of which there are many where a path is rare.
    """

    name: str
    columns: tuple[tuple[str, bool], ...]

    def is_in_order(self, order: Sequence[tuple[str, bool]]) -> bool:
        """Tell whether walking along the index, forwards or backwards, yields all rows in an order of columns."""
        mine = self.columns[: len(order)]
        turned = tuple((column, not descends) for column, descends in mine)
        return not self.condition and tuple(order) in (mine, turned)

    @property
    def condition(self) -> str:
        """Return what must be said of a row to be found in the index; empty when all rows are in it."""
        return f"{self.leading} IS NOT NULL" if len(self.columns) == 1 else ""

    @property
    def leading(self) -> str:
        """Return the first column."""
        return self.columns[0][0]


@dataclass(frozen=True)
class Layout:
    """How one collection lies in the file.

    ``columns`` maps an indexed path to its key column; ``odd`` are the paths that ever held an object, an array or NaN,
    which keys do not tell apart.
    """

    name: str
    number: int
    version: int
    columns: Mapping[str, str]
    odd: frozenset[str]
    indexes: tuple[Index, ...]

    @property
    def table(self) -> str:
        """Return the SQL name of the table."""
        return f"documents_{self.number}"

    def column(self, path: str) -> str | None:
        """Return the column that holds the key of a path, if there is one."""
        return "id" if path == "_id" else self.columns.get(path)

    @property
    def version_sql(self) -> str:
        """Return SQL for the version in the file, to be read in the same statement as what was planned by this one."""
        return f"(SELECT version FROM collections WHERE number = {self.number})"

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """Return the SQL indexes. One whose columns begin another's is left out: that other does its work."""
        wanted = [index.keys for index in self.indexes if {path for path, _ in index.keys} - FEW_VALUED]
        paths = [tuple(path for path, _ in keys) for keys in wanted]
        kept = [
            keys
            for keys, own in zip(wanted, paths, strict=True)
            if not any(len(other) > len(own) and other[: len(own)] == own for other in paths)
        ]
        return tuple(self._lookup(keys) for keys in kept)

    def _lookup(self, keys: Sequence[tuple[str, int]]) -> Lookup:
        columns = tuple((self.column(path) or "", direction < 0) for path, direction in keys)
        name = "_".join(f"{column}{'d' if descends else ''}" for column, descends in columns)
        return Lookup(f"{self.table}_by_{name}", columns)

    @cached_property
    def unique(self) -> tuple[tuple[str, ...], ...]:
        """Return the paths of each unique index."""
        return tuple(tuple(path for path, _ in index.keys) for index in self.indexes if index.unique)

    @cached_property
    def _split_paths(self) -> tuple[tuple[str, list[str]], ...]:
        return tuple((path, path.split(".")) for path in self.columns)

    def keys(self, document: Document) -> tuple[list[Key], set[str]]:
        """Return the key of every column for a document, and the paths that turn odd by it."""
        keys: list[Key] = []
        turned_odd: set[str] = set()
        for path, parts in self._split_paths:
            value = document.get(path) if len(parts) == 1 else value_along(document, parts)
            if value is None or value.__class__ in (str, int):
                keys.append(value)
                continue
            keys.append(key_of(value))
            if path not in self.odd and is_odd(value):
                turned_odd.add(path)
        return keys, turned_odd


def read_layout(connection: sqlite3.Connection, name: str) -> Layout | None:
    """Read a collection's layout, or None when there is no such collection; the caller holds a snapshot."""
    found = connection.execute("SELECT number, version FROM collections WHERE name = ?", (name,)).fetchone()
    if found is None:
        return None
    number, version = found
    paths = connection.execute(
        "SELECT path, number, odd FROM paths WHERE collection = ? ORDER BY number", (number,)
    ).fetchall()
    return Layout(
        name=name,
        number=number,
        version=version,
        columns={path: f"k{column}" for path, column, _ in paths},
        odd=frozenset(path for path, _, odd in paths if odd),
        indexes=tuple(_read_indexes(connection, number)),
    )


def collection_names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all collections."""
    return [name for (name,) in connection.execute("SELECT name FROM collections ORDER BY number")]


def _read_indexes(connection: sqlite3.Connection, number: int) -> Iterable[Index]:
    rows = connection.execute(
        "SELECT keys, is_unique, expire_after_s FROM indexes WHERE collection = ? ORDER BY name", (number,)
    )
    for keys, is_unique, expire_after_s in rows:
        yield Index(tuple((path, direction) for path, direction in json.loads(keys)), bool(is_unique), expire_after_s)


def add_collection(connection: sqlite3.Connection, name: str) -> None:
    """Make a collection within the caller's transaction."""
    (number,) = connection.execute(
        "INSERT INTO collections (name, version) VALUES (?, 1) RETURNING number", (checked_name(name),)
    ).fetchone()
    connection.execute(
        f"CREATE TABLE documents_{number} (rid INTEGER PRIMARY KEY, id NOT NULL UNIQUE, doc TEXT NOT NULL)"
    )


def add_indexes(connection: sqlite3.Connection, layout: Layout, indexes: Iterable[Index]) -> list[str]:
    """Enter indexes into the catalogue and return the paths that got a key column, which is empty still."""
    new_paths: dict[str, None] = {}
    for index in indexes:
        new_paths |= {path: None for path, _ in index.keys if layout.column(path) is None}
        connection.execute(
            "INSERT INTO indexes VALUES (?, ?, ?, ?, ?)",
            (layout.number, index.name, json.dumps(index.keys), index.unique, index.expire_after_s),
        )
    for number, path in enumerate(new_paths, start=len(layout.columns)):
        connection.execute("INSERT INTO paths VALUES (?, ?, ?, 0)", (layout.number, path, number))
        connection.execute(f"ALTER TABLE {layout.table} ADD COLUMN k{number}")
    _next_version(connection, layout)
    return list(new_paths)


def make_lookups(connection: sqlite3.Connection, layout: Layout) -> None:
    """Build the SQL indexes the layout wants and drop those it no longer wants."""
    wanted = {lookup.name: lookup for lookup in layout.lookups}
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (layout.table,)
    )
    present = {name for (name,) in rows}
    for name in present - wanted.keys():
        connection.execute(f"DROP INDEX {name}")
    for name in wanted.keys() - present:
        lookup = wanted[name]
        columns = ", ".join(f"{column} {'DESC' if descends else 'ASC'}" for column, descends in lookup.columns)
        where = f" WHERE {lookup.condition}" if lookup.condition else ""
        connection.execute(f"CREATE INDEX {name} ON {layout.table} ({columns}){where}")


def mark_odd(connection: sqlite3.Connection, layout: Layout, paths: Iterable[str]) -> Layout:
    """Remember that these paths hold values their keys do not tell apart, and return the layout as it is now."""
    connection.executemany(
        "UPDATE paths SET odd = 1 WHERE collection = ? AND path = ?", [(layout.number, path) for path in paths]
    )
    _next_version(connection, layout)
    return replace(layout, version=layout.version + 1, odd=layout.odd.union(paths))


def _next_version(connection: sqlite3.Connection, layout: Layout) -> None:
    connection.execute("UPDATE collections SET version = version + 1 WHERE number = ?", (layout.number,))
