"""Workbooks of both kinds, today's (XLSX) and Excel 97's (XLS), as sheets of plain cells, row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import xlrd

from app.importers import workbook
from app.importers.bounded import XLS, Opened
from app.importers.format import Unreadable

Cell = str | float | datetime | None
"""A text on one line, a number, a time without a zone to the second, or nothing."""

MOST_XLS_BYTES = 64 << 20
"""Such a workbook is held in memory; with all its sheets full it would have less than a million rows."""

_MOST_SHEETS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet: its number, counted from 1 as people see it, and its cells."""

    number: int
    cells: tuple[Cell, ...]

    def at(self, place: int | None) -> Cell:
        """Return a cell, None where the row is too short or there is no such column."""
        return self.cells[place] if place is not None and place < len(self.cells) else None

    def text(self, place: int | None) -> str:
        """Return a cell as text: a number without needless digits, empty for nothing."""
        cell = self.at(place)
        return f"{cell:.10g}" if isinstance(cell, float) else "" if cell is None else str(cell)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; ``lines`` goes through it from the top, each time anew, without empty rows.

    ``lines`` raises ``Unreadable`` where the file is damaged.
    """

    name: str
    lines: Callable[[], Iterator[Line]]


def is_workbook(file: Opened) -> bool:
    """Tell whether a file is a workbook of either kind."""
    return file.head.startswith(XLS) or workbook.is_workbook(file)


@contextmanager
def sheets_of(file: Opened) -> Iterator[Sequence[Sheet]]:
    """Open a workbook and lend its sheets, in their order. Raises ``Unreadable``."""
    if file.head.startswith(XLS):
        with _xls(file) as sheets:
            yield sheets
    else:
        with workbook.sheets_of(file) as found:
            yield [Sheet(str(sheet.name), _xlsx_lines(sheet)) for sheet in found]


def _xlsx_lines(sheet: workbook.Sheet) -> Callable[[], Iterator[Line]]:
    def lines() -> Iterator[Line]:
        for number, row in sheet.rows():
            cells = [_plain(value) for value in row]
            while cells and cells[-1] is None:
                cells.pop()
            yield Line(number, tuple(cells))

    return lines


@contextmanager
def _xls(file: Opened) -> Iterator[Sequence[Sheet]]:
    if file.size > MOST_XLS_BYTES:
        raise Unreadable("The workbook is too large")
    with _as_unreadable():
        # The library tells of oddities on the standard output, unless it is given somewhere else to.
        book = xlrd.open_workbook(str(file.path), logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    try:
        with _as_unreadable():
            names = list(book.sheet_names())[:_MOST_SHEETS]
        yield [Sheet(str(name), _xls_lines(book, place)) for place, name in enumerate(names)]
    finally:
        book.release_resources()


def _xls_lines(book: Any, place: int) -> Callable[[], Iterator[Line]]:
    def lines() -> Iterator[Line]:
        with _as_unreadable():
            sheet = book.sheet_by_index(place)
            count = sheet.nrows
        for number in range(count):
            with _as_unreadable():
                cells = tuple(_xls_cell(book, cell) for cell in sheet.row(number)[: workbook.MOST_COLUMNS])
            if any(cell is not None for cell in cells):
                yield Line(number + 1, cells)

    return lines


def _xls_cell(book: Any, cell: Any) -> Cell:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _whole_seconds(xlrd.xldate.xldate_as_datetime(cell.value, book.datemode))
        except (ValueError, OverflowError):
            return float(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return float(cell.value)
    return _plain(cell.value) if cell.ctype == xlrd.XL_CELL_TEXT else None


def _plain(value: Any) -> Cell:
    """Return a library's value as a cell."""
    if isinstance(value, datetime):
        return _whole_seconds(value.replace(tzinfo=None))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    text = "" if value is None else " ".join(str(value).split())
    return text or None


def _whole_seconds(moment: datetime) -> datetime:
    """Return a time to the second: what is left of one is what floating point added to a fraction of a day."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


@contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except Exception:
        # Of a damaged file the library raises whatever its code runs into, and the text may hold what is in it.
        raise Unreadable("The workbook is damaged, or locked with a password") from None
