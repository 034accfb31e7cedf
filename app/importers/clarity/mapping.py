"""Turns rows of a Clarity table into documents."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime

from app.glucose.sentinels import HIGH_MGDL, LOW_MGDL
from app.glucose.trend import Direction
from app.glucose.units import MGDL_PER_MMOLL, Unit, mmoll_of
from app.glucose.wall_clock import Placed
from app.importers.clarity.columns import Line
from app.importers.clarity.words import Kind, Words, is_long_acting, is_note
from app.importers.placing import local_key
from app.importers.readings import glucose_in
from app.importers.tables import number_in
from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    Act,
    bolus,
    carb_correction,
    event,
    exercise,
    long_acting,
)
from app.records.sources.documents import (
    HOUR_MS,
    BadRecord,
    amount_of,
    checked_instant,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.store.interface import Document

VENDOR = "clarity"
BRAND = "Dexcom"

_LONGEST_NOTE = 2000
_SAME_BEGIN_MS = HOUR_MS
"""A count begins anew with each sensor, or when somebody resets the transmitter: never twice within so long."""

_ONE_READING_MS = 27 * HOUR_MS  # two displays that show one reading are at most this far apart

_REMEMBERED = 5000  # rows that lie between two of one instant: as many as a day and two hours have, and more
_MODEL = re.compile(r"\b(G[4-9]|ONE|Stelo)(?![a-z])\+?", re.IGNORECASE)
_DURATION = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}))?")


class Mapper:
    """Maps row after row.

    ``models`` are by the id of a display, ``extremes`` say of words we do not know whether they mean low or high,
    ``shared`` are transmitters several displays heard.
    """

    def __init__(
        self,
        unit: Unit,
        now_ms: int,
        words: Words,
        models: Mapping[str, str],
        extremes: Mapping[str, int],
        shared: Collection[str],
    ) -> None:
        self._unit = unit
        self._now_ms = now_ms
        self._words = words
        self._models = models
        self._extremes = extremes
        self._shared = shared
        self._shown: dict[tuple[str, int], Placed] = {}
        self._taken: OrderedDict[int, str] = OrderedDict()

    def document(self, line: Line, local: datetime, placed: Placed) -> tuple[str, Document]:
        """Return the collection and the document of a row. Raises ``ValueError``."""
        placed = self._as_shown_first(line, placed)
        checked_instant(placed.at_ms, self._now_ms)
        kind = self._words.kind_of(line)
        if kind is Kind.READING:
            return "entries", self._reading(line, local, placed)
        if kind is Kind.CALIBRATION:
            return "entries", self._calibration(line, local, placed)
        return "treatments", self._treatment(kind, line, local, placed)

    def _reading(self, line: Line, local: datetime, placed: Placed) -> Document:
        mgdl = self._mgdl(line)
        name = self._identifier(line, local, placed, "sgv", mgdl)
        return sensor_entry(
            identifier=name,
            at_ms=self._apart(placed.at_ms, mgdl, name),
            glucose_mgdl=mgdl,
            device=self._source(line),
            direction=_direction(line.rate, self._unit),
            offset_min=placed.offset_min,
        )

    def _calibration(self, line: Line, local: datetime, placed: Placed) -> Document:
        mgdl = self._mgdl(line)
        return meter_entry(
            identifier=self._identifier(line, local, placed, "calibration", mgdl),
            at_ms=placed.at_ms,
            glucose_mgdl=mgdl,
            device=self._source(line),
            offset_min=placed.offset_min,
        )

    def _treatment(self, kind: Kind, line: Line, local: datetime, placed: Placed) -> Document:
        said = f"{line.subtype}|{line.patient}" if kind is Kind.NOTE else ""
        value = self._amount(kind, line) if kind in (Kind.INSULIN, Kind.CARBS) else said
        moment = f"{local_key(local, placed)}|{value}"
        act = Act(
            identifier=identifier_of(VENDOR, line.source, kind, moment),
            at_ms=placed.at_ms,
            entered_by=self._source(line),
            offset_min=placed.offset_min,
        )
        if kind is Kind.INSULIN:
            return _insulin(line, self._amount(kind, line), act)
        if kind is Kind.CARBS:
            return carb_correction(carbs_g=self._amount(kind, line), **act)
        if kind is Kind.EXERCISE:
            act["notes"] = line.subtype[:_LONGEST_NOTE]
            return exercise(duration_min=_minutes(line.duration), **act)
        act["notes"] = _note_text(line)[:_LONGEST_NOTE]
        return event("Note", **act)

    def _amount(self, kind: Kind, line: Line) -> float:
        text, most = (line.insulin, MOST_INSULIN_U) if kind is Kind.INSULIN else (line.carbs, MOST_CARBS_G)
        amount = amount_of(number_in(text), most=most, what=kind)
        if not amount:
            raise BadRecord(f"the {kind} is none")
        return amount

    def _mgdl(self, line: Line) -> int:
        """Return whole mg/dL of a row; low and high may stand in the subtype alone."""
        text = line.glucose or line.subtype
        if not text:
            raise BadRecord("the record has no value")
        known = self._extremes.get(text.strip().lower())
        mgdl = known or glucose_in(text, self._unit)
        if mgdl is None:
            raise BadRecord("the glucose is no reading")
        return mgdl

    def _identifier(self, line: Line, local: datetime, placed: Placed, kind: str, mgdl: int) -> str:
        """Return the name of a reading: transmitter and count, the same in every export; else time, value and count."""
        ticks, transmitter = line.ticks, line.transmitter
        if ticks is None or not transmitter:
            counted = "" if ticks is None else f"|{ticks}"
            return identifier_of(VENDOR, line.source, kind, f"{local_key(local, placed)}|{mmoll_of(mgdl)}{counted}")
        began = (placed.at_ms - 1000 * ticks) // _SAME_BEGIN_MS
        return identifier_of(VENDOR, transmitter, kind, f"{began}|{ticks}")

    def _as_shown_first(self, line: Line, placed: Placed) -> Placed:
        """Return where a reading lies that another display, whose clock may be off, has shown already: there."""
        ticks = line.ticks
        if ticks is None or line.transmitter not in self._shared:
            return placed
        first = self._shown.setdefault((line.transmitter, ticks), placed)
        return first if abs(first.at_ms - placed.at_ms) <= _ONE_READING_MS else placed

    def _apart(self, at_ms: int, mgdl: int, name: str) -> int:
        """Return the instant for a reading: where another one has it, as many ms later as it has mg/dL.

        A store keeps one reading for an instant, and two sensors may share a second.
        """
        while self._taken.setdefault(at_ms, name) != name:
            at_ms += mgdl
        self._taken.move_to_end(at_ms)
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        return at_ms

    def _source(self, line: Line) -> str:
        model = model_in(line.device) or self._models.get(line.source, "")
        return f"nightlight-import {BRAND} {model}".strip()


def model_in(text: str) -> str:
    """Return the model a device's name speaks of, "" when it names none."""
    found = _MODEL.search(text)
    return found[0] if found else ""


