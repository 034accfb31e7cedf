"""Turns a parsed filter into SQL over key columns, and chooses the index to walk along.

What SQL says is never more than a narrowing: each row that matches is among those it lets through. Where it lets
nothing else through, the plan is ``exact`` and the matcher need not look again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.store import pattern
from app.store.encoding import (
    ARRAY_KEY,
    BOOLEAN_TAG,
    BYTES_TAG,
    DATE_TAG,
    END_TAG,
    OBJECT_ID_TAG,
    OBJECT_KEY,
    Key,
    key_of,
)
from app.store.query import (
    And,
    AnyElement,
    Compares,
    Equals,
    Exists,
    HasSize,
    Matches,
    Node,
    Not,
    OneOf,
    Or,
    Test,
    conditions,
)
from app.store.sqlite.catalogue import Layout, Lookup

FEW_ROWS = 200
_MAX_IN_SQL = 1000
_AFTER_BLOB: Mapping[bytes, bytes] = {
    BYTES_TAG: OBJECT_ID_TAG,
    OBJECT_ID_TAG: BOOLEAN_TAG,
    BOOLEAN_TAG: DATE_TAG,
    DATE_TAG: END_TAG,
}
_SQL_OPERATOR = {"$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}
_ODD_ROWS = f"IN (x'{OBJECT_KEY.hex()}', x'{ARRAY_KEY.hex()}')"

OrderBy = tuple[tuple[str, bool], ...]
Parameters = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL that is true for every row that matches; when ``exact``, for no other (NULL counts as false)."""

    sql: str
    parameters: Parameters = ()
    exact: bool = True


EVERYWHERE = Condition("1")
NOWHERE = Condition("rid < 0")
"""No row at all; SQLite refuses to walk along a named index when it can see as much by itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A filter in SQL.

    ``equal`` are the columns held to one value, ``near`` those held to a range or a list; neither can be NULL in a
    match. ``either`` tells that there are alternatives each of which is held to one value.
    """

    where: Condition
    equal: Mapping[str, Key]
    near: frozenset[str]
    either: bool

    @property
    def filled(self) -> frozenset[str]:
        """Return the columns that are not NULL in any match."""
        return self.near | self.equal.keys()


def planned(tree: Node, layout: Layout) -> Plan:
    """Return the plan for a filter on a collection."""
    where = _Renderer(layout).render(tree) or Condition("1", exact=False)
    equal: dict[str, Key] = {}
    near: set[str] = set()
    either = False
    for part in conditions(tree):
        if isinstance(part, Or):
            either = either or all(_is_held(arm, layout) for arm in part.parts)
        if not isinstance(part, Test) or part.path in layout.odd:
            continue
        column = layout.column(part.path)
        if column is None:
            continue
        match part.check:
            case Equals(value) if key_of(value) is not None:
                equal[column] = key_of(value)
            case OneOf(values) if all(key_of(value) is not None for value in values):
                near.add(column)
            case Compares(value=value) if key_of(value) is not None:
                near.add(column)
            case Matches():
                near.add(column)
    return Plan(where, equal, frozenset(near), either)


def _is_held(arm: Node, layout: Layout) -> bool:
    """Tell whether an alternative is held to one value of a column that leads an index."""
    leading = {"id", *(lookup.leading for lookup in layout.lookups)}
    return any(
        isinstance(part, Test)
        and isinstance(part.check, Equals)
        and key_of(part.check.value) is not None
        and part.path not in layout.odd
        and layout.column(part.path) in leading
        for part in conditions(arm)
    )


