"""When a credential was last used, kept without making every request a write."""

from __future__ import annotations

import logging

from app.errors import Unavailable
from app.logs import told
from app.store.interface import Collection, Document

log = logging.getLogger(__name__)

AT_MOST_EVERY_MS = 60_000


def note_use(rows: Collection, row: Document, field: str, now_ms: int, changes: Document | None = None) -> bool:
    """Write ``now_ms`` into ``field`` of the row, with ``changes``, unless that was done less than a minute ago.

    Of several requests at once one writes; tells whether this one did. A store that takes no writes stops no reading:
    that is logged and passed over.
    """
    seen_ms = row.get(field)
    if seen_ms is not None and now_ms - seen_ms < AT_MOST_EVERY_MS:
        return False
    try:
        return rows.update_one(
            {"_id": row["_id"], field: seen_ms}, {"$set": {field: now_ms, **(changes or {})}}
        ).matched
    except Unavailable as problem:
        log.warning("the last use of a credential was not kept", extra=told(collection=rows.name, problem=problem.code))
        return False
