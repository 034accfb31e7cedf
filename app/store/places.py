"""Places within a document an update can change: found by a dotted path, made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.errors import BadQuery
from app.store.interface import Document
from app.store.paths import MISSING

MAX_PADDING = 100_000


class Place:
    """One member of an object, or one element of an array; it may still be empty."""

    __slots__ = ("_container", "_key", "through_array")

    def __init__(self, container: Any, key: Any, *, through_array: bool) -> None:
        self._container = container
        self._key = key
        self.through_array = through_array

    @property
    def value(self) -> Any:
        """Return what is there, or ``MISSING``."""
        if isinstance(self._container, dict):
            return self._container.get(self._key, MISSING)
        return self._container[self._key] if self._key < len(self._container) else MISSING

    def put(self, value: Any) -> None:
        """Put a value there; an array that is too short is filled up with nulls."""
        if isinstance(self._container, list):
            _pad(self._container, self._key)
        self._container[self._key] = value

    def clear(self) -> None:
        """Remove what is there; an array keeps its length and gets a null."""
        if isinstance(self._container, dict):
            self._container.pop(self._key, None)
        elif self._key < len(self._container):
            self._container[self._key] = None


def place_to_fill(document: Document, parts: Sequence[str], path: str) -> Place:
    """Return the place a path leads to, making the objects on the way.

    Raises ``BadQuery`` when something is in the way.
    """
    container: Any = document
    through_array = False
    for part in parts[:-1]:
        place = _place_in(container, part, through_array)
        if place is None:
            raise BadQuery(f"Cannot make {path!r}: something that is not an object is in the way")
        through_array = place.through_array
        if place.value is MISSING:
            place.put({})
        container = place.value
    last = _place_in(container, parts[-1], through_array)
    if last is None:
        raise BadQuery(f"Cannot make {path!r}: something that is not an object is in the way")
    return last


def existing_place(document: Document, parts: Sequence[str], path: str) -> Place | None:
    """Return the place a path leads to, or None where it ends early.

    Raises ``BadQuery`` when something is in the way.
    """
    container: Any = document
    through_array = False
    for part in parts:
        place = _place_in(container, part, through_array)
        if place is None:
            raise BadQuery(f"Cannot follow {path!r}: something that is not an object is in the way")
        through_array = place.through_array
        if place.value is MISSING:
            return None
        container = place.value
    return place


def place_to_unset(document: Document, parts: Sequence[str]) -> Place | None:
    """Return the place a path leads to, or None when it leads nowhere."""
    try:
        return existing_place(document, parts, "")
    except BadQuery:
        return None


def _place_in(container: Any, part: str, through_array: bool) -> Place | None:
    if isinstance(container, dict):
        return Place(container, part, through_array=through_array)
    if isinstance(container, list) and part.isascii() and part.isdigit():
        return Place(container, int(part), through_array=True)
    return None


def _pad(array: list[Any], length: int) -> None:
    if length > len(array) + MAX_PADDING:
        raise BadQuery("An array cannot be filled up that far")
    array.extend([None] * (length + 1 - len(array)))
