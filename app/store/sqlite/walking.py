"""Walks along rows in order: they come in chunks, each by one SQL statement that hands over a single value.

One value, because sqlite3 lets go of the interpreter lock for every row it steps to, and on a busy server each time may
take milliseconds to get it back. Between chunks no snapshot is held: the next one continues after the last row's keys.
"""

# ruff: noqa: S608 - names put into SQL are the catalogue's own, values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import orjson
from bson import ObjectId

from app.store.encoding import OBJECT_ID_TAG, TAG_HINT, Key, wire_json, without_tags
from app.store.interface import Document
from app.store.sqlite.catalogue import Layout, Lookup, StaleLayout
from app.store.sqlite.planner import Condition, OrderBy
from app.store.sqlite.snapshot import snapshot

FIRST_CHUNK_ROWS = 300
_FEWEST_CHUNK_ROWS = 30
_MOST_CHUNK_ROWS = 5000
_CHUNK_BYTES = 1024 * 1024

_HEX_ID = "lower(hex(substr(id, 2)))"
_IS_OBJECT_ID = f"typeof(id) = 'blob' AND substr(id, 1, 1) = x'{OBJECT_ID_TAG.hex()}'"
_REST = "CASE doc WHEN '{}' THEN '}' ELSE ',' || substr(doc, 2) END"
# A line is a document's JSON: as clients get it, or with a letter before the _id that tells its type.
WIRE_LINE = (
    f"""'{{"_id":' || CASE WHEN {_IS_OBJECT_ID} THEN '"' || {_HEX_ID} || '"' ELSE json_quote(id) END || {_REST}"""
)
TYPED_LINE = (
    f"""'{{"_id":' || CASE WHEN {_IS_OBJECT_ID} THEN '"o' || {_HEX_ID} || '"'"""
    f""" WHEN typeof(id) = 'text' THEN json_quote('s' || id) ELSE json_quote(id) END || {_REST}"""
)

