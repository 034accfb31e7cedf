"""Names of collections and dotted paths: what one may look like, and reading documents along a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.errors import BadQuery
from app.store.interface import Document

_GOOD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,119}")
MAX_LENGTH = 500
MAX_PARTS = 50


def checked_name(name: str) -> str:
    """Return a collection's name, or raise ``BadQuery``."""
    if not _GOOD_NAME.fullmatch(name):
        raise BadQuery(f"A collection cannot be named {name[:40]!r}")
    return name


class Missing:
    """The type of ``MISSING``: nothing is there, not even null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


def checked_path(path: Any) -> str:
    """Return a dotted path that came from outside, or raise ``BadQuery``."""
    if not isinstance(path, str):
        raise BadQuery(f"A field name is text, not {type(path).__name__}")
    return _checked(path)


@lru_cache(maxsize=4096)
def _checked(path: str) -> str:
    if len(path) > MAX_LENGTH or path.count(".") >= MAX_PARTS:
        raise BadQuery("A field name is too long")
    if "\0" in path or not _is_unicode(path):
        raise BadQuery("A field name holds a character no document can have")
    if path.startswith("$") or ".$" in path:
        raise BadQuery(f"Unknown operator or field name {path!r}")
    return path


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_index(part: str) -> bool:
    """Tell whether a path part names a place in an array: ``0``, ``17``, but not ``00``."""
    return part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")


def is_within(path: str, other: str) -> bool:
    """Tell whether one path is the other or lies below it."""
    return path == other or path.startswith(other + ".")


class Projection:
    """Keeps ``_id`` and the named paths of documents, as an inclusive projection of MongoDB does."""

    def __init__(self, fields: Sequence[str]) -> None:
        """Raise ``BadQuery`` for a bad path or when one of ``fields`` lies within another."""
        self.paths = tuple(dict.fromkeys(checked_path(field) for field in fields))
        self._wanted: dict[str, Any] = {"_id": None}
        for path in self.paths:
            if path != "_id":
                self._add(path)

    def _add(self, path: str) -> None:
        *outer, last = path.split(".")
        if "" in outer or not last:
            raise BadQuery(f"A part of the field name {path!r} is empty")
        level = self._wanted
        for part in outer:
            level = level.setdefault(part, {})
            if level is None:
                raise BadQuery(f"Field {path!r} lies within another field asked for")
        if last in level:
            raise BadQuery(f"Field {path!r} lies around another field asked for")
        level[last] = None

    def of(self, document: Document) -> Document:
        """Return what is kept of a document, fields in the document's order."""
        return _kept(document, self._wanted)


def _kept(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    kept: Document = {}
    for name, value in document.items():
        if name not in wanted:
            continue
        deeper = wanted[name]
        if deeper is None:
            kept[name] = value
        elif isinstance(value, dict):
            kept[name] = _kept(value, deeper)
        elif isinstance(value, list):
            kept[name] = list(_kept_of_array(value, deeper))
    return kept


def _kept_of_array(array: Sequence[Any], wanted: Mapping[str, Any]) -> Iterator[Any]:
    for element in array:
        if isinstance(element, dict):
            yield _kept(element, wanted)
        elif isinstance(element, list):
            yield list(_kept_of_array(element, wanted))
