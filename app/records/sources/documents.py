"""What every mapper writes alike: identifiers, instants, and readings in Nightscout's shape.

Treatments are in ``acts.py``. A mapper raises ``BadRecord`` for one record that cannot be used; the others can.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.clock import iso_of
from app.records.times import read_instant
from app.store.interface import Document

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

TIME_FIELDS: Mapping[str, str] = {
    "entries": "date",
    "treatments": "created_at",
    "devicestatus": "created_at",
    "profile": "startDate",
    "food": "created_at",
    "activity": "created_at",
}
"""The field that says when a document of each collection happened."""

FUTURE_MS = 5 * MINUTE_MS
"""A reading further ahead of our clock than this is refused: it would hide every later one."""

EARLIEST_MS = 946_684_800_000  # 2000-01-01: no sensor and no file is older, a smaller number is not milliseconds
HIGHEST_MGDL = 1000
WIDEST_OFFSET_MIN = 14 * 60

_NAMESPACE = uuid.UUID("7f0c52f4-6c0e-4c0a-9d53-6e1c9e1b8f52")


class BadRecord(ValueError):
    """One record of a vendor that cannot be used; the others can."""


def identifier_of(vendor: str, account: str, kind: str, record: int | str) -> str:
    """Return the one identifier of a vendor's record: the same record gives the same UUID on every run."""
    return str(uuid.uuid5(_NAMESPACE, "|".join((vendor, account, kind, str(record)))))


def glucose_of(value: Any) -> int:
    """Return whole mg/dL of a vendor's number. Raises ``BadRecord`` for none, zero (no reading) and nonsense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRecord("the glucose is not a number")
    if not 0 < value <= HIGHEST_MGDL:
        raise BadRecord("the glucose is no reading")
    return int(value + 0.5)


def amount_of(value: Any, *, most: float, what: str) -> float:
    """Return a vendor's amount, as number or text, to the thousandth; None is 0. Raises ``BadRecord`` with ``what``."""
    if value is None or value == "":
        return 0.0
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= most:
        raise BadRecord(f"the {what} is no amount")
    return round(number, 3)


def ms_of(written: object) -> int | None:
    """Return the instant (UTC epoch ms) a document's field stands for, or None."""
    instant = read_instant(written)
    return instant.at_ms if instant else None


def checked_instant(at_ms: int, now_ms: int) -> int:
    """Return the instant (UTC epoch ms). Raises ``BadRecord`` when it cannot be when a sensor measured."""
    if at_ms < EARLIEST_MS:
        raise BadRecord("the time is too long ago")
    if at_ms > now_ms + FUTURE_MS:
        raise BadRecord("the time is in the future")
    return at_ms


def checked_offset(offset_min: float) -> int | None:
    """Return an offset from UTC in whole quarters of an hour, None when no zone on Earth has it."""
    quarters = round(offset_min / 15)
    return 15 * quarters if abs(quarters) <= WIDEST_OFFSET_MIN // 15 else None


def sensor_entry(
    *,
    identifier: str,
    at_ms: int,
    glucose_mgdl: int,
    device: str,
    direction: str | None = None,
    offset_min: int | None = None,
) -> Document:
    """Return a sensor glucose entry; direction and offset only where the vendor told them."""
    at = iso_of(at_ms)
    entry: Document = {
        "type": "sgv",
        "sgv": glucose_mgdl,
        "date": at_ms,
        "dateString": at,
        "sysTime": at,
        "device": device,
        "identifier": identifier,
    }
    if direction is not None:
        entry["direction"] = direction
    if offset_min is not None:
        entry["utcOffset"] = offset_min
    return entry


def meter_entry(
    *, identifier: str, at_ms: int, glucose_mgdl: int, device: str, offset_min: int | None = None
) -> Document:
    """Return an entry for a finger stick."""
    at = iso_of(at_ms)
    entry: Document = {
        "type": "mbg",
        "mbg": glucose_mgdl,
        "date": at_ms,
        "dateString": at,
        "sysTime": at,
        "device": device,
        "identifier": identifier,
    }
    return entry if offset_min is None else entry | {"utcOffset": offset_min}


def mapped(records: Iterable[Any], to_document: Callable[[Any], Document | None]) -> tuple[list[Document], list[str]]:
    """Return the documents of all usable records, each identifier once, and why the others were left out.

    A record that is well and holds nothing to keep gives None.
    """
    documents: dict[str, Document] = {}
    unusable: list[str] = []
    for record in records:
        try:
            document = to_document(record)
        except BadRecord as problem:
            unusable.append(str(problem))
            continue
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            unusable.append("a record has an unknown shape")
            continue
        if document is not None:
            documents[document["identifier"]] = document
    return list(documents.values()), unusable
