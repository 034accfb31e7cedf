"""SQLite's errors as our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import DuplicateKey, NightlightError, StoreFull, Unavailable
from app.store.sqlite.catalogue import StaleLayout
from app.store.timing import too_slow

_PRIMARY = 0xFF
_FULL_HINT = "Free some space on the disk; reading goes on meanwhile."
# A write that failed for another reason than a full disk is, on a healthy disk, a quota or a limit on file sizes.
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_OUT_OF_REACH = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})


@contextmanager
def translated() -> Iterator[None]:
    """Raise our own error in place of one of SQLite's."""
    try:
        yield
    except sqlite3.Error as problem:
        if str(problem).startswith("no such "):  # an index, table or column that another process has dropped meanwhile
            raise StaleLayout from problem
        ours = _ours(problem)
        if ours is None:
            raise
        raise ours from problem


def _ours(problem: sqlite3.Error) -> NightlightError | None:
    code = getattr(problem, "sqlite_errorcode", 0)
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return DuplicateKey("There is a document with this _id already")
    if primary == sqlite3.SQLITE_INTERRUPT:
        return too_slow()
    if code in _NO_ROOM or primary in _NO_ROOM:
        return StoreFull("There is no room for this write", hint=_FULL_HINT)
    if primary in _DAMAGED:
        return Unavailable("The store's file is damaged or is no store", hint="Put a backup in its place.")
    if primary in _IN_USE:
        return Unavailable("The store's file is held by another program", hint="Try again in a moment.")
    if primary in _OUT_OF_REACH or isinstance(problem, sqlite3.ProgrammingError):
        return Unavailable(f"The store's file cannot be used: {problem}")
    return None
