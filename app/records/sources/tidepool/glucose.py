"""Readings of sensors and meters, in whatever unit each record says, and ketones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.glucose.sentinels import LOW_MGDL, Sense, sense_of
from app.glucose.trend import Direction, direction_named
from app.glucose.units import mgdl_of
from app.records.sources.acts import bg_check, event
from app.records.sources.documents import BadRecord, glucose_of, meter_entry, sensor_entry
from app.records.sources.sameness import brand_of
from app.records.sources.tidepool.record import Record, device_of, number_in, part_of, text_of
from app.store.interface import Document

_HIGHEST_BARE_MMOLL = 35.0
"""The most a number without a unit can be in mmol/L: meters end at 33.3, and a sensor's LOW in mg/dL is 36 to 39."""

_HIGHS_MGDL = (401, 501, 601)
_LOWEST_LOW_MGDL = 13  # below it are a sensor's error codes

_TRENDS: Mapping[str, Direction] = {
    "constant": Direction.FLAT,
    "slowFall": Direction.FORTY_FIVE_DOWN,
    "slowRise": Direction.FORTY_FIVE_UP,
    "moderateFall": Direction.SINGLE_DOWN,
    "moderateRise": Direction.SINGLE_UP,
    "rapidFall": Direction.DOUBLE_DOWN,
    "rapidRise": Direction.DOUBLE_UP,
}
"""Tidepool's own words; data that came from Dexcom have Dexcom's in their payload."""

_DEXCOMS_OWN = ("transmitterId", "transmitterGeneration", "transmitterTicks")
REPEATERS = ("tandem", "insomn", "insulet", "omnipod")
"""How the ids of pumps begin that show another maker's sensor: beside the sensor's own records theirs repeat them."""


def mgdl_in(value: Any, units: Any) -> int:
    """Return whole mg/dL of a value in the unit beside it: mmol/L from the service, either from a file.

    A value without a unit is judged by its size. Raises ``BadRecord``.
    """
    number = number_in(value)
    if number is None:
        raise BadRecord("the glucose is not a number")
    unit = text_of(units).lower()
    in_mmoll = "mmol" in unit or ("mg" not in unit and number <= _HIGHEST_BARE_MMOLL)
    return glucose_of(mgdl_of(number) if in_mmoll else number)


def is_repeated(record: Record) -> bool:
    """Tell whether a reading is a pump's repetition of what another maker's sensor measured."""
    return text_of(record.get("deviceId")).lower().startswith(REPEATERS)


def reading(record: Record) -> Document:
    """Return the entry for a sensor's reading."""
    device = device_of(record.fields)
    return sensor_entry(
        identifier=record.identifier(),
        at_ms=record.at_ms,
        glucose_mgdl=_in_range(record),
        device=device,
        direction=_direction(record, device),
        offset_min=record.offset_min,
    )


def stick(record: Record) -> Iterator[tuple[str, Document]]:
    """Yield a finger stick (or a scan, which Tidepool keeps among them) as entry and as treatment."""
    mgdl = _in_range(record)
    yield "entries", _meter_entry(record, mgdl)
    scanned = text_of(record.get("subType")) == "scanned"
    yield "treatments", bg_check(glucose_mgdl=mgdl, by_sensor=scanned, **record.act("smbg-check"))


def calibration(record: Record) -> Document:
    """Return the entry for the finger stick a sensor was calibrated with."""
    return _meter_entry(record, _in_range(record))


def ketones(record: Record) -> Document:
    """Return the note about ketones in the blood, which are in mmol/L everywhere."""
    value = number_in(record.get("value"))
    if value is None or not 0 <= value < 50:
        raise BadRecord("the ketones are no number")
    return event("Note", **record.act(notes=f"Ketones {value:.1f} mmol/L"))


def is_out_of_range(record: Record, side: str) -> bool:
    """Tell whether the device showed LOW (``low``) or HIGH (``high``) and no number."""
    notes = record.get("annotations")
    return isinstance(notes, list) and any(
        isinstance(note, Mapping) and note.get("code") == "bg/out-of-range" and note.get("value") == side
        for note in notes
    )


def _in_range(record: Record) -> int:
    """Return the value in mg/dL; below or above the device's range, a number that everybody reads as such."""
    mgdl = mgdl_in(record.get("value"), record.get("units"))
    if is_out_of_range(record, "low"):
        return mgdl if _LOWEST_LOW_MGDL <= mgdl <= LOW_MGDL else LOW_MGDL
    if is_out_of_range(record, "high") and sense_of(mgdl) is not Sense.HIGH:
        return next((high for high in _HIGHS_MGDL if high >= mgdl), mgdl)
    return mgdl


def _meter_entry(record: Record, mgdl: int) -> Document:
    return meter_entry(
        identifier=record.identifier(),
        at_ms=record.at_ms,
        glucose_mgdl=mgdl,
        device=device_of(record.fields),
        offset_min=record.offset_min,
    )


def _direction(record: Record, device: str) -> str | None:
    payload = part_of(record.fields, "payload")
    told = payload.get("trend")
    if isinstance(told, str) and (brand_of(device) == "dexcom" or any(name in payload for name in _DEXCOMS_OWN)):
        return direction_named(told).value
    known = _TRENDS.get(text_of(record.get("trend")))
    return known.value if known else None
