"""BSON's order over values of all types, and the order of documents under a sort.

First by type (null and missing, numbers, text, objects, arrays, bytes, ObjectIds, booleans, dates), then by value;
NaN is the least number, text compares by code point, objects field by field, bytes by length first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from bson import ObjectId

from app.errors import BadQuery
from app.store.interface import Document, Sort
from app.store.paths import MISSING, Missing, checked_path, is_index

SortKey = tuple[Any, ...]

EMPTY_ARRAY: SortKey = (-1,)  # sorts as BSON's "undefined", before null
NULL: SortKey = (0,)
NUMBER, TEXT, OBJECT, ARRAY, BYTES, OBJECT_ID, BOOLEAN, DATE, FOREIGN = range(1, 10)
MAX_SORT_PATHS = 32


def sort_key(value: Any) -> SortKey:
    """Return a tuple that compares with others as BSON compares the values."""
    kind = type(value)
    if kind is str:
        return (TEXT, value)
    if kind is int:
        return (NUMBER, 1, value)
    if kind is float:
        return (NUMBER, 0, 0) if math.isnan(value) else (NUMBER, 1, value)
    if value is None or kind is Missing:
        return NULL
    if kind is bool:
        return (BOOLEAN, value)
    if kind is dict:
        return (OBJECT, [_field_key(name, inner) for name, inner in value.items()])
    if kind is list:
        return (ARRAY, [sort_key(inner) for inner in value])
    return _rarer_key(value)


def _field_key(name: str, value: Any) -> tuple[int, str, SortKey]:
    key = sort_key(value)
    return (key[0], name, key)


def _rarer_key(value: Any) -> SortKey:
    if isinstance(value, ObjectId):
        return (OBJECT_ID, value.binary)
    if isinstance(value, datetime):
        return (DATE, value)
    if isinstance(value, bytes):
        return (BYTES, len(value), value)
    return (FOREIGN, type(value).__name__, repr(value))  # a type of BSON's that only a document of others can hold


def checked_sort(sort: Sort) -> tuple[tuple[str, int], ...]:
    """Return a sort that came from outside, or raise ``BadQuery``."""
    checked: dict[str, int] = {}
    for path, direction in sort:
        if direction not in (1, -1) or isinstance(direction, bool):
            raise BadQuery(f"A sort direction is 1 or -1, not {direction!r}")
        if "" in checked_path(path).split("."):
            raise BadQuery(f"A part of the sort path {path!r} is empty")
        checked[path] = int(direction)
    if len(checked) > MAX_SORT_PATHS:
        raise BadQuery(f"A sort has more than {MAX_SORT_PATHS} paths")
    return tuple(checked.items())


class _Descending:
    """Turns the order of a key round."""

    __slots__ = ("key",)

    def __init__(self, key: SortKey) -> None:
        self.key = key

    def __lt__(self, other: _Descending) -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]


def document_key(sort: Sort) -> Callable[[Document], tuple[Any, ...]]:
    """Return a function giving each document's place under ``sort``, for ``sorted`` and ``heapq``.

    An array counts as its least element when ascending and its greatest when descending. Raises ``BadQuery`` for a
    document with arrays side by side on two of the paths.
    """
    paths = [path.split(".") for path, _ in sort]
    turned = [direction < 0 for _, direction in sort]

    def place(document: Document) -> tuple[Any, ...]:
        candidates = (
            tuple(_Descending(key) if down else key for key, down in zip(keys, turned, strict=True))
            for keys in index_keys(document, paths)
        )
        return min(candidates)

    return place


def index_keys(document: Document, paths: Sequence[Sequence[str]]) -> Iterable[tuple[SortKey, ...]]:
    """Return the tuples of keys an index over ``paths`` would hold for a document: several where arrays are met.

    Raises ``BadQuery`` when two paths meet different arrays.
    """
    columns: list[list[SortKey]] = []
    arrays: dict[tuple[str, ...], list[int]] = {}
    for number, path in enumerate(paths):
        keys, array_at = _keys_along(document, path)
        columns.append(keys)
        if array_at is not None:
            arrays.setdefault(array_at, []).append(number)
    if not arrays:
        return [tuple(keys[0] for keys in columns)]
    if len(arrays) > 1:
        raise BadQuery("Cannot sort by two paths that hold arrays side by side")
    return _expanded(document, paths, columns, *next(iter(arrays.items())))


def _keys_along(document: Any, path: Sequence[str]) -> tuple[list[SortKey], tuple[str, ...] | None]:
    """Return the keys a path leads to, and the path of the first array met on the way (None without one)."""
    value = document
    for depth, part in enumerate(path):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list):
            return _keys_in_array(value, path[depth:]), tuple(path[:depth])
        else:
            return [NULL], None
    if isinstance(value, list):
        return [sort_key(inner) for inner in value] or [EMPTY_ARRAY], tuple(path)
    return [sort_key(value)], None


def _keys_in_array(array: Sequence[Any], rest: Sequence[str]) -> list[SortKey]:
    if _is_place_in(array, rest[0]):
        element = array[int(rest[0])]
        if len(rest) > 1:
            return _keys_along({"": element}, ["", *rest[1:]])[0]
        return [EMPTY_ARRAY if element == [] else sort_key(element)]
    keys: list[SortKey] = []
    for element in array:
        keys += _keys_along(element, rest)[0] if isinstance(element, dict) else [NULL]
    return keys or [NULL]


def _is_place_in(array: Sequence[Any], part: str) -> bool:
    """Tell whether a path part means a place in this array. Raises ``BadQuery`` when it could as well be a field."""
    if not is_index(part) or int(part) >= len(array):
        return False
    if any(isinstance(element, dict) and part in element for element in array):
        raise BadQuery(f"Cannot sort by {part!r}: it is a place in an array and the name of a field there")
    return True


def _expanded(
    document: Document,
    paths: Sequence[Sequence[str]],
    columns: list[list[SortKey]],
    array_at: tuple[str, ...],
    numbers: list[int],
) -> Iterable[tuple[SortKey, ...]]:
    """Return the tuples element by element: paths into one array take their keys from one and the same element."""
    if len(numbers) == 1:
        return product(*columns)
    array: Any = document
    for part in array_at:
        array = array[part]
    if not array:
        return product(*columns)
    rests = {number: paths[number][len(array_at) :] for number in numbers}
    tuples: list[tuple[SortKey, ...]] = []
    for element in array:
        narrowed = list(columns)
        for number, rest in rests.items():
            if not rest:
                narrowed[number] = [sort_key(element)]
            elif not _is_place_in(array, rest[0]):
                narrowed[number] = _keys_along(element, rest)[0] if isinstance(element, dict) else [NULL]
        tuples += product(*narrowed)
    return tuples
