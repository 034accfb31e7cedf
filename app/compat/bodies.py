"""Reading request bodies: JSON or form, plain or gzip, with or without a length, always with a limit."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Request, g
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.compat.brackets import IN_BODY, decode
from app.compat.quirks import quirk
from app.errors import BadRequest

MOST_JSON_BYTES = 50 * 1024 * 1024
MOST_FORM_BYTES = 1024 * 1024
MOST_CREDENTIAL_BYTES = 1024 * 1024
"""A body that brings its own credential is read before anybody is known to have sent it."""

CREDENTIALS = ("secret", "token")
_CHUNK = 64 * 1024


class TooBig(BadRequest):
    """A body beyond its limit, as sent or once unpacked."""

    status = 413
    code = "too-big"


class MalformedBody(BadRequest):
    """A body that is not what it says it is."""

    code = "malformed-body"


def body_of(request: Request, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """Return the parsed body: a dict or a list, ``[]`` when there is none. Credentials in it are taken out.

    Raises ``TooBig`` and ``MalformedBody``.
    """
    if "parsed_body" not in g:
        body = _parsed(request, most_bytes)
        carrier = _carrier(body)
        g.body_credentials = {name: carrier.pop(name) for name in CREDENTIALS if name in carrier}
        g.parsed_body = body
    return g.parsed_body


def json_of(request: Request) -> Any:
    """Return the JSON of the body as it was sent; None where there is none, or it says that it is something else.

    Raises ``TooBig`` and ``MalformedBody``.
    """
    raw = _read(request, MOST_JSON_BYTES).removeprefix(b"\xef\xbb\xbf").strip() if request.is_json else b""
    return _json(raw) if raw else None


def credentials_in_body(request: Request) -> dict[str, Any]:
    """Return ``secret`` and ``token`` of a small body, taken out of it; nothing of a body beyond the limit."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return {}
    if request.content_length is None or request.content_length <= MOST_CREDENTIAL_BYTES:
        body_of(request, MOST_CREDENTIAL_BYTES)
        found: dict[str, Any] = g.body_credentials
        return found
    return {}


def _carrier(body: Any) -> dict[str, Any]:
    first = body[0] if isinstance(body, list) and body else body
    return first if isinstance(first, dict) else {}


@quirk("JSON is read under another media type too", "scripts")
@quirk("forms nest", "Nightscout's food editor")
def _parsed(request: Request, most_bytes: int) -> Any:
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    raw = _read(request, MOST_FORM_BYTES if is_form else most_bytes)
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not raw:
        return []
    if raw[:1] in (b"{", b"["):
        # Also under another media type: some scripts forget theirs, and no form begins like this.
        return _json(raw)
    if is_form:
        return decode(raw.decode("utf-8", "replace"), IN_BODY)
    raise MalformedBody("The body is neither a JSON object or array nor a form")


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _lenient_json(raw)


@quirk("an emoji cut in half does not spoil a body", "programs in JavaScript")
def _lenient_json(raw: bytes) -> Any:
    """Read JSON in which an emoji was cut in half: JavaScript takes it, and puts U+FFFD in its place."""
    try:
        found = json.loads(raw, parse_constant=_refuse)
        return orjson.loads(
            json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    except (ValueError, RecursionError):
        raise MalformedBody("The body is not valid JSON") from None


def _refuse(constant: str) -> float:
    raise ValueError(constant)


@quirk("bodies come gzipped, deflated or in chunks", "xDrip+")
def _read(request: Request, most_bytes: int) -> bytes:
    """Return the body unpacked. What a small body unpacks to counts against the same limit."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if (request.content_length or 0) > most_bytes:
        raise TooBig("The body is too big", hint=f"At most {most_bytes} bytes.")
    pieces = _sent(request, most_bytes)
    if encoding in ("", "identity"):
        return b"".join(pieces)
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _inflated(pieces, most_bytes)
    raise MalformedBody(f"Content-Encoding {encoding!r} is not supported", hint="Use gzip or none.")


def _sent(request: Request, most_bytes: int) -> Iterator[bytes]:
    # One more than the limit, so that a body of unknown length is found to be beyond it.
    request.max_content_length = most_bytes + 1
    total = 0
    try:
        while piece := request.stream.read(_CHUNK):
            total += len(piece)
            if total > most_bytes:
                raise TooBig("The body is too big", hint=f"At most {most_bytes} bytes.")
            yield piece
    except RequestEntityTooLarge:
        raise TooBig("The body is too big", hint=f"At most {most_bytes} bytes.") from None
    except (ClientDisconnected, OSError):
        raise MalformedBody("The body ended early, or did not come") from None


def _inflated(pieces: Iterator[bytes], most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    unpacked = bytearray()
    try:
        for piece in pieces:
            unpacked += unpacker.decompress(piece, most_bytes + 1 - len(unpacked))
            if len(unpacked) > most_bytes or unpacker.unconsumed_tail:
                raise TooBig("The body is too big once unpacked", hint=f"At most {most_bytes} bytes.")
    except zlib.error:
        raise MalformedBody("The body is not valid gzip") from None
    if unpacked and not unpacker.eof:
        raise MalformedBody("The gzip body ended early")
    return bytes(unpacked)
