"""Verified copies of the file, made while work goes on."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from app.errors import Unavailable
from app.store.sqlite.errors import translated


def write_backup(connection: sqlite3.Connection, target: Path) -> None:
    """Write a checked copy to ``target``, which appears whole or not at all.

    Raises ``Unavailable`` and ``StoreFull``.
    """
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        _check(unfinished)
        _sync(unfinished)
        unfinished.replace(target)
        _sync(target.parent)
    except OSError as problem:
        raise Unavailable(f"The backup {target} cannot be written: {problem.strerror}") from None
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _check(path: Path) -> None:
    with translated():
        copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            copy.close()
    if verdict != "ok":
        raise Unavailable(f"The backup is damaged: {verdict}", hint="Check the disk.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
