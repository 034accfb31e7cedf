"""Workbooks (XLSX), row by row and with care: nothing in them is computed, unpacked without limit or believed."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from zipfile import BadZipFile

from openpyxl import load_workbook

from app.importers.bounded import MOST_BYTES, RATIO_COUNTS_FROM, WORST_RATIO, Opened
from app.importers.format import Unreadable

MAIN = "workbook.xml"
MOST_ROWS = 1_100_000
"""What one sheet may hold is 2^20 rows; a file may claim any number, and what lies between would be made up for it."""

MOST_COLUMNS = 200
_WHOLE_AT_ONCE = ("sharedstrings.xml", "styles.xml", "workbook.xml")
_MOST_AT_ONCE = 128 << 20
"""How large a part may be that is read as a whole; the texts of a million rows are half of it."""

_DAMAGED = (
    *(BadZipFile, zlib.error, EOFError, OSError, SyntaxError, RuntimeError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError),
)
"""What the library raises for workbooks that are none, or damaged; errors of XML are ``SyntaxError``."""


class _Sheet(Protocol):
    title: str
    sheet_state: str

    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, values_only: bool) -> Iterator[tuple[Any, ...]]: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, and whether people see it."""

    name: str
    is_visible: bool
    _sheet: _Sheet

    def rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield each row that holds anything, with its number as a spreadsheet counts, from 1. Raises ``Unreadable``.

        Cells are text, numbers, booleans, ``datetime`` and the like, None where there is nothing.
        """
        # What a file says of its own size is often wrong, and rows would be missing.
        self._sheet.reset_dimensions()
        try:
            for number, row in enumerate(self._sheet.iter_rows(values_only=True), 1):
                if number > MOST_ROWS:
                    raise Unreadable(f"The sheet {self.name[:40]} has more rows than there can be")
                if any(cell is not None for cell in row[:MOST_COLUMNS]):
                    yield number, row[:MOST_COLUMNS]
        except _DAMAGED:
            raise Unreadable(f"The sheet {self.name[:40]} is damaged") from None


def is_workbook(file: Opened) -> bool:
    """Tell whether a file is a workbook in this form."""
    return file.is_zip and file.member_named(MAIN) is not None


@contextmanager
def sheets_of(file: Opened) -> Iterator[list[Sheet]]:
    """Open a workbook and lend its sheets, in their order. Raises ``Unreadable``."""
    _check_size(file)
    # As an open file: by its path, the library goes by how the name ends.
    with file.path.open("rb") as raw:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions nobody needs here
                book = load_workbook(raw, read_only=True, data_only=True, keep_links=False)
        except _DAMAGED:
            raise Unreadable("The workbook is damaged, or locked with a password") from None
        try:
            yield [Sheet(sheet.title, sheet.sheet_state == "visible", sheet) for sheet in book.worksheets]
        finally:
            book.close()


def _check_size(file: Opened) -> None:
    whole = sum(member.size for member in file.members)
    most = min(MOST_BYTES, max(file.size * WORST_RATIO, RATIO_COUNTS_FROM))
    at_once = max((one.size for one in file.members if one.base.lower() in _WHOLE_AT_ONCE), default=0)
    if whole > most or at_once > _MOST_AT_ONCE:
        raise Unreadable("The workbook unpacks to more than any honest one holds")
