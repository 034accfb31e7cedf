"""Loop, NightscoutService and NightscoutKit: 200 or failure, ids by position, overrides by UUID."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.compat.conftest import SECRET_DIGEST, Site

UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
CARBS = {
    "eventType": "Carb Correction", "created_at": "2026-11-21T07:05:09Z", "timestamp": "2026-11-21T07:05:09Z",
    "enteredBy": "loop://iPhone", "carbs": 32, "absorptionTime": 180, "foodType": "🍎",
    "syncIdentifier": "7B0E2C5C-2F11-4F0D-8F54-2B2A0B2C9E01", "userEnteredAt": "2026-11-21T07:05:01Z",
}  # fmt: skip
BOLUS = {
    "eventType": "Correction Bolus", "created_at": "2026-11-21T07:06:00Z", "timestamp": "2026-11-21T07:06:00Z",
    "enteredBy": "loop://iPhone", "type": "normal", "insulin": 0.45, "programmed": 0.45, "unabsorbed": 0,
    "duration": 0.3, "automatic": True, "insulinType": "Humalog", "syncIdentifier": "74656d70",
}  # fmt: skip
BASAL = {
    "eventType": "Temp Basal", "created_at": "2026-11-21T07:10:02Z", "timestamp": "2026-11-21T07:10:02Z",
    "enteredBy": "loop://iPhone", "temp": "absolute", "rate": 0.35, "absolute": 0.35, "duration": 29.85, "amount": 0.15,
    "automatic": True, "syncIdentifier": "62617361",
}  # fmt: skip
OVERRIDE = {
    "_id": UUID, "eventType": "Temporary Override", "created_at": "2026-11-21T08:00:00Z",
    "timestamp": "2026-11-21T08:00:00Z", "enteredBy": "Loop", "reason": "🏃 Running", "duration": 60,
    "correctionRange": [140, 160], "insulinNeedsScaleFactor": 0.5,
}  # fmt: skip


@pytest.fixture
def loop(site: Site) -> httpx.Client:
    client = site.client(api_secret=SECRET_DIGEST, Accept="application/json")
    client.headers["Content-Type"] = "application/json"
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


def got(loop: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = loop.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    found: list[dict[str, Any]] = answer.json()
    return found


def test_it_checks_its_secret(site: Site, loop: httpx.Client) -> None:
    assert loop.get("experiments/test").status_code == 200
    loop.headers["api-secret"] = "wrong"
    assert loop.get("experiments/test").status_code == 401


def test_ids_come_back_by_position(loop: httpx.Client) -> None:
    answer = loop.post("treatments", json=[CARBS, BOLUS, BASAL, OVERRIDE])
    assert answer.status_code == 200
    saved = answer.json()
    assert [one["eventType"] for one in saved] == [one["eventType"] for one in (CARBS, BOLUS, BASAL, OVERRIDE)]
    assert all(isinstance(one["_id"], str) and "-" not in one["_id"] for one in saved)


def test_a_dose_posted_again_without_id_is_overwritten_and_keeps_its_id(loop: httpx.Client) -> None:
    [first] = loop.post("treatments", json=[BASAL]).json()
    [again] = loop.post("treatments", json=[BASAL | {"duration": 4.5}]).json()
    assert again["_id"] == first["_id"]
    [shown] = got(loop, "treatments?count=5")
    assert (shown["duration"], shown["syncIdentifier"]) == (4.5, "62617361")


def test_carbs_are_edited_and_deleted_by_the_id_it_was_told(loop: httpx.Client) -> None:
    [saved] = loop.post("treatments", json=[CARBS]).json()
    assert loop.put("treatments", json=CARBS | {"_id": saved["_id"], "carbs": 20}).status_code == 200
    [shown] = got(loop, "treatments")
    assert shown["carbs"] == 20
    assert loop.delete(f"treatments/{saved['_id']}").status_code == 200
    assert got(loop, "treatments") == []


@pytest.mark.quirk("a UUID names a treatment in a path")
def test_an_override_lives_and_dies_by_its_uuid(loop: httpx.Client) -> None:
    loop.post("treatments", json=[OVERRIDE])
    assert loop.put("treatments", json=OVERRIDE | {"duration": 5}).status_code == 200
    [shown] = got(loop, "treatments?find[eventType]=Temporary+Override")
    assert (shown["duration"], shown["identifier"]) == (5, UUID)
    assert loop.delete(f"treatments/{UUID}").status_code == 200
    assert got(loop, "treatments") == []


def test_what_it_reads_has_the_types_it_decodes(loop: httpx.Client) -> None:
    loop.post("treatments", json=[CARBS, BOLUS, BASAL, OVERRIDE])
    query = "find[created_at][$gte]=2026-11-21T07:00:00Z&find[created_at][$lte]=2026-11-21T08:00:00Z&count=5760"
    shown = got(loop, f"treatments?{query}")
    assert len(shown) == 4
    for one in shown:
        assert {type(one[name]) for name in ("_id", "eventType", "timestamp", "enteredBy", "created_at")} == {str}
    for name, value in BOLUS.items():
        if name != "created_at":
            assert shown[2][name] == value


def test_readings_have_a_date_with_a_fraction(loop: httpx.Client) -> None:
    reading = {"type": "sgv", "sgv": 117, "date": 1795251909123.709, "dateString": "2026-11-21T09:05:09Z", "trend": 4,
               "direction": "Flat", "trendRate": 0.5, "isCalibration": False, "device": "loop://iPhone"}  # fmt: skip
    finger = {
        "type": "mbg",
        "mbg": 120,
        "date": 1795251910000.5,
        "dateString": "2026-11-21T09:05:10Z",
        "device": "loop",
    }
    saved = loop.post("entries", json=[reading, finger]).json()
    assert [one.get("sgv") or one.get("mbg") for one in saved] == [117, 120]
    query = "find[dateString][$gte]=2026-11-21T09:05:09Z&find[dateString][$lte]=2026-11-21T09:05:10Z&count=10"
    shown = got(loop, f"entries?{query}")
    assert [one["date"] for one in shown] == [1795251910000.5, 1795251909123.709]
    assert (shown[1]["trend"], shown[1]["trendRate"], shown[1]["isCalibration"]) == (4, 0.5, False)
    assert shown[1]["mills"] == 1795251909123


def test_device_status_with_its_prediction(loop: httpx.Client) -> None:
    status = {
        "device": "loop://iPhone", "created_at": "2026-11-21T09:05:09Z", "identifier": "74656d70",
        "pump": {"clock": "2026-11-21T09:05:00Z", "pumpID": "1", "suspended": False, "reservoir": 120.5},
        "uploader": {"name": "iPhone", "timestamp": "2026-11-21T09:05:09Z", "battery": 81},
        "loop": {"name": "Loop", "version": "3.4", "timestamp": "2026-11-21T09:05:09Z", "iob": {"iob": 1.2},
                 "predicted": {"startDate": "2026-11-21T09:05:00Z", "values": [117, 118.5]}},
        "override": {"active": False, "timestamp": "2026-11-21T09:05:09Z"},
    }  # fmt: skip
    saved = loop.post("devicestatus", json=[status, status]).json()
    assert len({one["_id"] for one in saved}) == 2
    shown = got(
        loop,
        "devicestatus?find[created_at][$gte]=2026-11-21T09:00:00Z&find[created_at][$lte]=2026-11-21T10:00:00Z&count=5760",
    )
    assert len(shown) == 2
    assert {name: shown[0][name] for name in status if name != "created_at"} == {
        name: value for name, value in status.items() if name != "created_at"
    }


def test_its_profile_comes_back_as_it_was(loop: httpx.Client) -> None:
    profile = {
        "defaultProfile": "Default",
        "startDate": "2026-11-20T00:00:00Z",
        "mills": "1795132800000",
        "units": "mg/dL",
        "enteredBy": "Loop",
        "loopSettings": {"dosingEnabled": True, "overridePresets": [], "minimumBGGuard": 75},
        "store": {
            "Default": {
                "dia": 6,
                "carbs_hr": "0",
                "delay": "0",
                "timezone": "ETC/GMT+5",
                "units": "mg/dL",
                "basal": [{"time": "00:00", "timeAsSeconds": 0, "value": 0.85}],
                "carbratio": [],
                "sens": [],
                "target_low": [],
                "target_high": [],
            }
        },
    }
    [saved] = loop.post("profile", json=[profile]).json()
    assert loop.put("profile", json=profile | {"_id": saved["_id"]}).status_code == 200
    current = loop.get("profile/current").json()
    assert {name: current[name] for name in profile} == profile
    shown = got(
        loop, "profiles?find[startDate][$gte]=2026-11-01T00:00:00Z&find[startDate][$lte]=2026-11-21T00:00:00Z&count=5"
    )
    assert [one["_id"] for one in shown] == [saved["_id"]]


def test_it_asks_for_two_days_of_device_status_and_entries(loop: httpx.Client) -> None:
    for path in ("treatments", "devicestatus"):
        query = "find[created_at][$gte]=2026-11-19T10:00:00Z&find[created_at][$lte]=2026-11-21T10:00:00Z&count=2880"
        assert got(loop, f"{path}?{query}") == []
    query = "find[dateString][$gte]=2026-11-19T10:00:00Z&find[dateString][$lte]=2026-11-21T10:00:00Z&count=2880"
    assert got(loop, f"entries?{query}") == []


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_its_headers_announce_json_where_there_is_none(loop: httpx.Client, body: bytes) -> None:
    for method, path in (("GET", "entries"), ("GET", "profile/current"), ("DELETE", f"treatments/{UUID}")):
        assert loop.request(method, path, content=body).status_code == 200


@pytest.mark.parametrize("direction", ["NotComputable", "RateOutOfRange", "Flat"])
def test_directions_of_its_own_spelling_stay(loop: httpx.Client, direction: str) -> None:
    loop.post("entries", json=[{"type": "sgv", "sgv": 117, "date": 1795251909123.7, "direction": direction}])
    assert got(loop, "entries")[0]["direction"] == direction


def test_two_overrides_of_one_moment_are_two(loop: httpx.Client) -> None:
    other = OVERRIDE | {"_id": UUID.replace("3F25", "4F25"), "reason": "Sleep"}
    saved = loop.post("treatments", json=[OVERRIDE, other]).json()
    assert len({one["_id"] for one in saved}) == 2
    assert loop.delete(f"treatments/{UUID}").status_code == 200
    assert [one["reason"] for one in got(loop, "treatments")] == ["Sleep"]