def _insulin(line: Line, insulin_u: float, act: Act) -> Document:
    slow = is_long_acting(line.subtype)
    if slow:
        return long_acting(insulin_u=insulin_u, **act)
    if slow is None:
        # Insulin on board that is too high makes somebody wait; too low, and somebody corrects twice.
        act["notes"] = "The file does not say which insulin; counted as fast-acting"
    return bolus(insulin_u=insulin_u, **act)


def _note_text(line: Line) -> str:
    value = f"{line.glucose} {line.duration}".strip()
    details = ", ".join(part for part in (line.subtype, line.patient, value) if part)
    kind = line.type
    if not details:
        if not kind:
            raise BadRecord("the record says nothing")
        return kind
    return details if is_note(kind) or not kind else f"{kind}: {details}"


def _minutes(text: str) -> float | None:
    """Return a length in minutes, None where none is told. Raises ``ValueError``."""
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if not found:
        raise BadRecord("the duration is no time")
    minutes = 60 * int(found[1]) + int(found[2]) + int(found[3] or 0) / 60
    return amount_of(minutes, most=LONGEST_MIN, what="duration") or None


def _direction(text: str, unit: Unit) -> str | None:
    """Return the direction for a rate of change; by Dexcom's own steps of 1, 2 and 3 mg/dL per minute."""
    try:
        rate = number_in(text)
    except ValueError:
        return None
    if rate is None:
        return None
    mgdl_per_min = rate * MGDL_PER_MMOLL if unit is Unit.MMOLL else rate
    steep = sum(abs(mgdl_per_min) > step for step in (1, 2, 3))
    return (_UP if mgdl_per_min > 0 else _DOWN)[steep].value


_UP = (Direction.FLAT, Direction.FORTY_FIVE_UP, Direction.SINGLE_UP, Direction.DOUBLE_UP)
_DOWN = (Direction.FLAT, Direction.FORTY_FIVE_DOWN, Direction.SINGLE_DOWN, Direction.DOUBLE_DOWN)

EXTREMES = {"low": LOW_MGDL, "high": HIGH_MGDL}
"""What a word for glucose can mean."""
