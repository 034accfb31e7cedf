"""Adding a document unless it is there already, as programs on a socket do: they send again until they are answered.

``NSCLIENT_ID`` is the key such a program chose. What has none is recognised by its moment. A document that is there is
returned as it is stored, and a new one as understood; either way with its ``_id``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from app.clock import Clock, iso_of
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.profiles import Profiles
from app.records.sanitising import NO_EVENT_TYPE
from app.records.single_fields import SingleFields
from app.records.times import Instant, read_instant
from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.interface import Document, Filter

SIMILAR_MS = 2000
"""How far apart two treatments may be dated and still be one."""

_KEY = "NSCLIENT_ID"
_TELLING = ("insulin", "carbs", "percent", "absolute", "duration", _KEY)


def add_treatment(treatments: Treatments, fields: SingleFields, clock: Clock, document: Mapping[str, Any]) -> Document:
    """Add a treatment. One that is much like a stored one only corrects its moment. Raises ``BadDocument``.

    That is one within two seconds which agrees in every amount that was sent, or in its type when none was.
    """
    instant = read_instant(document.get("created_at")) or Instant(clock.now_ms())
    key, event_type = key_of(document), document.get("eventType") or NO_EVENT_TYPE
    moment: Filter = {"created_at": instant.iso, "eventType": {"$eq": event_type}}
    stored = _first(treatments, {_KEY: key} if key is not None else moment)
    if stored is not None:
        return stored
    alike = _first(treatments, _much_like(document, event_type, instant.at_ms))
    if alike is not None:
        fields.set("treatments", str(alike["_id"]), {"created_at": instant.iso})
        return {**alike, "created_at": instant.iso}
    added = {"created_at": instant.iso, **document, "eventType": event_type}
    if key is not None and "_id" not in document:
        # Two treatments of one moment and type are two when their keys say so.
        added["_id"] = str(_id_for(key, instant.at_ms))
    return treatments.replace(added)


def add_device_status(statuses: DeviceStatus, clock: Clock, document: Mapping[str, Any]) -> Document:
    """Add a device status, one for each key or moment. Raises ``BadDocument``."""
    instant = read_instant(document.get("created_at")) or Instant(clock.now_ms())
    key = key_of(document)
    stored = _first(statuses, {_KEY: key} if key is not None else {"created_at": instant.iso})
    return stored or statuses.replace(document)


def add_profile(profiles: Profiles, document: Mapping[str, Any]) -> Document:
    """Add a profile, or put it in place of the one with its key or its start. Raises ``BadDocument``."""
    key, start = key_of(document), document.get("startDate")
    wanted: Filter = {_KEY: key} if key is not None else {"startDate": {"$eq": start}}
    stored = _first(profiles, wanted) if key is not None or start else None
    return profiles.replace(document if stored is None else {**document, "_id": str(stored["_id"])})


def key_of(document: Mapping[str, Any]) -> str | int | float | None:
    """Return the key a program chose for its document, None when it chose none."""
    key = document.get(_KEY)
    return key if key and isinstance(key, str | int | float) and not isinstance(key, bool) else None


def _much_like(document: Mapping[str, Any], event_type: Any, at_ms: int) -> Filter:
    agreeing: dict[str, Any] = {name: {"$eq": document[name]} for name in _TELLING if document.get(name)}
    around = {"$gte": iso_of(at_ms - SIMILAR_MS), "$lte": iso_of(at_ms + SIMILAR_MS)}
    return {"created_at": around, **(agreeing or {"eventType": {"$eq": event_type}})}


def _first(records: Records, filter: Filter) -> Document | None:
    return next(records.search(filter, limit=1), None)


def _id_for(key: str | int | float, at_ms: int) -> ObjectId:
    """Return the id such a treatment has however often it is sent, even at once."""
    second = (at_ms // 1000) & 0xFFFFFFFF
    return ObjectId(second.to_bytes(4, "big") + hashlib.sha256(repr(key).encode()).digest()[:8])
