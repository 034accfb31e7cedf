"""CareLink's glucose as entries: sensor readings, of which only the newest has a trend, finger sticks, calibrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.glucose.sentinels import HIGH_MGDL, LOW_MGDL
from app.glucose.trend import Direction, computed_direction
from app.glucose.units import mgdl_of
from app.glucose.wall_clock import Placed
from app.records.sources.acts import bg_check
from app.records.sources.documents import MINUTE_MS, BadRecord, glucose_of, meter_entry, sensor_entry
from app.store.interface import Document
from app.uploaders.carelink.payload import Marker, Payload, number_of, readings_in, time_in, word_of
from app.uploaders.carelink.scope import DEVICE, Scope, each

_HIGHEST_SENSOR_MGDL = 500  # Medtronic's sensors end at 400; 769 and the like are codes
_LOWEST_MGDL = 40  # no number from here on can be mmol/L
_SAME_STICK_MS = MINUTE_MS

_BY_WORD: Mapping[str, Direction] = {
    "UP": Direction.SINGLE_UP,
    "UPDOUBLE": Direction.DOUBLE_UP,
    "UPTRIPLE": Direction.TRIPLE_UP,
    "DOWN": Direction.SINGLE_DOWN,
    "DOWNDOUBLE": Direction.DOUBLE_DOWN,
    "DOWNTRIPLE": Direction.TRIPLE_DOWN,
}

_TELLS_NOTHING = ("", "NONE")

STICKS = ("CALIBRATION", "BGREADING", "BG")


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading as it was listed: the local time, and mg/dL."""

    local: datetime
    mgdl: int


@dataclass(frozen=True, slots=True)
class _Point:
    at_ms: int
    mgdl: float


def readings_of(payload: Payload, unusable: list[str]) -> list[Shown]:
    """Return the readings in the order of the payload, less those that stand for "no reading"."""
    listed = readings_in(payload)
    in_mmol = _are_mmol(listed)
    found: list[Shown] = []

    def use(one: Any) -> None:
        mgdl = _mgdl_of(one, in_mmol=in_mmol)
        if mgdl is None:
            return
        shown = Shown(time_in(one), mgdl)
        if found and found[-1].local == shown.local:
            found.pop()
        found.append(shown)

    each(listed, use, unusable)
    return found


def entries_of(shown: Sequence[Shown], payload: Payload, scope: Scope, unusable: list[str]) -> list[Document]:
    """Return an entry for each reading, oldest first, the newest with its trend where one is known."""
    place, made = scope.newest_first(), dict[int, Document]()

    def use(one: Shown) -> None:
        at = place(one.local)
        if at.at_ms in made:
            return
        made[at.at_ms] = sensor_entry(
            identifier=scope.name("sgv", at.at_ms),
            at_ms=at.at_ms,
            glucose_mgdl=one.mgdl,
            device=DEVICE,
            offset_min=at.offset_min,
        )

    each(reversed(shown), use, unusable)
    entries = [made[at_ms] for at_ms in sorted(made)]
    direction = _direction_of(payload, entries) if entries and _ends_with_a_reading(payload) else Direction.NONE
    if direction is not Direction.NONE:
        entries[-1]["direction"] = direction.value
    return entries


@dataclass(frozen=True, slots=True)
class Stick:
    """A finger stick, and whether it calibrated the sensor."""

    at: Placed
    mgdl: int
    notes: str


def stick_of(marker: Marker, at: Placed, unit: Any) -> Stick:
    """Return the finger stick of a marker; ``unit`` is what the payload says of its own. Raises ``BadRecord``."""
    value = marker.number("unitValue", "value", "bgValue", "bg", "glucose", "amount")
    if value is None:
        raise BadRecord("a finger stick has no value")
    said = next((word for name in ("bgUnits", "units", "unit") if (word := word_of(marker.values.get(name)))), "")
    notes = ""
    if marker.type == "CALIBRATION":
        refused = str(marker.values.get("calibrationSuccess")).lower() == "false"
        notes = "Calibration, not accepted" if refused else "Calibration"
    return Stick(at, glucose_of(_stick_mgdl(value, said or word_of(unit))), notes)


def sticks_apart(sticks: Sequence[Stick]) -> list[Stick]:
    """Return the sticks without those told twice: as a reading of the meter, and as the calibration it was used for."""
    kept: list[Stick] = []
    for stick in sorted(sticks, key=lambda one: (not one.notes, one.at.at_ms)):
        if not any(abs(one.at.at_ms - stick.at.at_ms) <= _SAME_STICK_MS and one.mgdl == stick.mgdl for one in kept):
            kept.append(stick)
    return sorted(kept, key=lambda one: one.at.at_ms)


def stick_documents(stick: Stick, scope: Scope) -> tuple[Document, Document]:
    """Return a finger stick as the entry charts show and the treatment lists show."""
    at = stick.at
    entry = meter_entry(
        identifier=scope.name("mbg", at.at_ms),
        at_ms=at.at_ms,
        glucose_mgdl=stick.mgdl,
        device=DEVICE,
        offset_min=at.offset_min,
    )
    return entry, bg_check(glucose_mgdl=stick.mgdl, **scope.act("bg", at, stick.notes))


def _are_mmol(listed: Sequence[Any]) -> bool:
    """Tell whether readings are in mmol/L: CareLink's have always been mg/dL, and 40 or more can be nothing else."""
    values = [value for one in listed if isinstance(one, Mapping) and (value := number_of(one.get("sg")))]
    return bool(values) and max(values) < _LOWEST_MGDL and any(value != int(value) for value in values)


def _mgdl_of(one: Any, *, in_mmol: bool) -> int | None:
    """Return a reading in mg/dL, None where there was none. Raises ``BadRecord``."""
    if not isinstance(one, Mapping):
        raise BadRecord("a reading is not an object")
    value = number_of(one.get("sg"))
    if value is None:
        raise BadRecord("a reading has no value")
    if value == 0:
        return _beyond(word_of(one.get("sensorState")))
    mgdl = glucose_of(mgdl_of(value) if in_mmol else value)
    if mgdl > _HIGHEST_SENSOR_MGDL:
        raise BadRecord("the glucose is no reading")
    return mgdl


def _beyond(state: str) -> int | None:
    """Return LOW or HIGH where the sensor says it is out of its range and gives no number, else None."""
    if state.startswith("SGBELOW"):
        return LOW_MGDL
    return HIGH_MGDL if state.startswith("SGABOVE") else None


def _ends_with_a_reading(payload: Payload) -> bool:
    """Tell whether the newest record is a reading: a trend told beside "no reading" belongs to none."""
    last = payload.get("lastSG") or next(reversed(readings_in(payload)), None)
    return isinstance(last, Mapping) and bool(number_of(last.get("sg")))


def _direction_of(payload: Payload, entries: Sequence[Document]) -> Direction:
    """Return the direction at the newest reading; NONE is told for "less than 1 mg/dL a minute" and for "unknown"."""
    told = word_of(payload.get("lastSGTrend"))
    if told not in _TELLS_NOTHING:
        return _BY_WORD.get(told, Direction.NONE)
    return computed_direction([_Point(one["date"], one["sgv"]) for one in entries[-3:]])


def _stick_mgdl(value: float, unit: str) -> float:
    if value >= _LOWEST_MGDL:
        return value
    if "MMOL" in unit or value != int(value) or "MG" not in unit:
        return mgdl_of(value)
    return value
