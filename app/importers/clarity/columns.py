"""Which column of a Clarity table is which: by its English name, else by the place it has in every language."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.placing import checked_local
from app.importers.readings import unit_in
from app.importers.tables import delimiter_of, local_time, plain_header, rows, text_of

_LINES_LOOKED_AT = 60
_LEAST_COLUMNS, _MOST_COLUMNS = 12, 18

_ORDER = (
    *("index", "time", "type", "subtype", "patient", "device", "source", "glucose", "insulin", "carbs", "duration"),
    *("rate", "counted", "transmitter"),
)
_BY_NAME: Sequence[tuple[str, str]] = (
    ("timestamp", "time"),
    ("event type", "type"),
    ("event subtype", "subtype"),
    ("patient info", "patient"),
    ("device info", "device"),
    ("source device id", "source"),
    ("glucose value", "glucose"),
    ("insulin value", "insulin"),
    ("carb value", "carbs"),
    ("duration", "duration"),
    ("glucose rate of change", "rate"),
    ("transmitter time", "counted"),
    ("transmitter id", "transmitter"),
)
_NEEDED = frozenset({"time", "type", "subtype", "glucose"})

_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ,]+\d{1,2}:\d{2}.*")
_ISO_LENGTH = 19
_TICKS = re.compile(r"([0-9]{1,10})(?:[.,]0*)?")
_LONGEST_COUNT = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out; ``header_row`` counts from 1."""

    header_row: int
    delimiter: str
    places: Mapping[str, int]
    unit: Unit | None
    by_name: bool


class Line(NamedTuple):
    """One row, its fields by what they are; empty ones where the file has no such column. ``number`` counts from 1."""

    number: int
    time: str
    type: str
    subtype: str
    patient: str
    device: str
    source: str
    glucose: str
    insulin: str
    carbs: str
    duration: str
    rate: str
    counted: str
    transmitter: str

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"row {self.number}"

    @property
    def ticks(self) -> int | None:
        """Return the seconds the transmitter had counted, None where it does not say or says no whole number."""
        if self.counted.isdecimal() and self.counted.isascii():
            return int(self.counted[:_LONGEST_COUNT])
        found = _TICKS.fullmatch(self.counted.replace(" ", ""))
        return int(found[1]) if found else None

    def local(self, order: str) -> datetime:
        """Return the time its display showed. Raises ``ValueError``."""
        text = self.time
        if len(text) == _ISO_LENGTH and text[4] == "-":
            with suppress(ValueError):
                return checked_local(datetime.fromisoformat(text).replace(tzinfo=None))
        return checked_local(local_time(text, order))


def layout_of(file: Opened) -> Layout | None:
    """Return the layout of a file, None for a table that is none of Clarity's."""
    lines = re.split(r"\r\n?|\n", text_of(file.head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    for number, line in enumerate(lines, 1):
        delimiter = delimiter_of(line)
        header = _fields(line, delimiter)
        named = _named(header)
        places = named or _placed(header, [_fields(below, delimiter) for below in lines[number:]])
        if places:
            unit = unit_in(header[places["glucose"]])
            return Layout(number, delimiter, places, unit, bool(named))
    return None


def lines_of(file: Opened, layout: Layout) -> Iterator[Line]:
    """Yield the rows below the header that hold anything; a header that comes again is none."""
    header: tuple[str, ...] | None = None
    # A row is filled up with empty fields, and the last of them is that of a column there is not.
    least = max(layout.places.values()) + 2
    pick = itemgetter(*(layout.places.get(name, -1) for name in _ORDER[1:]))
    with file.open() as content:
        for row in rows(content, file.head, layout.delimiter):
            if row.number == layout.header_row:
                header = row.fields
            elif row.number > layout.header_row and any(row.fields) and row.fields != header:
                missing = max(least - len(row.fields), 1)
                yield Line(row.number, *pick(row.fields + ("",) * missing))


def _named(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, written in enumerate(header):
        name = plain_header(written)
        known = next((known for start, known in _BY_NAME if name.startswith(start)), "")
        if known:
            places.setdefault(known, place)
    return places if places.keys() >= _NEEDED else {}


def _placed(header: Sequence[str], below: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the places by the columns every language has: glucose and its rate name the unit, a row has a time."""
    if not _LEAST_COLUMNS <= len(header) <= _MOST_COLUMNS:
        return {}
    for skipped in (0, 1):
        order = _ORDER[skipped:]
        places = {name: place for place, name in enumerate(order) if place < len(header)}
        if not all(unit_in(header[places[name]]) for name in ("glucose", "rate")):
            continue
        if any(len(fields) > places["time"] and _TIME.fullmatch(fields[places["time"]]) for fields in below):
            return places
    return {}


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
