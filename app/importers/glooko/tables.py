"""The tables of a Glooko export: which there are, what each holds, and which of its columns is which.

A table is known by the name of its file, which every language leaves in English; else by the words of its header, else
by how many columns it has. Daily totals are known by their header under whatever name: they must never become doses.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.glucose.units import Unit
from app.importers.bounded import Member, Opened
from app.importers.readings import unit_in
from app.importers.tables import Row, delimiter_of, plain_header, rows, text_of

CGM, METER, BOLUS, BASAL, TOTALS, ALARMS, INJECTIONS = "cgm", "bg", "bolus", "basal", "totals", "alarms", "injections"
CARBS, FOOD, NOTES, EXERCISE, MEDICATION, UNKNOWN = "carbs", "food", "notes", "exercise", "medication", "unknown"

_LINES_LOOKED_AT = 12
_MOST_TABLES = 500
_TOTALS_NAMED = 2
_DATE = re.compile(r"\d{1,4}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{1,4}\D+\d{1,2}[:.hH]\d{2}.*")
_DATA_FILE = re.compile(r"(cgm|bg|bolus|basal|insulin|alarms?)_?data(_\d+)?\.(csv|txt)")
_PREAMBLE = re.compile(r"^\W*\w[\w ]*:.*\d{4}.*\d{4}", re.DOTALL)

_OWN_WORDS = (
    ("timestamp", "cgm glucose value"),
    ("timestamp", "insulin delivered", "initial delivery"),
    ("timestamp", "percentage", "rate", "insulin delivered"),
    ("timestamp", "glucose value", "manual reading"),
)

_BY_FILE_NAME: Sequence[tuple[str, str]] = (
    (r"cgm", CGM),
    (r"manual_?insulin|injection|\bpen", INJECTIONS),
    (r"bolus", BOLUS),
    (r"basal", BASAL),
    (r"insulin", TOTALS),
    (r"alarm|event", ALARMS),
    (r"carb", CARBS),
    (r"food|meal", FOOD),
    (r"note|comment", NOTES),
    (r"exerc|activit", EXERCISE),
    (r"medic", MEDICATION),
    (r"(^|_)bg|blood", METER),
)

_TOTAL = re.compile(r"total|gesamt|samlet|suma\b|summa|yhteens|celk|razem|lacz")
_BY_HEADER: Sequence[tuple[str, tuple[str, ...]]] = (
    (CGM, (r"\bcgm\b",)),
    (ALARMS, (r"alarm",)),
    (BASAL, (r"%|percent|prozent|porcent", r"rate|\brate|/h|duration|dauer|duree")),
    (BOLUS, (r"deliver|abgegeben|administr|erogat|toegedien", r"initial|extend|carb|ratio|anfang|verlang")),
    (METER, (r"manual|manuell|manuel",)),
    (MEDICATION, (r"medication|medikament|medicament",)),
    (INJECTIONS, (r"insulin", r"name|type|value|dose|units")),
    (EXERCISE, (r"duration|dauer|duree", r"intens|name|exerc")),
    (FOOD, (r"carb|kohlenhydrat|glucid", r"fat|fett|protein|eiwei|name|servin")),
    (CARBS, (r"carb|kohlenhydrat|glucid|hidrat|koolhydr|kolhydr|kulhydr",)),
    (NOTES, (r"note|comment|kommentar|nota",)),
)
_BY_COUNT: Mapping[int, str] = {9: BOLUS, 7: BASAL}
_METER_COLUMNS = 4

_ORDER: Mapping[str, Sequence[str]] = {
    CGM: ("time", "glucose", "serial"),
    METER: ("time", "glucose", "manual", "serial"),
    BOLUS: ("time", "type", "bg", "carbs", "ratio", "delivered", "initial", "extended", "serial"),
    BASAL: ("time", "type", "duration", "percent", "rate", "delivered", "serial"),
    ALARMS: ("time", "words", "serial"),
    CARBS: ("time", "carbs"),
    NOTES: ("time", "words"),
    EXERCISE: ("time", "name", "intensity", "duration"),
    INJECTIONS: ("time", "name", "amount", "type"),
    MEDICATION: ("time", "name", "amount", "type"),
    FOOD: ("time", "name", "carbs"),
}
"""The columns of each table in the order Glooko writes them, for headers in words we do not know."""

_NEEDED: Mapping[str, Sequence[str]] = {
    CGM: ("glucose",),
    METER: ("glucose",),
    BOLUS: ("delivered",),
    BASAL: ("duration", "rate"),
    ALARMS: ("words",),
    CARBS: ("carbs",),
    NOTES: ("words",),
    EXERCISE: ("duration",),
    INJECTIONS: ("amount",),
    MEDICATION: ("name",),
    FOOD: ("carbs",),
}

_COLUMNS: Sequence[tuple[str, str]] = (
    ("serial", r"serial|serien|serie|sarjan|seri"),
    ("manual", r"manual|manuell|manuel"),
    ("percent", r"%|percent|prozent|porcent|pourcent"),
    ("duration", r"duration|dauer|duree|duracion|durata|duur|duracao|varaktighet|varighed|kesto"),
    ("ratio", r"ratio|verhaltnis|relation"),
    ("bg", r"glucose.*input|input.*glucose|blutzucker.*eingabe"),
    ("carbs", r"carb|kohlenhydrat|glucid|hidrat|koolhydr|kolhydr|kulhydr|karbohydr|hiilih"),
    ("initial", r"initial|anfang|inicial|inizial"),
    ("extended", r"extend|verlanger|verzoger|prolong|etend|estes"),
    ("delivered", r"deliver|abgegeb|delivr|administr|erogat|toegedien|levererad"),
    ("rate", r"^(basal )?rate|/ ?h\b|/ ?hr\b|^(basal)?rate"),
    ("fat", r"\bfat|fett|lipid|grasa|grass|vet\b"),
    ("protein", r"protein|eiwei|prote"),
    ("intensity", r"intens"),
    ("type", r"type|typ\b|tipo|art\b|soort|tyyppi"),
    ("name", r"name|nom\b|nombre|nome|naam|navn|nimi|bezeichnung"),
    ("amount", r"value|wert|valeur|valor|valore|waarde|dose|dosis|units|einheiten|amount|menge"),
    ("words", r"alarm|event|ereignis|note|notiz|comment|text|value|wert|valeur|valor"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``header_row`` counts from 1; ``above`` is the text over the header; ``member`` None without a zip."""

    kind: str
    name: str
    member: Member | None
    header_row: int
    delimiter: str
    places: Mapping[str, int]
    unit: Unit | None
    above: str
    header: str

    def lines(self, file: Opened) -> Iterator[Line]:
        """Yield the rows below the header that hold anything."""
        head = file.member_head(self.member) if self.member else file.head
        with file.open(self.member) as content:
            for row in rows(content, head, self.delimiter):
                if row.number > self.header_row and any(row.fields):
                    yield Line(row, self)


