"""The sheets of a Diasend export: what each holds, where its header is, and which of its columns is which.

Sheets and columns are named in the language of an account. So the header is the row above the first that begins with a
time; a column is known by its English name, by the unit in it, which every language leaves alone, or by its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from app.glucose.units import Unit
from app.importers.diasend.sheets import Line, Sheet
from app.importers.placing import checked_local
from app.importers.readings import unit_in
from app.importers.tables import local_time, plain_header

METER, CGM, DOSES, ALARMS, UNKNOWN = "meter", "cgm", "doses", "alarms", "unknown"

_ROWS_LOOKED_AT = 40
_DATE = re.compile(r"\d{1,4}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{1,4}\D+\d{1,2}[:.hH]\d{2}.*")
_RATE = re.compile(r"/ ?(h|hr|std|t)\b|\bu/h|\be/h|\bie/h")
_SENSOR_NAMES = re.compile(r"cgm|sensor|continu|kontinu")
_METER_NAMES = re.compile(r"nam[en]|navn|nom\b|nombre|nome|naam|nimi|glu[ck]o|glyk|glyc|blutz|bloed|blod")
_MOST_COLUMNS_OF_GLUCOSE = 6
_ALARM_NAMES = re.compile(r"alarm|event|ereign|handels|handelse|evenement|evento|alerte|larm|gebeurt|haendels|halyt")

_DOSES_ORDER = ("time", "basal", "type", "volume", "now", "later", "duration", "carbs", "notes")
_DOSES_COLUMNS: Sequence[tuple[str, str]] = (
    ("basal", r"basal|/ ?h\b"),
    ("type", r"\btype|typ\b|tipo"),
    ("now", r"immediate|sofort|immediat|inmediat|omedelbar|direct|ojeblik|umiddel"),
    ("later", r"extend|verzoger|verlanger|prolong|etendu|forlang|utokad|estes|vertraag"),
    ("duration", r"duration|dauer|duree|duracion|durata|duur|varighed|varaktighet|kesto|\(min"),
    ("volume", r"bolus.*(volume|amount|vol|\((u|e|ie)\))|volume"),
    ("carbs", r"carb|kohlenhydrat|glucid|hidrat|koolhydr|kolhydr|kulhydr|karbohydr|hiilih|\(g\)"),
    ("notes", r"note|notiz|comment|kommentar|anteck|bemerk|opmerk"),
)
_DOSES_NEEDED = ("basal", "volume", "carbs")


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be read of a sheet: its kind, the row of its header, its columns, its unit of glucose if any."""

    kind: str
    sheet: Sheet
    header_row: int
    places: Mapping[str, int]
    unit: Unit | None = None

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that hold anything."""
        for line in self.sheet.lines():
            if line.number > self.header_row:
                yield Row(line, self)


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its cells by what they are."""

    line: Line
    part: Part

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"{self.part.sheet.name} row {self.line.number}"

    def text(self, name: str) -> str:
        """Return a cell as text, empty where the sheet has no such column."""
        return self.line.text(self.part.places.get(name))

    @property
    def written_time(self) -> str:
        """Return the time as text where it is one, empty where the sheet holds a true date."""
        time = self.line.at(0)
        return time if isinstance(time, str) else ""

    def local(self, order: str) -> datetime:
        """Return its wall-clock time. Raises ``ValueError``."""
        time = self.line.at(0)
        return checked_local(time if isinstance(time, datetime) else local_time(self.line.text(0), order))


def parts_of(sheets: Sequence[Sheet]) -> list[Part]:
    """Return what is to be read of a workbook; a sheet without a row that begins with a time has nothing to read."""
    found = (_part(sheet, place) for place, sheet in enumerate(sheets))
    return [part for part in found if part is not None]


def _part(sheet: Sheet, place: int) -> Part | None:
    before: Line | None = None
    for seen, line in enumerate(sheet.lines()):
        if before is not None and _begins_with_a_time(line):
            return _with_header(sheet, place, before)
        if seen >= _ROWS_LOOKED_AT:
            return None
        before = line
    return None


def _with_header(sheet: Sheet, place: int, header: Line) -> Part:
    names = [_bare(plain_header(header.text(column))) for column in range(len(header.cells))]
    if any(_RATE.search(name) for name in names):
        return Part(DOSES, sheet, header.number, _dose_places(names))
    units = [(column, unit) for column, name in enumerate(names) if (unit := unit_in(name))]
    if units and len(names) <= _MOST_COLUMNS_OF_GLUCOSE:
        column, unit = units[0]
        kind = _glucose_kind(_bare(sheet.name.lower()), names, is_first=place == 0)
        return Part(kind, sheet, header.number, {"glucose": column}, unit)
    if len(names) > 1 and _ALARM_NAMES.search(f"{_bare(sheet.name.lower())} {' '.join(names)}"):
        return Part(ALARMS, sheet, header.number, {"words": 1})
    return Part(UNKNOWN, sheet, header.number, {})


def _glucose_kind(title: str, names: Sequence[str], *, is_first: bool) -> str:
    """Return whose readings a sheet holds: the meter's come first, under the person's name."""
    if _SENSOR_NAMES.search(" ".join((title, *names))):
        return CGM
    return METER if is_first or _METER_NAMES.search(title) else CGM


def _dose_places(names: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for column, name in enumerate(names[1:], 1):
        meaning = next((one for one, words in _DOSES_COLUMNS if re.search(words, name)), "")
        if meaning:
            places.setdefault(meaning, column)
    if all(name in places for name in _DOSES_NEEDED):
        return places
    return {name: column for column, name in enumerate(_DOSES_ORDER) if column < len(names)}


def _begins_with_a_time(line: Line) -> bool:
    first = line.at(0)
    if isinstance(first, datetime):
        return True
    with suppress(ValueError):
        return isinstance(first, str) and _DATE.fullmatch(first) is not None
    return False


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
