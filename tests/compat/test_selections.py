"""``echo``, ``times``, ``slice`` and ``count``."""

from __future__ import annotations

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site

HOUR_MS = 3_600_000


def shown(answer: httpx.Response) -> list[object]:
    assert answer.status_code == 200, answer.text
    return [entry["sgv"] for entry in answer.json()]


@pytest.fixture
def read(site: Site, api: httpx.Client) -> httpx.Client:
    moments = [START_MS - n * HOUR_MS for n in range(48)]
    site.entries.save([{"type": "sgv", "sgv": 100 + n, "date": at, "dateString": at} for n, at in enumerate(moments)])
    site.treatments.save([{"eventType": "Note", "created_at": "2026-11-21T09:00:00Z", "notes": "a", "sgv": 5}])
    return api


def test_echo_says_how_a_query_is_understood(read: httpx.Client) -> None:
    answer = read.get("echo/entries/sgv.json?find[dateString][$gte]=2014-07-19&find[sgv][$gte]=5").json()
    assert answer == {
        "query": {"dateString": {"$gte": "2014-07-19"}, "sgv": {"$gte": 5}, "type": "sgv"},
        "input": {"find": {"dateString": {"$gte": "2014-07-19"}, "sgv": {"$gte": "5"}, "type": "sgv"}},
        "params": {"echo": "entries", "model": "sgv"},
        "storage": "entries",
    }
    assert read.get("echo/treatments?find[created_at][$gte]=2026-01-01").json()["query"] == {
        "created_at": {"$gte": "2026-01-01T00:00:00.000Z"}
    }
    assert read.get("echo/anything").json()["storage"] == "entries"


def test_times_echo_says_which_patterns_it_makes(read: httpx.Client) -> None:
    answer = read.get("times/echo/2026-{10..11}/T{00..01}:.json").json()
    assert answer["pattern"] == ["^2026-10.*T00:", "^2026-10.*T01:", "^2026-11.*T00:", "^2026-11.*T01:"]
    assert answer["req"]["params"] == {"prefix": "2026-{10..11}", "regex": "T{00..01}:"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("times/2026-11-2{0,1}/T{09..10}:.json?count=50", [100, 101, 124, 125]),
        ("times/2026-11-21/T{09..10}:.json?count=50", [100, 101]),
        ("times/2026-11-21.json?count=2", [100, 101]),
        ("times/2025.json", []),
        ("slice/entries/dateString/sgv/2026-11-21/T10.json", [100]),
        ("slice/entries/type/mbg/sgv.json", []),
        ("slice/entries/type/sgv/s.json?count=3", [100, 101, 102]),
        ("times.json?count=1", [100]),
    ],
)
def test_times_and_slice_look_at_parts_of_a_text(read: httpx.Client, path: str, found: list[int]) -> None:
    assert shown(read.get(path)) == found


def test_times_reaches_back_beyond_four_days(site: Site, read: httpx.Client) -> None:
    site.entries.save(
        [{"type": "sgv", "sgv": 9, "date": START_MS - 400 * HOUR_MS, "dateString": START_MS - 400 * HOUR_MS}]
    )
    assert shown(read.get("times/2026-11-04.json")) == [9]


def test_slice_looks_into_other_collections(read: httpx.Client) -> None:
    assert [one["notes"] for one in read.get("slice/treatments/notes.json").json()] == ["a"]
    assert read.get("slice/treatments/notes/x/a.json").json() == []


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("count/entries/where?find[dateString][$gte]=2014-07-19", 48),
        ("count/entries/where?find[sgv][$lt]=105", 5),
        ("count/entries/where", 48),
        ("count/treatments/where?find[created_at][$gte]=2026-11-21", 1),
    ],
)
def test_counting(read: httpx.Client, path: str, count: int) -> None:
    assert read.get(path).json() == [{"_id": None, "count": count}]


def test_counting_nothing_is_an_empty_list(read: httpx.Client) -> None:
    assert read.get("count/entries/where?find[sgv]=1").json() == []


@pytest.mark.parametrize(
    "path", ["times/{1..5000}", "times/2026/(", "slice/entries/$where/sgv/x", "count/entries/where?find[$where]=1"]
)
def test_what_nobody_understands_is_refused(read: httpx.Client, path: str) -> None:
    assert read.get(path).status_code == 400


def test_who_may_read_entries_alone_learns_nothing_of_treatments(site: Site, read: httpx.Client) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "entries", "permissions": ["api:entries:read"]})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "watch", "roles": ["entries"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    client = site.client(api_secret=subject["accessToken"])
    assert client.get("/api/v1/count/entries/where").status_code == 200
    for path in ("count/treatments/where", "slice/treatments/notes", "echo/treatments", "slice/devicestatus/device"):
        assert client.get(f"/api/v1/{path}").status_code == 401
