"""MongoDB's Extended JSON, canonical, relaxed and as old versions wrote it, turned into plain values.

``{"$oid": …}`` and its like stand for what JSON has no word for. Source: MongoDB Extended JSON (v2) specification, and
what ``mongoexport`` wrote before it.
"""

from __future__ import annotations

import base64
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from app.clock import datetime_of
from app.records.ids import object_id
from app.records.numbers import whole
from app.records.sanitising import DEEPEST
from app.records.sources.documents import BadRecord
from app.records.times import read_instant


def plain_of(value: Any, depth: int = 0) -> Any:
    """Return a decoded JSON value with everything extended replaced by what it stands for. Raises ``BadRecord``."""
    if isinstance(value, dict):
        if depth > DEEPEST:
            raise BadRecord("it is nested too deep")
        first = next(iter(value), "")
        if first.startswith("$"):
            return _special(first, value)
        return {name: plain_of(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        if depth > DEEPEST:
            raise BadRecord("it is nested too deep")
        return [plain_of(inner, depth + 1) for inner in value]
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _special(name: str, value: Mapping[str, Any]) -> Any:
    read = _SPECIAL.get(name)
    if read is None:
        raise BadRecord(f"it holds {name[:30]}, which is nothing we know")
    try:
        return read(value[name], value)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        raise BadRecord(f"its {name} cannot be read") from None


def _number(value: Any) -> int | float:
    try:
        return whole(value)
    except OverflowError:
        raise BadRecord("a number in it is too large") from None


def _id(said: Any, _: Mapping[str, Any]) -> Any:
    id = object_id(said)
    if id is None:
        raise ValueError
    return id


def _date(said: Any, _: Mapping[str, Any]) -> Any:
    written = plain_of(said)
    if isinstance(written, int | float):
        if not math.isfinite(written):
            raise ValueError
        at_ms = int(written)
    else:
        instant = read_instant(written)
        if instant is None:
            raise ValueError
        at_ms = instant.at_ms
    try:
        return datetime_of(at_ms)
    except (OverflowError, OSError, ValueError):
        return at_ms


def _whole(said: Any, _: Mapping[str, Any]) -> float:
    return whole(int(said))


def _fraction(said: Any, _: Mapping[str, Any]) -> float:
    return whole(float(said))


def _binary(said: Any, value: Mapping[str, Any]) -> Any:
    encoded, kind = (said["base64"], said["subType"]) if isinstance(said, Mapping) else (said, value.get("$type", "0"))
    content = base64.b64decode(encoded, validate=True)
    if int(str(kind), 16) in (3, 4) and len(content) == 16:
        return str(uuid.UUID(bytes=content))
    return content


def _uuid(said: Any, _: Mapping[str, Any]) -> str:
    return str(uuid.UUID(said))


def _pattern(said: Any, _: Mapping[str, Any]) -> str:
    return str(said["pattern"]) if isinstance(said, Mapping) else str(said)


def _stamp(said: Any, _: Mapping[str, Any]) -> Any:
    return datetime_of(1000 * int(plain_of(said["t"])))


def _text(said: Any, _: Mapping[str, Any]) -> str:
    return str(said)


def _nothing(said: Any, _: Mapping[str, Any]) -> None:
    return None


def _reference(said: Any, value: Mapping[str, Any]) -> Any:
    return {"collection": said, "id": plain_of(value.get("$id"))}


_SPECIAL: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "$oid": _id,
    "$date": _date,
    "$numberInt": _whole,
    "$numberLong": _whole,
    "$numberDouble": _fraction,
    "$numberDecimal": _fraction,
    "$binary": _binary,
    "$uuid": _uuid,
    "$regularExpression": _pattern,
    "$regex": _pattern,
    "$timestamp": _stamp,
    "$symbol": _text,
    "$code": _text,
    "$undefined": _nothing,
    "$minKey": _nothing,
    "$maxKey": _nothing,
    "$ref": _reference,
}
