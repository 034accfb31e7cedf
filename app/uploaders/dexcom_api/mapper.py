"""Turns records of Dexcom's API v3 into documents; pure functions.

``systemTime`` is UTC, with or without a ``Z``; ``displayTime`` is what the display showed, and tells the offset. A
record keeps its ``recordId`` when it is uploaded again, changed or deleted, and so keeps its identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.clock import iso_of
from app.glucose.sentinels import HIGH_MGDL, LOW_MGDL
from app.glucose.trend import Direction
from app.glucose.units import mgdl_of
from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    Act,
    bg_check,
    bolus,
    carb_correction,
    event,
    exercise,
    long_acting,
)
from app.records.sources.documents import (
    BadRecord,
    amount_of,
    checked_instant,
    checked_offset,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.times import read_instant
from app.store.interface import Document

DEVICE = "nightlight-dexcom-api"
VENDOR = "dexcom_api"
_ANY_ACCOUNT = ""  # a recordId is Dexcom's own and the same for whoever reads it

LOWEST_MGDL, HIGHEST_MGDL = 40, 400
"""What Dexcom's sensors measure; outside of it they say low and high (user guides of G6 and G7)."""

_EXTREMES = {"low": LOW_MGDL, "high": HIGH_MGDL}
_NO_UNIT_FROM_MGDL = LOW_MGDL  # a sensor's number this large cannot be mmol/L

_BY_TREND = {
    direction.replace(" ", "").lower(): direction for direction in Direction if direction is not Direction.NONE
} | {"none": Direction.NONE, "unknown": Direction.NONE}


def entry_of(record: Mapping[str, Any], now_ms: int) -> Document:
    """Return the entry for one reading. Raises ``BadRecord``."""
    at_ms = _instant_in(record, now_ms)
    return sensor_entry(
        identifier=_identifier_of(record, "sgv", at_ms),
        at_ms=at_ms,
        glucose_mgdl=_sensor_mgdl(record),
        device=DEVICE,
        direction=direction_of(record.get("trend")),
        offset_min=_offset_in(record, at_ms),
    )


def calibration_of(record: Mapping[str, Any], now_ms: int) -> Document:
    """Return the entry for a finger stick the sensor was calibrated with. Raises ``BadRecord``."""
    at_ms = _instant_in(record, now_ms)
    return meter_entry(
        identifier=_identifier_of(record, "calibration", at_ms),
        at_ms=at_ms,
        glucose_mgdl=_mgdl(record),
        device=DEVICE,
        offset_min=_offset_in(record, at_ms),
    )


def event_of(record: Mapping[str, Any], now_ms: int) -> Document:
    """Return the treatment for what somebody entered in the app. Raises ``BadRecord``."""
    at_ms = _instant_in(record, now_ms)
    about: Act = {
        "identifier": event_identifier(record),
        "at_ms": at_ms,
        "entered_by": DEVICE,
        "offset_min": _offset_in(record, at_ms),
        "notes": "",
    }
    return _EVENTS.get(_word(record.get("eventType")), _other)(record, about)


def event_identifier(record: Mapping[str, Any]) -> str:
    """Return the identifier of an event, also of one that was deleted. Raises ``BadRecord`` when nothing tells it."""
    at = read_instant(record.get("systemTime"))
    return _identifier_of(record, "event", at.at_ms if at else None)


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Tell whether somebody took an event back in the app."""
    return _word(record.get("eventStatus")) == "deleted"


def device_status_of(record: Mapping[str, Any], now_ms: int) -> Document:
    """Return the device status for a display device: that it uploaded, and what it is. Raises ``BadRecord``."""
    uploaded = read_instant(record.get("lastUploadDate"))
    if uploaded is None:
        raise BadRecord("a device has no upload")
    at_ms = checked_instant(uploaded.at_ms, now_ms)
    told = {name: str(record[name]) for name in _OF_A_DEVICE if record.get(name)}
    which = "|".join((str(record.get("transmitterId") or ""), told.get("displayDevice", ""), str(at_ms)))
    return {
        "device": f"{DEVICE} {told.get('displayDevice', '')}".strip(),
        "created_at": iso_of(at_ms),
        "identifier": identifier_of(VENDOR, _ANY_ACCOUNT, "device", which),
        "dexcom": told,
    }


def direction_of(trend: Any) -> str | None:
    """Return Nightscout's word for a trend; None when there is none, never Flat for a word nobody knows."""
    if trend is None or trend == "":
        return None
    return _BY_TREND.get(_word(trend), Direction.NOT_COMPUTABLE).value