Connect = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows in order: a line of JSON each, and their numbers. ``has_tags`` when a line may hold a tag."""

    lines: list[bytes]
    rids: list[int]
    has_tags: bool


def documents_of(chunk: Chunk) -> list[Document]:
    """Return the documents of a chunk of typed lines."""
    decoded: list[Document] = orjson.loads(b"[" + b",".join(chunk.lines) + b"]")
    for document in decoded:
        id = document["_id"]
        if id.__class__ is str:
            document["_id"] = ObjectId(id[1:]) if id[0] == "o" else id[1:]
    return [without_tags(document) for document in decoded] if chunk.has_tags else decoded


def wire_of_typed(chunk: Chunk) -> list[bytes]:
    """Return a chunk of typed lines as clients get them."""
    if chunk.has_tags:
        return [wire_json(document) for document in documents_of(chunk)]
    return [line[:8] + line[9:] if line[7:8] == b'"' else line for line in chunk.lines]


def wire_of_wire(chunk: Chunk) -> list[bytes]:
    """Return a chunk of wire lines as clients get them: only where there may be a tag is a line looked into."""
    if not chunk.has_tags:
        return chunk.lines
    return [wire_json(without_tags(orjson.loads(line))) if TAG_HINT in line else line for line in chunk.lines]


def run(connect: Connect, layout: Layout, line: str, source: str, parameters: Sequence[Key]) -> Chunk:
    """Return the rows of ``source`` (what follows FROM). Raises ``StaleLayout``."""
    with connect() as connection:
        return _run(connection, layout, line, source, parameters)


def _run(connection: sqlite3.Connection, layout: Layout, line: str, source: str, parameters: Sequence[Key]) -> Chunk:
    sql = (
        f"SELECT {layout.version_sql}, CAST(group_concat({line}, char(10)) AS BLOB), group_concat(rid, ' ') "
        f"FROM (SELECT rid, id, doc FROM {source})"
    )
    version, text, rids = connection.execute(sql, parameters).fetchone()
    if version != layout.version:
        raise StaleLayout
    if text is None:
        return Chunk([], [], has_tags=False)
    return Chunk(text.split(b"\n"), [int(rid) for rid in rids.split()], TAG_HINT in text)


@dataclass(frozen=True)
class Walk:
    """Rows that fulfil ``condition``, ordered by columns and then by row number (descending when ``down``).

    ``lookup`` is the index to walk along. ``seekable`` says that the first column to order by is never NULL in these
    rows.
    """

    layout: Layout
    condition: Condition
    order: OrderBy
    down: bool
    lookup: Lookup | None
    connect: Connect
    filled: bool

    def chunks(self, line: str, limit: int | None) -> Iterator[Chunk]:
        """Yield chunks of lines, ``limit`` rows at most."""
        rows, after = FIRST_CHUNK_ROWS, None
        while limit is None or limit > 0:
            wanted = rows if limit is None else min(rows, limit)
            is_last = wanted == limit
            chunk, keys = self._chunk(line, after, wanted, with_keys=not is_last)
            if chunk.lines:
                yield chunk
            if is_last or len(chunk.lines) < wanted:
                return
            limit = limit and limit - wanted
            after = self._beyond(keys)
            rows = _rows_for(chunk)

    def _chunk(
        self, line: str, after: Condition | None, rows: int, *, with_keys: bool
    ) -> tuple[Chunk, tuple[Key, ...]]:
        """Return a chunk and the keys of its last row, both from one snapshot."""
        source, parameters = self._source(after)
        with self.connect() as connection:
            if not with_keys:
                return _run(connection, self.layout, line, source, (*parameters, rows)), ()
            with snapshot(connection):
                chunk = _run(connection, self.layout, line, source, (*parameters, rows))
                return chunk, self._keys_of(connection, chunk.rids[-1]) if chunk.rids else ()

    def _source(self, after: Condition | None) -> tuple[str, tuple[Key, ...]]:
        indexed = f" INDEXED BY {self.lookup.name}" if self.lookup else ""
        conditions = [self.lookup.condition] if self.lookup and self.lookup.condition else []
        conditions.append(self.condition.sql)
        parameters = self.condition.parameters
        if after:
            conditions.append(after.sql)
            parameters += after.parameters
        order = ", ".join(f"{column} {'DESC' if descends else 'ASC'}" for column, descends in self._full_order)
        return f"{self.layout.table}{indexed} WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT ?", parameters

    @property
    def _full_order(self) -> OrderBy:
        return (*self.order, ("rid", self.down))

    def _keys_of(self, connection: sqlite3.Connection, rid: int) -> tuple[Key, ...]:
        columns = ", ".join(column for column, _ in self._full_order)
        keys: tuple[Key, ...] = connection.execute(
            f"SELECT {columns} FROM {self.layout.table} WHERE rid = ?", (rid,)
        ).fetchone()
        return keys

    def _beyond(self, keys: tuple[Key, ...]) -> Condition:
        """Return the condition for rows after the one with these keys; where it can, it lets SQLite seek."""
        beyond = _after(self._full_order, keys)
        (column, descends), key = self._full_order[0], keys[0]
        if key is None:
            return Condition(f"{column} IS NULL AND {beyond.sql}", beyond.parameters) if descends else beyond
        if descends and not self.filled:  # what is NULL comes after all else
            return beyond
        return Condition(f"{column} {'<=' if descends else '>='} ? AND {beyond.sql}", (key, *beyond.parameters))


def _after(order: OrderBy, keys: tuple[Key, ...]) -> Condition:
    (column, descends), key = order[0], keys[0]
    if key is None:
        beyond = Condition("0" if descends else f"{column} IS NOT NULL")
    elif descends:
        beyond = Condition(f"({column} < ? OR {column} IS NULL)", (key,))
    else:
        beyond = Condition(f"{column} > ?", (key,))
    if len(order) == 1:
        return beyond
    rest = _after(order[1:], keys[1:])
    return Condition(f"({beyond.sql} OR ({column} IS ? AND {rest.sql}))", (*beyond.parameters, key, *rest.parameters))


def _rows_for(chunk: Chunk) -> int:
    average_bytes = sum(map(len, chunk.lines)) // len(chunk.lines) + 1
    return max(_FEWEST_CHUNK_ROWS, min(_MOST_CHUNK_ROWS, _CHUNK_BYTES // average_bytes))
