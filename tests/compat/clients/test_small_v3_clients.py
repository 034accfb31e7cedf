"""Juggluco, nightscout-librelink-up and Home Assistant's own integration on API v3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.store.interface import Document
from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.v3.conftest import result, signed_in

HEX = "6f1d0c2ab7e94e3f8a5d1c20"
MINUTE_MS = 60_000


@pytest.fixture
def client(site: Site) -> httpx.Client:
    return signed_in(site, "*")


def by_juggluco(identifier: str, **more: Any) -> Document:
    return {"_id": HEX, "identifier": identifier, "app": "Juggluco", "date": START_MS, "utcOffset": 60} | more


def test_juggluco_sends_names_of_its_own_and_deletes_by_them(client: httpx.Client) -> None:
    for collection, document in (
        ("entries", by_juggluco("libre1", type="sgv", sgv=117, device="Juggluco")),
        ("treatments", by_juggluco("note1", eventType="<none>", insulin=1)),
    ):
        for status in (201, 200):
            answer = client.post(collection, json=document)
            assert (answer.status_code, answer.json()["identifier"]) == (status, document["identifier"])
        [kept] = result(client.get(collection))
        assert kept.items() >= {name: value for name, value in document.items() if name != "_id"}.items()
        assert client.delete(f"{collection}/{document['identifier']}").status_code == 200
        assert result(client.get(collection)) == []


def test_juggluco_asks_v1_with_its_web_token(site: Site, client: httpx.Client) -> None:
    bearer = site.client(Authorization=client.headers["Authorization"])
    assert bearer.get("/api/v1/status.json").json()["status"] == "ok"


@pytest.mark.quirk("history takes seconds and ISO text, too")
def test_followers_of_juggluco_ask_like_this(site: Site, client: httpx.Client) -> None:
    site.entries.save(
        [{"type": "sgv", "sgv": 100 + n, "date": START_MS - n * MINUTE_MS, "direction": "Flat"} for n in range(9)]
    )
    site.treatments.save([{"eventType": "Note"}])
    query = "sort%24desc=date&limit=6&fields=sgv%2Cdirection%2CsrvCreated&type%24eq=sgv"
    found = result(client.get(f"entries?{query}"))
    assert [one["sgv"] for one in found] == [100, 101, 102, 103, 104, 105]
    assert all(one.keys() == {"sgv", "direction", "srvCreated"} for one in found)
    assert len(result(client.get("treatments/history/1704969101?limit=100&fields=_all"))) == 1
    assert result(client.get("devicestatus/history/1704969101")) == []


def by_librelink_up(n: int) -> Document:
    return {
        **{"type": "sgv", "sgv": 117 + n, "direction": "Flat", "device": "nightscout-librelink-up"},
        **{"date": START_MS - n * MINUTE_MS, "app": "nightscout-librelink-up"},
    }


def test_librelink_up_sends_all_at_once_and_wants_201_for_each(client: httpx.Client) -> None:
    client.post("entries", json=by_librelink_up(9))
    [newest] = result(client.get("entries?limit=1&sort$desc=date"))
    assert newest["date"] == START_MS - 9 * MINUTE_MS
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda n: client.post("entries", json=by_librelink_up(n)), range(9))]
    assert [answer.status_code for answer in answers] == [201] * 9
    assert len(result(client.get("entries"))) == 10


def test_a_reading_v1_has_already_is_no_error(site: Site, client: httpx.Client) -> None:
    site.entries.save([{"type": "sgv", "sgv": 117, "date": START_MS, "device": "x", "app": "y"}])
    answer = client.post("entries", json=by_librelink_up(0))
    assert (answer.status_code, answer.json()["isDeduplication"]) == (200, True)
    assert len(result(client.get("entries"))) == 1


def test_home_assistant_reads_the_envelope(site: Site) -> None:
    reader = signed_in(site, "*:*:read", name="Home")
    site.entries.save([{"type": "sgv", "sgv": 100 + n, "date": START_MS - n * MINUTE_MS} for n in range(5)])
    site.treatments.save([{"eventType": kind, "created_at": START_MS} for kind in ("Note", "Meal Bolus")])
    site.device_status.save([{"device": "loop"}])
    site.profiles.save([{"store": {}, "startDate": "2026-11-20T00:00:00.000Z"}])
    assert [one["sgv"] for one in result(reader.get("entries?limit=2&sort$desc=date"))] == [100, 101]
    window = f"entries?date$gte={START_MS - 3 * MINUTE_MS}&date$lt={START_MS}&sort$desc=date"
    assert [one["sgv"] for one in result(reader.get(window))] == [101, 102, 103]
    meals = "treatments?limit=5&sort$desc=created_at&created_at$gte=2026-11-21T00:00:00Z&eventType$eq=Meal Bolus"
    assert [one["eventType"] for one in result(reader.get(meals))] == ["Meal Bolus"]
    for name in ("devicestatus", "profile"):
        assert len(result(reader.get(f"{name}?limit=1&sort$desc=created_at"))) == 1
        assert result(reader.get(f"{name}?srvModified$gt={START_MS + MINUTE_MS}")) == []