def _sensor_mgdl(record: Mapping[str, Any]) -> int:
    """Return mg/dL, LOW and HIGH for a reading beyond what the sensor measures, whatever number came with that.

    A number within that range counts, whatever is said beside it.
    """
    status, value = _word(record.get("status")), _word(record.get("value"))
    said = value if value in _EXTREMES else status
    if said not in _EXTREMES:
        return _mgdl(record)
    extreme = _EXTREMES[said]
    if value in ("", said):
        return extreme
    glucose_mgdl = _mgdl(record)
    return glucose_mgdl if LOWEST_MGDL < glucose_mgdl < HIGHEST_MGDL else extreme


def _mgdl(record: Mapping[str, Any]) -> int:
    number, unit = _number(record.get("value")), _word(record.get("unit"))
    if unit == "mmol/l":
        return glucose_of(mgdl_of(number))
    if unit != "mg/dl" and number < _NO_UNIT_FROM_MGDL:
        raise BadRecord("the glucose has no unit")
    return glucose_of(number)


def _carbs(record: Mapping[str, Any], about: Act) -> Document:
    carbs_g = amount_of(record.get("value"), most=MOST_CARBS_G, what="carbs")
    if not carbs_g:
        raise BadRecord("the carbs are none")
    return carb_correction(carbs_g=carbs_g, **about)


def _insulin(record: Mapping[str, Any], about: Act) -> Document:
    insulin_u = amount_of(record.get("value"), most=MOST_INSULIN_U, what="insulin")
    if not insulin_u:
        raise BadRecord("the insulin is none")
    subtype = _word(record.get("eventSubType"))
    if subtype == "longacting":
        return long_acting(insulin_u=insulin_u, **about)
    if subtype != "fastacting":
        # Insulin on board that is too high makes somebody wait; too low, and somebody corrects twice.
        about["notes"] = "Dexcom does not say which insulin; counted as fast-acting"
    return bolus(insulin_u=insulin_u, **about)


def _exercise(record: Mapping[str, Any], about: Act) -> Document:
    about["notes"] = _says(record.get("eventSubType"))
    minutes = amount_of(record.get("value"), most=LONGEST_MIN, what="exercise")
    return exercise(duration_min=minutes or None, **about)


def _blood_glucose(record: Mapping[str, Any], about: Act) -> Document:
    return bg_check(glucose_mgdl=_mgdl(record), **about)


def _note(record: Mapping[str, Any], about: Act) -> Document:
    about["notes"] = _says(record.get("value")) or _says(record.get("eventSubType")) or "Note"
    return event("Note", **about)


def _health(record: Mapping[str, Any], about: Act) -> Document:
    parts = (_spaced(record.get("eventSubType")), _says(record.get("value")))
    about["notes"] = "Health: " + (", ".join(part for part in parts if part) or "something was noted")
    return event("Note", **about)


def _other(record: Mapping[str, Any], about: Act) -> Document:
    """Keep an event of a kind we do not know as a note: losing it would be worse."""
    kind = _spaced(record.get("eventType"))
    if not kind:
        raise BadRecord("an event has no type")
    parts = (_spaced(record.get("eventSubType")), _says(record.get("value")), _says(record.get("unit")))
    about["notes"] = " ".join(part for part in (f"Dexcom: {kind}", *parts) if part)
    return event("Note", **about)


_EVENTS: Mapping[str, Callable[[Mapping[str, Any], Act], Document]] = {
    "carbs": _carbs,
    "insulin": _insulin,
    "exercise": _exercise,
    "bloodglucose": _blood_glucose,
    "health": _health,
    "note": _note,
    "notes": _note,
    "usernote": _note,
}

_OF_A_DEVICE = ("displayDevice", "displayApp", "transmitterGeneration", "transmitterId", "softwareVersion")


def _identifier_of(record: Mapping[str, Any], kind: str, at_ms: int | None) -> str:
    record_id = record.get("recordId") or at_ms
    if record_id is None:
        raise BadRecord("a record has neither id nor time")
    return identifier_of(VENDOR, _ANY_ACCOUNT, kind, str(record_id))


def _instant_in(record: Mapping[str, Any], now_ms: int) -> int:
    at = read_instant(record.get("systemTime"))
    if at is None:
        raise BadRecord("a record has no time")
    return checked_instant(at.at_ms, now_ms)


def _offset_in(record: Mapping[str, Any], at_ms: int) -> int | None:
    """Return the display's offset: as it is written, else (a receiver writes none) what it differs from UTC."""
    shown = read_instant(record.get("displayTime"))
    if shown is None:
        return None
    return checked_offset(shown.offset_min or (shown.at_ms - at_ms) / 60_000)


def _number(value: Any) -> float:
    """Return a number, also one in quotes. Raises ``BadRecord``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadRecord("the glucose is not a number")
    try:
        return float(value)
    except ValueError:
        raise BadRecord("the glucose is not a number") from None


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()


def _says(value: Any) -> str:
    return str(value).strip()[:1000] if value not in (None, "") else ""


def _spaced(value: Any) -> str:
    """Return a camel-case word as words: ``highSymptoms`` as ``high symptoms``."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in _says(value)).strip()
