"""A large answer goes out as it is read: nobody holds all of it, and a failure on the way is noticed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest

from app.compat import answers
from app.errors import Unavailable
from app.records.entries import Entries
from app.store.indexes import create_all
from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.waiting import wait_until

COUNT = 2000


@pytest.fixture
def large(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(answers, "STREAMED_FROM_BYTES", 100_000)
    create_all(site.house.store)
    entries = [{"type": "sgv", "sgv": 100, "date": START_MS - n * 15_000, "device": "x" * 90} for n in range(COUNT)]
    site.house.store.collection("entries").insert_many(entries)
    return site


ALL = f"entries.json?count=100000&find[date][$gte]={START_MS - 40 * 86_400_000}"


def test_all_of_it_comes_newest_first(large: Site, api: httpx.Client) -> None:
    answer = api.get(ALL)
    rows = answer.json()
    assert len(rows) == COUNT
    assert rows[0]["date"] == START_MS
    assert all(one["date"] > other["date"] for one, other in pairwise(rows))
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_it_is_not_held_and_so_has_neither_length_nor_tag(large: Site, api: httpx.Client) -> None:
    answer = api.get(ALL)
    assert answer.headers.keys().isdisjoint({"content-length", "etag"})
    assert answer.headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:00 GMT"


def test_a_small_one_has_both(large: Site, api: httpx.Client) -> None:
    answer = api.get("entries.json?count=10", headers={"Accept-Encoding": "identity"})
    assert answer.headers["ETag"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_it_can_be_zipped_on_the_way(large: Site, api: httpx.Client) -> None:
    with api.stream("GET", ALL, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(orjson.loads(gzip.decompress(raw))) == COUNT


def test_who_has_it_already_gets_304(large: Site, api: httpx.Client) -> None:
    since = {"If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT"}
    assert api.get(ALL, headers=since).status_code == 304
    assert api.get(ALL, headers={"If-Modified-Since": "Sat, 21 Nov 2026 09:59:59 GMT"}).status_code == 200
    assert api.get(ALL, headers={"If-None-Match": 'W/"1"', **since}).status_code == 200


@pytest.mark.parametrize(
    ("path", "lines"),
    [(ALL.replace(".json", ".tsv"), COUNT), (ALL.replace(".json", ".csv"), COUNT)],
)
def test_text_comes_whole_too(
    large: Site, api: httpx.Client, path: str, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "STREAMED_FROM_BYTES", 10_000)
    answer = api.get(path)
    assert "ETag" not in answer.headers
    assert len(answer.text.split("\r\n")) == lines


@pytest.mark.parametrize("collection", ["treatments", "devicestatus", "activity"])
def test_other_collections_are_read_so_as_well(
    site: Site, api: httpx.Client, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "STREAMED_FROM_BYTES", 2000)
    api.post(collection, json=[{"created_at": f"2026-11-21T09:{n:02d}:00.000Z", "device": "x" * 90} for n in range(60)])
    answer = api.get(f"{collection}.json?count=1000")
    assert "ETag" not in answer.headers
    assert [row["created_at"][14:16] for row in answer.json()] == [f"{n:02d}" for n in reversed(range(60))]


def test_a_failure_on_the_way_is_no_complete_answer(
    large: Site, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Entries.search_json

    def breaking(self: Entries, *args: Any, **named: Any) -> Iterator[bytes]:
        for number, row in enumerate(whole(self, *args, **named)):
            if number == COUNT - 5:
                raise Unavailable("gone")
            yield row

    monkeypatch.setattr(Entries, "search_json", breaking)
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(ALL)


def test_a_failure_at_the_beginning_is_an_error(
    large: Site, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Entries, *args: Any, **named: Any) -> Iterator[bytes]:
        raise Unavailable("gone")

    monkeypatch.setattr(Entries, "search_json", broken)
    assert api.get(ALL).status_code == 503


def test_reading_ends_when_the_client_leaves(large: Site, api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    whole = Entries.search_json

    def counting(self: Entries, *args: Any, **named: Any) -> Iterator[bytes]:
        sent = 0
        try:
            for row in whole(self, *args, **named):
                yield row[:-1] + b',"long":"%b"}' % (b"x" * 20_000)  # far more than a connection holds by itself
                sent += 1
        finally:
            ended.append(sent)

    monkeypatch.setattr(Entries, "search_json", counting)
    with api.stream("GET", ALL, headers={"Accept-Encoding": "identity"}) as answer:
        next(answer.iter_raw(1000))
    wait_until(lambda: bool(ended))
    assert ended[0] < COUNT
