"""Nightscout Reporter: a page of another site that reads whole years, a day at a time."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.clients.conftest import upload_readings
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.live.uploads import done

DAY = "find[created_at][$gte]=2026-11-21T00:00:00.000Z&find[created_at][$lte]=2026-11-21T23:59:59.999Z&count=100000"
ORIGIN = "https://nightscout-reporter.zreptil.de"


@pytest.fixture
def reported(site: Site, site_with: Callable[..., Site]) -> Site:
    site = site_with(ENABLE="cors")
    upload_readings(site)
    site.treatments.save([done(60, "Site Change"), done(70, "Sensor Change"), done(80, "Temp Basal", rate=1)])
    site.device_status.save([{"device": "d", "created_at": START_MS - 1000 * n} for n in range(30)])
    site.owner.post("/api/v1/activity", json=[{"created_at": "2026-11-21T08:00:00Z", "steps": n} for n in range(3)])
    site.profiles.save([{"startDate": f"2026-11-{day:02d}T00:00:00.000Z", "store": {}} for day in range(1, 21)])
    return site


@pytest.fixture
def page(reported: Site) -> httpx.Client:
    """The browser: nothing it is not allowed to read reaches the page."""
    return reported.client(api_secret=SECRET_DIGEST, Origin=ORIGIN, Accept="*/*")


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (f"treatments.json?{DAY}", 3),
        (f"treatments.json?{DAY}&token=&", 3),
        (f"treatments.json?{DAY}&find[eventType][$regex]=Change", 2),
        (f"treatments.json?{DAY}&find[eventType][$eq]=Temp%20Basal", 1),
        (f"treatments.json?{DAY}&find[eventType][$eq]=Temp%20Basal'", 0),
        (f"treatments.json?{DAY}&find[profilePlugin][$ne]=x", 3),
        (f"devicestatus.json?{DAY}", 30),
        (f"activity.json?{DAY}", 3),
        (f"entries.json?find[date][$gte]={START_MS - 10**8}&find[date][$lte]={START_MS}&count=100000", 5),
        ("profile.json?count=500", 20),
    ],
)
def test_a_day_comes_whole_and_reaches_the_page(page: httpx.Client, path: str, count: int) -> None:
    answer = page.get(f"/api/v1/{path}")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(answer.json()) == count


def test_errors_reach_the_page_too(reported: Site) -> None:
    for path, status in (("entries.json", 401), ("nothing", 404)):
        answer = reported.client(Origin=ORIGIN).get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


def test_the_browser_may_send_the_secret(page: httpx.Client) -> None:
    wants = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "api-secret"}
    answer = page.options("/api/v1/status.json", headers=wants)
    assert answer.status_code == 200
    assert "api-secret" in answer.headers["Access-Control-Allow-Headers"]


def test_the_status_comes_with_a_token_and_a_dangling_ampersand(reported: Site, token: str) -> None:
    status = reported.client(Origin=ORIGIN).get(f"/api/v1/status.json?token={token}&").json()
    assert {"units", "thresholds"} <= status["settings"].keys()
