"""Turns what Eversense NOW shows of a followed person into an entry; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.glucose.trend import Direction
from app.glucose.units import mgdl_of
from app.records.sources.documents import (
    BadRecord,
    checked_instant,
    checked_offset,
    glucose_of,
    identifier_of,
    sensor_entry,
)
from app.records.times import read_instant
from app.store.interface import Document
from app.uploaders.errors import Patient

DEVICE = "nightlight-eversense"
VENDOR = "eversense"

_UNITS = {"0": "mg/dl", "1": "mmol/l", "mg/dl": "mg/dl", "mmol/l": "mmol/l"}
_MGDL_FROM = 40  # the sensor's lowest in mg/dL; its highest in mmol/L is 22.2

_BY_NUMBER = {
    0: Direction.NONE,
    1: Direction.SINGLE_DOWN,
    2: Direction.FORTY_FIVE_DOWN,
    3: Direction.FLAT,
    4: Direction.FORTY_FIVE_UP,
    5: Direction.SINGLE_UP,
    6: Direction.DOUBLE_DOWN,
    7: Direction.DOUBLE_UP,
}


def patient_of(person: Any) -> Patient | None:
    """Return who a followed person is, None where nobody is told. Names of fields come in several spellings."""
    told = _folded(person)
    id = str(told.get("username") or "").strip()
    if not id:
        return None
    names = (str(told.get(part) or "").strip() for part in ("firstname", "lastname"))
    return Patient(id, " ".join(name for name in names if name) or "unnamed")


def has_reading(person: Any) -> bool:
    """Tell whether a reading is shown at all: there is none in warm-up and while the transmitter is off."""
    return _folded(person).get("currentglucose") not in (None, "", 0, "0")


def entry_of(person: Any, now_ms: int) -> Document:
    """Return the entry for the latest reading of a person. Raises ``BadRecord``."""
    told = _folded(person)
    measured = read_instant(told.get("cgtime"))
    if measured is None:
        raise BadRecord("a reading has no time")
    at_ms = checked_instant(measured.at_ms, now_ms)
    return sensor_entry(
        identifier=identifier_of(VENDOR, str(told.get("username") or ""), "sgv", at_ms),
        at_ms=at_ms,
        glucose_mgdl=_mgdl(told),
        device=DEVICE,
        direction=direction_of(told.get("glucosetrend")),
        # The service writes UTC as +00:00; only another offset says anything about where somebody is.
        offset_min=checked_offset(measured.offset_min) if measured.offset_min else None,
    )


def direction_of(trend: Any) -> str | None:
    """Return Nightscout's word for a trend's number; None when there is none, never Flat for an unknown."""
    if trend is None or trend == "":
        return None
    text = str(trend).strip()
    number = int(text) if text.isascii() and text.isdecimal() else -1
    return _BY_NUMBER.get(number, Direction.NOT_COMPUTABLE).value


def _mgdl(told: Mapping[str, Any]) -> int:
    value = told.get("currentglucose")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadRecord("the glucose is not a number")
    try:
        number = float(value)
    except ValueError:
        raise BadRecord("the glucose is not a number") from None
    unit = _UNITS.get(str(told.get("units")).strip().lower(), "mg/dl" if number >= _MGDL_FROM else "")
    if not unit:
        raise BadRecord("the glucose has no unit")
    return glucose_of(mgdl_of(number) if unit == "mmol/l" else number)


def _folded(person: Any) -> Mapping[str, Any]:
    if not isinstance(person, Mapping):
        return {}
    return {str(name).lower(): value for name, value in person.items()}
