"""Trio and iAPS: their own ids in ``id``, deletes by query, lists that fail as a whole."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.clock import iso_of
from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

SMB = {"eventType": "SMB", "created_at": "2026-11-21T07:05:09.000Z", "enteredBy": "Trio", "insulin": 0.2,
       "id": "0E984725-C51C-4BF4-9960-E1C80E27ABA0"}  # fmt: skip
CARBS = {"eventType": "Carb Correction", "created_at": "2026-11-21T07:20:00.000Z", "enteredBy": "Trio", "carbs": 40,
         "fat": 10, "protein": 12, "foodType": "Pizza", "id": "6F9619FF-8B86-D011-B42D-00CF4FC964FF"}  # fmt: skip
CHECK = {"eventType": "BG Check", "created_at": "2026-11-21T07:30:00.000Z", "enteredBy": "Trio", "glucose": "118",
         "glucoseType": "Manual", "units": "mg/dl", "id": "1D984725-C51C-4BF4-9960-E1C80E27ABA0"}  # fmt: skip


@pytest.fixture
def trio(site: Site) -> httpx.Client:
    client = site.client(api_secret=SECRET_DIGEST)
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


def got(trio: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = trio.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    found: list[dict[str, Any]] = answer.json()
    return found


def test_its_connection_check_is_a_note_without_a_time(trio: httpx.Client) -> None:
    answer = trio.post("treatments.json", json={"eventType": "Note", "enteredBy": "Trio", "notes": "Trio connected"})
    assert answer.status_code == 200
    assert answer.json()[0]["created_at"] == "2026-11-21T10:00:00.000Z"


def test_every_reading_has_what_it_cannot_do_without(site: Site, trio: httpx.Client) -> None:
    uploaded = {
        "id": "a",
        "sgv": 117,
        "date": START_MS,
        "dateString": "2026-11-21T10:00:00.000Z",
        "direction": "Flat",
        "type": "sgv",
    }
    assert trio.post("entries.json", json=[uploaded]).status_code == 200
    site.entries.save([{"type": "sgv", "sgv": 118, "date": START_MS - 300_000, "app": "AAPS", "device": "Libre3"}])
    shown = got(trio, "entries/sgv.json?count=1600&find[dateString][$gte]=2026-11-21T08:00:00.000Z")
    assert [one["sgv"] for one in shown] == [117, 118]
    assert [one["dateString"] for one in shown] == ["2026-11-21T10:00:00.000Z", "2026-11-21T09:55:00.000Z"]
    assert all(isinstance(one["date"], int) for one in shown)


def test_carbs_of_others_leave_its_own_out(site: Site, trio: httpx.Client) -> None:
    trio.post("treatments.json", json=[SMB, CARBS, CHECK])
    site.treatments.save([CARBS | {"created_at": "2026-11-21T07:21:00Z", "enteredBy": "nurse"},
                          CARBS | {"created_at": "2026-11-21T07:22:00Z", "enteredBy": "loop://iPhone"}])  # fmt: skip
    authors = ["Trio", "iAPS", "freeaps-x", "openaps://AndroidAPS", "loop://iPhone"]
    excluded = "&".join(f"find[$and][{n}][enteredBy][$ne]={author}" for n, author in enumerate(authors))
    shown = got(
        trio, f"treatments.json?find[carbs][$exists]=true&{excluded}&find[created_at][$gt]=2026-11-20T07:00:00.000Z"
    )
    assert [one["enteredBy"] for one in shown] == ["nurse"]
    assert shown[0]["carbs"] == 40


def test_temp_targets_are_asked_for_with_a_plus(site: Site, trio: httpx.Client) -> None:
    site.treatments.save(
        [{"eventType": "Temporary Target", "duration": 0, "created_at": "2026-11-21T07:00:00Z", "enteredBy": "x"}]
    )
    query = "find[eventType]=Temporary+Target&find[$and][0][enteredBy][$ne]=Trio&find[duration][$exists]=true"
    assert [one["duration"] for one in got(trio, f"treatments.json?{query}&find[created_at][$gt]=2026-11-20")] == [0]


def test_a_glucose_sent_as_text_is_a_number_afterwards(trio: httpx.Client) -> None:
    trio.post("treatments.json", json=[CHECK])
    assert got(trio, "treatments.json?find[eventType]=BG+Check")[0]["glucose"] == 118


@pytest.mark.parametrize(
    "query",
    [
        f"find[id][$eq]={SMB['id']}",
        f"find[created_at][$eq]={SMB['created_at']}",
        "find[created_at][$eq]=2026-11-21T07:05:09Z",
    ],
)
def test_it_deletes_treatments_by_its_own_key(trio: httpx.Client, query: str) -> None:
    trio.post("treatments.json", json=[SMB, CARBS])
    assert trio.delete(f"treatments.json?{query}").json()["deletedCount"] == 1
    assert [one["eventType"] for one in got(trio, "treatments.json")] == ["Carb Correction"]


def test_it_deletes_a_reading_by_either_of_two_keys(trio: httpx.Client) -> None:
    for n in range(3):
        trio.post(
            "entries.json",
            json=[{"type": "sgv", "sgv": 100 + n, "date": START_MS - n, "dateString": START_MS - n, "id": f"i{n}"}],
        )
    query = "find[$or][0][id][$eq]=i0&find[$or][1][dateString][$eq]=2026-11-21T09:59:59.998Z"
    assert trio.delete(f"entries.json?{query}").json()["deletedCount"] == 2
    assert [one["sgv"] for one in got(trio, "entries.json")] == [101]


def test_its_profile_is_read_back_by_key_and_number(trio: httpx.Client) -> None:
    profile = {
        "defaultProfile": "default",
        "startDate": "2026-11-20T00:00:00.000Z",
        "units": "mg/dl",
        "enteredBy": "Trio",
        "bundleIdentifier": "org.trio",
        "deviceToken": "ab",
        "isAPNSProduction": True,
        "overridePresets": [],
        "teamID": "T",
        "store": {"default": {"dia": 10, "carbs_hr": 0, "delay": 0, "timezone": "Europe/Berlin", "basal": []}},
    }
    assert trio.post("profile.json", json=profile).status_code == 200
    [shown] = got(trio, "profile.json?count=1")
    assert {name: shown[name] for name in profile} == profile
    assert [type(shown["store"]["default"][name]) for name in ("dia", "carbs_hr", "delay")] == [int] * 3


def test_iaps_repeats_a_key_for_each_author_it_does_not_want(site: Site, trio: httpx.Client) -> None:
    site.treatments.save(
        [
            CARBS | {"created_at": f"2026-11-21T07:0{n}:00Z", "enteredBy": by}
            for n, by in enumerate(("iAPS", "Trio", "mum"))
        ]
    )
    shown = got(trio, "treatments.json?find[carbs][$exists]=true&find[enteredBy][$ne]=iAPS&find[enteredBy][$ne]=Trio")
    assert [one["enteredBy"] for one in shown] == ["mum"]


def test_iaps_sorts_in_the_words_of_v3_and_is_not_minded(site: Site, trio: httpx.Client) -> None:
    site.entries.save([{"type": "sgv", "sgv": 117, "date": START_MS, "dateString": START_MS}])
    bounds = "find[dateString][$gte]=2026-11-21T08:00:00.000Z&find[dateString][$lt]=2026-11-21T11:00:00.000Z"
    query = f"count=500&{bounds}&sort$desc=dateString"
    assert [one["sgv"] for one in got(trio, f"entries/sgv.json?{query}")] == [117]


@pytest.mark.parametrize(
    ("query", "deleted"),
    [
        ("find[carbs][$exists]=true&find[creation_date][$eq]=2026-11-21T07:20:00.000Z", 1),
        ("find[glucose][$exists]=true&find[created_at][$eq]=2026-11-21T07:30:00.000Z", 1),
        ("find[bolus][$exists]=true&find[created_at][$eq]=2026-11-21T07:05:09.000Z", 0),
        ("find[eventType]=Exercise&count=1&find[enteredBy]=iAPS", 2),
    ],
)
def test_iaps_deletes_by_what_exists(trio: httpx.Client, query: str, deleted: int) -> None:
    exercises = [
        {"eventType": "Exercise", "created_at": f"2026-11-21T06:0{n}:00Z", "enteredBy": "iAPS"} for n in range(2)
    ]
    trio.post("treatments.json", json=[SMB, CARBS | {"creation_date": CARBS["created_at"]}, CHECK, *exercises])
    assert trio.delete(f"treatments.json?{query}").json()["deletedCount"] == deleted


def test_its_device_status_is_one_object_and_stays_as_it_is(trio: httpx.Client) -> None:
    status = {
        "device": "Trio",
        "created_at": "2026-11-21T09:58:00.123Z",
        "openaps": {
            "iob": {"iob": 0.85, "activity": 0.01, "time": "2026-11-21T09:58:00.000Z"},
            "suggested": {"bg": 117, "predBGs": {"IOB": [117, 115], "COB": [117, 119]}, "reason": "COB: 12 < 20"},
            "enacted": {"rate": 0.5, "duration": 30, "received": True, "timestamp": "2026-11-21T09:58:00.000Z"},
            "version": "0.8.4",
            "recommendedBolus": 0.35,
        },
        "pump": {"clock": "2026-11-21T09:58:00.000Z", "battery": {"percent": 75}, "reservoir": 3735928559},
        "uploader": {"batteryVoltage": None, "battery": 81, "isCharging": False},
    }
    answer = trio.post("devicestatus.json", json=status)
    assert 200 <= answer.status_code < 300
    [shown] = got(trio, "devicestatus.json")
    assert {name: shown[name] for name in status} == status


def test_a_hundred_of_each_at_once(site: Site, trio: httpx.Client) -> None:
    treatments = [SMB | {"created_at": iso_of(START_MS - 60_000 * n), "id": f"{n}"} for n in range(100)]
    readings = [
        {"id": f"{n}", "type": "sgv", "sgv": 100 + n, "date": START_MS - 300_000 * n,
         "dateString": iso_of(START_MS - 300_000 * n), "direction": "NONE"} for n in range(100)
    ]  # fmt: skip
    for path, sent in (("treatments.json", treatments), ("entries.json", readings)):
        assert [one["id"] for one in trio.post(path, json=sent).json()] == [one["id"] for one in sent]
    assert (site.treatments.count(), site.entries.count()) == (100, 100)


@pytest.mark.parametrize("direction", ["NONE", "NOT COMPUTABLE", "RATE OUT OF RANGE", "FortyFiveUp"])
def test_a_direction_comes_back_in_the_words_it_knows(trio: httpx.Client, direction: str) -> None:
    trio.post("entries.json", json=[{"type": "sgv", "sgv": 100, "date": START_MS, "direction": direction}])
    assert got(trio, "entries/sgv.json")[0]["direction"] == direction


@pytest.mark.parametrize("author", ["openaps://AndroidAPS", "loop://iPhone", "iAPS", "freeaps-x"])
def test_an_author_is_kept_letter_by_letter(trio: httpx.Client, author: str) -> None:
    """Each leaves the others' treatments out by this text."""
    trio.post("treatments.json", json=[CARBS | {"enteredBy": author}])
    assert got(trio, f"treatments.json?find[carbs][$exists]=true&find[enteredBy][$ne]={author}") == []
    assert got(trio, "treatments.json")[0]["enteredBy"] == author


