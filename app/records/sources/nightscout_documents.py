"""Documents of another Nightscout, wherever they come from: its API, an export of its database, a dump.

Which collection one belongs to when nobody says so, what of it belongs to the server it was on, and how what years of
apps have left in it becomes what the records keep. Nothing else of a document is lost.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from app.clock import iso_of
from app.records.ids import object_id
from app.records.numbers import numeric_text
from app.records.sources.documents import (
    EARLIEST_MS,
    MINUTE_MS,
    WIDEST_OFFSET_MIN,
    BadRecord,
    checked_instant,
    checked_offset,
    identifier_of,
)
from app.records.times import MS_2000, Instant, read_instant
from app.store.interface import Document

SERVERS_OWN = frozenset({"_id", "srvModified", "srvCreated", "subject", "modifiedBy", "mills", "endmills"})
"""What a server adds by itself; ``mills`` and ``endmills`` come with some answers of the same document only."""

PUSH_TOKENS = frozenset({"deviceToken", "teamID", "bundleIdentifier"})
"""What lets a server send commands to somebody's Loop; only Loop itself gives it away."""

_OURS = "nl_"
_ALWAYS_THERE = ("carbs", "insulin")
"""API v1 shows these on every treatment, as null where there are none."""

_AMOUNTS = ("insulin", "enteredinsulin", "carbs", "protein", "fat", "glucose")
_EXTENTS = ("duration", "absolute", "rate", "percent")
_LOOPS = frozenset({"pump", "openaps", "loop", "uploader", "uploaderBattery", "xdripjs", "radioAdapter", "mmtune"})
_BODY = frozenset({"heartrate", "heartRate", "steps", "activitylevel"})
_ENTRY_TYPES = ("sgv", "mbg", "cal")
_ZONED = re.compile(r"(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2}(?=$)|GMT.*)\s*$", re.IGNORECASE | re.ASCII)
_ALIKE_MS = 1000
_OF_OLD = "1970-01-01T00:00:00.000Z"


def bare(record: Mapping[str, Any]) -> Document:
    """Return a document without what belongs to the server it was on, stamps of ours among it."""
    return {
        name: value
        for name, value in record.items()
        if name not in SERVERS_OWN and not name.startswith(_OURS) and not (name in _ALWAYS_THERE and value is None)
    }


def is_deleted(record: Any) -> bool:
    """Tell whether a document says that it was deleted."""
    return isinstance(record, Mapping) and record.get("isValid") is False


def collection_of(record: Any) -> str | None:
    """Return the collection a document belongs to by what it holds, None when that does not tell."""
    if not isinstance(record, Mapping):
        return None
    names = record.keys()
    if "eventType" in names:
        return "treatments"
    if "sgv" in names or "mbg" in names or record.get("type") in _ENTRY_TYPES:
        return "entries"
    if isinstance(record.get("store"), Mapping) or {"basal", "carbratio"} <= names:
        return "profile"
    if names & _LOOPS and "created_at" in names:
        return "devicestatus"
    if (record.get("type") == "food" and "name" in names) or (record.get("type") == "quickpick" and "foods" in names):
        return "food"
    if "created_at" in names:
        return "treatments" if names & {"insulin", "carbs"} else "activity" if names & _BODY else None
    return None


def without_push_tokens(profile: Document) -> Document:
    """Return a profile without what lets a server send commands to a Loop."""
    return {
        name: without_push_tokens(value) if isinstance(value, dict) else value
        for name, value in profile.items()
        if name not in PUSH_TOKENS
    }


def kept_document(record: Any, collection: str, now_ms: int) -> Document:
    """Return a stored or exported document of a collection as it is to be kept here, with an ``identifier``.

    That is its own, else its ``_id``, else one its content gives; an ``_id`` that can be one here stays beside it.
    Numbers and times are put right, each time with its offset from UTC. Raises ``BadRecord``.
    """
    if not isinstance(record, Mapping):
        raise BadRecord("it is no document")
    document = _PUT_RIGHT[collection](bare(record), record, now_ms)
    return _named(document, record, collection)


def _named(document: Document, record: Mapping[str, Any], collection: str) -> Document:
    given, chosen = record.get("_id"), record.get("identifier")
    name = chosen if isinstance(chosen, str) and chosen else ""
    # API v3 shows the _id of a document without an identifier as its identifier.
    id = object_id(given) or (object_id(name) if given is None else None)
    if id is not None:
        document["_id"] = str(id)
        name = str(id) if object_id(name) == id else name
    elif not name and isinstance(given, str):
        name = given
    document["identifier"] = name or document.get("_id") or _name_by_content(document, collection)
    return document


