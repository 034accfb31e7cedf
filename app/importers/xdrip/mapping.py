"""Turns rows of xDrip+'s database into documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.glucose.sentinels import LOW_MGDL
from app.glucose.trend import Direction, direction_at
from app.glucose.units import half_up
from app.records.sources.acts import (
    MOST_CARBS_G,
    MOST_INSULIN_U,
    Act,
    bg_check,
    bolus,
    carb_correction,
    event,
    long_acting,
)
from app.records.sources.documents import (
    MINUTE_MS,
    BadRecord,
    amount_of,
    checked_instant,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.sources.sameness import SAME_CHANGE_MS
from app.store.interface import Document

VENDOR = "xdrip"
SOURCE = "nightlight-import xDrip+"

Row = Mapping[str, Any]
Collected = Iterator[tuple[str, Document]]

_LONGEST_NOTE = 2000
_UNDONE = 0b11000
"""The bits of a finger stick's state that say it was taken back or written over."""

_DOSES = frozenset({"Meal Bolus", "Snack Bolus", "Correction Bolus", "Carb Correction"})
_EVENTS = frozenset(
    {"Site Change", "Sensor Start", "Sensor Change", "Sensor Stop", "Insulin Change", "Pump Battery Change", "Exercise"}
    | {"Announcement", "Question", "Note", "Profile Switch"}
)
_LONG_ACTING = re.compile(
    r"lantus|levemir|tresiba|toujeo|basaglar|semglee|rezvoglar|glargin|detemir|degludec|nph|protaphan|insulatard"
    r"|humulin [ni]|insuman basal|huminsulin basal|long|basal",
    re.IGNORECASE,
)
_BRANDS: Mapping[str, str] = {"g4": "Dexcom", "g5": "Dexcom", "g6": "Dexcom", "g7": "Dexcom", "one+": "Dexcom"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a mapper knows besides the row: our clock, and the offset of the person's clock from UTC at an instant."""

    now_ms: int
    offset_min: Callable[[int], int]


class Readings:
    """Maps sensor readings in the order they are kept, so that a slope of exactly 0 can be told from one not known."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._before_ms = 0.0

    def documents(self, row: Row) -> Collected:
        """Yield the reading of a row, nothing for one that was never calculated. Raises ``BadRecord``."""
        value = row["dg_mgdl"] if _number(row["dg_mgdl"]) > 0 else row["calculated_value"]
        if not _number(value):
            return
        at_ms = _instant(row["timestamp"], self._around)
        if _number(value) < LOW_MGDL:
            raise BadRecord(f"{_number(value):g} is an error code of the sensor, and no glucose")
        entry = sensor_entry(
            identifier=identifier_of(VENDOR, "", "sgv", _key(row, at_ms)),
            at_ms=at_ms,
            glucose_mgdl=glucose_of(half_up(_number(value))),
            device=_device(row["source_info"]),
            direction=self._direction(row, at_ms),
            offset_min=self._around.offset_min(at_ms),
        )
        for name, column in (("filtered", "filtered_data"), ("unfiltered", "raw_data")):
            if _number(row[column]) > 0:
                # xDrip+ keeps raw values in thousands, and uploads them whole.
                entry[name] = round(_number(row[column]) * 1000)
        noise = _number(row["noise"])
        if noise > 0 and noise.is_integer() and noise <= 10:
            entry["noise"] = int(noise)
        yield "entries", entry

    def _direction(self, row: Row, at_ms: int) -> str | None:
        """Return the direction of the slope (mg/dL per millisecond), None where there is none."""
        follows = 0 < at_ms - self._before_ms <= 15 * MINUTE_MS
        self._before_ms = at_ms
        if _number(row["hide_slope"]):
            return Direction.NOT_COMPUTABLE.value
        slope = _number(row["dg_slope"]) or _number(row["calculated_value_slope"])
        if not slope and not follows:
            return None
        return direction_at(slope * MINUTE_MS).value


def finger_stick(row: Row, around: Surroundings) -> Collected:
    """Yield the documents of a finger stick; none for one that was undone. Raises ``BadRecord``."""
    if int(_number(row["state"])) & _UNDONE:
        return
    at_ms = _instant(row["timestamp"], around)
    mgdl = glucose_of(half_up(_number(row["mgdl"])))
    key, offset_min = _key(row, at_ms), around.offset_min(at_ms)
    yield (
        "entries",
        meter_entry(
            identifier=identifier_of(VENDOR, "", "mbg", key),
            at_ms=at_ms,
            glucose_mgdl=mgdl,
            device=SOURCE,
            offset_min=offset_min,
        ),
    )
    yield "treatments", bg_check(glucose_mgdl=mgdl, **_act("bg-check", key, at_ms, around))


def calibration(row: Row, around: Surroundings) -> Collected:
    """Yield the calibration as Nightscout's ``cal`` entry, in the scale it is uploaded with. Raises ``BadRecord``."""
    at_ms = _instant(row["timestamp"], around)
    if _number(row["check_in"]):
        slope, intercept = _number(row["first_slope"]), _number(row["first_intercept"])
        scale = _number(row["first_scale"])
    else:
        by = _number(row["slope"])
        slope, intercept, scale = (1000 / by, -1000 * _number(row["intercept"]) / by, 1.0) if by else (0.0, 0.0, 0.0)
    if not slope or abs(slope) > 1e7 or abs(intercept) > 1e9:
        return
    entry = sensor_entry(
        identifier=identifier_of(VENDOR, "", "cal", _key(row, at_ms)),
        at_ms=at_ms,
        glucose_mgdl=0,
        device=SOURCE,
        offset_min=around.offset_min(at_ms),
    )
    del entry["sgv"]
    numbers = {"slope": round(slope, 6), "intercept": round(intercept, 6), "scale": round(scale, 6)}
    yield "entries", entry | {"type": "cal"} | numbers


class Treatments:
    """Maps treatments, and sensors that no treatment tells of."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._told_ms: dict[str, list[int]] = {"Sensor Start": [], "Sensor Stop": []}

    def documents(self, row: Row) -> Collected:
        """Yield the documents of a treatment; none for an empty one. Raises ``BadRecord``."""
        at_ms = _instant(row["timestamp"] or row["created_at"], self._around)
        key, given = _key(row, at_ms), str(row["eventType"] or "").strip()
        fast_u, long_u = _insulin(row)
        carbs_g = amount_of(row["carbs"], most=MOST_CARBS_G, what="carbohydrate")
        notes = str(row["notes"] or "").strip()[:_LONGEST_NOTE]
        act = _act("treatment", key, at_ms, self._around)
        if notes:
            act["notes"] = notes
        if fast_u:
            made = bolus(insulin_u=fast_u, carbs_g=carbs_g, **act)
            yield "treatments", made | {"eventType": given if given in _DOSES else made["eventType"]}
        elif carbs_g:
            made = carb_correction(carbs_g=carbs_g, **act)
            yield "treatments", made | {"eventType": given if given in _DOSES else made["eventType"]}
        elif given in _EVENTS and (notes or given != "Note"):
            self._told_ms.get(given, []).append(at_ms)
            yield "treatments", event(given, **act)
        elif notes and not long_u:
            yield "treatments", event("Note", **act)
        if long_u:
            alone = _act("long-acting", key, at_ms, self._around)
            if notes and not fast_u and not carbs_g:
                alone["notes"] = notes
            yield "treatments", long_acting(insulin_u=long_u, **alone)

    def sensor(self, row: Row) -> Collected:
        """Yield the start and the stop of a sensor, unless a treatment told of it. Raises ``BadRecord``."""
        for column, kind in (("started_at", "Sensor Start"), ("stopped_at", "Sensor Stop")):
            if not _number(row[column]):
                continue
            at_ms = _instant(row[column], self._around)
            if all(abs(told_ms - at_ms) > SAME_CHANGE_MS for told_ms in self._told_ms[kind]):
                yield "treatments", event(kind, **_act(kind, _key(row, at_ms), at_ms, self._around))


def _insulin(row: Row) -> tuple[float, float]:
    """Return the units that work fast and those that work long; xDrip+ names each injection's insulin in a list."""
    whole = amount_of(row["insulin"], most=MOST_INSULIN_U, what="insulin")
    injections = _injections(row["insulinJSON"])
    long_u = round(sum(units for name, units in injections if _LONG_ACTING.search(name)), 3)
    fast_u = round(sum(units for name, units in injections if not _LONG_ACTING.search(name)), 3)
    if not injections:
        return whole, 0.0
    return (round(max(whole - long_u, 0.0), 3) if whole else fast_u), long_u


def _injections(text: object) -> list[tuple[str, float]]:
    try:
        listed = json.loads(text) if isinstance(text, str) and len(text) < 10_000 else []
    except (ValueError, RecursionError):
        return []
    found = []
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict):
            units = amount_of(one.get("units"), most=MOST_INSULIN_U, what="insulin")
            found.append((str(one.get("insulin") or one.get("name") or ""), units))
    return [injection for injection in found if injection[1]]


def _act(kind: str, key: str, at_ms: int, around: Surroundings) -> Act:
    return Act(
        identifier=identifier_of(VENDOR, "", kind, key),
        at_ms=at_ms,
        entered_by=SOURCE,
        offset_min=around.offset_min(at_ms),
    )


def _key(row: Row, at_ms: int) -> str:
    uuid = row["uuid"]
    return uuid if isinstance(uuid, str) and uuid else str(at_ms)


def _instant(value: object, around: Surroundings) -> int:
    number = _number(value)
    if not number:
        raise BadRecord("it has no time")
    return checked_instant(int(number), around.now_ms)


def _number(value: object) -> float:
    """Return a number as SQLite has it, or as text; 0 for what is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        return 0.0
    return float(value)


def _device(source_info: object) -> str:
    """Return the device of a reading: xDrip+ writes how it got it ("G6 Native"), seldom the maker."""
    said = str(source_info or "").strip()[:60]
    maker = next((maker for model, maker in _BRANDS.items() if said.lower().startswith(model)), "")
    return " ".join(part for part in (SOURCE, maker, said) if part)
