"""Writes a workbook as Excel 97 did (BIFF8 in a compound file), for tests of what reads such files.

As little of the format as a reader needs: sheets of texts, numbers and dates. A date is a number of days whose cell has
a date's format. Texts are written in the cell itself, not in a shared table, which the format allows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime

Cell = str | float | datetime | None

_SECTOR = 512
_SHORTEST_STREAM = 4096  # a shorter one would have to live in small sectors
_END, _FREE, _FAT_MARK = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001
_PLAIN_XF, _DATE_XF = 0, 1
_PLAIN_FORMAT, _DATE_FORMAT = 0, 22


def workbook(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Return the bytes of an .xls file with these sheets."""
    return _compound(_stream(sheets))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0, 6))


def _xf(format: int) -> bytes:
    return _record(0x00E0, struct.pack("<HHH", 0, format, 0) + bytes(14))


def _text(text: str, length: str) -> bytes:
    return struct.pack(f"<{length}B", len(text), 1) + text.encode("utf-16-le")


def _stream(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    bodies = [_sheet(rows) for rows in sheets.values()]
    globals_head = _bof(0x0005) + _record(0x0042, struct.pack("<H", 1200)) + _record(0x0022, struct.pack("<H", 0))
    globals_head += _xf(_PLAIN_FORMAT) + _xf(_DATE_FORMAT)
    bounds_size = sum(len(_bound(name, 0)) for name in sheets)
    place = len(globals_head) + bounds_size + len(_record(0x000A))
    bounds = b""
    for name, body in zip(sheets, bodies, strict=True):
        bounds += _bound(name, place)
        place += len(body)
    return globals_head + bounds + _record(0x000A) + b"".join(bodies)


def _bound(name: str, place: int) -> bytes:
    return _record(0x0085, struct.pack("<IH", place, 0) + _text(name, "B"))


def _sheet(rows: Sequence[Sequence[Cell]]) -> bytes:
    cells = [_cell(row_number, column, cell) for row_number, row in enumerate(rows) for column, cell in enumerate(row)]
    width = max((len(row) for row in rows), default=0)
    dimensions = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    return _bof(0x0010) + dimensions + b"".join(cells) + _record(0x000A)


def _cell(row: int, column: int, cell: Cell) -> bytes:
    if cell is None or cell == "":
        return b""
    if isinstance(cell, str):
        return _record(0x0204, struct.pack("<HHH", row, column, _PLAIN_XF) + _text(cell, "H"))
    xf, number = _PLAIN_XF, cell
    if isinstance(cell, datetime):
        xf, number = _DATE_XF, (cell - _EPOCH).total_seconds() / 86_400
    return _record(0x0203, struct.pack("<HHHd", row, column, xf, number))


def _compound(stream: bytes) -> bytes:
    stream = stream.ljust(max(_SHORTEST_STREAM, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    count = len(stream) // _SECTOR
    fats = 1
    while count + 1 + fats > fats * _SECTOR // 4:
        fats += 1
    # First the table of sectors, then the directory, then the stream.
    chain = [_FAT_MARK] * fats + [_END]
    first = fats + 1
    chain += [first + number + 1 for number in range(count - 1)] + [_END]
    chain += [_FREE] * (fats * _SECTOR // 4 - len(chain))
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, first, len(stream)) + _entry() * 2
    table = b"".join(struct.pack("<I", place) for place in chain)
    return _header(fats) + table + directory + stream


def _header(fats: int) -> bytes:
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, fats, fats, 0, _SHORTEST_STREAM, _END, 0, _END, 0)
    places = [*range(fats), *[_FREE] * (109 - fats)]
    return header + struct.pack("<109I", *places)


def _entry(name: str = "", kind: int = 0, first: int = 0, size: int = 0, child: int = -1) -> bytes:
    encoded = name.encode("utf-16-le")
    named = encoded.ljust(64, b"\0") + struct.pack("<H", len(encoded) + 2 if name else 0)
    return named + struct.pack("<BBiii", kind, 1, -1, -1, child) + bytes(36) + struct.pack("<III", first, size, 0)
