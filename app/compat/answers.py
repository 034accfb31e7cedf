"""Answers of v1 and v2: JSON bytes with a weak ETag, ``Last-Modified`` and 304, and the text formats of entries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import formatdate
from itertools import islice
from typing import Any

import orjson
from flask import Response, request

from app.clock import iso_of
from app.compat.quirks import quirk
from app.compat.validators import is_among
from app.records.times import Instant, read_instant
from app.store import ObjectId

JSON = "application/json"
_JSON_TYPE = "application/json; charset=utf-8"
STREAMED_FROM_BYTES = 1024 * 1024
_ROWS_AT_ONCE = 256

COLUMNS = ("dateString", "date", "sgv", "direction", "device")


def json_bytes(value: Any) -> bytes:
    """Return a value of ours as JSON: ids as hex, dates as ISO text."""
    return orjson.dumps(value, default=_wire_form, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _wire_form(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        instant = read_instant(value)
        return iso_of(instant.at_ms) if instant else None
    if isinstance(value, tuple | frozenset):
        return list(value)
    raise TypeError(type(value).__name__)


def json_answer(value: Any, status: int = 200) -> Response:
    """Answer with a value of ours as JSON."""
    return conditional(Response(json_bytes(value), status, content_type=_JSON_TYPE))


def rows_answer(rows: Iterable[bytes], newest: Instant | None = None) -> Response:
    """Answer with JSON rows as one array; ``newest`` becomes ``Last-Modified``."""
    return _enclosed(rows, (b"[", b",", b"]"), _JSON_TYPE, newest)


def text_answer(rows: Iterable[bytes], mimetype: str, newest: Instant | None = None) -> Response:
    """Answer with entries as text: five columns, CRLF between rows, no header line."""
    between = b"," if mimetype == "text/csv" else b"\t"
    lines = (between.join(_cell(entry.get(name)) for name in COLUMNS) for entry in map(orjson.loads, rows))
    return _enclosed(lines, (b"", b"\r\n", b""), f"{mimetype}; charset=utf-8", newest)


def _enclosed(
    rows: Iterable[bytes], around: tuple[bytes, bytes, bytes], content_type: str, newest: Instant | None
) -> Response:
    """Answer with rows and what stands before, between and after them.

    From ``STREAMED_FROM_BYTES`` on they go out as they come, and nobody holds them all. Such an answer has no ETag;
    when reading fails on the way it ends without its last chunk, which every client notices.
    """
    body = gathered(rows, around)
    if isinstance(body, bytes):
        return conditional(Response(body, content_type=content_type), newest)
    return _dated(Response(body, content_type=content_type), newest)


def gathered(rows: Iterable[bytes], around: tuple[bytes, bytes, bytes]) -> bytes | Iterator[bytes]:
    """Return rows with what stands before, between and after them; from ``STREAMED_FROM_BYTES`` on as they come."""
    before, between, after = around
    coming = iter(rows)
    begun: list[bytes] = []
    size = 0
    for row in coming:
        begun.append(row)
        size += len(row)
        if size >= STREAMED_FROM_BYTES:
            return _flow(before + between.join(begun), coming, between, after)
    return before + between.join(begun) + after


def _flow(begun: bytes, coming: Iterator[bytes], between: bytes, after: bytes) -> Iterator[bytes]:
    yield begun
    while some := [*islice(coming, _ROWS_AT_ONCE)]:
        yield between + between.join(some)
    yield after


def _dated(response: Response, newest: Instant | None) -> Response:
    """Give a streamed 200 its date, and make it a 304 when the client's is as new."""
    if newest is not None:
        response.headers["Last-Modified"] = formatdate(newest.at_ms // 1000, usegmt=True)
    return _not_modified(response) if _is_fresh("", newest) else response


def _cell(value: Any) -> bytes:
    return b"" if value is None else orjson.dumps(value)


def depends_on(response: Response, header: str) -> None:
    """Say in ``Vary`` that another value of this request header makes another answer."""
    known = response.headers.get("Vary")
    response.headers["Vary"] = f"{known}, {header}" if known else header


def conditional(response: Response, newest: Instant | None = None) -> Response:
    """Give a 200 its validators, and make it a 304 when the client has just this already."""
    if newest is not None:
        response.headers["Last-Modified"] = formatdate(newest.at_ms // 1000, usegmt=True)
    body = response.get_data()
    tag = f'W/"{len(body):x}-{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = tag
    if response.status_code == 200 and request.method in ("GET", "HEAD") and _is_fresh(tag, newest):
        return _not_modified(response)
    return response


def _not_modified(response: Response) -> Response:
    response.status_code = 304
    response.set_data(b"")
    for name in ("Content-Type", "Content-Length"):
        response.headers.pop(name, None)
    return response


@quirk("If-Modified-Since may be ISO text", "oref0")
def _is_fresh(tag: str, newest: Instant | None) -> bool:
    """Judge as Express does: every validator that was sent must hold. oref0 sends ISO text for HTTP's date."""
    tags, since = request.headers.get("If-None-Match", ""), request.headers.get("If-Modified-Since", "")
    if not (tags or since) or "no-cache" in request.headers.get("Cache-Control", ""):
        return False
    if tags and not (tag and is_among(tag, tags)):
        return False
    if since:
        seen = read_instant(since)
        return newest is not None and seen is not None and newest.at_ms // 1000 <= seen.at_ms // 1000
    return True
