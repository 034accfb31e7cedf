"""Answers of API v3: an envelope of JSON, or a table, or XML. Nothing gets an ``ETag`` by itself: AndroidAPS reads it
as a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.utils import formatdate
from typing import Any

import orjson
from flask import Response, request

from app.compat.answers import depends_on, gathered, json_bytes
from app.compat.errors import Refusal
from app.compat.negotiation import chosen
from app.compat.v3.tables import csv_lines, xml_of_one, xml_pieces
from app.compat.wire import on_wire
from app.records.stamps import CHANGED
from app.store.interface import Document

JSON = "application/json"
JSON_TYPE = "application/json; charset=utf-8"
CSV = "text/csv"
XML = "application/xml"
NOT_ACCEPTABLE = "Unsupported output format requested"


def accepted_format() -> str:
    """Return the media type to answer with. Raises ``Refusal`` (406) when the client wants none of ours."""
    found = chosen(request.headers.get("Accept", ""), (JSON, CSV, XML))
    if found is None:
        raise Refusal(406, NOT_ACCEPTABLE)
    return found


def json_answer(status: int, **members: Any) -> Response:
    """Answer with ``status`` and these members."""
    return Response(json_bytes({"status": status, **members}), status, content_type=JSON_TYPE)


def dated(response: Response, changed_ms: int | None) -> Response:
    """Say when what is answered changed last (UTC epoch ms)."""
    if changed_ms is not None:
        response.headers["Last-Modified"] = formatdate(changed_ms // 1000, usegmt=True)
    return response


def document_answer(document: Document, media: str) -> Response:
    """Answer with one document."""
    if media == JSON:
        return _formatted(b'{"status":200,"result":' + row_of(document) + b"}", JSON)
    shown = orjson.loads(row_of(document))
    return _formatted(b"".join(csv_lines([shown])) if media == CSV else xml_of_one(shown), media)


def documents_answer(documents: Iterable[Document], media: str) -> Response:
    """Answer with documents; large answers go out as they are read."""
    rows = map(row_of, documents)
    if media == JSON:
        return _formatted(gathered(rows, (b'{"status":200,"result":[', b",", b"]}")), JSON)
    shown = map(orjson.loads, rows)
    pieces = csv_lines(shown) if media == CSV else xml_pieces(shown)
    return _formatted(gathered(pieces, (b"", b"", b"")), media)


def _formatted(body: bytes | Iterator[bytes], media: str) -> Response:
    response = Response(body, content_type=f"{media}; charset=utf-8")
    depends_on(response, "Accept")
    return response


def row_of(document: Document) -> bytes:
    """Return a document as JSON, with numbers as JavaScript writes them."""
    return json_bytes(on_wire(document))


def newest_stamp_ms(documents: Iterable[Document]) -> int | None:
    """Return the latest ``srvModified`` among documents, None for none."""
    return max((document[CHANGED] for document in documents), default=None)


def projected(document: Document, fields: tuple[str, ...]) -> Document:
    """Return those members of a document that are asked for, by dotted paths; all of them where none is named."""
    if not fields:
        return document
    shown: Document = {}
    for path in fields:
        _take(document, path.split("."), shown)
    return shown


def _take(document: Document, path: list[str], into: Document) -> None:
    name, *rest = path
    if name not in document:
        return
    value = document[name]
    if not rest:
        into[name] = value
    elif isinstance(value, dict) and (name not in into or isinstance(into[name], dict)):
        inner = dict(into.get(name, {}))
        _take(value, rest, inner)
        into[name] = inner
