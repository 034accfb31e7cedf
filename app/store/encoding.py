"""How documents and index keys are written in the embedded file.

A document is JSON text without its ``_id``. What JSON cannot say is an object with one member whose name starts with
``$`` (no document of a user may hold such a name): ``{"$oid": hex}``, ``{"$date": epoch ms}``, ``{"$bytes": base64}``
and ``{"$number": "nan"}``. Almost no document needs one, so that stored text can be passed on as it is.

A key is a value of SQLite's own that sorts among others as BSON sorts the values they stand for:
NULL (null, missing) < numbers < text < blobs, a blob beginning with the place of its type in BSON's order.
"""

from __future__ import annotations

import base64
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from bson import ObjectId

from app.errors import BadDocument
from app.store.interface import Document
from app.store.paths import MISSING
from app.store.values import MAX_DOCUMENT_BYTES

Key = None | int | float | str | bytes

TAG_HINT = b'"$'  # occurs in every stored text with a tag, and in few others
OBJECT_KEY, ARRAY_KEY = b"\x03", b"\x04"
BYTES_TAG, OBJECT_ID_TAG, BOOLEAN_TAG, DATE_TAG, END_TAG = b"\x05", b"\x07", b"\x08", b"\x09", b"\x0a"
ODD_KEYS = (OBJECT_KEY, ARRAY_KEY)
_TRUE, _FALSE = BOOLEAN_TAG + b"\x01", BOOLEAN_TAG + b"\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME
_MARK = secrets.token_hex(16)
_MARK_IN_JSON = f',"{_MARK}",'.encode()


def texts_of(documents: Sequence[Document]) -> list[str]:
    """Return the stored texts of clean documents, leaving their ``_id``s out. Raises ``BadDocument``."""
    bodies = [document.copy() for document in documents]
    for body in bodies:
        body.pop("_id", None)
    try:
        texts = json_lines(bodies, _tagged)
        for place, text in enumerate(texts):
            if b"null" in text and _holds_unusual_number(bodies[place]):  # which orjson writes as null
                texts[place] = orjson.dumps(_with_tagged_numbers(bodies[place]), _tagged, _PLAIN)
    except orjson.JSONEncodeError:
        raise BadDocument("A document is nested too deep") from None
    if any(len(text) > MAX_DOCUMENT_BYTES for text in texts):
        raise BadDocument(f"A document is larger than {MAX_DOCUMENT_BYTES // 1024 // 1024} MiB")
    return [text.decode() for text in texts]


def json_lines(documents: Sequence[Document], hook: Callable[[Any], Any]) -> list[bytes]:
    """Return each document as JSON; ``hook`` says in JSON what orjson cannot.

    All in one call, with a mark between them that nobody can guess: a call for each costs ten times as much where the
    allocator gives orjson's buffer back to the system every time, as glibc's does.
    """
    if not documents:
        return []
    marked: list[Any] = [_MARK] * (2 * len(documents) - 1)
    marked[::2] = documents
    return orjson.dumps(marked, hook, _PLAIN)[1:-1].split(_MARK_IN_JSON)


def is_same(one: Document, other: Document) -> bool:
    """Tell whether two clean documents would be stored as the same text: order of fields and types of values count."""
    if one is other:
        return True
    if one != other or list(one) != list(other):  # to Python NaN differs from itself; then it is written once more
        return False
    kinds = list(map(type, one.values()))
    if kinds != list(map(type, other.values())):
        return False
    return (dict not in kinds and list not in kinds) or texts_of([one]) == texts_of([other])


def without_tags(value: Any) -> Any:
    """Return a decoded JSON value with its tags turned back into what they stand for."""
    if isinstance(value, dict):
        if len(value) == 1:
            name, inner = next(iter(value.items()))
            if name in _UNTAG:
                return _UNTAG[name](inner)
        return {name: without_tags(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_tags(inner) for inner in value]
    return value


def wire_json(document: Document) -> bytes:
    """Return a document as JSON for clients: ObjectIds are hex, dates ISO text, NaN null."""
    return orjson.dumps(document, on_wire, _PLAIN)


def key_of(value: Any) -> Key:
    """Return the key of a value found at an indexed path. Objects, arrays and NaN have none that tells them apart."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return None if math.isnan(value) else value
    if kind is bool:
        return _TRUE if value else _FALSE
    return _rarer_key(value)


def is_odd(value: Any) -> bool:
    """Tell whether a value's key does not tell it apart: conditions on its path need a second look."""
    return isinstance(value, (dict, list)) or (type(value) is float and math.isnan(value))


def value_along(document: Document, parts: Sequence[str]) -> Any:
    """Return the value a path leads to (``MISSING`` where it ends early), or the first array met on the way."""
    value: Any = document
    for part in parts:
        if not isinstance(value, dict):
            return value if isinstance(value, list) else MISSING
        value = value.get(part, MISSING)
    return value


def milliseconds(date: datetime) -> int:
    """Return a date as UTC epoch milliseconds."""
    return (date - _EPOCH) // _MILLISECOND


def date_at(at_ms: int) -> datetime:
    """Return the date at UTC epoch milliseconds."""
    return _EPOCH + at_ms * _MILLISECOND


def _rarer_key(value: Any) -> Key:
    if isinstance(value, ObjectId):
        return OBJECT_ID_TAG + value.binary
    if isinstance(value, datetime):
        return DATE_TAG + (milliseconds(value) + 2**63).to_bytes(8, "big")
    if isinstance(value, bytes):
        return BYTES_TAG + len(value).to_bytes(4, "big") + value
    if isinstance(value, dict):
        return OBJECT_KEY
    return ARRAY_KEY if isinstance(value, list) else None


def _tagged(value: Any) -> Mapping[str, Any]:
    if isinstance(value, ObjectId):
        return {"$oid": str(value)}
    if isinstance(value, datetime):
        return {"$date": milliseconds(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError


_UNTAG: Mapping[str, Callable[[Any], Any]] = {
    "$oid": ObjectId,
    "$date": date_at,
    "$bytes": base64.b64decode,
    "$number": float,
}


def on_wire(value: Any) -> str:
    """Return what JSON cannot say as clients get it; a hook for orjson."""
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)  # a type of BSON's that no document of ours holds


def _holds_unusual_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_unusual_number(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_holds_unusual_number(inner) for inner in value)
    return type(value) is float and not math.isfinite(value)


def _with_tagged_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_tagged_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_tagged_numbers(inner) for inner in value]
    return {"$number": repr(value)} if type(value) is float and not math.isfinite(value) else value
