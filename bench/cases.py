"""The requests that are measured: the peers' everyday reads, one uploaded reading, and a phone's backlog."""

from __future__ import annotations

import json

from bench.load import Case

THIRTY_DAYS_MS = 30 * 86_400_000


def cases(now_ms: int) -> list[Case]:
    """Return the cases for a store filled up to ``now_ms`` (UTC epoch ms)."""
    month = f"find[date][$gte]={now_ms - THIRTY_DAYS_MS}&count=100000"
    # Uploads go to the years before the filled data, so that no case changes what another one reads.
    long_ago_ms = now_ms - 5000 * 86_400_000

    def reading(number: int) -> dict[str, object]:
        at_ms = long_ago_ms + number  # a millisecond apart: a thousand million of them end long before the filled data
        return {"type": "sgv", "sgv": 80 + number % 120, "date": at_ms, "dateString": _iso(at_ms), "direction": "Flat",
                "device": "bench", "noise": 1, "filtered": 0, "unfiltered": 0, "rssi": 100}  # fmt: skip

    def one(number: int) -> bytes:
        return json.dumps([reading(number)]).encode()

    def thousand(number: int) -> bytes:
        return json.dumps([reading(2_000_000 + 1000 * number + each) for each in range(1000)]).encode()

    return [
        Case("status.json", "/api/v1/status.json"),
        Case("entries.json?count=10", "/api/v1/entries.json?count=10"),
        Case("entries/current", "/api/v1/entries/current.json"),
        Case("entries.json?count=288", "/api/v1/entries.json?count=288"),
        Case("entries, 30 days", f"/api/v1/entries.json?{month}", most=160),
        Case("treatments?count=100", "/api/v1/treatments.json?count=100"),
        Case("devicestatus?count=10", "/api/v1/devicestatus.json?count=10"),
        Case("pebble", "/pebble"),
        Case("properties", "/api/v2/properties"),
        Case("summary", "/api/v2/summary"),
        Case("entries, each time another", "/api/v1/entries.json?count=10&n={n}"),
        Case("POST one reading", "/api/v1/entries.json", one),
        Case("POST 1,000 readings", "/api/v1/entries.json", thousand, most=80),
    ]


def _iso(at_ms: int) -> str:
    from app.clock import iso_of

    return iso_of(at_ms)
