"""Bridges and scripts that carry other people's clouds here: share2, minimed, LibreLinkUp, connect, tconnectsync."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

AXIOS = "application/json, text/plain, */*"


def test_share2_sends_the_same_readings_again_and_again(site: Site) -> None:
    reading = {
        "sgv": 118,
        "date": START_MS,
        "dateString": "2026-11-21T10:00:00.000Z",
        "trend": 4,
        "direction": "Flat",
        "device": "share2",
        "type": "sgv",
    }
    client = site.client(api_secret=SECRET_DIGEST, Accept="application/json")
    for _ in range(3):
        assert client.post("/api/v1/entries.json", json=[reading]).status_code == 200
    assert site.entries.count() == 1
    assert client.post("/api/v1/devicestatus.json", json={"uploaderBattery": False}).status_code == 200
    assert client.get("/api/v1/devicestatus.json").json()[0]["uploaderBattery"] is False


def test_minimed_keeps_a_trend_it_no_longer_knows(site: Site) -> None:
    def readings(newest: int) -> list[dict[str, object]]:
        batch: list[dict[str, object]] = [
            {"type": "sgv", "sgv": 100 + n, "date": START_MS + 300_000 * n, "device": "connect-x"}
            for n in range(newest + 1)
        ]
        batch[-1] |= {"trend": 4, "direction": "Flat"}
        return batch

    for newest in range(3):
        answer = site.owner.post("/api/v1/entries.json", json=readings(newest))
        assert answer.status_code == 200
    assert [(one["sgv"], one["trend"]) for one in site.owner.get("/api/v1/entries.json").json()] == [
        (102, 4),
        (101, 4),
        (100, 4),
    ]
    status = {
        "created_at": "2026-11-21T10:00:00Z",
        "device": "connect-x",
        "uploader": {"battery": 50},
        "pump": {"reservoir": 100},
    }
    assert site.owner.post("/api/v1/devicestatus.json", json=[status]).status_code == 200


def test_librelinkup_asks_without_a_suffix_as_axios_does(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept=AXIOS)
    reading = {
        "type": "sgv",
        "sgv": 117,
        "direction": "Flat",
        "device": "nightscout-librelink-up",
        "date": START_MS,
        "dateString": "2026-11-21T10:00:00.000Z",
    }
    answer = client.post("/api/v1/entries", json=[reading])
    assert (answer.status_code, len(answer.json())) == (200, 1)
    assert client.get("/api/v1/entries?count=1").json().pop()["date"] == START_MS


def test_connect_looks_whether_it_may_read_and_makes_itself_a_subject(site: Site) -> None:
    assert site.client(Accept=AXIOS).get("/api/v1/verifyauth").json()["message"]["canRead"] is False
    owner = site.client(api_secret=SECRET_DIGEST, Accept=AXIOS)
    subject = {"name": "nightscout-connect-reader", "role": ["readable"], "notes": "Used by nightscout-connect"}
    assert owner.post("/api/v2/authorization/subjects", json=subject).status_code == 200
    [found] = owner.get("/api/v2/authorization/subjects").json()
    got = site.client().get(f"/api/v2/authorization/request/{found['accessToken']}").json()
    assert got["token"]


def test_connect_as_source_and_as_output(five_readings: Site, site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    client = site.client(Accept=AXIOS, Accept_Encoding="gzip, compress, deflate, br")
    shown = client.get("/api/v1/entries.json?find%5BdateString%5D%5B$gt%5D=2026-11-21T09:50:00.000Z&count=10").json()
    assert len(shown) == 2
    assert client.get("/api/v1/entries.json?count=1").json()[0]["dateString"] == "2026-11-21T10:00:00.000Z"
    output = site.client(API_SECRET=SECRET_DIGEST, Accept=AXIOS)
    assert (
        len(
            output.post(
                "/api/v1/treatments.json", json=[{"eventType": "Note", "created_at": "2026-11-21T09:00:00Z"}]
            ).json()
        )
        == 1
    )


def test_tconnectsync_puts_the_plain_secret_in_the_address_too(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept="*/*")
    plain = "api_secret=this%20is%20my%20long%20pass%20phrase"
    basal = {
        "eventType": "Temp Basal",
        "reason": "algorithm",
        "duration": 4.983333,
        "absolute": 0.8,
        "rate": 0.8,
        "created_at": "2026-11-21 10:00:00+01:00",
        "carbs": None,
        "insulin": None,
        "notes": "",
        "enteredBy": "Pump (tconnectsync)",
        "pump_event_id": "77",
    }
    for _ in range(2):
        answer = client.post(f"/api/v1/treatments?{plain}", json=basal)
        assert answer.status_code == 200
    query = ("count=1&find[enteredBy]=Pump (tconnectsync)&find[eventType]=Temp Basal"
             "&find[created_at][$gte]=2026-11-21T09:00:00{plus}01:00"
             "&find[created_at][$lte]=2026-11-21T12:00:00{plus}01:00&ts=1795255200.123")  # fmt: skip
    for plus in ("%2B", "+"):
        [shown] = client.get("/api/v1/treatments?" + query.format(plus=plus)).json()
        assert (shown["created_at"], shown["utcOffset"], shown["duration"]) == (
            "2026-11-21T09:00:00.000Z",
            60,
            4.983333,
        )
        assert (shown["pump_event_id"], shown["carbs"]) == ("77", None)
    assert site.treatments.count() == 1


def test_tconnectsync_reads_readings_device_status_and_profile(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept="*/*")
    reading = {
        "type": "sgv",
        "sgv": 117,
        "date": START_MS,
        "dateString": "2026-11-21T11:00:00+01:00",
        "device": "Pump (tconnectsync)",
        "pump_event_id": "5",
    }
    assert client.post("/api/v1/entries", json=reading).json()[0]["sgv"] == 117
    bounds = "find[dateString][$gte]=2026-11-21T10:00:00%2B01:00&find[dateString][$lte]=2026-11-21T12:00:00%2B01:00"
    query = f"count=1&find[device]=Pump (tconnectsync)&{bounds}"
    assert len(client.get(f"/api/v1/entries.json?{query}").json()) == 1
    client.post(
        "/api/v1/devicestatus",
        json={"device": "Pump (tconnectsync)", "created_at": "2026-11-21T10:00:00+01:00", "pump_event_id": "6"},
    )
    query = "find[device]=Pump (tconnectsync)&find[created_at][$gte]=2026-11-21T09:00:00%2B01:00"
    assert [one["created_at"] for one in client.get(f"/api/v1/devicestatus?{query}").json()] == [
        "2026-11-21T09:00:00.000Z"
    ]
    headers = {"Content-Type": "application/json"}
    assert client.request("GET", "/api/v1/profile/current?api_secret=x", content=b"{}", headers=headers).json() is None
    profile = {"defaultProfile": "P", "startDate": "2026-11-21T00:00:00.000Z", "store": {"P": {"dia": 5}}}
    assert client.put("/api/v1/profile", json=profile).status_code == 200
    assert client.get("/api/v1/profile/current").json()["store"] == {"P": {"dia": 5}}


def test_tconnectsync_compares_the_time_of_activity_letter_by_letter(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept="*/*")
    at = ["2026-11-21T04:30:00-05:00", "2026-11-21T04:00:00-05:00", "2026-11-20T23:30:00-05:00"]
    for n, created_at in enumerate(reversed(at)):
        iob = {"activityType": "tconnect_iob", "iob": 1.5 + n, "created_at": created_at,
               "enteredBy": "Pump (tconnectsync)"}  # fmt: skip
        assert client.post("/api/v1/activity?api_secret=plain", json=iob).status_code == 200
    query = ("find[enteredBy]=Pump (tconnectsync)&find[activityType]=tconnect_iob"
             "&find[created_at][$gte]=2026-11-21T00:00:00{plus}00:00&ts=1795255200.123")  # fmt: skip
    for plus in ("%2B", "+"):
        kept = client.get("/api/v1/activity?" + query.format(plus=plus)).json()
        assert [one["created_at"] for one in kept] == at
    assert client.delete(f"/api/v1/activity/{kept[-1]['_id']}").json() == {}
    assert len(client.get("/api/v1/activity?" + query.format(plus="%2B")).json()) == 2


def test_diasend_uses_slashes_at_the_end_and_deletes_by_query(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept=AXIOS)
    entries = [
        {
            "type": "sgv",
            "sgv": 100 + n,
            "date": START_MS + n,
            "dateString": START_MS + n,
            "device": "diasend",
            "app": "diasend",
        }
        for n in range(3)
    ]
    assert len(client.post("/api/v1/entries/", json=entries).json()) == 3
    treatments = [{"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:00.000Z", "insulin": 1, "app": "diasend"}]
    assert len(client.post("/api/v1/treatments/", json=treatments).json()) == 1
    assert (
        client.delete(f"/api/v1/entries/?find[app]=diasend&find[date][$gte]={START_MS + 1}").json()["deletedCount"] == 2
    )
    assert (
        client.delete("/api/v1/treatments/?find[app]=diasend&find[created_at][$gte]=2026-11-21T00:00:00Z").json()[
            "deletedCount"
        ]
        == 1
    )


def test_juggluco_puts_and_deletes_with_ids_of_its_own(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST)
    treatment = {
        "_id": "6f1d0c2ab7e94e3f8a5d1c20",
        "eventType": "<none>",
        "created_at": "2026-11-21T09:00:00.000Z",
        "carbs": 20,
        "enteredBy": "Juggluco",
    }
    assert client.put("/api/v1/treatments", json=treatment).status_code == 200
    assert client.delete("/api/v1/treatments/6f1d0c2ab7e94e3f8a5d1c20").status_code == 200
    assert site.treatments.count() == 0


def test_every_answer_to_a_write_is_a_list_of_hex_ids(site: Site) -> None:
    owner: httpx.Client = site.owner
    for path, document in (
        ("entries", {"type": "sgv", "date": START_MS}),
        ("treatments", {}),
        ("devicestatus", {}),
        ("profile", {"startDate": "2026"}),
    ):
        answer = owner.post(f"/api/v1/{path}", json=document)
        assert answer.status_code == 200
        assert re.fullmatch("[0-9a-f]{24}", answer.json()[0]["_id"])
