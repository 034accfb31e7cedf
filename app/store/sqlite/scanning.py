"""Runs a search over one collection: SQL narrows and orders, the matcher decides where SQL cannot."""

# ruff: noqa: S608 - names put into SQL are the catalogue's own, values are bound

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.store.interface import Document
from app.store.ordering import document_key
from app.store.query import Node
from app.store.sqlite.catalogue import Layout, Lookup, StaleLayout
from app.store.sqlite.planner import FEW_ROWS, Condition, OrderBy, choose, planned
from app.store.sqlite.walking import (
    FIRST_CHUNK_ROWS,
    TYPED_LINE,
    WIRE_LINE,
    Chunk,
    Connect,
    Walk,
    documents_of,
    run,
    wire_of_typed,
    wire_of_wire,
)
from app.store.timing import TimeLimit


@dataclass(frozen=True)
class Search:
    """What is asked of one collection: a parsed filter, its matcher, a checked sort."""

    tree: Node
    matches: Callable[[Document], bool]
    sort: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A document and the number of its row."""

    rid: int
    document: Document


class Scan:
    """One run of a search, planned for one layout.

    ``connect`` lends a connection for a moment. Any step may raise ``StaleLayout`` before it hands out rows, and
    ``TooSlow``.
    """

    def __init__(self, search: Search, layout: Layout, connect: Connect, limit: TimeLimit) -> None:
        self._search = search
        self._layout = layout
        self._connect = connect
        self._limit = limit
        self._plan = planned(search.tree, layout)
        self._order = self._sql_order()

    @property
    def is_exact(self) -> bool:
        """True when SQL alone decides which rows match, and in which order."""
        return self._plan.where.exact and self._order is not None

    def count(self) -> int:
        """Return how many documents match."""
        if not self._plan.where.exact:
            unordered = Scan(Search(self._search.tree, self._search.matches), self._layout, self._connect, self._limit)
            return sum(1 for _ in unordered.rows())
        source, condition = self._source()
        count = self._value(f"SELECT {self._layout.version_sql}, (SELECT count(*) FROM {source} WHERE {condition})")
        return int(count)

    def wire(self, skip: int = 0, limit: int = 0) -> Iterator[bytes]:
        """Yield matches as JSON for clients; ``limit`` 0 means all."""
        if self.is_exact:
            for chunk in _cut(self._chunks(WIRE_LINE, skip + limit if limit else None), skip):
                yield from wire_of_wire(chunk)
        else:
            for chunk in self._matching_chunks(skip, limit):
                yield from wire_of_typed(chunk)

    def rows(self, skip: int = 0, limit: int = 0) -> Iterator[Row]:
        """Yield matches with the numbers of their rows."""
        for chunk in self._matching_chunks(skip, limit):
            yield from map(Row, chunk.rids, documents_of(chunk))

    def rids(self) -> list[int]:
        """Return the numbers of all matching rows, in no particular order."""
        if not self._plan.where.exact:
            return [row.rid for row in self.rows()]
        source, condition = self._source()
        sql = f"SELECT {self._layout.version_sql}, (SELECT group_concat(rid, ' ') FROM {source} WHERE {condition})"
        return [int(rid) for rid in (self._value(sql) or "").split()]

    def fetched(self, rids: Sequence[int]) -> list[Row]:
        """Return the rows with these numbers that still match, in this order."""
        chunk = self._matching(self._fetched(rids))
        return list(map(Row, chunk.rids, documents_of(chunk)))

    def _source(self) -> tuple[str, str]:
        lookup = self._lookup((), limited=False)
        if lookup is None:
            return self._layout.table, self._plan.where.sql
        condition = " AND ".join(filter(None, [lookup.condition, self._plan.where.sql]))
        return f"{self._layout.table} INDEXED BY {lookup.name}", condition

    def _value(self, sql: str) -> Any:
        with self._limit, self._connect() as connection:
            version, value = connection.execute(sql, self._plan.where.parameters).fetchone()
        if version != self._layout.version:
            raise StaleLayout
        return value

    def _sql_order(self) -> OrderBy | None:
        """Return the sort as columns, or None when SQL cannot sort so."""
        order = []
        for path, direction in self._search.sort:
            column = self._layout.column(path)
            if column is None or path in self._layout.odd:
                return None
            order.append((column, direction < 0))
        return tuple(order)

    def _matching_chunks(self, skip: int, limit: int) -> Iterator[Chunk]:
        """Yield typed chunks of what matches."""
        if self._order is None:
            yield from self._sorted_chunks(skip, limit)
        elif self._plan.where.exact:
            yield from _cut(self._chunks(TYPED_LINE, skip + limit if limit else None), skip)
        else:
            yield from _cut(map(self._matching, self._chunks(TYPED_LINE, None, limited=limit > 0)), skip, limit)

    def _matching(self, chunk: Chunk) -> Chunk:
        with self._limit:
            kept = [place for place, document in enumerate(documents_of(chunk)) if self._search.matches(document)]
        return _picked(chunk, kept)

    def _sorted_chunks(self, skip: int, limit: int) -> Iterator[Chunk]:
        """Sort in Python, keeping only places and row numbers, then fetch the rows."""
        place = document_key(self._search.sort)
        sign = self._search.sort[-1][1]
        unordered = Scan(Search(self._search.tree, self._search.matches), self._layout, self._connect, self._limit)
        places = ((place(row.document), sign * row.rid) for row in unordered.rows())
        ordered = heapq.nsmallest(skip + limit, places) if limit else sorted(places)
        rids = [abs(rid) for _, rid in ordered[skip:]]
        for start in range(0, len(rids), FIRST_CHUNK_ROWS):
            yield self._matching(self._fetched(rids[start : start + FIRST_CHUNK_ROWS]))

    def _fetched(self, rids: Sequence[int]) -> Chunk:
        source = f"{self._layout.table} WHERE rid IN ({', '.join('?' * len(rids))})"
        with self._limit:
            found = run(self._connect, self._layout, TYPED_LINE, source, rids)
        places = {rid: place for place, rid in enumerate(found.rids)}
        return _picked(found, [places[rid] for rid in rids if rid in places])

    def _chunks(self, line: str, limit: int | None, *, limited: bool = False) -> Iterator[Chunk]:
        """Yield what SQL finds, in SQL's order, ``limit`` rows at most; ``limited`` when few of them may be enough."""
        for walk in self._walks(limited=limited or limit is not None):
            chunks = walk.chunks(line, limit)
            while True:
                with self._limit:
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                yield chunk
                if limit is not None:
                    limit -= len(chunk.lines)
            if limit == 0:
                return

    def _walks(self, *, limited: bool) -> Iterator[Walk]:
        """Yield the walks that make up the search.

        Where a sort begins with a column that may be NULL, the rows with NULL are a walk of their own: so each can go
        along an index, which holds no NULL, and be continued anywhere.
        """
        order = self._order or ()
        lookup = self._lookup(order, limited=limited)
        filled = not order or order[0][0] in self._plan.filled | {"id"}
        if filled or (lookup and lookup.is_in_order(order)):
            yield self._walk("", order, lookup, filled=filled)
            return
        column, descends = order[0]
        those_with = self._walk(f"{column} IS NOT NULL AND ", order, lookup, filled=True)
        rest = self._lookup((), limited=False)
        those_without = self._walk(f"{column} IS NULL AND ", order[1:], rest, filled=len(order) == 1)
        yield from (those_with, those_without) if descends else (those_without, those_with)

    def _walk(self, condition: str, order: OrderBy, lookup: Lookup | None, *, filled: bool) -> Walk:
        where = self._plan.where
        return Walk(
            layout=self._layout,
            condition=Condition(condition + where.sql, where.parameters),
            order=order,
            down=bool(self._order) and self._order[-1][1],  # type: ignore[index]
            lookup=lookup,
            connect=self._connect,
            filled=filled,
        )

    def _lookup(self, order: OrderBy, *, limited: bool) -> Lookup | None:
        return choose(self._plan, self._layout, order, limited=limited, are_few=self._are_few)

    def _are_few(self, lookup: Lookup, held: int) -> bool:
        columns = [column for column, _ in lookup.columns[:held]]
        condition = " AND ".join(f"{column} = ?" for column in columns)
        inner = f"SELECT 1 FROM {self._layout.table} INDEXED BY {lookup.name} WHERE {condition} LIMIT {FEW_ROWS + 1}"
        keys = [self._plan.equal[column] for column in columns]
        with self._limit, self._connect() as connection:
            (count,) = connection.execute(f"SELECT count(*) FROM ({inner})", keys).fetchone()
        return int(count) <= FEW_ROWS


def _picked(chunk: Chunk, places: Sequence[int]) -> Chunk:
    return Chunk([chunk.lines[place] for place in places], [chunk.rids[place] for place in places], chunk.has_tags)


def _cut(chunks: Iterable[Chunk], skip: int, limit: int = 0) -> Iterator[Chunk]:
    """Leave out the first ``skip`` rows, and end after ``limit`` more unless that is 0."""
    end = skip + limit
    seen = 0
    for chunk in chunks:
        rows = len(chunk.lines)
        first, last = max(0, skip - seen), min(rows, end - seen) if limit else rows
        seen += rows
        if first < last:
            yield chunk if last - first == rows else _picked(chunk, range(first, last))
        if limit and seen >= end:
            return
