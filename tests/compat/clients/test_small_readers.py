"""DiaBLE, Nightscouter, NightscoutKit of 2016, ecc1's package, the voice assistant, what Juggluco saw others ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha1

import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.live.uploads import done

ECC1 = re.compile("^[a-z_0-9]{0,10}-[a-f0-9]{16}$")


def test_diable_hashes_its_token(five_readings: Site, token: str) -> None:
    client = five_readings.client(api_secret=sha1(token.encode()).hexdigest())
    for query in (f"count=100&token={token}", "count=100"):
        shown = client.get(f"/api/v1/entries.json?{query}").json()
        assert [type(one["sgv"]) for one in shown] == [int] * 5


def test_diable_uploads_with_a_hashed_token_that_may_write(site: Site) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "up", "permissions": ["api:entries:*"]})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "DiaBLE", "roles": ["up"]})
    token = site.owner.get("/api/v2/authorization/subjects").json()[0]["accessToken"]
    client = site.client(api_secret=sha1(token.encode()).hexdigest())
    reading = {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": "2026-11-21T10:00:00.000Z"}
    assert client.post("/api/v1/entries", json=[reading]).status_code == 200
    assert client.post("/api/v1/treatments", json={}).status_code == 401


def test_nightscouter(five_readings: Site) -> None:
    client = five_readings.client(api_secret=SECRET_DIGEST)
    five_readings.device_status.save([{"device": "d", "uploaderBattery": 50}])
    assert client.get("/api/v1/status.json").json()["status"] == "ok"
    assert len(client.get("/api/v1/entries.json?count=300").json()) == 5
    assert client.get("/api/v1/devicestatus.json").json()[0]["uploaderBattery"] == 50


def test_nightscoutkit_of_2016_counts_to_four_billion_and_asks_by_its_header(five_readings: Site) -> None:
    five_readings.treatments.save([done(n, "Note") for n in range(120)])
    client = five_readings.client(api_secret=SECRET_DIGEST, Accept="application/json")
    for path, count in (
        ("entries?count=4294967296", 5),
        ("entries?count=4294967295&find[type]=sgv", 5),
        ("treatments?count=4294967296", 120),
        ("devicestatus?count=4294967296", 0),
        ("profile", 0),
    ):
        assert len(client.get(f"/api/v1/{path}").json()) == count, path
    assert client.get("/api/v1/status").json()["status"] == "ok"


@pytest.mark.parametrize("name", ["Reader", "My App 2!", "ÄÖÜ", "a_very_long_name indeed", "東京"])
def test_ecc1_insists_on_the_form_of_a_token(site: Site, name: str) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": name, "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    assert ECC1.match(subject["accessToken"])


def test_ecc1_asks_by_the_text_of_the_date(five_readings: Site, token: str) -> None:
    bounds = "find[dateString][$gte]=2026-11-21T09:50:00Z&find[dateString][$lt]=2026-11-21T10:00:00Z"
    shown = five_readings.client().get(f"/api/v1/entries.json?{bounds}&count=100&token={token}").json()
    assert [one["sgv"] for one in shown] == [119, 118]


def test_the_voice_assistant_tries_again_without_its_secret(
    five_readings: Site, site_with: Callable[..., Site]
) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    path = "/api/v1/entries/current.json"
    assert site.client(api_secret="wrong").get(path).status_code == 401
    [newest] = site.client().get(path).json()
    assert (newest["sgv"], newest["direction"]) == (120, "Flat")


def test_juggluco_saw_others_ask_for_text(five_readings: Site) -> None:
    query = f"count=24&find[date][$gte]={START_MS - 10**6}&find[date][$lt]={START_MS}"
    assert len(five_readings.owner.get(f"/api/v1/entries/sgv.txt?{query}").text.split("\r\n")) == 3
    for path, rows in (("entries/sgv?count=4", 4), ("entries/current", 1), ("entries?count=2", 2)):
        answer = five_readings.owner.get(f"/api/v1/{path}")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert len(answer.text.split("\r\n")) == rows


def test_a_fork_of_juggluco_tries_its_web_token_on_v1(five_readings: Site, token: str) -> None:
    web_token = five_readings.client().get(f"/api/v2/authorization/request/{token}").json()["token"]
    client = five_readings.client(Authorization=f"Bearer {web_token}")
    assert client.get("/api/v1/status.json").status_code == 200
    assert client.get("/api/v1/entries.json").status_code == 200
    assert five_readings.client(Authorization="Bearer x.y.z").get("/api/v1/status.json").status_code == 401
