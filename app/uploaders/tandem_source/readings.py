"""Glucose in the log: what the pump's sensor measured, and what people typed into the pump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.records.sources.acts import bg_check, event
from app.records.sources.documents import (
    DAY_MS,
    BadRecord,
    checked_instant,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.store.interface import Document
from app.uploaders.tandem_source.events import Code, local_time
from app.uploaders.tandem_source.timeline import Timed

DEVICE = "nightlight-tandem-source"

BRANDS: Mapping[int, str] = {
    Code.GLUCOSE_G6: "Dexcom G6",
    Code.GLUCOSE_G7: "Dexcom G7",
    Code.GLUCOSE_LIBRE_2: "Libre 2",
    Code.GLUCOSE_LIBRE_3: "Libre 3",
}
"""Which sensor each kind of reading is from."""

LOW_MGDL, HIGH_MGDL = 39, 401
"""What is written for a reading the sensor only calls low or high: it measures from 40 to 400."""

_EPOCH = datetime(2008, 1, 1)  # noqa: DTZ001  (the pump's own wall clock)
_FURTHEST_MS = 2 * DAY_MS
_VALUE, _HIGH, _LOW, _NOT_SHOWN = 0, 1, 2, 6  # glucoseValueStatus
_BY_HAND = 0  # bgEntryType


@dataclass(frozen=True, slots=True)
class Typed:
    """A glucose somebody typed into the pump, as entry and as treatment."""

    entry: Document
    treatment: Document


def sensor_reading(one: Timed, pump: str, now_ms: int) -> Document | None:
    """Return the entry for a sensor reading of a pump, None where the sensor had none. Raises ``BadRecord``.

    No direction: the pump's rate of change comes without a word for "unknown".
    """
    glucose_mgdl = _sensor_mgdl(one)
    if glucose_mgdl is None:
        return None
    return sensor_entry(
        identifier=identifier_of("tandem_source", pump, "sgv", one.event.record),
        at_ms=checked_instant(_measured_ms(one), now_ms),
        glucose_mgdl=glucose_mgdl,
        device=f"{DEVICE} {BRANDS[one.event.code]}",
        offset_min=one.offset_min,
    )


def typed_glucose(one: Timed, pump: str, now_ms: int) -> Typed | None:
    """Return a glucose that was typed in, None for one the pump took from its sensor. Raises ``BadRecord``."""
    if one.event.whole("bgentrytype") not in (None, _BY_HAND):
        return None
    glucose_mgdl = glucose_of(one.event.number_of("bg"))
    at_ms = checked_instant(one.at_ms, now_ms)
    entry = meter_entry(
        identifier=identifier_of("tandem_source", pump, "mbg", one.event.record),
        at_ms=at_ms,
        glucose_mgdl=glucose_mgdl,
        device=DEVICE,
        offset_min=one.offset_min,
    )
    treatment = bg_check(
        identifier=identifier_of("tandem_source", pump, "bg check", one.event.record),
        at_ms=at_ms,
        glucose_mgdl=glucose_mgdl,
        entered_by=DEVICE,
        offset_min=one.offset_min,
    )
    return Typed(entry, treatment)


def sensor_start(one: Timed, pump: str, now_ms: int) -> Document:
    """Return the start of a sensor that was started on the pump. Raises ``BadRecord``."""
    return event(
        "Sensor Start",
        identifier=identifier_of("tandem_source", pump, "sensor", one.event.record),
        at_ms=checked_instant(one.at_ms, now_ms),
        entered_by=DEVICE,
        offset_min=one.offset_min,
        notes="Libre sensor" if one.event.code == Code.SENSOR_STARTED_LIBRE else "Dexcom sensor",
    )


def _sensor_mgdl(one: Timed) -> int | None:
    status = one.event.whole("glucosevaluestatus")
    if status == _HIGH:
        return HIGH_MGDL
    if status == _LOW:
        return LOW_MGDL
    told = one.event.number_of("currentglucosedisplayvalue")
    if status == _NOT_SHOWN or not told:
        return None
    if status not in (None, _VALUE):
        raise BadRecord("a reading has an unknown state")
    return min(max(glucose_of(told), LOW_MGDL), HIGH_MGDL)


def _measured_ms(one: Timed) -> int:
    """Return when the sensor measured: the log is written later where readings were caught up on."""
    told = one.event.fields.get("egvtimestamp")
    seconds = one.event.number_of("egvtimestamp")
    local = _EPOCH + timedelta(seconds=seconds) if seconds else local_time(told)
    if local is None:
        return one.at_ms
    at_ms = one.ms_of(local)
    if abs(at_ms - one.at_ms) > _FURTHEST_MS:
        raise BadRecord("a reading's time is far from when it was logged")
    return at_ms
