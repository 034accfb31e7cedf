"""What several clients are tried with."""

from __future__ import annotations

import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site

MINUTE_MS = 60_000


@pytest.fixture
def five_readings(site: Site) -> Site:
    """Twenty-five minutes of readings of a phone, with everything a phone sends."""
    site.entries.save(
        [
            {
                "type": "sgv",
                "sgv": 120 - n,
                "date": START_MS - 5 * n * MINUTE_MS,
                "dateString": START_MS - 5 * n * MINUTE_MS,
                "direction": "Flat",
                "device": "xDrip-DexcomG6",
                "noise": 1,
                "rssi": 100,
                "delta": 1.0,
                "trend": 4,
            }
            for n in range(5)
        ]
    )
    return site


@pytest.fixture
def token(site: Site) -> str:
    """The access token of a subject that may read."""
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    return str(subject["accessToken"])
