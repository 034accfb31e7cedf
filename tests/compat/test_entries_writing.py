"""Uploading and deleting entries."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import NOW_ISO, Site

READING = {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": NOW_ISO}


def test_the_answer_is_what_was_kept_in_the_same_order(api: httpx.Client) -> None:
    sent = [READING | {"date": START_MS - n, "dateString": None, "sgv": 100 + n} for n in (2, 0, 1)]
    answer = api.post("entries", json=sent)
    assert answer.status_code == 200
    assert [entry["sgv"] for entry in answer.json()] == [102, 100, 101]
    assert all(re.fullmatch("[0-9a-f]{24}", entry["_id"]) for entry in answer.json())


def test_the_answer_holds_what_the_contract_names_and_nothing_else(api: httpx.Client) -> None:
    [saved] = api.post("entries", json=[READING]).json()
    assert saved.keys() == {"_id", "type", "sgv", "date", "dateString", "sysTime", "utcOffset"}


def test_a_repeated_upload_is_no_error_and_names_the_same_document(api: httpx.Client) -> None:
    first, again = (api.post("entries", json=[READING]) for _ in range(2))
    assert first.json() == again.json()
    assert again.status_code == 200


def test_whole_numbers_have_no_fraction(api: httpx.Client) -> None:
    answer = api.post("entries", content=b'[{"type":"sgv","sgv":117.0,"date":1.7952552e12,"delta":-1.50}]',
                      headers={"Content-Type": "application/json"})  # fmt: skip
    assert b'"sgv":117,' in answer.content
    assert b'"delta":-1.5' in answer.content
    assert b".0" not in api.get("entries.json").content.replace(b'.000Z"', b"")


@pytest.mark.quirk("a bare entry without date is dropped")
def test_a_bare_entry_without_a_date_is_dropped_but_not_one_in_an_array(api: httpx.Client, site: Site) -> None:
    assert api.post("entries", json={"type": "sgv", "sgv": 117}).json() == []
    assert site.entries.count() == 0
    assert len(api.post("entries", json=[{"type": "sgv", "sgv": 117}]).json()) == 1


def test_an_empty_array_is_an_empty_array(api: httpx.Client) -> None:
    assert api.post("entries", json=[]).json() == []


def test_a_preview_keeps_nothing(api: httpx.Client, site: Site) -> None:
    assert api.post("entries/preview", json=[READING]).json() == [READING]
    assert api.post("entries/preview", json=READING).json() == [READING]
    assert api.post("entries/preview", json={"sgv": 117}).json() == []
    assert site.entries.count() == 0


def test_json_is_the_answer_whatever_is_accepted(api: httpx.Client) -> None:
    assert api.post("entries", json=[READING], headers={"Accept": "*/*"}).json()[0]["sgv"] == 117


def test_a_field_no_store_keeps_is_refused(api: httpx.Client, site: Site) -> None:
    assert api.post("entries", json=[READING | {"$set": 1}]).status_code == 400
    assert site.entries.count() == 0


@pytest.fixture
def three(site: Site) -> Site:
    site.entries.save(
        [
            READING,
            {"type": "mbg", "mbg": 95, "date": START_MS},
            READING | {"dateString": "", "date": START_MS - 300_000},
        ]
    )
    return site


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("entries.json?find[sgv]=117", 2),
        ("entries?find[sgv]=117&count=1", 2),
        ("entries/sgv", 2),
        ("entries/mbg?find[mbg]=5", 0),
        ("entries/*", 3),
        ("entries/*?find[date][$lt]=1795255200000", 1),
        ("entries?find[dateString][$gte]=2026-11-21T09:59:59Z&find[dateString][$lte]=2026-11-21T10:00:01Z", 2),
        ("entries.json?find[$or][0][id][$eq]=x&find[$or][1][dateString][$eq]=2026-11-21T10:00:00.000Z", 1),
        ("entries/000000000000000000000000", 0),
    ],
)  # fmt: skip
def test_deleting_by_query_tells_how_many(three: Site, api: httpx.Client, path: str, count: int) -> None:
    answer = api.delete(path)
    assert answer.status_code == 200
    assert answer.json() == {"acknowledged": True, "deletedCount": count}
    assert three.entries.count() == 3 - count


def test_deleting_by_id(three: Site, api: httpx.Client) -> None:
    newest = next(three.entries.search({"type": "mbg"}))
    assert api.delete(f"entries/{newest['_id']}").json()["deletedCount"] == 1
    assert three.entries.count({"type": "mbg"}) == 0


@pytest.mark.parametrize("path", ["entries", "entries.json", "entries?count=1", "entries?find=", "entries?token="])
def test_deleting_without_saying_what_deletes_nothing(three: Site, api: httpx.Client, path: str) -> None:
    assert api.delete(path).status_code == 400
    assert three.entries.count() == 3


@pytest.mark.quirk("a DELETE by a date that is no number deletes nothing")
@pytest.mark.parametrize(
    "query",
    [
        "find[date][$gte]=2026-11-20",
        "find[date][$gte]=abc",
        "find[date]=2026-01-01T00:00Z",
        "find[$where]=1",
        "find[date][$in][]=2026-01-01",
    ],
)
def test_deleting_by_what_is_misread_deletes_nothing(three: Site, api: httpx.Client, query: str) -> None:
    assert api.delete(f"entries?{query}").status_code == 400
    assert three.entries.count() == 3


def test_a_query_without_time_deletes_nothing_older_than_four_days(
    three: Site, api: httpx.Client, clock: SettableClock
) -> None:
    clock.advance(days=5)
    assert api.delete("entries?find[type]=sgv").json()["deletedCount"] == 0
    assert api.delete("entries?find[type]=sgv&find[date][$gte]=0").json()["deletedCount"] == 2
