"""Programs that carry other clouds here: share2, minimed, LibreLinkUp, connect, diasend, tp2ns, Juggluco."""

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


def test_juggluco_uploads_readings_and_edits_a_treatment(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST)
    reading = {
        "_id": "6f1d0c2ab7e94e3f8a5d1c21",
        "type": "sgv",
        "sgv": 101,
        "date": START_MS,
        "dateString": "2026-11-21T10:00:00.000Z",
        "device": "XABC123",
        "direction": "Flat",
        "app": "Juggluco",
    }
    for _ in range(2):
        assert client.post("/api/v1/entries", json=[reading]).status_code == 200
    assert [one["_id"] for one in site.owner.get("/api/v1/entries.json").json()] == [reading["_id"]]
    treatment = {"_id": "6f1d0c2ab7e94e3f8a5d1c20", "eventType": "<none>", "created_at": "2026-11-21T09:00:00.000Z"}
    for carbs in (20, 25):
        assert client.put("/api/v1/treatments", json=treatment | {"carbs": carbs}).status_code == 200
    assert [one["carbs"] for one in site.owner.get("/api/v1/treatments").json()] == [25]
    assert client.delete(f"/api/v1/treatments/{treatment['_id']}").status_code == 200
    assert site.treatments.count() == 0


def test_diasend_uses_slashes_at_the_end_and_deletes_by_query(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept=AXIOS)
    entries = [
        {"type": "sgv", "sgv": 100 + n, "date": START_MS + n, "dateString": START_MS + n, "app": "diasend"}
        for n in range(3)
    ]
    assert len(client.post("/api/v1/entries/", json=entries).json()) == 3
    treatments = [{"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:00Z", "insulin": 1, "app": "diasend"}]
    assert len(client.post("/api/v1/treatments/", json=treatments).json()) == 1
    shown = client.get("/api/v1/treatments/?find[app]=diasend&count=1").json()
    assert shown[0]["created_at"] == "2026-11-21T09:00:00.000Z"
    for path, deleted in (
        (f"entries/?find[app]=diasend&find[date][$gte]={START_MS + 1}", 2),
        ("treatments/?find[app]=diasend&find[created_at][$gte]=2026-11-21T00:00:00Z", 1),
    ):
        assert client.delete(f"/api/v1/{path}").json()["deletedCount"] == deleted


def test_diasend_edits_the_first_profile(site: Site) -> None:
    site.profiles.save([{"startDate": "2026-11-20T00:00:00.000Z", "defaultProfile": "D", "store": {"D": {}}}])
    client = site.client(api_secret=SECRET_DIGEST, Accept=AXIOS)
    profile = client.get("/api/v1/profile").json()[0]
    profile["store"]["D"]["basal"] = [{"time": "00:00", "value": 0.5}]
    assert client.put("/api/v1/profile", json=profile).json()["_id"] == profile["_id"]
    assert client.get("/api/v1/profile").json()[0]["store"] == profile["store"]
    assert site.profiles.count() == 1


def test_tp2ns_sends_a_token_and_the_hashed_secret(site: Site) -> None:
    """The secret counts where both are there, so that a token for reading takes no rights away."""
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["readable"]})
    token = site.owner.get("/api/v2/authorization/subjects").json()[0]["accessToken"]
    client = site.client(api_secret=SECRET_DIGEST)
    bolus = {"eventType": "Combo Bolus", "created_at": "2026-11-21T09:00:00Z", "insulin": 1.5, "enteredBy": "tp2ns"}
    for query in (f"?token={token}", "?token=unknown-0000000000000000", ""):
        assert client.post(f"/api/v1/treatments{query}", json=[bolus]).status_code == 200
    assert len(client.get(f"/api/v1/treatments?token={token}&find[enteredBy]=tp2ns").json()) == 1
