"""SQLite files of other programs, opened for reading: nothing in them is trusted, nothing of them is written.

A file is opened as one that never changes. Its views, triggers, virtual tables, computed columns and conditions are
passed over, and the work it can cause is bounded by its size: a damaged or hostile file ends in an error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST_BYTES = 2 << 30
_MOST_TABLES = 2000
_LONGEST_VALUE = 4 << 20
_STEPS_BETWEEN_LOOKS = 20_000
_STEPS_AT_LEAST = 50_000_000
_STEPS_A_BYTE = 8
"""An honest file needs about one step of SQLite's machine for each of its bytes to be read once."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 20,
    sqlite3.SQLITE_LIMIT_COLUMN: 2000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
}
_PRAGMAS = (
    *("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "mmap_size = 0"),
    "ignore_check_constraints = ON",
)
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA})


_DAMAGED = (sqlite3.Error, OverflowError, UnicodeError, MemoryError)
"""What sqlite3 raises for damaged files: names and its own messages that are no text, lengths no value can have."""


class ForeignFileBroken(ValueError):
    """A file of another program that cannot be read: damaged, no database, or more work than its size explains."""


class ForeignFile:
    """An open file. ``tables`` has the columns of each plain table, by its name."""

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self._connection = connection
        self._most_looks = (_STEPS_AT_LEAST + _STEPS_A_BYTE * size) // _STEPS_BETWEEN_LOOKS
        self._looks = 0
        with _broken("it is damaged, or no database"):
            self._harden()
            self.tables: dict[str, tuple[str, ...]] = dict(self._listed())

    def is_whole(self) -> bool:
        """Tell whether SQLite finds nothing damaged in the file."""
        self._looks = 0
        try:
            found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        except _DAMAGED:
            return False
        return bool(found == ("ok",))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table in the order they are kept; a column it has not is None in each.

        Raises ``ForeignFileBroken``, also in the middle; ``KeyError`` for a table that is not there.
        """
        self._looks = 0
        known = {name.lower(): name for name in self.tables[table]}
        there = [name for name in columns if name.lower() in known]
        if not there:
            return
        selected = ", ".join(_quoted(known[name.lower()]) for name in there)
        nothing = dict.fromkeys(columns)
        with _broken(f"the table {table} is damaged"):
            for row in self._connection.execute(f"SELECT {selected} FROM {_quoted(table)} NOT INDEXED"):  # noqa: S608
                yield nothing | dict(zip(there, row, strict=True))

    def _harden(self) -> None:
        for limit, most in _LIMITS.items():
            self._connection.setlimit(limit, most)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        self._connection.set_authorizer(lambda action, *_: _verdict(action))
        self._connection.set_progress_handler(self._is_too_much, _STEPS_BETWEEN_LOOKS)

    def _is_too_much(self) -> bool:
        self._looks += 1
        return self._looks > self._most_looks

    def _listed(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        found = self._connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        plain = [name for name, sql in found.fetchmany(_MOST_TABLES) if _is_plain(name, sql)]
        for name in plain:
            columns = self._connection.execute(f"PRAGMA table_info({_quoted(name)})")
            yield name, tuple(str(column[1]) for column in columns)


@contextmanager
def open_foreign(path: Path) -> Iterator[ForeignFile]:
    """Lend a file of another program, open for reading. Raises ``ForeignFileBroken``."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ForeignFileBroken(f"a database of more than {MOST_BYTES >> 30} GiB is not read")
    with _broken("it is damaged, or no database"):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    try:
        yield ForeignFile(connection, size)
    finally:
        connection.close()


@contextmanager
def _broken(why: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as problem:
        interrupted = getattr(problem, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
        raise ForeignFileBroken("it causes more work than its size explains" if interrupted else why) from None


def _verdict(action: int) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _is_plain(name: object, sql: object) -> bool:
    if not isinstance(name, str) or not isinstance(sql, str) or "\x00" in name:
        return False
    return not name.lower().startswith("sqlite_") and not sql.lstrip().upper().startswith("CREATE VIRTUAL")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
