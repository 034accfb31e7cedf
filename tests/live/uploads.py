"""Documents as apps upload them, told by how many minutes before the tests' clock starts they were."""

from __future__ import annotations

from typing import Any

from app.clock import iso_of
from tests.clocks import START_MS

MINUTE_MS = 60_000
DAY_MIN = 24 * 60


def at(minutes: float) -> int:
    return START_MS - round(minutes * MINUTE_MS)


def sgv(minutes: float, mgdl: float, **fields: Any) -> dict[str, Any]:
    at_ms = at(minutes)
    return {
        "type": "sgv",
        "sgv": mgdl,
        "date": at_ms,
        "dateString": iso_of(at_ms),
        "device": "xDrip-DexcomG6",
        **fields,
    }


def done(minutes: float, event_type: str, **fields: Any) -> dict[str, Any]:
    return {"eventType": event_type, "created_at": iso_of(at(minutes)), "enteredBy": "Mum", **fields}


def status(minutes: float, iob: float = 1.0, battery: int = 71) -> dict[str, Any]:
    when = iso_of(at(minutes))
    return {
        "device": "loop://iPhone",
        "created_at": when,
        "uploader": {"name": "iPhone", "battery": battery},
        "loop": {"name": "Loop", "timestamp": when, "iob": {"iob": iob, "timestamp": when}},
    }
