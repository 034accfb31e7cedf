"""nightguard, LoopFollow, GlucoDataHandler, DiaBLE, watches, menu bars, prompts, reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha1

import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site


def test_nightguard_asks_with_fractions_of_a_millisecond(five_readings: Site, token: str) -> None:
    client = five_readings.client()
    query = f"find[date][$gt]={START_MS - 600_000}.456&find[date][$lte]={START_MS}.001&count=1440&token={token}"
    assert [one["sgv"] for one in client.get(f"/api/v1/entries.json?{query}").json()] == [120, 119]
    assert client.get(f"/api/v1/status.json?token={token}").json()["settings"]["units"] == "mg/dl"


def test_nightguard_sets_and_cancels_a_target(site: Site) -> None:
    for treatment in (
        {
            "eventType": "Temporary Target",
            "duration": 60,
            "reason": "Too Low",
            "targetTop": 145,
            "targetBottom": 145,
            "enteredBy": "nightguard",
        },
        {
            "eventType": "Temporary Target",
            "duration": 0,
            "reason": "Canceled",
            "targetTop": 0,
            "targetBottom": 0,
            "enteredBy": "nightguard",
        },
        {
            "eventType": "Site Change",
            "enteredBy": "nightguard",
            "created_at": "2026-11-20T07:05:09Z",
            "mills": START_MS,
            "carbs": None,
            "insulin": None,
        },
    ):
        assert site.owner.post(f"/api/v1/treatments?now={START_MS}", json=treatment).status_code == 200
    shown = site.owner.get(
        "/api/v1/treatments?find[eventType]=Site%20Change&find[created_at][$gte]=2026-11-14&count=1"
    ).json()
    assert [one["mills"] for one in shown] == [START_MS]
    target = site.owner.get("/api/v1/treatments.json").json()[0]
    assert target["duration"] == 0
    assert "targetTop" not in target


def test_loopfollow_sends_an_empty_token(five_readings: Site, site_with: Callable[..., Site]) -> None:
    client = site_with(AUTH_DEFAULT_ROLES="readable").client()
    assert client.get("/api/v1/status.json?token=").status_code == 200
    query = f"token=&count=2880&find[date][$gte]={START_MS - 10**9}&find[type][$ne]=cal"
    shown = client.get(f"/api/v1/entries.json?{query}").json()
    assert len(shown) == 5
    assert all(isinstance(one["sgv"], int) and isinstance(one["date"], int) for one in shown)


def test_loopfollow_makes_its_own_subject_and_computes_its_token(site: Site) -> None:
    owner = site.owner
    assert owner.get("/api/v2/authorization/subjects").status_code == 200
    posted = owner.post("/api/v2/authorization/subjects", json={"name": "LoopFollow", "roles": ["readable"]}).json()
    token = "loopfollow-" + sha1((SECRET_DIGEST + posted["_id"]).encode()).hexdigest()[:16]
    status = site.client().get(f"/api/v1/status.json?token={token}").json()
    assert status["authorized"]["permissionGroups"][0] == ["*:*:read"]
    assert owner.get("/api/v2/authorization/subjects").json()[0]["accessToken"] == token
    assert site.client(api_secret="wrong").get("/api/v2/authorization/subjects").status_code == 401


def test_loopfollow_reads_ages_and_profiles(site: Site, token: str) -> None:
    site.treatments.save(
        [{"eventType": "Site Change", "created_at": "2026-11-19T07:00:00Z", "timestamp": "2026-11-19T07:00:00Z"}]
    )
    site.profiles.save([{"startDate": "2026-10-01T00:00:00.000Z", "defaultProfile": "d", "store": {}}])
    client = site.client()
    window = "find[created_at][$gte]=2026-11-11T10:00:00.000Z&find[created_at][$lte]=2026-11-21T11:00:00.000Z"
    query = f"token={token}&find[eventType]=Site Change&{window}&count=1"
    [shown] = client.get(f"/api/v1/treatments.json?{query}").json()
    assert isinstance(shown["timestamp"], str)
    assert (
        len(
            client.get(f"/api/v1/profiles.json?token={token}&count=1&find[startDate][$lte]=2026-11-21T10:00:00Z").json()
        )
        == 1
    )


def test_glucodatahandler_reads_and_uploads(five_readings: Site) -> None:
    client = five_readings.owner
    assert len(client.get("/api/v1/entries/current.json").json()) == 1
    assert len(client.get(f"/api/v1/entries/sgv.json?find[date][$gt]={START_MS - 600_001}&count=10").json()) == 3
    assert client.post("/api/v1/entries", json=[{"type": "sgv", "sgv": 99, "date": START_MS + 1}]).status_code == 200


def test_diable_hashes_its_token(five_readings: Site, token: str) -> None:
    client = five_readings.client(api_secret=sha1(token.encode()).hexdigest())
    assert len(client.get(f"/api/v1/entries.json?count=100&token={token}").json()) == 5
    assert len(client.get("/api/v1/entries.json?count=100").json()) == 5


def test_a_menu_bar_reads_columns(five_readings: Site, token: str) -> None:
    answer = five_readings.client(Accept="*/*").get(f"/api/v1/entries?count=60&token={token}")
    assert answer.status_code == 200
    for n, row in enumerate(answer.text.split("\r\n")):
        columns = row.split("\t")
        assert len(columns) >= 4
        assert int(columns[1]) == START_MS - 300_000 * n
        assert (float(columns[2]), columns[3]) == (120 - n, '"Flat"')


def test_juggluco_logged_text_requests_of_others(five_readings: Site) -> None:
    query = f"count=24&find[date][$gte]={START_MS - 10**6}&find[date][$lt]={START_MS}"
    assert len(five_readings.owner.get(f"/api/v1/entries/sgv.txt?{query}").text.split("\r\n")) == 3
    for path in ("entries/sgv?count=4", "entries/current", "entries?count=2"):
        assert five_readings.owner.get(f"/api/v1/{path}").headers["Content-Type"].startswith("text/plain")


def test_a_shell_prompt_reads_strict_types(five_readings: Site, token: str) -> None:
    [shown] = five_readings.client().get(f"/api/v1/entries.json?count=1&token={token}").json()
    assert [type(shown[name]) for name in ("sgv", "trend", "utcOffset", "mills", "date", "dateString", "sysTime")] == [
        int, int, int, int, int, str, str
    ]  # fmt: skip


def test_urchin_filters_by_what_exists(site: Site) -> None:
    site.treatments.save(
        [
            {"eventType": "Temp Basal", "created_at": "2026-11-21T09:00:00Z", "absolute": 0.5, "duration": 30},
            {"eventType": "Bolus", "created_at": "2026-11-21T09:05:00Z", "insulin": 1},
        ]
    )
    site.device_status.save([{"uploaderBattery": 50}, {"openaps": {"iob": {}}}, {"loop": {"enacted": {"rate": 0}}}])
    for path, count in (
        ("treatments.json?find[eventType]=Temp+Basal", 1),
        ("treatments.json?find[insulin][$exists]=true", 1),
        ("devicestatus.json?find[$or][0][uploaderBattery][$exists]=true&find[$or][1][uploader][$exists]=true", 1),
        ("devicestatus.json?find[openaps][$exists]=true", 1),
        ("devicestatus.json?find[loop][$exists]=true&find[loop.failureReason][$not][$exists]=true", 1),
        ("devicestatus.json?find[loop.enacted][$exists]=true", 1),
        ("entries/cal.json?count=1", 0),
    ):
        assert len(site.owner.get(f"/api/v1/{path}").json()) == count, path


def test_zepp_and_m5_and_the_clock(five_readings: Site, token: str) -> None:
    client = five_readings.client()
    assert client.get(f"/api/v1/status?token={token}", headers={"Accept": "*/*"}).text == "<h1>STATUS OK</h1>"
    assert len(client.get(f"/api/v1/entries.json?find[type][$eq]=sgv&count=10&token={token}").json()) == 5
    query = f"find[date][$gt]={START_MS - 600_001}&find[date][$lte]={START_MS}&count=50&token={token}"
    assert len(client.get(f"/api/v1/entries?{query}", headers={"Accept": "application/json"}).json()) == 3


def test_the_reporter_asks_from_another_site_for_huge_windows(
    five_readings: Site, site_with: Callable[..., Site]
) -> None:
    site = site_with(ENABLE="cors")
    site.treatments.save([{"eventType": "Site Change", "created_at": "2026-11-21T09:00:00Z"}])
    client = site.client(api_secret=SECRET_DIGEST, Origin="https://nightscout-reporter.zreptil.de")
    window = (
        "find[created_at][$gte]=2026-11-21T00:00:00.000Z&find[created_at][$lte]=2026-11-21T23:59:59.999Z&count=100000"
    )
    for path, count in (
        (f"treatments.json?{window}&token=&", 1),
        (f"treatments.json?{window}&find[eventType][$regex]=Change", 1),
        (f"treatments.json?{window}&find[eventType][$eq]=Temp%20Basal'", 0),
        (f"treatments.json?{window}&find[profilePlugin][$ne]=x", 1),
        (f"devicestatus.json?{window}", 0),
        (f"entries.json?find[date][$gte]={START_MS - 10**8}&find[date][$lte]={START_MS}&count=100000", 5),
        ("profile.json?count=500", 0),
    ):
        answer = client.get(f"/api/v1/{path}")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert len(answer.json()) == count, path


def test_nightscoutkit_of_2016_counts_to_four_billion(five_readings: Site) -> None:
    client = five_readings.client(api_secret=SECRET_DIGEST, Accept="application/json")
    assert len(client.get("/api/v1/entries?count=4294967296").json()) == 5
    assert len(client.get("/api/v1/entries?count=4294967295&find[type]=sgv").json()) == 5


@pytest.mark.parametrize("secret", ["wrong", None])
def test_the_voice_assistant_tries_again_without_its_secret(
    five_readings: Site, site_with: Callable[..., Site], secret: str | None
) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    client = site.client(api_secret=secret) if secret else site.client()
    assert client.get("/api/v1/entries/current.json").status_code == (401 if secret else 200)


def test_numbers_in_every_answer_are_numbers_a_strict_parser_takes(five_readings: Site) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(text)

    for path in ("entries.json", "status.json", "treatments", "devicestatus"):
        text = five_readings.owner.get(f"/api/v1/{path}").text
        json.loads(
            text,
            parse_constant=refuse,
            parse_float=lambda number: float(number) if not number.endswith(".0") else refuse(number),
        )
