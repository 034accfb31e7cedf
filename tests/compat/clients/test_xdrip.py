"""xDrip+ as uploader and follower, and xDrip4iOS."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

READING = {"device": "xDrip-DexcomG6", "date": START_MS - 891, "dateString": "2026-11-21T10:59:59.109+0100",
           "sysTime": "2026-11-21T10:59:59.109+0100", "sgv": 117, "delta": -1.502, "direction": "Flat", "type": "sgv",
           "filtered": 117000, "unfiltered": 117000, "rssi": 100, "noise": 1}  # fmt: skip
TREATMENT = {
    "_id": "6f1d0c2ab7e94e3f8a5d1c20",
    "uuid": "6f1d0c2a-b7e9-4e3f-8a5d-1c20deadbeef",
    "timestamp": START_MS,
    "eventType": "<none>",
    "enteredBy": "xdrip pos:0.00",
    "carbs": 15,
    "insulin": 0,
    "insulinInjections": "[]",
    "notes": "snack",
    "created_at": "2026-11-21T10:00:00Z",
    "sysTime": "2026-11-21T11:00:00.000+0100",
}


@pytest.fixture
def xdrip(site: Site) -> httpx.Client:
    client = site.client(api_secret=SECRET_DIGEST)
    del client.headers["Accept"]
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


def zipped(document: object) -> Iterator[bytes]:
    packed = gzip.compress(json.dumps(document).encode())
    yield packed[:20]
    yield packed[20:]


def test_readings_come_zipped_in_chunks_and_again(site: Site, xdrip: httpx.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    for _ in range(2):
        answer = xdrip.post(
            "entries", content=zipped([READING, {"type": "mbg", "mbg": 120, "date": START_MS}]), headers=headers
        )
        assert answer.status_code == 200
        assert len(answer.json()) == 2
    assert site.entries.count() == 2
    kept = next(site.entries.search({"type": "sgv"}))
    assert (kept["sysTime"], kept["dateString"], kept["utcOffset"]) == ("2026-11-21T09:59:59.109Z",) * 2 + (60,)
    assert {name: kept[name] for name in ("delta", "rssi", "filtered", "unfiltered", "noise")} == {
        name: READING[name] for name in ("delta", "rssi", "filtered", "unfiltered", "noise")
    }


def test_heart_rate_and_steps_of_one_moment_are_kept_once_each(xdrip: httpx.Client) -> None:
    at = {"timeStamp": START_MS, "created_at": "2026-11-21T10:00:00Z"}
    moved = [{"type": "hr-bpm", "bpm": 71} | at, {"type": "steps-total", "steps": 4102} | at]
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    for _ in range(2):
        answer = xdrip.post("activity", content=zipped(moved), headers=headers)
        assert (answer.status_code, len(answer.json())) == (200, 2)
    kept = xdrip.get("activity").json()
    assert sorted(one["type"] for one in kept) == ["hr-bpm", "steps-total"]
    assert [one["created_at"] for one in kept] == ["2026-11-21T10:00:00Z"] * 2
    [rate] = xdrip.get("activity.json?find[type]=hr-bpm&find[created_at][$gte]=2026-11-21T11:00:00%2B0100").json()
    assert rate["bpm"] == 71


def test_it_is_not_told_that_its_server_is_express(xdrip: httpx.Client) -> None:
    assert "X-Powered-By" not in xdrip.get("status.json").headers


def test_a_device_status_without_a_time(xdrip: httpx.Client) -> None:
    answer = xdrip.post(
        "devicestatus", json={"device": "xDrip", "uploader": {"battery": "50 days (voltage: 285/275)", "type": "PHONE"}}
    )
    assert answer.status_code == 200
    [shown] = xdrip.get("devicestatus.json?count=1").json()
    assert shown["uploader"]["battery"] == "50 days (voltage: 285/275)"


def test_a_treatment_is_put_looked_up_and_deleted(site: Site, xdrip: httpx.Client) -> None:
    for notes in ("snack", "dinner"):
        assert xdrip.put("treatments", json=TREATMENT | {"notes": notes}).status_code == 200
    [shown] = xdrip.get(f"treatments.json?find[uuid]={TREATMENT['uuid']}").json()
    assert (shown["_id"], shown["notes"], shown["eventType"]) == (TREATMENT["_id"], "dinner", "<none>")
    assert (shown["carbs"], shown["insulin"], shown["timestamp"]) == (15, None, START_MS)
    assert xdrip.delete(f"treatments/{shown['_id']}").status_code == 200
    assert site.treatments.count() == 0


def test_it_remembers_validators_of_treatments(xdrip: httpx.Client) -> None:
    xdrip.put("treatments", json=TREATMENT)
    first = xdrip.get("treatments")
    assert first.headers["Content-Type"].startswith("application/json")
    assert first.headers["ETag"]
    assert first.headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:00 GMT"
    again = xdrip.get("treatments", headers={"BROKEN-If-Modified-Since": first.headers["Last-Modified"]})
    assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])


def test_a_follower_reads_strict_types(five_readings: Site, xdrip: httpx.Client) -> None:
    for query in (f"count=10&rr={START_MS}", f"count=2880&find[date][$gt]={START_MS - 10**9}&rr={START_MS}"):
        shown = xdrip.get(f"entries.json?{query}").json()
        assert len(shown) == 5
        for one in shown:
            assert [type(one[name]) for name in ("sgv", "noise", "rssi", "date", "_id")] == [int, int, int, int, str]


def test_xdrip4ios_follows_with_a_token(five_readings: Site, token: str) -> None:
    answer = five_readings.client().get(f"/api/v1/entries/sgv.json?count=3&token={token}")
    assert answer.status_code == 200
    assert [one["sgv"] for one in answer.json()] == [120, 119, 118]


def test_xdrip4ios_sees_every_treatment_of_a_day_without_saying_count(site: Site, xdrip: httpx.Client) -> None:
    site.treatments.save(
        [{"eventType": "SMB", "created_at": START_MS - 60_000 * n, "insulin": 0.1} for n in range(130)]
    )
    shown = xdrip.get("treatments?find[created_at][$gte]=2026-11-20T10:00:00.000Z").json()
    assert len(shown) == 130
    assert all("-" not in one["_id"] for one in shown)


def test_xdrip4ios_uploads_with_event_time(xdrip: httpx.Client) -> None:
    sent = [
        {"eventType": "Bolus", "eventTime": f"2026-11-21T09:0{n}:00.000Z", "insulin": 1 + n, "enteredBy": "xDrip4iOS"}
        for n in (2, 0, 1)
    ]
    saved = xdrip.post("treatments", json=sent).json()
    assert [one["insulin"] for one in saved] == [3, 1, 2]
    assert [one["created_at"] for one in saved] == [one["eventTime"] for one in sent]
    assert xdrip.put("treatments", json=sent[0] | {"_id": saved[0]["_id"], "insulin": 5}).status_code == 200
    assert [one["insulin"] for one in xdrip.get("treatments").json()] == [5, 2, 1]


def test_xdrip4ios_makes_ids_that_are_no_hex(site: Site, xdrip: httpx.Client) -> None:
    sent = [
        {
            "_id": "aZ09kLmNoPqRsTuVwXyZ012q",
            "type": "sgv",
            "sgv": 117,
            "date": START_MS,
            "dateString": "2026-11-21T10:00:00.000Z",
        }
    ]
    for _ in range(2):
        [saved] = xdrip.post("entries", json=sent).json()
        assert len(saved["_id"]) == 24
        assert saved["_id"] != sent[0]["_id"]
    assert site.entries.count() == 1


def test_xdrip4ios_deletes_readings_around_a_second(five_readings: Site, xdrip: httpx.Client) -> None:
    query = "find[dateString][$gte]=2026-11-21T09:59:59.000Z&find[dateString][$lte]=2026-11-21T10:00:01.000Z"
    assert xdrip.delete(f"entries?{query}").json()["deletedCount"] == 1
    assert xdrip.post("devicestatus", json={"uploader": {"name": "transmitter", "battery": 92}}).status_code == 200
    assert isinstance(xdrip.get("devicestatus").json()[0]["uploader"]["battery"], int)
