"""What a document of ours is in another Nightscout's words, and whether one of theirs says the same. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from app.clock import iso_of
from app.records.ids import object_id
from app.records.plan import same
from app.records.sources.documents import MINUTE_MS, TIME_FIELDS, ms_of
from app.records.sources.keeping import spelled
from app.records.sources.nightscout_documents import bare, without_push_tokens
from app.store.encoding import wire_json
from app.store.interface import Document

APP = "Nightlight"
"""API v3 wants every document to say which app it is from."""

_NOT_SAID = frozenset({"identifier", "app", "isValid", "sysTime", "date", "dateString", "created_at", "utcOffset"})
_SAID_WITH_OFFSET = ("entries", "treatments", "devicestatus")
_LENGTH = ("duration", "durationInMilliseconds")


def name_of(document: Mapping[str, Any]) -> str:
    """Return the name a document goes by: its ``identifier``, else its ``_id`` as text."""
    chosen = document.get("identifier")
    return chosen if isinstance(chosen, str) and chosen else str(document.get("_id") or "")


def time_of(collection: str, document: Mapping[str, Any]) -> int | None:
    """Return when a document happened (UTC epoch ms), None when it does not tell."""
    return ms_of(document.get(TIME_FIELDS[collection]))


def plain(document: Document, collection: str) -> Document:
    """Return a document of ours as JSON says it, without what is only ours, its ``_id`` among it."""
    told: Document = orjson.loads(wire_json(bare(document)))
    if told.get("isValid") is True:
        del told["isValid"]
    return without_push_tokens(told) if collection == "profile" else told


def for_v3(document: Document, collection: str, name: str) -> Document:
    """Return a document of ours for API v3, under a name."""
    told = plain(document, collection) | {"identifier": name}
    at_ms = time_of(collection, document)
    if at_ms is not None:
        told["date"] = at_ms
    if not isinstance(told.get("app"), str) or not told["app"].strip():
        told["app"] = APP
    if not isinstance(told.get("utcOffset"), int | float):
        told.pop("utcOffset", None)
    return told


def for_v1(document: Document, collection: str, theirs: Mapping[str, Any] | None) -> Document:
    """Return a document of ours for API v1, named so that it is kept once; ``theirs`` is what is there of it.

    API v1 recognises entries by their moment, treatments by ``identifier`` or ``_id``, all else by its ``_id``. It
    takes the offset from UTC from the text of the time alone.
    """
    told = spelled(_dated(plain(document, collection), collection), collection)
    if collection == "entries":
        if theirs is not None and theirs.get("identifier"):
            told["identifier"] = theirs["identifier"]
        return told
    if collection != "treatments":
        return told | {"_id": theirs["_id"] if theirs is not None else id_for(document)}
    told.pop("identifier", None)
    name = name_of(document if theirs is None else theirs)
    return told | ({"_id": name} if object_id(name) and not _is_chosen(document, theirs) else {"identifier": name})


def _is_chosen(document: Document, theirs: Mapping[str, Any] | None) -> bool:
    return bool((document if theirs is None else theirs).get("identifier"))


def _dated(told: Document, collection: str) -> Document:
    at_ms = ms_of(told.get("date")) if collection == "entries" else None
    # Without it the offset of the server's own zone would be noted.
    return told if at_ms is None or told.get("dateString") else told | {"dateString": iso_of(at_ms)}


def id_for(document: Document) -> str:
    """Return the ``_id`` a document gets there: its own where it can be one, else always the same one."""
    own = object_id(document.get("_id"))
    return str(own) if own is not None else hashlib.sha256(name_of(document).encode()).hexdigest()[:24]


def says_the_same(collection: str, ours: Document, theirs: Document) -> bool:
    """Tell whether what is there already says what ours does, less what servers add and write in their own way.

    Uploading an entry again adds to it; so theirs may say more.
    """
    told, there = _said(collection, plain(ours, collection)), _said(collection, theirs)
    if collection == "entries":
        missing = object()
        return all(same(there.get(name, missing), value) for name, value in told.items())
    return same(told, there)


def content_key(collection: str, document: Document) -> str:
    """Return what a document says, hashed: for those that nothing else tells apart."""
    content = orjson.dumps(_said(collection, document), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(content).hexdigest()


def _said(collection: str, document: Document) -> Document:
    told = {name: value for name, value in bare(document).items() if value is not None and name not in _NOT_SAID}
    if collection == "profile":
        told = without_push_tokens(told)
    if collection != "food":
        told[TIME_FIELDS[collection]] = time_of(collection, document)
    if collection in _SAID_WITH_OFFSET:
        told["utcOffset"] = document.get("utcOffset") or 0
    length_ms = _length_ms(told)
    if length_ms is not None:
        told = {name: value for name, value in told.items() if name not in _LENGTH} | {"durationMs": length_ms}
    return told


def _length_ms(told: Document) -> float | None:
    """Return how long a treatment lasts; API v3 rounds the minutes and says the rest beside them."""
    exactly, minutes = told.get("durationInMilliseconds"), told.get("duration")
    if isinstance(exactly, int | float) and not isinstance(exactly, bool):
        return exactly
    if isinstance(minutes, int | float) and not isinstance(minutes, bool):
        return round(minutes * MINUTE_MS)
    return None
