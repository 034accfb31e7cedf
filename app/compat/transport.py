"""What surrounds every answer of Nightscout's surface: the way to https, CORS, compression."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from flask import Blueprint, Request, Response, request

from app.compat.answers import depends_on
from app.compat.quirks import quirk
from app.compat.services import surface
from app.config import Settings
from app.identity.addresses import is_https, is_loopback_name
from app.identity.door import house

COMPRESSED_FROM_BYTES = 1024
BIG_BYTES = 32 * 1024
"""From here on speed counts for more than the last bytes."""

_GZIP = 16 + zlib.MAX_WBITS
_METHODS = "GET,PUT,POST,PATCH,DELETE,OPTIONS"
_HEADERS = "Content-Type, Authorization, Content-Length, X-Requested-With, api-secret"


@quirk("api-secret is among the allowed CORS headers", "Nightscout Reporter")
def wrap(blueprint: Blueprint) -> None:
    """Give a blueprint's answers Nightscout's surroundings. Call it before the blueprint is guarded."""

    @blueprint.before_request
    def first() -> Response | None:
        if _must_move(request, house().settings):
            return _moved(request)
        return Response(status=200) if request.method == "OPTIONS" and surface().features.on("cors") else None

    @blueprint.after_request
    def last(response: Response) -> Response:
        if surface().features.on("cors"):
            response.headers["Access-Control-Allow-Origin"] = house().settings["CORS_ALLOW_ORIGIN"]
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
        return compressed(response, request)


def compressed(response: Response, asked: Request) -> Response:
    """Return the answer gzipped where the client takes that and it is worth it; event streams never are."""
    depends_on(response, "Accept-Encoding")
    if (
        response.direct_passthrough
        or "Content-Encoding" in response.headers
        or response.mimetype == "text/event-stream"
        or asked.accept_encodings.quality("gzip") <= 0
    ):
        return response
    if response.is_streamed:
        response.response = _packed(response.iter_encoded())
    elif len(body := response.get_data()) < COMPRESSED_FROM_BYTES:
        return response
    else:
        packer = zlib.compressobj(1 if len(body) > BIG_BYTES else 6, zlib.DEFLATED, _GZIP)
        response.set_data(packer.compress(body) + packer.flush())
    response.headers["Content-Encoding"] = "gzip"
    return response


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _must_move(asked: Request, settings: Settings) -> bool:
    if settings["INSECURE_USE_HTTP"] or is_loopback_name(asked.headers.get("Host", "")):
        return False
    return not is_https(asked.headers, asked.scheme, asked.remote_addr or "", settings["TRUST_PROXY"])


def _moved(asked: Request) -> Response:
    address = asked.environ.get("RAW_URI") or asked.environ.get("REQUEST_URI") or asked.full_path
    path = address if address.startswith("/") else "/"
    location = f"https://{asked.headers.get('Host', '')}{path}"
    return Response(status=307, headers={"Location": location})
