"""What a document may hold, and the one form every value has in the store.

Integral floats below 2**53 become ``int`` and -0.0 becomes 0, so that 2 and 2.0 are one number whoever wrote it (Node's
driver stores whole numbers beyond 32 bits as doubles). Integers beyond 64 bits become floats. Dates are cut to
milliseconds and put into UTC. Everything else is kept as it is, or refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from app.errors import BadDocument
from app.store.interface import Document

MAX_DEPTH = 100
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
_SAFE_WHOLE = 2.0**53
_INT64_END = 2**63


def clean_document(document: Mapping[str, Any]) -> Document:
    """Return a copy of a document with every value in its one form. Raises ``BadDocument``."""
    if not isinstance(document, Mapping):
        raise BadDocument(f"A document is an object, not {type(document).__name__}")
    clean = _clean_object(document, 1)
    if "_id" in clean:
        _check_id(clean["_id"])
    return clean


def clean_value(value: Any) -> Any:
    """Return a copy of a value in its one form. Raises ``BadDocument``."""
    return _clean(value, 1)


def clean_id(value: Any) -> Any:
    """Return an ``_id`` in its one form. Raises ``BadDocument``."""
    clean = _clean(value, 1)
    _check_id(clean)
    return clean


def whole_or_same(number: float) -> int | float:
    """Return an integral float below 2**53 as ``int``, any other as it is."""
    if -_SAFE_WHOLE < number < _SAFE_WHOLE:
        whole = int(number)
        return whole if whole == number else number
    return number


def copied(value: Any) -> Any:
    """Return a value whose objects and arrays may be changed without changing the original."""
    kind = type(value)
    if kind is dict:
        return {name: copied(inner) for name, inner in value.items()}
    if kind is list:
        return [copied(inner) for inner in value]
    return value


def _check_id(value: Any) -> None:
    if isinstance(value, ObjectId) or type(value) is int:
        return
    if not isinstance(value, str):
        raise BadDocument(f"An _id is an ObjectId, text or a whole number, not {type(value).__name__}")
    if "\0" in value or len(value) > 1000:
        raise BadDocument("An _id holds a NUL character or is too long")


def _clean_object(value: Mapping[Any, Any], depth: int) -> Document:
    if depth > MAX_DEPTH:
        raise BadDocument(f"Objects and arrays are nested deeper than {MAX_DEPTH} levels")
    clean: Document = {}
    for name, inner in value.items():
        if type(name) is not str or name[:1] == "$" or "\0" in name or not name.isascii():
            _check_name(name)
        kind = type(inner)
        if kind is str and inner.isascii():  # what most values are is dealt with here, for the sake of speed
            clean[name] = inner
        elif kind is float:
            clean[name] = whole_or_same(inner)
        else:
            clean[name] = _clean(inner, depth)
    return clean


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise BadDocument(f"A field name is text, not {type(name).__name__}")
    if name.startswith("$") or "\0" in name:
        raise BadDocument(f"The field name {name[:40]!r} starts with $ or holds a NUL character")
    _check_text(name)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadDocument("A text is not Unicode: it holds half of a surrogate pair") from None


def _clean(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value)
        return value
    if kind is int:
        return value if -_INT64_END <= value < _INT64_END else _as_float(value)
    if kind is float:
        return whole_or_same(value)
    if kind is bool or value is None or kind is ObjectId:
        return value
    return _clean_rarer(value, depth)


def _clean_rarer(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return _clean_object(value, depth + 1)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, datetime):
        return _clean_date(value)
    for plain in (str, int, float):
        if isinstance(value, plain):  # a subclass, such as an enum's member or bson's Int64
            return _clean(plain(value), depth)
    if isinstance(value, Sequence):
        if depth >= MAX_DEPTH:
            raise BadDocument(f"Objects and arrays are nested deeper than {MAX_DEPTH} levels")
        return [_clean(inner, depth + 1) for inner in value]
    raise BadDocument(f"A document cannot hold a {type(value).__name__}")


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise BadDocument("A number is too large") from None


def _clean_date(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise BadDocument("A date has no time zone")
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
