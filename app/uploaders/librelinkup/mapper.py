"""Turns LibreLinkUp's measurements and sensors into documents; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.clock import iso_of
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
from app.store.interface import Document

DEVICE = "nightlight-librelinkup"

_MMOLL = 0  # GlucoseUnits: what ``Value`` is in

_BY_ARROW = {
    1: Direction.SINGLE_DOWN,
    2: Direction.FORTY_FIVE_DOWN,
    3: Direction.FLAT,
    4: Direction.FORTY_FIVE_UP,
    5: Direction.SINGLE_UP,
}

_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M")


def current_entry(measurement: Any, patient_id: str, now_ms: int) -> Document:
    """Return the entry for the newest measurement, which alone carries an arrow. Raises ``BadRecord``."""
    arrow = _measured(measurement).get("TrendArrow")
    known = isinstance(arrow, int) and not isinstance(arrow, bool)
    direction = _BY_ARROW.get(arrow, Direction.NOT_COMPUTABLE) if known and arrow else Direction.NOT_COMPUTABLE
    return graph_entry(measurement, patient_id, now_ms) | {"direction": direction.value}


def graph_entry(measurement: Any, patient_id: str, now_ms: int) -> Document:
    """Return the entry for one point of the graph, without a direction: the graph has none. Raises ``BadRecord``."""
    measurement = _measured(measurement)
    utc = moment_of(measurement.get("FactoryTimestamp"))
    at_ms = checked_instant(int(utc.timestamp()) * 1000, now_ms)
    return sensor_entry(
        identifier=identifier_of("librelinkup", patient_id, "sgv", at_ms),
        at_ms=at_ms,
        glucose_mgdl=_glucose_of(measurement),
        device=DEVICE,
        offset_min=_offset_of(measurement.get("Timestamp"), utc),
    )


def sensor_start(sensor: Any, patient_id: str, now_ms: int) -> Document:
    """Return the Sensor Start for a sensor's serial number and activation time. Raises ``BadRecord``."""
    activated_s, serial = sensor.get("a"), str(sensor.get("sn") or "")
    if isinstance(activated_s, bool) or not isinstance(activated_s, int | float) or not serial:
        raise BadRecord("a sensor has no serial number or no start")
    at_ms = checked_instant(1000 * int(activated_s), now_ms)
    return {
        "eventType": "Sensor Start",
        "created_at": iso_of(at_ms),
        "enteredBy": DEVICE,
        "identifier": identifier_of("librelinkup", patient_id, "sensor", f"{serial}|{int(activated_s)}"),
        "notes": f"Libre sensor {serial}",
    }


def moment_of(text: Any) -> datetime:
    """Return a moment in UTC: US order with 12 or 24 hours, or ISO. Raises ``BadRecord``."""
    if not isinstance(text, str):
        raise BadRecord("a measurement has no time")
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRecord("a measurement's time cannot be read") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _measured(measurement: Any) -> Mapping[str, Any]:
    if not isinstance(measurement, Mapping):
        raise BadRecord("a measurement is not an object")
    return measurement


def _glucose_of(measurement: Mapping[str, Any]) -> int:
    """Return mg/dL: the field that is always in it, else ``Value`` in the unit it names."""
    value = measurement.get("ValueInMgPerDl")
    if value is None and isinstance(measurement.get("Value"), int | float):
        value = measurement["Value"]
        value = mgdl_of(value) if measurement.get("GlucoseUnits") == _MMOLL else value
    return glucose_of(value)


def _offset_of(local_text: Any, utc: datetime) -> int | None:
    try:
        local = datetime.fromisoformat(local_text) if "T" in str(local_text) else moment_of(local_text)
    except (BadRecord, ValueError, TypeError):
        return None
    wall = local.replace(tzinfo=UTC)
    return checked_offset((wall - utc).total_seconds() / 60)