@dataclass(frozen=True, slots=True)
class Line:
    """One row, its fields by what they are."""

    row: Row
    table: Table

    def at(self, name: str) -> str:
        """Return a field, empty where the table has no such column."""
        return self.row.at(self.table.places.get(name))

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"{self.table.name} {self.row.place}"


def tables_of(file: Opened) -> list[Table]:
    """Return the tables of a file: those of a zip in the order of their names, or the file itself."""
    if not file.is_zip:
        table = _table(file.name, None, file.head)
        return [table] if table else []
    members = sorted((one for one in file.members if _is_text(one)), key=lambda one: one.name)[:_MOST_TABLES]
    found = (_table(member.base, member, file.member_head(member)) for member in members)
    return [table for table in found if table is not None]


def is_glookos(table: Table) -> bool:
    """Tell whether a table is Glooko's: by its file's name, the line above its header, or words nobody else has."""
    if table.kind == UNKNOWN:
        return False
    if _DATA_FILE.fullmatch(table.name.lower()) or _PREAMBLE.match(table.above):
        return True
    return any(all(word in table.header for word in words) for words in _OWN_WORDS)


def _is_text(member: Member) -> bool:
    return member.base.lower().endswith((".csv", ".txt", ".tsv"))


def _table(name: str, member: Member | None, head: bytes) -> Table | None:
    lines = re.split(r"\r\n?|\n", text_of(head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    place = _header_place(lines)
    if place is None:
        return None
    delimiter = delimiter_of(lines[place])
    header = [_bare(plain_header(field)) for field in _fields(lines[place], delimiter)]
    if len(header) < 2:
        return None
    kind = _kind(name, header)
    return Table(
        kind,
        name,
        member,
        place + 1,
        delimiter,
        _places(kind, header),
        next((unit for field in header if (unit := unit_in(field))), None),
        "\n".join(lines[:place]),
        " | ".join(header),
    )


def _header_place(lines: Sequence[str]) -> int | None:
    """Return which line is the header: the one above the first that begins with a date and time, else the last."""
    for place, line in enumerate(lines):
        fields = _fields(line, delimiter_of(line))
        if place and len(fields) > 1 and _DATE.fullmatch(fields[0]):
            return place - 1
    filled = [place for place, line in enumerate(lines) if line.strip()]
    return filled[-1] if filled and len(filled) <= 2 else None


def _kind(name: str, header: Sequence[str]) -> str:
    if sum(_TOTAL.search(field) is not None for field in header) >= _TOTALS_NAMED:
        return TOTALS
    for word, kind in _BY_FILE_NAME:
        if re.search(word, name.lower()):
            return kind
    text = " | ".join(header[1:])
    with_glucose = sum(unit_in(field) is not None for field in header)
    for kind, words in _BY_HEADER:
        if all(re.search(word, text) for word in words) and (with_glucose or kind not in (CGM, METER)):
            return kind
    if len(header) in _BY_COUNT:
        return _BY_COUNT[len(header)]
    if with_glucose == 1:
        return METER if len(header) == _METER_COLUMNS else CGM
    return UNKNOWN


def _places(kind: str, header: Sequence[str]) -> dict[str, int]:
    if kind in (TOTALS, UNKNOWN):
        return {}
    order = _ORDER[kind]
    named: dict[str, int] = {"time": 0}
    for place, field in enumerate(header[1:], 1):
        meaning = _meaning(kind, field)
        if meaning and (meaning in order or meaning in ("fat", "protein", "type", "serial", "duration")):
            named.setdefault(meaning, place)
    if all(name in named for name in _NEEDED[kind]):
        return named
    return {name: place for place, name in enumerate(order) if place < len(header)}


def _meaning(kind: str, field: str) -> str:
    if unit_in(field) and not re.search(r"carb|ratio", field):
        return "bg" if kind == BOLUS else "glucose"
    order = _ORDER[kind]
    fitting = [name for name, words in _COLUMNS if re.search(words, field)]
    return next((name for name in fitting if name in order), fitting[0] if fitting else "")


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
