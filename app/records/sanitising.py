"""Making an uploaded document fit to keep: HTML in its texts is harmless, its numbers are plain, it is not too deep.

Nightscout cleans texts with DOMPurify because its own pages print them as HTML; so do other programs that read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import nh3

from app.errors import BadDocument
from app.records.numbers import whole
from app.store.interface import Document

# BSON's own limit is 100 levels.
DEEPEST = 90

# A "<" that opens no tag is plain text to every HTML parser: "BG <70" stays as it was written.
_OPENS_TAG = re.compile(r"<[a-z/!?]", re.IGNORECASE)
NO_EVENT_TYPE = "<none>"
"""Nightscout's own word for a treatment without a type; xDrip+ and Juggluco send it, and it is not HTML."""

_ATTRIBUTES: dict[str, set[str]] = deepcopy(nh3.ALLOWED_ATTRIBUTES)
_ATTRIBUTES["*"] = {"class", "id", "title", "lang", "dir"}


def clean_text(text: str) -> str:
    """Return the text with scripts, event attributes and script links removed; text without a tag is not touched."""
    if "<" not in text or text == NO_EVENT_TYPE or not _OPENS_TAG.search(text):
        return text
    return nh3.clean(text, attributes=_ATTRIBUTES, link_rel=None)


def cleaned(document: Mapping[str, Any]) -> Document:
    """Return a copy of an uploaded document with clean texts and plain numbers. Raises ``BadDocument``."""
    return {name: _clean(value, 1, clean_text) for name, value in document.items()}


def plain(document: Mapping[str, Any]) -> Document:
    """Return a copy of an uploaded document with plain numbers and its texts as they are. Raises ``BadDocument``."""
    return {name: _clean(value, 1, str) for name, value in document.items()}


def _clean(value: Any, depth: int, clean: Callable[[str], str]) -> Any:
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is int or kind is float:
        return whole(value)
    if kind is not dict and kind is not list:
        return value
    if depth >= DEEPEST:
        raise BadDocument(f"The document is nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        return {name: _clean(inner, depth + 1, clean) for name, inner in value.items()}
    return [_clean(inner, depth + 1, clean) for inner in value]
