"""The matcher: whether a document fulfils a parsed filter, exactly as MongoDB decides it.

It is the last word on the embedded backend (SQL may only narrow), and it recognises documents within a batch of
writes on both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bson import ObjectId

from app.store.interface import Document
from app.store.ordering import NUMBER, sort_key
from app.store.paths import MISSING, is_index
from app.store.query import (
    And,
    AnyElement,
    Check,
    Compares,
    Equals,
    Exists,
    HasSize,
    HasType,
    Matches,
    Node,
    Not,
    OneOf,
    Or,
    Test,
)

Predicate = Callable[[Any], bool]

_INT32_END = 2**31


def matcher(tree: Node) -> Callable[[Document], bool]:
    """Return a function telling whether a document matches."""
    return _compiled(tree, _along_path)


def element_matcher(tree: Node) -> Predicate:
    """Return a function telling whether a bare value matches a tree whose tests have an empty path.

    Unlike ``$elemMatch``, and like ``$pull``, it looks into a value that is an array.
    """
    return _compiled(tree, lambda test: _at_leaf(test.check))


def equal(one: Any, other: Any) -> bool:
    """Tell whether BSON calls two values equal: 1 and 1.0 are, 1 and true are not, order of fields counts."""
    kind = type(one)
    if kind is str:
        return type(other) is str and bool(one == other)
    return bool(sort_key(one) == sort_key(other))


def _compiled(tree: Node, test_compiler: Callable[[Test], Predicate]) -> Predicate:
    match tree:
        case Test():
            return test_compiler(tree)
        case Not(part):
            inner = _compiled(part, test_compiler)
            return lambda value: not inner(value)
        case And(parts):
            return _conjunction([_compiled(part, test_compiler) for part in parts])
        case Or(parts):
            arms = [_compiled(part, test_compiler) for part in parts]
            return lambda value: any(arm(value) for arm in arms)


def _conjunction(parts: Sequence[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda value: first(value) and second(value)
    return lambda value: all(part(value) for part in parts)


def _along_path(test: Test) -> Predicate:
    check = _at_leaf(test.check)
    path = test.path
    if "." not in path:
        return lambda document: check(document.get(path, MISSING))
    parts = path.split(".")
    bare = _check(test.check)
    return lambda document: any(bare(value) if is_bare else check(value) for value, is_bare in _values(document, parts))


def _values(document: Document, parts: Sequence[str]) -> Iterator[tuple[Any, bool]]:
    """Yield every value the path leads to, and whether it is to be taken as it is, without looking inside an array.

    Nothing at all is yielded where the path ends in an array of scalars: that is neither a value nor missing.
    """
    value: Any = document
    for depth, part in enumerate(parts):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list):
            yield from _values_in_array(value, parts[depth:])
            return
        else:
            yield MISSING, False
            return
    yield value, False


def _values_in_array(array: Sequence[Any], rest: Sequence[str]) -> Iterator[tuple[Any, bool]]:
    place = int(rest[0]) if is_index(rest[0]) else -1
    for number, element in enumerate(array):
        if isinstance(element, dict):
            yield from _values(element, rest)
        if number != place:
            continue
        if len(rest) == 1:
            yield element, True
        elif isinstance(element, dict):
            yield from _values(element, rest[1:])
        elif isinstance(element, list):
            yield from _values_in_array(element, rest[1:])


def _at_leaf(check: Check) -> Predicate:
    """Return the check for a value a path ends at: an array passes when one of its elements or itself passes."""
    bare = _check(check)
    if isinstance(check, (Exists, HasSize, AnyElement)):
        return bare

    def passes(value: Any) -> bool:
        if value.__class__ is list:
            return any(bare(element) for element in value) or bare(value)
        return bare(value)

    return passes


def _check(check: Check) -> Predicate:
    match check:
        case Equals(value):
            return _equals(value)
        case Compares():
            return _compares(check)
        case OneOf(values):
            return _one_of(values)
        case Exists():
            return lambda value: value is not MISSING
        case Matches(occurs_in=occurs_in):
            return lambda value: value.__class__ is str and occurs_in(value)
        case HasType(types):
            return lambda value: not types.isdisjoint(_type_names(value))
        case HasSize(size):
            return lambda value: value.__class__ is list and len(value) == size
        case AnyElement():
            return _any_element(check)


def _equals(wanted: Any) -> Predicate:
    if wanted is None:
        return lambda value: value is None or value is MISSING
    if wanted.__class__ is str:
        return lambda value: value.__class__ is str and value == wanted
    key = sort_key(wanted)
    return lambda value: value is not None and value is not MISSING and sort_key(value) == key


def _one_of(values: Sequence[Any]) -> Predicate:
    texts = frozenset(value for value in values if value.__class__ is str)
    others = [_equals(value) for value in values if value.__class__ is not str]
    return lambda value: (value.__class__ is str and value in texts) or any(equals(value) for equals in others)


def _compares(check: Compares) -> Predicate:
    wanted = sort_key(check.value)
    rank = wanted[0]
    if check.value is None or _is_nan(check.value):
        same = _equals(check.value)
        return same if check.op in ("$lte", "$gte") else _never
    lowest = (NUMBER, 1) if rank == NUMBER else (rank,)  # NaN is no number to compare with

    def passes(value: Any) -> bool:
        key = sort_key(value)
        if key[0] != rank or key < lowest:
            return False
        match check.op:
            case "$lt":
                return bool(key < wanted)
            case "$lte":
                return bool(key <= wanted)
            case "$gt":
                return bool(key > wanted)
            case "$gte":
                return bool(key >= wanted)

    return passes


def _never(_value: Any) -> bool:
    return False


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _any_element(check: AnyElement) -> Predicate:
    if check.by_value:
        part = _compiled(check.part, lambda test: _check(test.check))
        return lambda value: value.__class__ is list and any(part(element) for element in value)
    part = matcher(check.part)
    return lambda value: (
        value.__class__ is list
        and any(part(_as_object(element)) for element in value if isinstance(element, (dict, list)))
    )


def _as_object(element: dict[str, Any] | list[Any]) -> Document:
    if isinstance(element, dict):
        return element
    return {str(number): inner for number, inner in enumerate(element)}


def _type_names(value: Any) -> tuple[str, ...]:
    kind = type(value)
    if kind is int:
        return ("int" if -_INT32_END <= value < _INT32_END else "long", "number")
    if kind is float:
        return ("double", "number")
    for known, name in _TYPES:
        if isinstance(value, known):
            return (name,)
    return ("null",) if value is None else ("date",) if value is not MISSING else ()


_TYPES: tuple[tuple[type, str], ...] = (
    (str, "string"),
    (bool, "bool"),
    (dict, "object"),
    (list, "array"),
    (bytes, "binData"),
    (ObjectId, "objectId"),
)
