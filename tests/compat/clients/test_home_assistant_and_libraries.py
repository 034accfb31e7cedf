"""py-nightscout, python-nightscout and Home Assistant: readers that decode strictly."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha1

import httpx
import pytest

from tests.compat.conftest import SECRET_DIGEST, Site


@pytest.fixture(params=["digest", "token"])
def library(request: pytest.FixtureRequest, five_readings: Site, token: str) -> httpx.Client:
    secret = SECRET_DIGEST if request.param == "digest" else f"token={token}"
    client = five_readings.client(api_secret=secret, Accept="application/json")
    client.headers["Content-Type"] = "application/json"
    client.base_url = httpx.URL(f"{five_readings.url}/api/v1/")
    return client


def test_home_assistant_reads_status_then_readings(library: httpx.Client) -> None:
    status = library.get("status.json").json()
    assert (status["status"], status["name"]) == ("ok", "nightscout")
    assert int(status["version"].split(".")[0]) >= 15
    assert status["settings"]["authDefaultRoles"] == "denied"
    newest = library.get("entries/sgv.json", params={"count": 1}).json()[0]
    assert (newest["sgv"], newest["direction"], newest["delta"]) == (120, "Flat", 1)
    assert datetime.fromisoformat(newest["dateString"]).tzinfo


def test_a_wrong_secret_is_told_from_no_connection(five_readings: Site) -> None:
    assert five_readings.client(api_secret="0" * 40).get("/api/v1/status.json").status_code == 401


@pytest.mark.parametrize(
    "path", ["status.json", "entries/sgv.json", "treatments.json", "profile.json", "devicestatus.json"]
)
def test_every_answer_is_json_to_a_strict_check(library: httpx.Client, path: str) -> None:
    answer = library.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"


def test_a_filter_with_count_zero_means_no_limit(five_readings: Site, library: httpx.Client) -> None:
    five_readings.entries.save(
        [
            {"type": "sgv", "sgv": 100, "date": 1795255200000 - 1000 * n, "dateString": 1795255200000 - 1000 * n}
            for n in range(1, 15)
        ]
    )
    assert len(library.get("entries.json?count=0&find[dateString][$gte]=2026-11-21T00:00:00Z").json()) == 19
    assert library.get("entries.json?count=0").json() == []


def test_the_older_library_filters_by_any_text(five_readings: Site, library: httpx.Client) -> None:
    five_readings.treatments.save(
        [
            {"eventType": "Note", "created_at": "2026-11-21T09:00:00Z", "timestamp": "2026-11-21T09:00:00Z"},
            {"eventType": "Note", "created_at": "2026-11-21T07:00:00Z", "timestamp": "2026-11-21T07:00:00Z"},
        ]
    )
    found = library.get("treatments.json", params={"count": 0, "find[timestamp][$gte]": "2026-11-21T08:00:00.000Z"})
    assert [one["timestamp"] for one in found.json()] == ["2026-11-21T09:00:00Z"]


def test_home_assistant_hashes_whatever_was_typed(five_readings: Site, token: str) -> None:
    """Its field is called API key; people put a token there."""
    client = five_readings.client(api_secret=sha1(token.encode()).hexdigest(), Accept="application/json")
    assert client.get("/api/v1/status.json").json()["status"] == "ok"
    assert len(client.get("/api/v1/entries/sgv.json").json()) == 5
