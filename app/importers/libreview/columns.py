"""Which column of a LibreView table is which: by its English name, else by the place it has in every language."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.readings import unit_in
from app.importers.tables import delimiter_of, plain_header, text_of

GLUCOSE = ("historic", "scan", "strip")
AMOUNTS = ("rapid", "carbs", "servings", "long", "meal", "correction", "change")

_LINES_LOOKED_AT = 40
_LEAST_COLUMNS = 14
_MOST_COLUMNS = 24

_BY_NAME: Sequence[tuple[str, str]] = (
    ("device timestamp", "time"),
    ("meter timestamp", "time"),
    ("serial number", "serial"),
    ("record type", "type"),
    ("historic glucose", "historic"),
    ("scan glucose", "scan"),
    ("non-numeric rapid-acting insulin", "rapid_mark"),
    ("rapid-acting insulin", "rapid"),
    ("non-numeric food", "food_mark"),
    ("carbohydrates (grams)", "carbs"),
    ("carbohydrates (servings)", "servings"),
    ("non-numeric long-acting insulin", "long_mark"),
    ("long-acting insulin", "long"),
    ("notes", "notes"),
    ("strip glucose", "strip"),
    ("ketone", "ketone"),
    ("meal insulin", "meal"),
    ("correction insulin", "correction"),
    ("user change insulin", "change"),
    ("user insulin change", "change"),
    ("previous time", "previous"),
    ("updated time", "updated"),
)
_EXACT = {"device": "device", "meter": "device", "time": "time"}

_PORTAL = (
    *("device", "serial", "time", "type", "historic", "scan", "rapid_mark", "rapid", "food_mark", "carbs", "servings"),
    *("long_mark", "long", "notes", "strip", "ketone", "meal", "correction", "change"),
)
_READER = (
    *("id", "time", "type", "historic", "scan", "rapid_mark", "rapid", "food_mark", "carbs", "long_mark", "long"),
    *("notes", "strip", "ketone", "meal", "correction", "change", "previous", "updated"),
)
_BY_TIME_AT: Mapping[int, Sequence[str]] = {1: _READER, 2: _PORTAL, 3: ("index", *_PORTAL)}
"""The order of the columns by the place of the time, which no language changes."""

_DATE = re.compile(r"\d{1,4}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{1,4}\D+\d{1,2}[:.]\d{2}.*")
_KIND = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out. ``header_row`` counts from 1; ``made_on`` is the moment in the line above the header."""

    header_row: int
    delimiter: str
    places: Mapping[str, int]
    unit: Unit | None
    by_name: bool
    made_on: str = ""


def layout_of(file: Opened) -> Layout | None:
    """Return the layout of a file, None for a table that is none of LibreView's."""
    lines = re.split(r"\r\n?|\n", text_of(file.unpacked_head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    made_on = ""
    for number, line in enumerate(lines, 1):
        delimiter = delimiter_of(line)
        header = _fields(line, delimiter)
        named = _named(header)
        places = named or _placed(header, [_fields(below, delimiter) for below in lines[number:]])
        if places:
            return Layout(number, delimiter, places, _unit(header, places), bool(named), made_on)
        made_on = made_on or next((field for field in header if _DATE.fullmatch(field)), "")
    return None


def _named(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, written in enumerate(header):
        name = plain_header(written)
        known = _EXACT.get(name) or next((known for start, known in _BY_NAME if name.startswith(start)), "")
        if known:
            places.setdefault(known, place)
    return places if {"time", "type", "historic"} <= places.keys() else {}


def _placed(header: Sequence[str], below: Sequence[Sequence[str]]) -> dict[str, int]:
    if not _LEAST_COLUMNS <= len(header) <= _MOST_COLUMNS:
        return {}
    if sum(unit_in(name) is not None for name in header) < len(GLUCOSE):
        return {}
    for time_at, order in _BY_TIME_AT.items():
        if any(_is_a_row(fields, time_at) for fields in below):
            places = {name: place for place, name in enumerate(order) if place < len(header)}
            if all(unit_in(header[places[name]]) for name in ("historic", "scan")):
                return places
    return {}


def _is_a_row(fields: Sequence[str], time_at: int) -> bool:
    return (
        len(fields) > time_at + 1
        and _DATE.fullmatch(fields[time_at]) is not None
        and _KIND.fullmatch(fields[time_at + 1]) is not None
    )


def _unit(header: Sequence[str], places: Mapping[str, int]) -> Unit | None:
    named = [unit_in(header[places[name]]) for name in GLUCOSE if name in places and places[name] < len(header)]
    return next((unit for unit in named if unit), None)


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
