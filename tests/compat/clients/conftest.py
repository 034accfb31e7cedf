"""What several clients are tried with: readings of a phone, a token that may read, and a site with everything on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING
from tests.live.device_documents import a_profile, by_androidaps, by_loop

MINUTE_MS = 60_000


@pytest.fixture
def five_readings(site: Site) -> Site:
    """Twenty-five minutes of readings of a phone, with everything a phone sends."""
    upload_readings(site)
    return site


@pytest.fixture
def everything(site: Site, site_with: Callable[..., Site]) -> Site:
    """The same readings on a site with every feature on; it takes the place of the plain one."""
    site = site_with(ENABLE=EVERYTHING)
    upload_readings(site)
    site.profiles.save([a_profile()])
    return site


@pytest.fixture
def loops(everything: Site) -> Site:
    """The site with every feature on, of somebody on Loop."""
    everything.device_status.save([by_loop()])
    return everything


@pytest.fixture
def pumps(everything: Site) -> Site:
    """The site with every feature on, of somebody on AndroidAPS."""
    everything.device_status.save([by_androidaps()])
    return everything


@pytest.fixture
def token(site: Site) -> str:
    """The access token of a subject that may read."""
    return token_of(site)


def token_of(site: Site) -> str:
    """Make a subject that may read, and return its access token."""
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    return str(subject["accessToken"])


def upload_readings(site: Site) -> None:
    """Keep five readings, the newest of now with 120, each before it one lower."""
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
