"""Turns rows of a t:connect export into documents, as the uploader of Tandem Source turns the pump's log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.glucose.units import Unit
from app.glucose.wall_clock import Placed
from app.importers.placing import Minutes, local_key
from app.importers.readings import glucose_in
from app.importers.tables import local_time, number_in
from app.importers.tconnect.blocks import Line
from app.records.sources.acts import (
    MOST_CARBS_G,
    MOST_INSULIN_U,
    MOST_RATE_U_PER_H,
    bg_check,
    bolus,
    carb_correction,
    combo_bolus,
    temp_basal,
)
from app.records.sources.documents import BadRecord, amount_of, identifier_of, meter_entry, sensor_entry
from app.store.interface import Document

VENDOR = "tconnect"
SOURCE = "nightlight-import t:connect"
LONGEST_EXTENDED_MIN = 12 * 60.0

_SENSOR_WORDS = ("egv", "cgm", "sensor")
_METER_WORDS = ("bg", "meter", "calibration")
_LEAST_U = 0.0005
_LONGEST_NOTE = 2000
_DONE_WORD = "completed"

Collected = list[tuple[str, Document]]


class Mapper:
    """Maps row after row; ``order`` is that of dates."""

    def __init__(self, unit: Unit, order: str) -> None:
        self._unit = unit
        self._order = order
        self._sensor_minutes = Minutes()
        self._meter_minutes = Minutes()

    def reading(self, line: Line, local: datetime, placed: Placed) -> Collected:
        """Return entry and treatment of a reading, none for one that holds none. Raises ``ValueError``."""
        mgdl = glucose_in(line.at("reading"), self._unit)
        if mgdl is None:
            if not line.at("reading"):
                raise BadRecord("the record has no value")
            return []
        described = line.at("description").lower()
        key = f"{line.at('serialnumber')}|{local_key(local, placed)}"
        if any(word in described for word in _SENSOR_WORDS):
            return [("entries", self._sensor_entry(placed, mgdl, key))]
        if any(word in described for word in _METER_WORDS):
            return self._finger_stick(placed, mgdl, key)
        raise BadRecord(f"{described[:20]!r} is no kind of reading")

    def bolus(self, line: Line, local: datetime, placed: Placed, *, now_is_apart: bool) -> Document | None:
        """Return the treatment of a bolus, None for one of which nothing was given. Raises ``ValueError``.

        ``now_is_apart`` where the part given at once has a row of its own.
        """
        now_u, extended_u = parts_u(line)
        now_u = 0.0 if now_is_apart else now_u
        carbs_g = 0.0 if now_is_apart else _amount(line, "carbsize", MOST_CARBS_G, "carbohydrate")
        key = f"{local_key(local, placed)}|{line.at('boluscompletionid', 'bolexcompletionid', 'bolusrequestid')}"
        act = _act("bolus", key, placed, _notes(line))
        if now_u + extended_u < _LEAST_U:
            return carb_correction(carbs_g=carbs_g, **act) if carbs_g else None
        minutes = self._extended_min(line)
        if extended_u >= _LEAST_U and minutes:
            return combo_bolus(
                now_u=now_u,
                extended_u=extended_u,
                duration_min=minutes,
                carbs_g=carbs_g,
                automatic=_is_automatic(line),
                **act,
            )
        return bolus(insulin_u=now_u + extended_u, carbs_g=carbs_g, automatic=_is_automatic(line), **act)

    def _sensor_entry(self, placed: Placed, mgdl: int, key: str) -> Document:
        return sensor_entry(
            identifier=identifier_of(VENDOR, "", "sgv", key),
            at_ms=self._sensor_minutes.apart(placed.at_ms, mgdl),
            glucose_mgdl=mgdl,
            device=SOURCE,
            offset_min=placed.offset_min,
        )

    def _finger_stick(self, placed: Placed, mgdl: int, key: str) -> Collected:
        entry = meter_entry(
            identifier=identifier_of(VENDOR, "", "mbg", f"{key}|{mgdl}"),
            at_ms=self._meter_minutes.apart(placed.at_ms, mgdl),
            glucose_mgdl=mgdl,
            device=SOURCE,
            offset_min=placed.offset_min,
        )
        check = bg_check(glucose_mgdl=mgdl, **_act("bg check", f"{key}|{mgdl}", placed))
        return [("entries", entry), ("treatments", check)]

    def _extended_min(self, line: Line) -> float:
        """Return over how many minutes the extended part was given: by its times, else as it was asked for."""
        try:
            started, ended = (
                local_time(line.at(name), self._order) for name in ("bolexstartdatetime", "bolexcompletiondatetime")
            )
        except ValueError:
            took_min = 0.0
        else:
            took_min = (ended - started).total_seconds() / 60
        if 0 < took_min <= LONGEST_EXTENDED_MIN:
            return took_min
        asked_min = _number(line, "duration") or 0.0
        return asked_min if 0 < asked_min <= LONGEST_EXTENDED_MIN else 0.0


def basal_rate(line: Line) -> float:
    """Return the rate of a row in units per hour. Raises ``ValueError``."""
    rate = number_in(line.at("basalrate"))
    if rate is None:
        raise BadRecord("the record has no value")
    return amount_of(rate, most=MOST_RATE_U_PER_H, what="basal rate")


def basal_document(rate: float, local: datetime, placed: Placed, duration_min: float) -> Document:
    """Return the temp basal for a rate (U/h) that held for a time."""
    return temp_basal(rate_u_per_h=rate, duration_min=duration_min, **_act("basal", local_key(local, placed), placed))


def is_extended(line: Line) -> bool:
    """Tell whether some of a bolus was given over time."""
    return bool(_number(line, "bolexinsulindelivered"))


def parts_u(line: Line) -> tuple[float, float]:
    """Return the units given at once and those given over time. Raises ``ValueError``.

    Files differ in whether ``InsulinDelivered`` holds the extended part too: what was asked for tells.
    """
    told = line.at("insulindelivered", "bolexinsulindelivered")
    if not told:
        raise BadRecord("a bolus does not say how much was given")
    delivered_u = _amount(line, "insulindelivered", MOST_INSULIN_U, "insulin")
    extended_u = _amount(line, "bolexinsulindelivered", MOST_INSULIN_U, "insulin")
    if not extended_u:
        return delivered_u, 0.0
    whole_u, percent = _number(line, "actualtotalbolusrequested"), _number(line, "standardpercent")
    if whole_u is None or percent is None:
        return delivered_u, extended_u
    asked_now_u = whole_u * percent / 100
    without_u = max(delivered_u - extended_u, 0.0)
    is_whole = abs(without_u - asked_now_u) < abs(delivered_u - asked_now_u)
    return (without_u if is_whole else delivered_u), extended_u


def _act(kind: str, key: str, placed: Placed, notes: str = "") -> dict[str, Any]:
    return {
        "identifier": identifier_of(VENDOR, "", kind, key),
        "at_ms": placed.at_ms,
        "entered_by": SOURCE,
        "offset_min": placed.offset_min,
        "notes": notes,
    }


def _number(line: Line, name: str) -> float | None:
    try:
        return number_in(line.at(name))
    except ValueError:
        return None


def _amount(line: Line, name: str, most: float, what: str) -> float:
    return amount_of(number_in(line.at(name)), most=most, what=what)


def _is_automatic(line: Line) -> bool:
    return any("automatic" in line.at(name).lower() for name in ("description", "bolusrequestoptions", "bolustype"))


def _notes(line: Line) -> str:
    said = []
    for name, what in (("completionstatusdesc", "bolus"), ("bolexcompletionstatusdesc", "extended part")):
        status = line.at(name)
        if status and status.lower() != _DONE_WORD:
            said.append(f"The {what} was not completed: {status}")
    if line.at("useroverride").lower() in ("1", "true", "yes"):
        said.append("Changed by the user against the calculator")
    if line.at("note"):
        said.append(line.at("note")[:_LONGEST_NOTE])
    return ". ".join(said)
