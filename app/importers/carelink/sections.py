"""The sections of a CareLink export: each begins with a line of dashes that names device and kind, then a header.

Columns are known by name, whatever their order and number; units stand in brackets behind the names. The export comes
as text and as a workbook; in a workbook dates and times are numbers, which are written out here as the text has them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from app.importers.bounded import Opened
from app.importers.format import Unreadable
from app.importers.tables import Row, delimiter_of, plain_header, rows, text_of
from app.importers.workbook import is_workbook, sheets_of

EVENTS, SENSOR, DAILY, UNKNOWN = "events", "sensor", "daily", "unknown"

_LINES_LOOKED_AT = 200
_MOST_SECTIONS = 20_000  # more are counted as one
_DASHES = re.compile(r"-{3,}")
_BRACKETS = re.compile(r"\(([^()]*)\)\s*$")
_NEEDED = frozenset({"index", "date", "time"})
_TELLING = frozenset({"new device time", "sensor glucose", "bolus volume delivered", "bwz carb input"})
_ALIASES = {
    "alarm": "alert",
    "bwz bg input": "bwz bg/sg input",
    "programmed bolus duration": "bolus duration",
}
_DATES = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  (what a workbook counts its days from has no zone)
_SERIALS = (20_000.0, 80_000.0)  # 1954 to 2119
_DURATIONS = ("temp basal duration", "bolus duration")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column is, by its plain name without brackets, and what stands in the brackets."""

    places: Mapping[str, int]
    brackets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """A section; ``number`` counts from 1, ``device`` and ``serial`` are as the file names them."""

    number: int
    kind: str
    device: str = ""
    serial: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a section."""

    row: Row
    section: Section
    columns: Columns

    def at(self, name: str) -> str:
        """Return a field by its column's plain name, empty where there is no such column."""
        return self.row.at(self.columns.places.get(name))

    def bracket(self, name: str) -> str:
        """Return what stands in brackets behind a column's name: its unit, in lower case."""
        return self.columns.brackets.get(name, "")

    @property
    def number(self) -> int:
        """Return the number of the row in the file."""
        return self.row.number

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return self.row.place

    @property
    def date(self) -> str:
        """Return its date as it is written, with the time where both stand in one column."""
        return self.at("date") or self.at("timestamp")

    @property
    def time(self) -> str:
        """Return its time of day as it is written, empty where it stands with the date."""
        return self.at("time") if self.at("date") and ":" not in self.date else ""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the beginning of a file shows: the delimiter of its headers, and dates people chose."""

    delimiter: str
    dates: tuple[str, ...]


def layout_of(file: Opened) -> Layout | None:
    """Return the layout of a CareLink export, None for a file that is none. Raises nothing."""
    if file.is_zip:
        return _layout_of_workbook(file)
    dates: list[str] = []
    lines = re.split(r"\r\n?|\n", text_of(file.unpacked_head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    for line in lines:
        delimiter = delimiter_of(line)
        if columns_in(_fields(line, delimiter)):
            return Layout(delimiter, tuple(dates))
        dates += _DATES.findall(line)
    return None


def lines_of(file: Opened, layout: Layout) -> Iterator[Line]:
    """Yield the rows of all sections, those with daily totals too. Raises ``ValueError``, ``Unreadable``."""
    section, columns, pump = Section(0, EVENTS), None, Section(0, EVENTS)
    with _rows_of(file, layout) as whole:
        for row in whole:
            begins = _section_in(row.fields, section.number)
            header = columns_in(row.fields)
            if begins:
                if begins.kind == EVENTS:
                    pump = begins
                elif begins.device == pump.device:
                    # A sensor's readings are kept by the pump, on its clock.
                    begins = replace(begins, serial=pump.serial)
                section, columns = begins, None
            elif header:
                section = section if section.number else Section(1, EVENTS)
                columns = header
            elif columns is not None and any(row.fields):
                yield Line(_written_out(row, columns) if layout.delimiter == _SHEET else row, section, columns)


def columns_in(fields: Sequence[str]) -> Columns | None:
    """Return the columns of a header, None for a row that is none."""
    places: dict[str, int] = {}
    brackets: dict[str, str] = {}
    for place, text in enumerate(fields):
        plain = plain_header(text)
        found = _BRACKETS.search(plain)
        name = _BRACKETS.sub("", plain).strip()
        name = _ALIASES.get(name, name)
        if name and name not in places:
            places[name] = place
            brackets[name] = found[1] if found else ""
    return Columns(places, brackets) if places.keys() >= _NEEDED and places.keys() & _TELLING else None


def _section_in(fields: Sequence[str], before: int) -> Section | None:
    """Return the section a row of dashes begins, None for any other row.

    The word Pump stands in front of daily totals too: what they are is told by the fifth field.
    """
    if len(fields) < 3 or not _DASHES.fullmatch(fields[0]):
        return None
    device, kind, serial, label = ([*fields[1:], "", "", ""])[:4]
    number = min(before + 1, _MOST_SECTIONS)
    if label and not _DASHES.fullmatch(label):
        is_daily = "aggregated" in label.lower()
        return Section(number, DAILY if is_daily else UNKNOWN, device, serial, label[:60])
    return Section(number, SENSOR if "sensor" in kind.lower() else EVENTS, device, serial)


_SHEET = "sheet"
"""In place of a delimiter: the file is a workbook."""


@contextmanager
def _rows_of(file: Opened, layout: Layout) -> Iterator[Iterator[Row]]:
    if layout.delimiter == _SHEET:
        with sheets_of(file) as sheets:
            yield (Row(number, tuple(map(_cell, cells))) for sheet in sheets for number, cells in sheet.rows())
    else:
        with file.open() as content:
            yield rows(content, file.unpacked_head, layout.delimiter)


def _layout_of_workbook(file: Opened) -> Layout | None:
    if not is_workbook(file):
        return None
    try:
        with sheets_of(file) as sheets:
            for sheet in sheets:
                for number, cells in sheet.rows():
                    if columns_in([_cell(cell) for cell in cells]):
                        return Layout(_SHEET, ())
                    if number > _LINES_LOOKED_AT:
                        break
    except Unreadable:
        return None
    return None


def _cell(value: Any) -> str:
    """Return a workbook's cell as text; dates, times and lengths of time in the form of ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _clock(round(value.total_seconds()))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value).strip()


def _written_out(row: Row, columns: Columns) -> Row:
    """Return a row of a workbook with the numbers that stand for days and parts of days written out."""
    fields = list(row.fields)
    for name in ("date", "timestamp", "time", "new device time", *_DURATIONS):
        place = columns.places.get(name)
        if place is not None and place < len(fields):
            fields[place] = _day_written_out(fields[place])
    return Row(row.number, tuple(fields))


def _day_written_out(text: str) -> str:
    """Return a number of days, or a part of one, as date and time; any other text as it is.

    A date alone may come with midnight behind it, and a time alone with the day workbooks count from in front.
    """
    text = text.removeprefix(f"{_DAY_ZERO:%Y-%m-%d} ").removesuffix(" 00:00:00")
    try:
        number = float(text)
    except ValueError:
        return text
    if _SERIALS[0] <= number <= _SERIALS[1]:
        moment = _DAY_ZERO + timedelta(seconds=round(number * 86_400))
        return f"{moment:%Y-%m-%d}" if number.is_integer() else f"{moment:%Y-%m-%d %H:%M:%S}"
    return _clock(round(number * 86_400)) if 0 <= number < 2 else text


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [text.strip() for text in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
