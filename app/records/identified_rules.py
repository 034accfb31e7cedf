"""What API v3 demands of a document, and what of a stored one nobody may change.

The messages are Nightscout's: AndroidAPS reads them.
"""

from __future__ import annotations

import math
from typing import Any

from app.errors import BadDocument, NightlightError
from app.records.deletion import is_deleted
from app.records.identified import as_v3, stamp_in
from app.records.plan import same
from app.records.times import MS_2000, read_instant
from app.store.interface import Document

IMMUTABLE = (
    *("identifier", "date", "utcOffset", "eventType", "device", "app"),
    *("srvCreated", "subject", "srvModified", "modifiedBy", "isValid"),
)
"""In the order in which they are looked at."""

_OF_THE_ACT = ("date", "eventType")
"""What even a document of API v1 cannot change by being uploaded again through v3."""

_READ_ONLY = ("isReadOnly", "readOnly", "readonly")
_FURTHEST_OFFSET_MIN = 1440
_MINUTE_MS = 60_000


class ReadOnly(NightlightError):
    """A document that says of itself that it must not be changed."""

    status = 422
    code = "read-only"


class ChangedMeanwhile(NightlightError):
    """The document has changed since the moment the client named."""

    status = 412
    code = "changed-meanwhile"


def check_members(document: Document) -> None:
    """Raise ``BadDocument`` unless a document has the members every one must have."""
    if not _is_word(document.get("identifier")):
        raise BadDocument("Bad or missing identifier field")
    date, offset_min = _number(document.get("date")), _number(document.get("utcOffset"))
    if date is None or date <= MS_2000 or read_instant(date) is None:
        raise BadDocument("Bad or missing date field")
    if offset_min is None or abs(offset_min) > _FURTHEST_OFFSET_MIN:
        raise BadDocument("Bad or missing utcOffset field")
    if not _is_word(document.get("app")):
        raise BadDocument("Bad or missing app field")


def check_not_read_only(stored: Document) -> None:
    """Raise ``ReadOnly`` when a stored document says that it is."""
    if any(stored.get(name) is True for name in _READ_ONLY):
        raise ReadOnly("Trying to modify read-only document")


def check_unmodified(collection: str, stored: Document, since_ms: int | None) -> None:
    """Raise ``ChangedMeanwhile`` when a stored document has changed since; whole seconds count, as HTTP has no more."""
    changed_ms = as_v3(collection, stored).get("srvModified")
    if since_ms is not None and changed_ms is not None and changed_ms // 1000 > since_ms // 1000:
        raise ChangedMeanwhile("The document has changed since")


def check_immutable(collection: str, stored: Document, sent: Document, *, again: bool = False) -> None:
    """Raise ``BadDocument`` when a document would change what nobody may change of a stored one.

    Clients see the stored document as API v3 shows it, so that this is what counts. ``again``: it is uploaded again,
    and not changed under its name. Then it may have another identifier, may bring back a deleted document as whatever
    it likes, and one that only v1 wrote has only its moment and event type to keep: v1 asks for no ``app``.
    """
    if again and is_deleted(stored):
        return
    of_v1 = again and not (stored.get("identifier") and stored.get("app"))
    names = _OF_THE_ACT if of_v1 else IMMUTABLE[1:] if again else IMMUTABLE
    shown = as_v3(collection, stored)
    for name in names:
        kept = same(shown[name], sent.get(name)) if name in shown else of_v1
        if name in sent and not kept and not _completes(name, shown, sent[name]):
            raise BadDocument(f"Field {name} cannot be modified by the client")


def _completes(name: str, shown: Document, value: Any) -> bool:
    """Tell whether a member only says what v1 has no word for: that a document is valid, and which app it is from.

    AndroidAPS sends both with every edit, and takes the edit for done when it is refused.
    """
    if name == "isValid":
        return value is True and not is_deleted(shown)
    return name == "app" and name not in shown and _is_word(value)


def settle_duration(document: Document, sent: Document) -> None:
    """Make the three ways of saying how long something lasts agree, in place, by what was ``sent``.

    ``endmills`` counts most, then ``durationInMilliseconds``, then ``duration`` in minutes.
    """
    begins_ms = _begins_ms(document)
    if begins_ms is None:
        return
    ends_ms = _ends_ms(sent, begins_ms)
    if ends_ms is None or ends_ms < begins_ms:
        return
    document["endmills"] = ends_ms
    document["durationInMilliseconds"] = ends_ms - begins_ms
    document["duration"] = math.floor((ends_ms - begins_ms) / _MINUTE_MS + 0.5)


def _begins_ms(document: Document) -> int | None:
    mills = stamp_in(document, "mills")
    if mills is not None:
        return mills
    instants = (read_instant(document.get(name)) for name in ("created_at", "date"))
    return next((instant.at_ms for instant in instants if instant), None)


def _ends_ms(sent: Document, begins_ms: int) -> int | None:
    ends_ms, lasts_ms = _number(sent.get("endmills")) or 0, _number(sent.get("durationInMilliseconds")) or 0
    if ends_ms > 0:
        return int(ends_ms)
    if lasts_ms <= 0:
        lasts_ms = (_number(sent.get("duration")) or 0) * _MINUTE_MS
    return int(begins_ms + lasts_ms) if lasts_ms > 0 else None


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> float | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_one else None
