"""The blocks of a t:connect export: each has a header of its own, and is known by the names that are in it.

Which columns there are, and in which order, differs by year and by the program that made the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.importers.bounded import Opened
from app.importers.tables import Row, delimiter_of, rows, text_of

READINGS, IOB, BASAL, BOLUS = "readings", "iob", "basal", "bolus"

_LINES_LOOKED_AT = 400
_MOST_BLOCKS = 2000  # more are counted as one
_TIMES = frozenset({"eventdatetime", "requestdatetime", "completiondatetime"})
_BOLUS_NAMES = frozenset({"bolusrequestid", "boluscompletionid", "completiondatetime", "bolustype", "carbsize"})
TIMES = {
    READINGS: ("eventdatetime",),
    IOB: ("eventdatetime",),
    BASAL: ("eventdatetime",),
    BOLUS: ("completiondatetime", "bolexstartdatetime", "eventdatetime", "requestdatetime"),
}
"""The columns that say when a row of each block was, the first that is filled counts."""
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a block, its fields by the plain names of the header above it; ``block`` counts from 1."""

    row: Row
    kind: str
    block: int
    places: Mapping[str, int]

    def at(self, *names: str) -> str:
        """Return the first of these fields that is there and not empty, else an empty text."""
        return next((text for name in names if (text := self.row.at(self.places.get(name)))), "")

    @property
    def time(self) -> str:
        """Return when it was, as it is written."""
        return self.at(*TIMES[self.kind])


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands above the first block: the delimiter of the header below it, and dates people chose."""

    delimiter: str
    dates: tuple[str, ...]
    reading_header: str


def plain_name(text: str) -> str:
    """Return a column's name as it is compared: lower case letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def kind_in(fields: Sequence[str]) -> str | None:
    """Return which block a row is the header of, None for a row that is none."""
    names = {plain_name(field) for field in fields}
    if not names & _TIMES:
        return None
    if "insulindelivered" in names and names & _BOLUS_NAMES:
        return BOLUS
    if "basalrate" in names:
        return BASAL
    if any(name.startswith("readings") for name in names):
        return READINGS
    return IOB if "iob" in names else None


def preamble_of(file: Opened) -> Preamble | None:
    """Return what is above the first block, None for a file that holds none."""
    dates: list[str] = []
    lines = re.split(r"\r\n?|\n", text_of(file.unpacked_head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    for line in lines:
        delimiter = delimiter_of(line)
        fields = _fields(line, delimiter)
        kind = kind_in(fields)
        if kind:
            return Preamble(delimiter, tuple(dates), _reading_header(fields))
        dates += _DATE.findall(line)
    return None


def lines_of(file: Opened, delimiter: str) -> Iterator[Line]:
    """Yield the rows of all blocks. Raises ``ValueError`` where the file cannot be read on.

    After an empty row only what has a time still belongs to the block before it: there may be words between two blocks.
    """
    kind, block, places, goes_on = "", 0, dict[str, int](), False
    with file.open() as content:
        for row in rows(content, file.unpacked_head, delimiter):
            header = kind_in(row.fields)
            if header:
                kind, block, goes_on = header, min(block + 1, _MOST_BLOCKS), True
                places = _places(row.fields)
            elif not any(row.fields):
                goes_on = False
            elif kind:
                line = Line(row, kind, block, places)
                if goes_on or _DATE.search(line.time):
                    goes_on = True
                    yield line


def _places(header: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, field in enumerate(header):
        name = plain_name(field)
        found.setdefault("reading" if name.startswith("readings") else name, place)
    return found


def _reading_header(fields: Sequence[str]) -> str:
    return next((field for field in fields if plain_name(field).startswith("readings")), "")


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