def _name_by_content(document: Document, collection: str) -> str:
    if collection == "entries":
        return identifier_of("nightscout", collection, document["type"], document["date"])
    content = json.dumps({**document, "identifier": None}, sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return identifier_of("nightscout", collection, "content", digest)


def _entry(entry: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    """Put an entry right: ``date`` is the truth, ``dateString`` says it again, with the offset that is known."""
    entry["type"] = _entry_type(entry)
    for name in ("sgv", "mbg"):
        if name in entry:
            entry[name] = _glucose(entry[name])
    if entry["type"] in ("sgv", "mbg") and entry.get(entry["type"]) is None and not entry.get("unfiltered"):
        raise BadRecord("it has no glucose")
    instant = _first_instant(record, ("date", "mills", "dateString", "sysTime", "created_at"))
    entry["date"] = checked_instant(instant.at_ms, now_ms)
    entry.pop("sysTime", None)
    written = entry.get("dateString")
    said = read_instant(written)
    offset_min = _offset_of(written, said, instant.at_ms)
    if offset_min is None:
        offset_min = _offset(entry.get("utcOffset"))
    entry.pop("utcOffset", None)
    if offset_min is not None:
        entry["utcOffset"] = offset_min
    if written is not None and (said is None or abs(said.at_ms - instant.at_ms) >= _ALIKE_MS):
        entry["dateString"] = iso_of(instant.at_ms)
    return entry


def _entry_type(entry: Document) -> str:
    type = entry.get("type")
    if isinstance(type, str) and type:
        return type
    found = next((name for name in ("sgv", "mbg") if name in entry), "cal" if "slope" in entry else "")
    if not found:
        raise BadRecord("it is no reading")
    return found


def _glucose(value: Any) -> float | None:
    number = numeric_text(value) if isinstance(value, str) else value
    if value is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise BadRecord("the glucose is not a number")
    return number


def _offset_of(written: Any, said: Instant | None, at_ms: int) -> int | None:
    """Return the offset a text tells: it is written with one, or it is local time without a zone beside the instant."""
    if said is None or not isinstance(written, str):
        return None
    if _ZONED.search(written):
        return said.offset_min or None
    apart_min = (said.at_ms - at_ms) / MINUTE_MS
    offset_min = checked_offset(apart_min)
    return offset_min if offset_min and abs(apart_min - offset_min) < 1 else None


def _offset(value: Any) -> int | None:
    number = numeric_text(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= WIDEST_OFFSET_MIN:
        return None
    return int(number)


def _timed(document: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    """Put ``created_at`` right: as UTC, from what else tells the moment where it is missing or has no zone."""
    written = record.get("created_at")
    numbers_first = isinstance(written, str) and not _ZONED.search(written)
    others = ("date", "mills", "timestamp", "eventTime")
    exact = [name for name in ("date", "mills") if isinstance(record.get(name), int | float)] if numbers_first else []
    instant = _first_instant(record, (*exact, "created_at", *others))
    document["created_at"] = instant.iso
    offset_min = _offset_of(written, read_instant(written), instant.at_ms) or _offset(document.pop("utcOffset", None))
    if offset_min is not None:
        document["utcOffset"] = offset_min
    document.pop("eventTime", None)
    return document


def _treatment(treatment: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    for name in (*_AMOUNTS, *_EXTENTS):
        number = numeric_text(treatment.get(name))
        if number is not None:
            treatment[name] = number
    return _timed(treatment, record, now_ms)


def _profile(profile: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    start = profile.get("startDate")
    if not isinstance(start, str) or read_instant(start) is None:
        told = (read_instant(record.get(name)) for name in ("startDate", "created_at", "mills", "date"))
        profile["startDate"] = next((instant.iso for instant in told if instant), _OF_OLD)
    return without_push_tokens(profile)


def _food(food: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    return food


def _activity(activity: Document, record: Mapping[str, Any], now_ms: int) -> Document:
    """Leave the time of activity as it is written, if it is one."""
    if read_instant(activity.get("created_at")) is None:
        activity["created_at"] = _first_instant(record, ("date", "mills", "timestamp")).iso
    return activity


_PUT_RIGHT = {
    "entries": _entry,
    "treatments": _treatment,
    "devicestatus": _timed,
    "profile": _profile,
    "food": _food,
    "activity": _activity,
}


def _first_instant(record: Mapping[str, Any], names: tuple[str, ...]) -> Instant:
    """Return the first moment that can be one, a fraction of a millisecond rounded. Raises ``BadRecord``."""
    why = "it has no time"
    for name in names:
        written = record.get(name)
        if isinstance(written, float) and math.isfinite(written) and written >= MS_2000:
            written = round(written)
        instant = read_instant(written)
        if instant is not None and instant.at_ms >= EARLIEST_MS:
            return instant
        why = why if instant is None else "the time is too long ago"
    raise BadRecord(why)
