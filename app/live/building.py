"""From stored entries and treatments to readings and treatments of the picture.

Documents were written by many programs over many years. Whatever cannot be understood is left out, one by one; nothing
in here raises, and no bad document takes a good one with it.
"""

from __future__ import annotations

from app.glucose.sentinels import HIGH_MGDL, LOW_MGDL
from app.glucose.units import Unit, from_unit, unit_named
from app.live.fields import Document, first_moment, first_number, moment, number, text
from app.live.picture import Reading, Treatment
from app.records.deletion import is_deleted

HIGHEST_MMOLL = 40  # no sensor or meter goes beyond it
_WORDS_FOR_SENTINELS = {"low": LOW_MGDL, "lo": LOW_MGDL, "high": HIGH_MGDL, "hi": HIGH_MGDL}


def reading_of(document: Document) -> Reading | None:
    """Return the reading in an entry, None for calibrations, deleted entries, zero ("no reading") and nonsense."""
    kind = document.get("type")
    if kind is None:
        kind = "sgv" if document.get("sgv") is not None else "mbg"
    if kind not in ("sgv", "mbg") or is_deleted(document):
        return None
    mgdl = _glucose(document.get(kind), document.get("units"))
    at_ms = first_moment(document, "date", "dateString", "sysTime")
    if mgdl is None or at_ms is None:
        return None
    return Reading(
        id=str(document.get("_id")),
        at_ms=at_ms,
        received_ms=moment(document.get("srvCreated")),
        mgdl=mgdl,
        direction=text(document.get("direction")) or _trend_number(document),
        device=text(document.get("device")),
        kind=kind,
    )


def treatment_of(document: Document) -> Treatment | None:
    """Return the treatment in a document, None when it is deleted or nobody knows when it was."""
    at_ms = first_moment(document, "created_at", "date", "mills", "timestamp")
    if is_deleted(document) or at_ms is None:
        return None
    return Treatment(
        id=str(document.get("_id")),
        at_ms=at_ms,
        event_type=text(document.get("eventType")),
        insulin=number(document.get("insulin")),
        carbs=number(document.get("carbs")),
        duration_min=_duration_min(document),
        absolute=_rate(document),
        percent=number(document.get("percent")),
        automatic=_is_automatic(document),
        notes=text(document.get("notes")) or text(document.get("reason")),
        entered_by=text(document.get("enteredBy")),
    )


def _glucose(value: object, units: object) -> float | None:
    if text(value).lower() in _WORDS_FOR_SENTINELS:
        return _WORDS_FOR_SENTINELS[text(value).lower()]
    found = number(value)
    if found is None or found <= 0:
        return None
    in_mmol = unit_named(text(units)) is Unit.MMOLL and found <= HIGHEST_MMOLL
    return from_unit(found, Unit.MMOLL) if in_mmol else found


def _trend_number(document: Document) -> str:
    found = number(document.get("trend"))
    return "" if found is None else str(int(found))


def _duration_min(document: Document) -> float | None:
    minutes = number(document.get("duration"))
    if minutes is not None:
        return minutes
    duration_ms = number(document.get("durationInMilliseconds"))
    return None if duration_ms is None else duration_ms / 60_000


def _rate(document: Document) -> float | None:
    """Return the rate of a temporary basal in U/h; what oref0 says in percent is none."""
    in_percent = text(document.get("temp")).lower() == "percent"
    return number(document.get("absolute")) if in_percent else first_number(document, "absolute", "rate")


def _is_automatic(document: Document) -> bool:
    told = document.get("automatic") is True or document.get("isSMB") is True
    return told or "SMB" in (document.get("type"), document.get("eventType"))
