"""The change log in the file: rows appended in the transaction that made the change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from app.errors import ChangesLost
from app.store.interface import Change, ChangeOp

KEPT_ROWS = 100_000
IDS_IN_ROW = 1000
_TRIM_EVERY = 1000


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the newest row's number, 0 when there is none."""
    return int(connection.execute("SELECT ifnull(max(seq), 0) FROM nl_changes").fetchone()[0])


def append(
    connection: sqlite3.Connection, collection: str, op: ChangeOp, ids: Sequence[Any], at_ms: int, actor: str
) -> None:
    """Append what happened to these documents, a thousand of them a row."""
    seq = last_seq(connection)
    for start in range(0, len(ids), IDS_IN_ROW):
        seq += 1
        row = (seq, collection, op, _packed(ids[start : start + IDS_IN_ROW]), at_ms, actor)
        connection.execute("INSERT INTO nl_changes VALUES (?, ?, ?, ?, ?, ?)", row)
        if seq % _TRIM_EVERY == 0:
            connection.execute("DELETE FROM nl_changes WHERE seq <= ?", (seq - KEPT_ROWS,))


def since(connection: sqlite3.Connection, seq: int, limit: int) -> list[Change]:
    """Return the rows after ``seq``, oldest first. Raises ``ChangesLost``; the caller holds a snapshot."""
    rows = connection.execute(
        "SELECT seq, collection, op, ids, at_ms, actor FROM nl_changes WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
    ).fetchall()
    if (rows and rows[0][0] != seq + 1) or (not rows and seq > last_seq(connection)):
        raise ChangesLost("The change log no longer reaches back that far", hint="Read everything anew.")
    return [Change(number, name, op, _unpacked(ids), at_ms, actor) for number, name, op, ids, at_ms, actor in rows]


def _packed(ids: Sequence[Any]) -> str:
    return json.dumps([f"o{id}" if isinstance(id, ObjectId) else f"s{id}" if isinstance(id, str) else id for id in ids])


def _unpacked(ids: str) -> tuple[Any, ...]:
    return tuple(
        id if not isinstance(id, str) else ObjectId(id[1:]) if id[0] == "o" else id[1:] for id in json.loads(ids)
    )
