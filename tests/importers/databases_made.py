"""SQLite files as other programs leave them."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def database(script: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """Return a database with these tables and rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made"
        connection = sqlite3.connect(path)
        connection.executescript(script)
        for table, several in rows.items():
            for row in several:
                names = ", ".join(f'"{name}"' for name in row)
                places = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", tuple(row.values()))
        connection.commit()
        connection.close()
        return path.read_bytes()


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()
