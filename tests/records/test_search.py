"""Searching: as documents or as JSON, the newest first, a page of it."""

from __future__ import annotations

import json

import pytest

from app.errors import BadQuery
from app.records.entries import Entries
from tests.clocks import START_MS


@pytest.fixture
def five(entries: Entries) -> Entries:
    entries.save([{"type": "sgv", "sgv": 100 + n, "date": START_MS + n} for n in (2, 0, 4, 1, 3)])
    return entries


def test_the_newest_come_first(five: Entries) -> None:
    assert [entry["sgv"] for entry in five.search()] == [104, 103, 102, 101, 100]


def test_another_order_is_followed(five: Entries) -> None:
    assert [entry["sgv"] for entry in five.search(sort=(("sgv", 1),))] == [100, 101, 102, 103, 104]


def test_a_page_is_cut_out(five: Entries) -> None:
    assert [entry["sgv"] for entry in five.search(limit=2, skip=1)] == [103, 102]


def test_json_is_the_same_as_documents(five: Entries) -> None:
    rows = [json.loads(row) for row in five.search_json({"sgv": {"$gt": 101}}, limit=2)]
    documents = [entry | {"_id": str(entry["_id"])} for entry in five.search({"sgv": {"$gt": 101}}, limit=2)]
    assert rows == documents


def test_counting_needs_no_documents(five: Entries) -> None:
    assert five.count({"sgv": {"$lt": 102}}) == 2
    assert five.count() == 5


@pytest.mark.parametrize("filter", [{"$where": "true"}, {"sgv": {"$near": 1}}, {"sgv": {"$in": 5}}])
def test_what_a_store_does_not_understand_is_refused(five: Entries, filter: dict[str, object]) -> None:
    with pytest.raises(BadQuery):
        [*five.search(filter)]


def test_nothing_is_found_by_a_name_nobody_has(five: Entries) -> None:
    assert five.find("64b1f0c2a7e94e3f8a5d1c20") is None
    assert five.find("nobody") is None
