"""Filters: one parser for both backends. A filter from the internet becomes a checked tree, or ``BadQuery``.

The operators are a closed list: ``$eq $ne $gt $gte $lt $lte $in $nin $exists $regex $options $and $or $nor $not
$elemMatch $type $size``. Whatever runs code in the database (``$where``, ``$expr``, ``$function``) is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import BadDocument, BadQuery
from app.store import pattern as patterns
from app.store.interface import Filter
from app.store.paths import checked_path
from app.store.values import clean_value

MAX_DEPTH = 12
MAX_TESTS = 4000
MAX_LIST = 10_000

_PLAIN = frozenset({str, int, type(None)})

CompareOp = Literal["$lt", "$lte", "$gt", "$gte"]


@dataclass(frozen=True, slots=True)
class Equals:
    """The value equals ``value``; null also equals what is missing."""

    value: Any


@dataclass(frozen=True, slots=True)
class Compares:
    """The value is of the same kind as ``value`` and lies on the asked side of it."""

    op: CompareOp
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value equals one of ``values``."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """Something is there, be it null."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The value is a text in which the pattern occurs."""

    pattern: str
    options: str
    occurs_in: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class HasType:
    """The value is of one of these types (BSON's names)."""

    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class HasSize:
    """The value is an array of this many elements."""

    size: int


@dataclass(frozen=True, slots=True)
class AnyElement:
    """The value is an array with an element fulfilling ``part``.

    With ``by_value`` the tests of ``part`` look at the element itself (their path is empty), else at its fields.
    """

    part: Node
    by_value: bool


Check = Equals | Compares | OneOf | Exists | Matches | HasType | HasSize | AnyElement


@dataclass(frozen=True, slots=True)
class Test:
    """A check of what is found along a dotted path."""

    path: str
    check: Check


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds; with no part, always."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


Node = Test | And | Or | Not

EVERYTHING = And(())

TYPE_CODES = {
    1: "double",
    2: "string",
    3: "object",
    4: "array",
    5: "binData",
    7: "objectId",
    8: "bool",
    9: "date",
    10: "null",
    16: "int",
    18: "long",
}
TYPE_NAMES = frozenset({*TYPE_CODES.values(), "number"})


def parse(filter: Filter | None) -> Node:
    """Return the checked tree of a filter. Raises ``BadQuery``."""
    return _Parser().filter(filter or {}, 1)


class _Parser:
    """One run over one filter; counts the tests as it goes."""

    def __init__(self) -> None:
        self._tests = 0

    def filter(self, filter: Any, depth: int) -> Node:
        if not isinstance(filter, Mapping):
            raise BadQuery("A filter is an object")
        if depth > MAX_DEPTH:
            raise BadQuery(f"A filter is nested deeper than {MAX_DEPTH} levels")
        parts: list[Node] = []
        for name, wanted in filter.items():
            if isinstance(name, str) and name.startswith("$"):
                parts.append(self._logical(name, wanted, depth))
            elif wanted.__class__ in _PLAIN:  # what most are is dealt with here, for the sake of speed
                self._count(1)
                parts.append(Test(checked_path(name), Equals(_value(wanted))))
            else:
                parts += self._field(checked_path(name), wanted, depth)
        return _all_of(parts)

    def _logical(self, name: str, arms: Any, depth: int) -> Node:
        if name not in ("$and", "$or", "$nor"):
            raise BadQuery(f"Unknown operator {name[:40]!r}")
        if not isinstance(arms, (list, tuple)) or not arms:
            raise BadQuery(f"{name} needs a list with at least one filter")
        parts = [self.filter(arm, depth + 1) for arm in arms]
        self._count(len(parts))
        if name == "$and":
            return _all_of(parts)
        either = parts[0] if len(parts) == 1 else Or(tuple(parts))
        return either if name == "$or" else Not(either)

    def _field(self, path: str, wanted: Any, depth: int) -> Iterator[Node]:
        self._count(1)
        if isinstance(wanted, Mapping) and wanted and _is_operator(next(iter(wanted))):
            yield from self._operators(path, wanted, depth)
        else:
            yield Test(path, Equals(_value(wanted)))

    def _operators(self, path: str, operators: Mapping[Any, Any], depth: int) -> Iterator[Node]:
        if depth > MAX_DEPTH:
            raise BadQuery(f"A filter is nested deeper than {MAX_DEPTH} levels")
        self._count(len(operators) - 1)
        if "$options" in operators and "$regex" not in operators:
            raise BadQuery("$options needs a $regex")
        for name, operand in operators.items():
            if name == "$options":
                continue
            if name == "$not":
                yield self._not(path, operand, depth)
            elif name == "$regex":
                yield Test(path, _regex(operand, operators.get("$options", "")))
            elif name == "$elemMatch":
                yield Test(path, self._element(operand, depth))
            else:
                yield _test(path, name, operand)

    def _not(self, path: str, operand: Any, depth: int) -> Node:
        if not isinstance(operand, Mapping) or not operand:
            raise BadQuery("$not needs an object with operators")
        return Not(_all_of(list(self._operators(path, operand, depth + 1))))

    def _element(self, operand: Any, depth: int) -> AnyElement:
        if not isinstance(operand, Mapping):
            raise BadQuery("$elemMatch needs an object")
        first = next(iter(operand), "")
        if _is_operator(first) and first not in ("$and", "$or", "$nor"):
            return AnyElement(_all_of(list(self._operators("", operand, depth + 1))), by_value=True)
        return AnyElement(self.filter(operand, depth + 1), by_value=False)

    def _count(self, tests: int) -> None:
        self._tests += tests
        if self._tests > MAX_TESTS:
            raise BadQuery(f"A filter has more than {MAX_TESTS} tests")


