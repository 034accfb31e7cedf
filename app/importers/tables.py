"""Tables of text: encoding, delimiter, decimal sign and the order of dates, found out once for each file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

DELIMITERS = (";", ",", "\t")
LONGEST_FIELD = 1 << 20
_BLANKS = " \u00a0\u2009\u202f\u2007"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

csv.field_size_limit(LONGEST_FIELD)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, counted from 1 as a spreadsheet does, and its fields, trimmed."""

    number: int
    fields: tuple[str, ...]

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"row {self.number}"

    def at(self, place: int | None) -> str:
        """Return a field, empty where the row is too short or there is no such column."""
        return self.fields[place] if place is not None and place < len(self.fields) else ""


def encoding_of(head: bytes) -> str:
    """Return the encoding a text begins in: what its mark says, UTF-8, UTF-16 without a mark, else Windows-1252."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    for name, zeros in (("utf-16-le", head[1:2000:2]), ("utf-16-be", head[0:2000:2])):
        if zeros and zeros.count(0) > len(zeros) * 0.6:
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def text_of(head: bytes) -> str:
    """Return the beginning of a file as text, whatever is in it."""
    return head.decode(encoding_of(head), errors="replace").replace("\x00", "")


def delimiter_of(header: str) -> str:
    """Return the delimiter of a header line: the one that comes most often outside of quotes."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=plain.count)


def rows(file: IO[bytes], head: bytes, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a table of text, one at a time; empty ones too, so that sections can be told apart.

    Raises ``ValueError`` where the file cannot be read on (a field without end).
    """
    encoding = encoding_of(head)
    lines = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    reader = csv.reader((line.replace("\x00", "") for line in lines), delimiter=delimiter)
    before = 0
    try:
        for fields in reader:
            yield Row(before + 1, tuple(field.strip() for field in fields))
            before = reader.line_num
    except csv.Error as broken:
        raise ValueError(f"it cannot be read on after row {before} ({broken})") from None
    finally:
        lines.detach()


def plain_header(text: str) -> str:
    """Return a column's name as it is compared: lower case, single blanks, no byte order mark."""
    return " ".join(text.lower().replace("\ufeff", "").split())


def columns(header: Sequence[str]) -> dict[str, int]:
    """Return the place of each column by its plain name; of two of one name the first counts."""
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        found.setdefault(plain_header(name), place)
    return found


def number_in(text: str) -> float | None:
    """Return a number as people write it: ``11.548``, ``11,548``, ``1 234,5``; None for an empty field.

    A single comma or point is always a decimal sign: nobody injects eleven thousand units. Of both the later one is.
    Raises ``ValueError`` for what is no number.
    """
    if not text:
        return None
    plain = text.strip().strip('"').translate(dict.fromkeys(map(ord, _BLANKS)))
    if not plain:
        return None
    if "," in plain and "." in plain:
        thousands = "," if plain.rindex(".") > plain.rindex(",") else "."
        plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+", plain):
        raise ValueError(f"{text.strip()[:20]!r} is no number")
    return float(plain)


_DATE = re.compile(
    r"(\d{1,4})[-/. ]{1,2}(\d{1,2})[-/. ]{1,2}(\d{1,4})\.?(?:[T, ]+(\d{1,2})[:.hH](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?"
    r"\s*([aApP])?\.?\s?[mM]?\.?)?",
)
_YEARS_FROM_2_DIGITS = 2000
ORDERS = ("ymd", "mdy", "dmy")


class DateOrder:
    """Finds out in which order the dates of a file are written, by all of them: a field above 12 is no month."""

    def __init__(self) -> None:
        self.possible = set(ORDERS)

    def see(self, text: str) -> None:
        """Take note of one date. What is none says nothing."""
        found = _DATE.fullmatch(text.strip())
        if not found:
            return
        first, second, third = (int(part) for part in found.group(1, 2, 3))
        if len(found[1]) == 4:
            self.possible &= {"ymd"}
            return
        if len(found[3]) == 4:
            self.possible -= {"ymd"}
        fitting = {order for order in ORDERS if _fits(order, first, second, third)}
        # A date that fits none is a slip of one row, and says nothing about the others.
        self.possible &= fitting or self.possible

    @property
    def settled(self) -> str | None:
        """Return the order if only one is possible, else None."""
        return next(iter(self.possible)) if len(self.possible) == 1 else None


def _fits(order: str, first: int, second: int, third: int) -> bool:
    parts = dict(zip(order, (first, second, third), strict=True))
    return 1 <= parts["m"] <= 12 and 1 <= parts["d"] <= 31


def local_time(date: str, order: str, time: str = "") -> datetime:
    """Return a wall-clock time (without a zone) written as date and time, in one field or in two.

    Understood: ``2026-03-14T07:05:41``, ``14.03.2026 07:05``, ``3/14/26 7:05 PM`` and the like, by the ``order`` found
    for the whole file (a year of four digits in front always counts as one). Raises ``ValueError``.
    """
    text = f"{date.strip()} {time.strip()}".strip()
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:30]!r} is no date and time")
    parts = dict(zip("ymd" if len(found[1]) == 4 else order, (int(part) for part in found.group(1, 2, 3)), strict=True))
    year = parts["y"] + (_YEARS_FROM_2_DIGITS if parts["y"] < 100 else 0)
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    half = (found[7] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text[:30]!r} is no date and time")
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime(year, parts["m"], parts["d"], hour, minute, second)  # noqa: DTZ001  (the zone comes later)
    except ValueError:
        raise ValueError(f"{text[:30]!r} is no date and time") from None
