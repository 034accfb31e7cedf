"""Turns another Nightscout's documents into ours: the same document, less what belongs to the other server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.records.numbers import numeric_text
from app.records.sources.documents import FUTURE_MS, TIME_FIELDS, BadRecord, ms_of
from app.records.sources.nightscout_documents import bare, is_deleted
from app.store.interface import Document


def identifier_in(record: Any) -> str:
    """Return a document's ``identifier``, else its ``_id``, which API v3 shows in its place. Raises ``BadRecord``."""
    if not isinstance(record, Mapping):
        raise BadRecord("a document is not an object")
    found = record.get("identifier") or record.get("_id")
    if not isinstance(found, str) or not found:
        raise BadRecord("a document has no id")
    return found


def deleted_in(records: Iterable[Any]) -> list[str]:
    """Return the identifiers of the deleted documents among some."""
    return [
        record["identifier"] for record in records if is_deleted(record) and isinstance(record.get("identifier"), str)
    ]


def document_of(record: Any, collection: str, now_ms: int) -> Document:
    """Return the document to keep. Raises ``BadRecord`` for one without id or time, or a reading from the future."""
    identifier = identifier_in(record)
    document = bare(record) | {"identifier": identifier}
    at_ms = ms_of(record.get(TIME_FIELDS[collection]))
    if at_ms is None:
        raise BadRecord("a document has no time")
    return _entry(document, at_ms, now_ms) if collection == "entries" else document


def _entry(document: Document, at_ms: int, now_ms: int) -> Document:
    """Return an entry with its time and value as numbers, which some apps write as text."""
    if at_ms > now_ms + FUTURE_MS:
        raise BadRecord("the time is in the future")
    values = {name: numeric_text(document[name]) for name in ("sgv", "mbg") if isinstance(document.get(name), str)}
    if None in values.values():
        raise BadRecord("the glucose is not a number")
    return document | {"date": at_ms} | values