class _Renderer:
    """Renders one filter for one layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def render(self, node: Node) -> Condition | None:
        """Return the condition, or None where SQL cannot narrow anything."""
        match node:
            case And(parts):
                return self._all_of(parts)
            case Or(parts):
                arms = [self.render(part) for part in parts]
                return _joined([arm for arm in arms if arm], "OR") if all(arms) else None
            case Not(Test(path, Exists())):
                return self._missing(path)
            case Not(part):
                inner = self.render(part)
                return _negated(inner) if inner and inner.exact else None
            case Test(path, check):
                column = self._layout.column(path)
                if column is None:
                    return None
                if path not in self._layout.odd:
                    return _on_plain(column, check)
                inner = _on_odd(column, check)
                return inner and Condition(inner.sql, inner.parameters, exact=False)

    def _missing(self, path: str) -> Condition | None:
        column = self._layout.column(path)
        if column is None:
            return None
        odd = f" OR {column} {_ODD_ROWS}" if path in self._layout.odd else ""
        return Condition(f"({column} IS NULL{odd})", exact=False)

    def _all_of(self, parts: Sequence[Node]) -> Condition | None:
        rendered = [self.render(part) for part in parts]
        known = [condition for condition in rendered if condition]
        if not known:
            return None if parts else EVERYWHERE
        joined = _joined(known, "AND")
        return Condition(joined.sql, joined.parameters, joined.exact and len(known) == len(parts))


def _negated(condition: Condition) -> Condition:
    if condition is NOWHERE:
        return EVERYWHERE
    return Condition(f"NOT ifnull({condition.sql}, 0)", condition.parameters)


def _joined(conditions: Sequence[Condition], word: str) -> Condition:
    """Join in a balanced tree: SQLite limits how deep an expression is."""
    if word == "AND" and NOWHERE in conditions:
        return NOWHERE
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    left, right = _joined(conditions[:half], word), _joined(conditions[half:], word)
    return Condition(f"({left.sql} {word} {right.sql})", left.parameters + right.parameters, left.exact and right.exact)


def _on_plain(column: str, check: Any) -> Condition | None:
    """Return the condition on a column whose keys tell all values apart (but null from missing)."""
    match check:
        case Equals(None):
            return Condition(f"{column} IS NULL")
        case Equals(value):
            key = key_of(value)
            return NOWHERE if key is None or key in (OBJECT_KEY, ARRAY_KEY) else Condition(f"{column} = ?", (key,))
        case OneOf(values):
            return _in_list(column, values)
        case Compares(op, value):
            return _in_range(column, op, value)
        case Matches():
            return _in_text(column, check)
        case HasSize() | AnyElement():
            return NOWHERE
    return None


def _on_odd(column: str, check: Any) -> Condition | None:
    """Return the condition on a column where any object or array, and NaN as NULL, wants a second look."""
    match check:
        case HasSize() | AnyElement():
            return Condition(f"{column} = x'{ARRAY_KEY.hex()}'")
        case Equals(value) if _is_nan(value):
            plain: Condition | None = Condition(f"{column} IS NULL")
        case Compares(value=value) if _is_nan(value):
            plain = Condition(f"{column} IS NULL")
        case OneOf(values) if any(_is_nan(value) for value in values):
            return None
        case _:
            plain = _on_plain(column, check)
    return plain and Condition(f"({plain.sql} OR {column} {_ODD_ROWS})", plain.parameters)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _in_list(column: str, values: Sequence[Any]) -> Condition | None:
    keys = [key for key in map(key_of, values) if key is not None and key not in (OBJECT_KEY, ARRAY_KEY)]
    if len(keys) > _MAX_IN_SQL:
        return None
    arms = [Condition(f"{column} IN ({', '.join('?' * len(keys))})", tuple(keys))] if keys else []
    if any(value is None for value in values):
        arms.append(Condition(f"{column} IS NULL"))
    return _joined(arms, "OR") if arms else NOWHERE


def _in_range(column: str, op: str, value: Any) -> Condition:
    if value is None:
        return Condition(f"{column} IS NULL") if op in ("$lte", "$gte") else NOWHERE
    key = key_of(value)
    if key is None or key in (OBJECT_KEY, ARRAY_KEY):
        return NOWHERE
    low, high = _bracket(key)
    bound = f"{column} {_SQL_OPERATOR[op]} ?"
    if op in ("$lt", "$lte"):
        return Condition(bound, (key,)) if low is None else Condition(f"({bound} AND {column} >= ?)", (key, low))
    return Condition(f"({bound} AND {column} < ?)", (key, high))


def _bracket(key: Key) -> tuple[Key, Key]:
    """Return the least key of the bracket (None where nothing but NULL lies below) and the least key beyond it."""
    if isinstance(key, (int, float)):
        return None, ""
    if isinstance(key, str):
        return "", b""
    tag = (key or b"")[:1]
    return tag, _AFTER_BLOB[tag]


def _in_text(column: str, check: Matches) -> Condition:
    start = pattern.literal_start(check.pattern, check.options)
    if not start:
        return Condition(f"({column} >= '' AND {column} < x'')", exact=False)
    beyond = start[:-1] + chr(ord(start[-1]) + 1)  # the characters of a literal start are all far below the last one
    return Condition(f"({column} >= ? AND {column} < ?)", (start, beyond), exact=False)


def choose(
    plan: Plan, layout: Layout, order: OrderBy, *, limited: bool, are_few: Callable[[Lookup, int], bool]
) -> Lookup | None:
    """Return the index to walk along, or None to leave it to SQLite.

    ``are_few`` tells whether the plan's equalities on the first n columns of an index leave but a few rows. An index
    that yields the order is worth most; but not when it means to walk past everything for the sake of few rows.
    """
    if "id" in plan.filled or plan.either or plan.where is NOWHERE:
        return None
    usable = [lookup for lookup in layout.lookups if lookup.leading in plan.filled or _first(order) == lookup.leading]
    held = {lookup: _held(lookup, plan) for lookup in usable}
    ordered = [lookup for lookup in usable if _yields(lookup, held[lookup], order)]
    both = [lookup for lookup in ordered if held[lookup]]
    if both:
        return max(both, key=lambda lookup: held[lookup])
    held_only = sorted((lookup for lookup in usable if held[lookup]), key=lambda lookup: -held[lookup])
    if held_only and not order:
        return held_only[0]
    for lookup in held_only:
        if are_few(lookup, held[lookup]):
            return lookup
    ranged = [lookup for lookup in ordered if lookup.leading in plan.near]
    for choice in (ranged, ordered if limited else [], held_only, ordered, usable):
        if choice:
            return choice[0]
    return None


def _first(order: OrderBy) -> str:
    return order[0][0] if order else ""


def _held(lookup: Lookup, plan: Plan) -> int:
    """Return how many leading columns of an index the plan holds to one value."""
    count = 0
    for column, _ in lookup.columns:
        if column not in plan.equal:
            break
        count += 1
    return count


def _yields(lookup: Lookup, held: int, order: OrderBy) -> bool:
    """Tell whether walking the index, forwards or backwards, yields the first column of the order in order."""
    rest = lookup.columns[held:]
    return bool(order and rest) and rest[0][0] == order[0][0]
