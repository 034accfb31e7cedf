"""When a list last changed, as its ``Last-Modified`` says it: the moment of its newest document."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from app.records.times import Instant, read_instant


def newest_of(rows: Iterable[bytes]) -> Instant | None:
    """Return the latest ``created_at`` (or else ``timestamp``) of JSON rows, or None."""
    moments = (read_instant(row.get("created_at") or row.get("timestamp")) for row in map(orjson.loads, rows))
    return max((moment for moment in moments if moment), key=lambda moment: moment.at_ms, default=None)
