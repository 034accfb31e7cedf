"""The ``_id`` an upsert gives a document it inserts, derived from the filter.

Two processes upserting the same thing at the same moment both find nothing. Since both derive the same ``_id``, only
one can insert; the other one's insert fails, and it looks again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import bson
from bson import ObjectId

from app.store.query import Node, conditions, equalities
from app.store.rendering import as_filter

_FIRST_MS, _LAST_MS = 946_684_800_000, 4_102_444_800_000  # the years 2000 to 2099
_SHORTEST_ISO = len("2026-01-02T03:04")


def derived_id(collection: str, tree: Node, attempt: int) -> ObjectId:
    """Return the ``_id``: the second the filter speaks of, if it names an instant, and a hash of all it says.

    ``attempt`` counts the ids that turned out to be taken by documents which no longer match.
    """
    said = sorted(bson.encode({"": as_filter(part)}) for part in conditions(tree))
    digest = hashlib.sha256(b"\0".join([collection.encode(), str(attempt).encode(), *said])).digest()
    second = _second_in(tree)
    head = digest[8:12] if second is None else second.to_bytes(4, "big")
    return ObjectId(head + digest[:8])


def _second_in(tree: Node) -> int | None:
    for _, value in equalities(tree):
        at_ms = _instant(value)
        if at_ms is not None and _FIRST_MS <= at_ms < _LAST_MS:
            return int(at_ms // 1000)
    return None


def _instant(value: Any) -> float | None:
    if isinstance(value, str) and len(value) >= _SHORTEST_ISO:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return moment.timestamp() * 1000 if moment.tzinfo else None
    return value if type(value) in (int, float) else None