def _is_operator(name: Any) -> bool:
    return isinstance(name, str) and name.startswith("$")


def _all_of(parts: list[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, And) else [part]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def _value(value: Any) -> Any:
    try:
        return clean_value(value)
    except BadDocument as problem:
        raise BadQuery(problem.message) from None


def _test(path: str, name: Any, operand: Any) -> Node:
    match name:
        case "$eq":
            return Test(path, Equals(_value(operand)))
        case "$ne":
            return Not(Test(path, Equals(_value(operand))))
        case "$lt" | "$lte" | "$gt" | "$gte":
            return Test(path, Compares(name, _value(operand)))
        case "$in":
            return Test(path, _one_of(name, operand))
        case "$nin":
            return Not(Test(path, _one_of(name, operand)))
        case "$exists":
            there = Test(path, Exists())
            return there if _is_true(operand) else Not(there)
        case "$type":
            return Test(path, _has_type(operand))
        case "$size":
            return Test(path, _has_size(operand))
    raise BadQuery(f"Unknown operator {str(name)[:40]!r}")


def _one_of(name: str, values: Any) -> OneOf | Equals:
    if not isinstance(values, (list, tuple)):
        raise BadQuery(f"{name} needs a list")
    if len(values) > MAX_LIST:
        raise BadQuery(f"{name} has more than {MAX_LIST} values")
    if len(values) == 1:  # MongoDB, too, takes it for an equality, and an upsert then sets the field
        return Equals(_value(values[0]))
    return OneOf(tuple(_value(value) for value in values))


def _is_true(value: Any) -> bool:
    return bool(value) if value is None or isinstance(value, (bool, int, float)) else True


def _regex(pattern: Any, options: Any) -> Matches:
    if not isinstance(pattern, str) or not isinstance(options, str):
        raise BadQuery("$regex and $options need text")
    return Matches(pattern, options, patterns.compiled(pattern, options))


def _has_type(types: Any) -> HasType:
    wanted = types if isinstance(types, (list, tuple)) else [types]
    names = [TYPE_CODES.get(one) if type(one) is int else one for one in wanted]
    if not names or not all(isinstance(name, str) and name in TYPE_NAMES for name in names):
        raise BadQuery(f"$type needs names of types: {' '.join(sorted(TYPE_NAMES))}")
    return HasType(frozenset(name for name in names if isinstance(name, str)))


def _has_size(size: Any) -> HasSize:
    whole = _value(size)
    if type(whole) is not int or whole < 0:
        raise BadQuery("$size needs a whole number, 0 or more")
    return HasSize(whole)


def conditions(tree: Node) -> tuple[Node, ...]:
    """Return what must hold all at once: the parts of an ``And``, else the node itself."""
    return tree.parts if isinstance(tree, And) else (tree,)


def equalities(tree: Node) -> Iterator[tuple[str, Any]]:
    """Yield path and value of every equality that each match must fulfil, in the filter's order."""
    for part in conditions(tree):
        if isinstance(part, Test) and isinstance(part.check, Equals):
            yield part.path, part.check.value
