"""Records of a JSON file, one at a time, however long it is and in whichever of the usual ways they are put together.

One list; one record on each line (``mongoexport``); records one after another over many lines; an answer of API v3,
which holds its list under ``result``; a list for each collection under the collection's name.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, Any, Protocol

import ijson
import orjson

from app.importers.tables import encoding_of

LONGEST_BYTES = 32 << 20
"""The longest record there can be: twice what MongoDB keeps, since JSON needs more room."""

DEEPEST = 1000
RESULT = "result"
_STRIPPED = " \t\r\n\ufeff"
_OF_A_RECORD = frozenset({"_id", "created_at", "date", "eventType"})


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was written, and where it stands; ``under`` is the name its list has, "" for none.

    ``why`` says why it cannot be read; then ``value`` is None.
    """

    place: str
    value: Any
    under: str = ""
    why: str = ""


class Openable(Protocol):
    """Opens the same bytes anew, from their beginning."""

    def __call__(self) -> AbstractContextManager[IO[bytes]]:
        """Open."""
        ...


def first_records(head: bytes, names: Sequence[str], most: int = 5) -> list[Record]:
    """Return the first whole records of a file's beginning, none when it is no JSON of this sort. Raises nothing."""
    found: list[Record] = []
    with suppress(ValueError, EOFError, RecursionError):
        found += islice((one for one in records_in(lambda: io.BytesIO(head), head, names) if not one.why), most)
    return found


def is_one_list(head: bytes) -> bool:
    """Tell whether a file is one list, as the API answers."""
    return _beginning(head).startswith("[")


def records_in(open_it: Openable, head: bytes, names: Sequence[str]) -> Iterator[Record]:
    """Yield the records of a file; ``names`` are those under which it may hold a list.

    Raises ``EOFError`` where it is cut off, and ``ValueError`` where it is no JSON any more, or no end is in sight.
    """
    text, encoding = _beginning(head), encoding_of(head)
    if text.startswith("["):
        yield from _values(open_it, encoding, "item")
    elif not text.startswith("{"):
        raise ValueError("it is no JSON")
    elif lists := _lists_in(open_it, encoding, text, (RESULT, *names)):
        for name in lists:
            yield from _values(open_it, encoding, f"{name}.item", "" if name == RESULT else name)
    elif _is_by_line(text):
        yield from _lines(open_it, encoding)
    else:
        yield from _values(open_it, encoding, "")


def _beginning(head: bytes) -> str:
    return head.decode(encoding_of(head), errors="replace").lstrip(_STRIPPED)


def _is_by_line(text: str) -> bool:
    line, ends, _ = text.partition("\n")
    return bool(ends) and _decoded(line.encode("utf-8", "replace")).value is not None


def _lists_in(open_it: Openable, encoding: str, text: str, names: Sequence[str]) -> list[str]:
    """Return under which names one object of the whole file holds lists of records."""
    if not any(f'"{name}"' in text for name in names):
        return []
    found = set()
    with open_it() as file, suppress(ijson.JSONError, ValueError, EOFError):
        raw = _Utf8(file, encoding, bounded=True)
        before = ("", "")
        for prefix, event, value in ijson.parse(raw, multiple_values=True):
            if prefix == "" and event == "map_key" and value in _OF_A_RECORD:
                return []
            if before[1] == "start_array" and before[0] in names and event in ("start_map", "end_array"):
                found.add(before[0])
            if event == "end_map":
                raw.has_yielded()
            before = (prefix, event)
    return [name for name in names if name in found]


def _values(open_it: Openable, encoding: str, prefix: str, under: str = "") -> Iterator[Record]:
    number = 0
    with open_it() as file:
        text = _Utf8(file, encoding, bounded=True)
        try:
            for value in ijson.items(text, prefix, multiple_values=not prefix, use_float=True):
                number += 1
                text.has_yielded()
                yield Record(f"{under}, record {number}" if under else f"record {number}", value, under)
        except ijson.IncompleteJSONError:
            raise EOFError from None
        except ijson.JSONError:
            raise ValueError(f"it is no JSON any more after record {number}") from None


def _lines(open_it: Openable, encoding: str) -> Iterator[Record]:
    with open_it() as file:
        text = io.BufferedReader(_Utf8(file, encoding, bounded=False))
        number = 0
        while line := text.readline(LONGEST_BYTES):
            number += 1
            is_whole = line.endswith(b"\n") or len(line) < LONGEST_BYTES
            while not line.endswith(b"\n") and (line_goes_on := text.readline(LONGEST_BYTES)):
                line = line_goes_on
            if not is_whole:
                yield Record(f"line {number}", None, why="it is too long")
            elif line.strip():
                yield replace(_decoded(line), place=f"line {number}")


def _decoded(line: bytes) -> Record:
    try:
        return Record("", orjson.loads(line))
    except ValueError:
        pass
    try:
        return Record("", json.loads(line))  # it reads NaN, which MongoDB once wrote
    except (ValueError, RecursionError):
        return Record("", None, why="it is no JSON")


class _Utf8(io.RawIOBase):
    """Reads on from a file, as UTF-8 whatever it is written in; where ``bounded``, it stops where no record ends."""

    def __init__(self, inner: IO[bytes], encoding: str, *, bounded: bool) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._left = b""
        self._bounded = bounded
        self._bytes = self._depth = 0

    def has_yielded(self) -> None:
        """Take note that a record has ended."""
        self._bytes = self._depth = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            raw = self._inner.read(len(buffer))
            self._left = self._decoder.decode(raw, not raw).encode("utf-8", "replace")
            if self._bounded:
                self._check(self._left)
            if not raw and not self._left:
                return 0
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _check(self, read: bytes) -> None:
        opened, closed = read.count(b"[") + read.count(b"{"), read.count(b"]") + read.count(b"}")
        self._depth = max(0, self._depth + opened - closed)
        self._bytes += len(read)
        if self._depth > DEEPEST:
            raise ValueError("it is nested too deep")
        if self._bytes > LONGEST_BYTES:
            raise ValueError("a record in it has no end")