def test_iaps_asks_for_announcements_and_takes_them_back(site: Site, trio: httpx.Client) -> None:
    def announced(minutes: int, by: str) -> dict[str, Any]:
        at = iso_of(START_MS + 60_000 * minutes)
        return {"eventType": "Announcement", "notes": "bolus: 0.5", "enteredBy": by, "created_at": at}

    site.treatments.save(
        [announced(-10, "remote"), announced(0, "remote"), announced(-5, "mum"), announced(5, "remote")]
    )
    query = "find[eventType]=Announcement&find[enteredBy]=remote&find[created_at][$gte]=2026-11-21T09:45:00.000Z"
    shown = got(trio, f"treatments.json?{query}")
    assert [(one["notes"], one["isAnnouncement"]) for one in shown] == [("bolus: 0.5", True)] * 3
    gone = f"find[eventType]=Announcement&find[enteredBy]=remote&find[created_at][$gte]={iso_of(START_MS)}"
    assert trio.delete(f"treatments.json?{gone}").json()["deletedCount"] == 2
    assert site.treatments.count() == 2


def test_iaps_encodes_an_author_twice_and_excludes_nobody_by_it(site: Site, trio: httpx.Client) -> None:
    site.treatments.save([CARBS | {"enteredBy": "mum"}])
    query = "find[carbs][$exists]=true&find[enteredBy][$ne]=iAPS&find[enteredBy][$ne]=openaps%253A%252F%252FAndroidAPS"
    assert [one["enteredBy"] for one in got(trio, f"treatments.json?{query}")] == ["mum"]
