"""What API v3 makes of an uploaded document before anything else: its moment, and the name it goes by.

The name of a document that brings none is worked out from device, date and event type, so that an upload that is
repeated after a lost answer is recognised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

from app.records.ids import object_id
from app.records.numbers import whole
from app.records.times import MS_2000, Instant, read_instant
from app.store.interface import Document, Filter

_NAMESPACE = UUID(bytes=b"NightscoutRocks!")

FALLBACK: Mapping[str, tuple[str, ...]] = {
    "devicestatus": ("created_at", "device"),
    "entries": ("date", "type"),
    "food": ("created_at",),
    "profile": ("created_at",),
    "settings": (),
    "treatments": ("created_at", "eventType"),
}
"""What tells that a document which has no identifier yet is the one uploaded."""


def settle_moment(document: Document, *, created_at_counts: bool = True) -> None:
    """Set ``date``, ``created_at`` and a missing ``utcOffset`` from the first of date and created_at that can be read.

    In place. With ``created_at_counts`` off only ``date`` is read and ``created_at`` is dropped. What is before the
    year 2000 counts as unreadable; a document without a moment stays as it is.
    """
    instant = _moment_in(document.get(name) for name in (("date", "created_at") if created_at_counts else ("date",)))
    if instant is None:
        return
    document["date"] = instant.at_ms
    document.setdefault("utcOffset", instant.offset_min)
    if created_at_counts:
        document["created_at"] = instant.iso
    else:
        document.pop("created_at", None)


def _moment_in(written: Iterable[Any]) -> Instant | None:
    return next((found for one in written if (found := read_instant(one)) and found.at_ms >= MS_2000), None)


def computed_identifier(document: Document) -> str:
    """Return the identifier Nightscout works out for a document with a settled moment."""
    instant = _moment_in([document.get("date")])
    name = f"{_js_text(document, 'device')}_{instant.at_ms if instant else 'undefined'}"
    if document.get("eventType"):
        name += f"_{_js_text(document, 'eventType')}"
    return str(uuid5(_NAMESPACE, name))


def _js_text(document: Document, name: str) -> str:
    """Return what JavaScript puts into a text for a member."""
    value = document.get(name)
    if name not in document:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join("" if inner is None else _js_text({"": inner}, "") for inner in value)
    return str(whole(value)) if isinstance(value, float) else str(value)


def going_by(identifier: str) -> list[Filter]:
    """Return the alternatives by which a document goes by this name: its identifier, or its ``_id`` if it has none."""
    ids = [id for id in (object_id(identifier), identifier) if id is not None]
    return [{"identifier": identifier}, {"_id": {"$in": ids}, "identifier": {"$in": [None, ""]}}]


def fallback_of(collection: str, document: Document) -> list[Filter]:
    """Return the alternative by which a document without identifier is the one uploaded; [] where that says too little.

    A date that was kept with a fraction is the whole one it is shown as.
    """
    names = FALLBACK[collection]
    if not names or any(document.get(name) is None for name in names):
        return []
    wanted: Document = {name: {"$eq": document[name]} for name in names}
    if "date" in wanted:
        if not isinstance(document["date"], int):
            return []
        wanted["date"] = {"$gte": document["date"], "$lt": document["date"] + 1}
    return [wanted | {"identifier": {"$in": [None, ""]}}]
