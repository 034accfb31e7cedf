"""The ways in which programs write one and the same table: delimiters, decimal signs, encodings, ends of lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Spelling:
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    line_end: str = "\r\n"

    def __str__(self) -> str:
        names = {",": "comma", ";": "semicolon", "\t": "tab", ".": "point", "\r\n": "crlf", "\n": "lf", "\r": "cr"}
        return "-".join((names[self.delimiter], names[self.decimal], self.encoding, names[self.line_end]))

    def number(self, value: float | str) -> str:
        return str(value).replace(".", self.decimal)

    def bytes_of(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end).writerows(rows)
        return text.getvalue().encode(self.encoding)


PLAIN = Spelling()
SPELLINGS = [
    Spelling(*each)
    for each in product(
        (",", ";", "\t"), (".", ","), ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"), ("\r\n", "\n", "\r")
    )
]
