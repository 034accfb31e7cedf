"""Turns rows of a LibreView table into documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.glucose.units import Unit, mmoll_of
from app.glucose.wall_clock import Placed
from app.importers.format import Said
from app.importers.libreview.rows import Line, Overview, eaten_g, fast_insulin_u
from app.importers.placing import Minutes, local_key
from app.importers.readings import glucose_in
from app.importers.tables import number_in
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
    BadRecord,
    amount_of,
    checked_instant,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.store.interface import Document

VENDOR = "libreview"
BRAND = "FreeStyle Libre"
_LONGEST_NOTE = 2000
_MAY_BE_EMPTY = "6"
_MOST_SERVING_G = 100.0
_MOST_DEVICES = 50

Collected = Iterator[tuple[str, Document]]


class Mapper:
    """Maps row after row; ``serving_g`` are the grams of a serving, None where nobody knows."""

    def __init__(self, unit: Unit, now_ms: int, overview: Overview, serving_g: float | None) -> None:
        self._unit = unit
        self._now_ms = now_ms
        self._overview = overview
        self._serving_g = serving_g if serving_g and 0 < serving_g <= _MOST_SERVING_G else None
        self._told_twice = 0
        self._kept_by: dict[str, Minutes] = {}
        self._sensor_minutes = Minutes()
        self._meter_minutes = Minutes()

    def documents(self, line: Line, local: datetime, placed: Placed, key: str | None) -> list[tuple[str, Document]]:
        """Return the documents of a row; ``key`` names its moment where local time would not. Raises ``ValueError``.

        A row that says of its kind that it is a note may hold nothing; any other then is a record that lost its value.
        """
        checked_instant(placed.at_ms, self._now_ms)
        one = _Row(line, placed, key or local_key(local, placed))
        made = [
            *self._readings(one),
            *self._insulin(one, local),
            *self._carbs(one, local),
            *_notes(one),
        ]
        if not made and line.at("type") != _MAY_BE_EMPTY and not any(line.at(name) for name in _VALUES):
            raise BadRecord("the record has no value")
        return made

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say at the end."""
        if self._told_twice:
            yield Said(
                f"{self._told_twice} sensor readings are left out: another device kept the reading of the same minutes."
            )

    def _readings(self, one: _Row) -> Collected:
        for name, kind in (("historic", "sgv"), ("scan", "scan")):
            mgdl = glucose_in(one.line.at(name), self._unit)
            if mgdl and not (kind == "sgv" and self._is_told_by_another(one)):
                yield (
                    "entries",
                    sensor_entry(
                        identifier=one.identifier(kind, mmoll_of(mgdl)),
                        at_ms=self._sensor_minutes.apart(one.placed.at_ms, mgdl),
                        glucose_mgdl=mgdl,
                        device=f"{one.source} scan" if kind == "scan" else one.source,
                        offset_min=one.placed.offset_min,
                    ),
                )
        mgdl = glucose_in(one.line.at("strip"), self._unit)
        if mgdl:
            yield (
                "entries",
                meter_entry(
                    identifier=one.identifier("mbg", mmoll_of(mgdl)),
                    at_ms=self._meter_minutes.apart(one.placed.at_ms, mgdl),
                    glucose_mgdl=mgdl,
                    device=one.source,
                    offset_min=one.placed.offset_min,
                ),
            )
            yield "treatments", bg_check(glucose_mgdl=mgdl, **one.act("bg-check", mmoll_of(mgdl)))

    def _is_told_by_another(self, one: _Row) -> bool:
        """Tell whether another device kept this reading: a phone and a reader that listen to one sensor both do."""
        at_ms = one.placed.at_ms
        if any(minutes.has_near(at_ms) for device, minutes in self._kept_by.items() if device != one.line.device):
            self._told_twice += 1
            return True
        if len(self._kept_by) < _MOST_DEVICES or one.line.device in self._kept_by:
            self._kept_by.setdefault(one.line.device, Minutes()).apart(at_ms, 0)
        return False

    def _insulin(self, one: _Row, local: datetime) -> Collected:
        insulin_u = fast_insulin_u(one.line)
        if insulin_u:
            # The meal belongs to the first dose of its minute.
            meal_g = self._overview.carbs_g.get((one.line.device, local), [])
            carbs_g = sum(meal_g)
            meal_g.clear()
            yield "treatments", bolus(insulin_u=insulin_u, carbs_g=carbs_g, **one.act("bolus", insulin_u))
        elif one.line.at("rapid_mark"):
            yield "treatments", _note(one, "rapid-mark", "Rapid-acting insulin, amount not recorded")
        long_u = amount_of(number_in(one.line.at("long")), most=MOST_INSULIN_U, what="insulin")
        if long_u:
            yield "treatments", long_acting(insulin_u=long_u, **one.act("long-acting", long_u))
        elif one.line.at("long_mark"):
            yield "treatments", _note(one, "long-mark", "Long-acting insulin, amount not recorded")

    def _carbs(self, one: _Row, local: datetime) -> Collected:
        carbs_g = eaten_g(one.line)
        servings = amount_of(number_in(one.line.at("servings")), most=MOST_CARBS_G, what="carbohydrate")
        if carbs_g:
            if (one.line.device, local) not in self._overview.doses:
                yield "treatments", carb_correction(carbs_g=carbs_g, **one.act("carbs", carbs_g))
        elif servings and self._serving_g:
            grams = round(servings * self._serving_g, 1)
            yield "treatments", carb_correction(carbs_g=grams, **one.act("servings", servings))
        elif servings:
            yield "treatments", _note(one, "servings", f"Carbohydrates: {servings:g} servings", servings)
        elif one.line.at("food_mark"):
            yield "treatments", _note(one, "food-mark", "Food, amount not recorded")


class _Row:
    """A row that has found its place in time."""

    def __init__(self, line: Line, placed: Placed, moment: str) -> None:
        self.line = line
        self.placed = placed
        self._moment = moment
        named = line.at("device")[:60]
        brand = named if "libre" in named.lower() else f"{BRAND} {named}".strip()
        self.source = f"nightlight-import {brand}"

    def identifier(self, kind: str, value: object) -> str:
        return identifier_of(VENDOR, self.line.device, kind, f"{self._moment}|{value}")

    def act(self, kind: str, value: object) -> Act:
        return Act(
            identifier=self.identifier(kind, value),
            at_ms=self.placed.at_ms,
            entered_by=self.source,
            offset_min=self.placed.offset_min,
        )


_VALUES = ("historic", "scan", "strip", "rapid", "carbs", "servings", "long", "ketone", "meal", "correction", "change")


def _notes(one: _Row) -> Collected:
    ketone = number_in(one.line.at("ketone"))
    if ketone is not None:
        yield "treatments", _note(one, "ketone", f"Ketones {ketone:g} mmol/L", ketone)
    text = one.line.at("notes")[:_LONGEST_NOTE]
    if text:
        yield "treatments", _note(one, "note", text, text)


def _note(one: _Row, kind: str, text: str, value: object = "") -> Document:
    act = one.act(kind, value)
    act["notes"] = text
    return event("Note", **act)
