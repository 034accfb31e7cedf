"""Documents as API v3 shows them: under an ``identifier``, with whole stamps, and never with their ``_id``.

v1 and v3 share one set of documents. What v1 wrote has stamps of ours like everything else, but a database of the
original holds documents that never got any; theirs are made up from the document's own time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from app.records.stamps import CHANGED, RECEIVED
from app.records.times import read_instant
from app.store.interface import Document

COLLECTIONS = ("devicestatus", "entries", "food", "profile", "settings", "treatments")
"""The collections API v3 knows."""

OWN_TIMES: Mapping[str, tuple[str, ...]] = {
    "devicestatus": ("created_at", "date"),
    "entries": ("date", "created_at", "sysTime"),
    "food": ("created_at", "date"),
    "profile": ("created_at", "date", "startDate"),
    "settings": (),
    "treatments": ("created_at", "date"),
}
"""Where a document without stamps says when it is of; the first that can be read counts."""

_MOMENTS = ("date", "mills", "endmills")


def as_v3(collection: str, document: Document) -> Document:
    """Return a stored document in the shape of API v3; the one given stays as it is.

    ``identifier`` is always there: the one a client chose, else the ``_id`` as text. ``date``, ``mills``, ``endmills``,
    ``srvCreated`` and ``srvModified`` are whole numbers (AndroidAPS drops a whole page over one fraction); missing
    stamps come from the document's own time, and are left out where it has none. An entry without a ``date`` gets that
    of its ``dateString``: AndroidAPS looks at nothing else. A ``duration`` of part of a minute (Loop's) is rounded, and
    said exactly in ``durationInMilliseconds``.
    """
    shown = {name: value for name, value in document.items() if name != "_id"}
    shown["identifier"] = identifier_of(document)
    for name in _MOMENTS:
        if name in shown:
            shown[name] = _whole(shown[name])
    if isinstance(shown.get("date"), str) and (instant := read_instant(shown["date"])):
        shown["date"] = instant.at_ms
    if collection == "entries" and not shown.get("date") and (measured_ms := _measured_ms(document)):
        shown["date"] = measured_ms
    if collection == "treatments":
        shown |= _whole_duration(document)
    changed_ms = changed_at_ms(collection, document)
    for name, at_ms in ((CHANGED, changed_ms), (RECEIVED, stamp_in(document, RECEIVED) or changed_ms)):
        if at_ms is None:
            shown.pop(name, None)
        else:
            shown[name] = at_ms
    return shown


def _measured_ms(entry: Document) -> int | None:
    times = (read_instant(entry.get(name)) for name in ("dateString", "sysTime", RECEIVED))
    return next((instant.at_ms for instant in times if instant), None)


def _whole_duration(treatment: Document) -> Document:
    minutes = treatment.get("duration")
    if not isinstance(minutes, float) or not math.isfinite(minutes):
        return {}
    exactly = treatment.get("durationInMilliseconds")
    exactly_ms = math.floor(minutes * 60_000) if exactly is None else exactly
    return {"duration": math.floor(minutes + 0.5), "durationInMilliseconds": exactly_ms}


def identifier_of(document: Document) -> str:
    """Return the name of a stored document: its ``identifier``, else its ``_id`` as text."""
    chosen = document.get("identifier")
    return chosen if isinstance(chosen, str) and chosen else str(document.get("_id", ""))


def changed_at_ms(collection: str, document: Document) -> int | None:
    """Return when a stored document last changed (UTC epoch ms), its own time where nobody noted that, or None."""
    stamped = stamp_in(document, CHANGED)
    if stamped is not None:
        return stamped
    times = (read_instant(document.get(name)) for name in OWN_TIMES[collection])
    return next((instant.at_ms for instant in times if instant), None)


def stamp_in(document: Document, name: str) -> int | None:
    """Return one of the server's stamps (UTC epoch ms), None where a document has none."""
    whole = _whole(document.get(name))
    return whole if isinstance(whole, int) and not isinstance(whole, bool) else None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and math.isfinite(value) else value
