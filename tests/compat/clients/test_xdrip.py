"""xDrip+ as uploader and follower, and xDrip4iOS."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import httpx
import pytest

from app.clock import iso_of
from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, SECRET_DIGEST, Site

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


@pytest.mark.quirk("bodies come gzipped, deflated or in chunks")
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


def test_a_calibration_and_a_finger_stick_are_posted_one_by_one(xdrip: httpx.Client) -> None:
    at = {name: READING[name] for name in ("device", "date", "dateString", "sysTime")}
    mbg = at | {"type": "mbg", "mbg": 121}
    cal = at | {"type": "cal", "slope": 812.5, "intercept": 30000.25, "scale": 1}
    for sent in ([READING], [mbg], [cal]):
        for _ in range(2):
            assert xdrip.post("entries", json=sent).status_code == 200
    shown = {one["type"]: one for one in xdrip.get("entries.json").json()}
    assert shown.keys() == {"sgv", "mbg", "cal"}
    assert (shown["mbg"]["mbg"], shown["cal"]["slope"], shown["cal"]["intercept"]) == (121, 812.5, 30000.25)


def test_the_version_is_none_it_refuses(xdrip: httpx.Client) -> None:
    major, minor, _ = (int(part) for part in xdrip.get("status.json").json()["version"].split("."))
    assert (major, minor) > (0, 8)


def test_a_follower_reads_treatments_of_others(site: Site, xdrip: httpx.Client) -> None:
    check = {"eventType": "BG Check", "glucose": 118, "glucoseType": "Finger", "units": "mg/dl", "enteredBy": "mum",
             "created_at": "2026-11-21T09:00:00Z"}  # fmt: skip
    site.treatments.save([check, {"eventType": "Note", "notes": "n", "created_at": "2026-11-21T08:00:00Z"}])
    shown = xdrip.get("treatments").json()
    assert [(one["carbs"], one["insulin"]) for one in shown] == [(None, None)] * 2
    assert {type(one[name]) for one in shown for name in ("_id", "eventType", "created_at")} == {str}
    assert shown[0]["glucoseType"] == "Finger"


def test_a_follower_reads_batteries_as_integers(site: Site, xdrip: httpx.Client) -> None:
    site.device_status.save(
        [
            {
                "device": "d",
                "uploaderBattery": 71.0,
                "uploader": {"battery": 71.0},
                "pump": {"battery": {"percent": 75.0}, "reservoir": 143.2},
            }
        ]
    )
    [shown] = xdrip.get("devicestatus.json?count=1").json()
    pump = shown["pump"]
    assert [shown["uploaderBattery"], shown["uploader"]["battery"], pump["battery"]["percent"]] == [71, 71, 75]
    assert {type(shown["uploaderBattery"]), type(shown["uploader"]["battery"]), type(pump["battery"]["percent"])} == {
        int
    }
    assert pump["reservoir"] == 143.2


@pytest.mark.parametrize("way", ["secret", "token"])
def test_xdrip4ios_checks_its_credential(site: Site, token: str, way: str) -> None:
    """A token that only reads does not pass the check; the secret does."""
    good = site.client(api_secret=SECRET_DIGEST).get("/api/v1/experiments/test")
    assert (good.status_code, good.json()) == (200, {"status": "ok"})
    bad = site.client(**({"api_secret": "0" * 40} if way == "secret" else {}))
    assert bad.get("/api/v1/experiments/test" + (f"?token={token}" if way == "token" else "")).status_code == 401


def test_xdrip4ios_cuts_its_id_at_a_dash_and_deletes(site: Site, xdrip: httpx.Client) -> None:
    saved = xdrip.post("treatments", json=[{"eventType": "Bolus", "eventTime": NOW_ISO, "insulin": 1}]).json()
    on_the_phone = f"{saved[0]['_id']}-insulin"
    assert xdrip.delete(f"treatments/{on_the_phone.split('-')[0]}").status_code == 200
    assert site.treatments.count() == 0


def test_xdrip4ios_syncs_fifty_treatments_in_order(xdrip: httpx.Client) -> None:
    sent = [
        {"eventType": "Carbs", "eventTime": iso_of(START_MS - 60_000 * n), "carbs": n + 1, "enteredBy": "xDrip4iOS"}
        for n in range(50)
    ]
    saved = xdrip.post("treatments", json=sent).json()
    assert [one["carbs"] for one in saved] == [one["carbs"] for one in sent]
    shown = xdrip.get("treatments?find[created_at][$gte]=2026-11-20T10:00:00.000Z").json()
    assert [one["_id"] for one in shown] == [one["_id"] for one in saved]
    assert all(one["created_at"].endswith(".000Z") for one in shown)


def test_xdrip4ios_reads_the_first_profile_and_strict_integers(site: Site, xdrip: httpx.Client) -> None:
    site.profiles.save(
        [{"startDate": "2026-11-20T00:00:00.000Z", "defaultProfile": "D", "mills": 1795132800000.0,
          "store": {"D": {"basal": [{"time": "06:00", "value": 0.5, "timeAsSeconds": 21600.0}]}}}]
    )  # fmt: skip
    profile = xdrip.get("profile").json()[0]
    assert type(profile["store"]["D"]["basal"][0]["timeAsSeconds"]) is int
    assert type(profile["mills"]) is int
    site.treatments.save([{"eventType": "Temp Basal", "created_at": NOW_ISO, "duration": 30.0, "rate": 0.5}])
    [basal] = xdrip.get("treatments").json()
    assert {type(basal[name]) for name in ("duration", "mills")} == {int}
