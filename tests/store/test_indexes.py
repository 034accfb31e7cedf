"""Indexes: made once, unique where asked for, and documents that end by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import datetime_of
from app.errors import DuplicateKey
from app.store import Collection, Index, ReplaceOne, Store, UpdateOne
from tests.clocks import SettableClock
from tests.waiting import wait_until

NAME = Index((("name", 1),), unique=True)
PAIR = Index((("a", 1), ("b", -1)), unique=True)


def test_a_name_is_the_one_mongodb_generates() -> None:
    assert Index((("type", 1), ("date", -1), ("dateString", 1))).name == "type_1_date_-1_dateString_1"


def test_making_an_index_again_does_nothing(things: Collection) -> None:
    for _ in range(2):
        things.create_indexes([NAME, NAME, Index((("x.y", 1),))])
    things.insert_one({"name": "a", "x": {"y": 1}})
    assert things.count_documents({"x.y": 1}) == 1


def test_an_index_made_later_finds_what_was_there_before(things: Collection) -> None:
    things.insert_many({"_id": n, "n": n % 10, "tags": [n, "x"], "deep": {"n": n}} for n in range(2500))
    things.create_indexes(
        [Index((("n", 1),)), Index((("tags", 1),)), Index((("deep.n", -1),)), Index((("n", 1), ("tags", 1)))]
    )
    assert things.count_documents({"n": 3}) == 250
    assert things.count_documents({"tags": 7}) == 1
    assert things.count_documents({"tags": "x", "n": 3}) == 250
    assert [found["_id"] for found in things.find({"deep.n": {"$gte": 2498}}, sort=[("deep.n", -1)])] == [2499, 2498]


def test_a_unique_key_cannot_be_doubled(things: Collection) -> None:
    things.create_indexes([NAME])
    things.insert_many([{"_id": 1, "name": "a"}, {"_id": 2, "name": "b"}])
    with pytest.raises(DuplicateKey):
        things.insert_one({"name": "a"})
    with pytest.raises(DuplicateKey):
        things.update_one({"_id": 2}, {"$set": {"name": "a"}})
    with pytest.raises(DuplicateKey):
        things.replace_one({"_id": 2}, {"name": "a"})
    with pytest.raises(DuplicateKey):
        things.update_one({"_id": 3}, {"$set": {"name": "a"}}, upsert=True)
    with pytest.raises(DuplicateKey):
        things.find_one_and_update({"_id": 2}, {"$set": {"name": "a"}})
    assert list(things.find(sort=[("_id", 1)])) == [{"_id": 1, "name": "a"}, {"_id": 2, "name": "b"}]


def test_a_unique_key_may_stay_or_move(things: Collection) -> None:
    things.create_indexes([NAME])
    things.insert_many([{"_id": 1, "name": "a"}, {"_id": 2, "name": "b"}])
    things.update_one({"_id": 1}, {"$set": {"name": "a", "n": 1}})
    things.bulk_write([UpdateOne({"_id": 1}, {"$set": {"name": "c"}}), ReplaceOne({"_id": 2}, {"name": "a"})])
    assert {found["name"] for found in things.find()} == {"a", "c"}


def test_of_what_is_missing_there_can_be_one(things: Collection) -> None:
    things.create_indexes([PAIR])
    things.insert_many([{"a": 1}, {"b": 1}, {"a": 1, "b": 1}, {}])
    for doubled in ({"a": 1}, {"a": 1, "b": None}, {}, {"a": None}):
        with pytest.raises(DuplicateKey):
            things.insert_one(doubled)
    assert things.count_documents() == 4


def test_elements_of_arrays_are_unique_among_documents(things: Collection) -> None:
    things.create_indexes([NAME])
    things.insert_many([{"name": ["a", "b"]}, {"name": ["c", "c"]}, {"name": {"x": 1}}])
    for doubled in ({"name": "b"}, {"name": ["z", "a"]}, {"name": {"x": 1}}):
        with pytest.raises(DuplicateKey):
            things.insert_one(doubled)
    things.insert_one({"name": {"x": 2}})
    assert things.count_documents() == 4


def test_a_unique_index_cannot_be_made_over_doubles(things: Collection) -> None:
    things.insert_many([{"name": "a"}, {"name": "a"}])
    with pytest.raises(DuplicateKey):
        things.create_indexes([NAME])
    things.insert_one({"name": "a"})
    assert things.count_documents({"name": "a"}) == 3


def test_documents_vanish_some_time_after_their_date(store: Store, things: Collection) -> None:
    clock = SettableClock()
    if store.backend == "mongodb":  # which sweeps by its own clock
        from app.clock import SystemClock

        now = datetime_of(SystemClock().now_ms())
    else:
        now = datetime_of(clock.now_ms())
    things.create_indexes([Index((("ends", 1),), expire_after_s=60)])
    hour = timedelta(hours=1)
    things.insert_many(
        [
            {"_id": "ended", "ends": now - hour},
            {"_id": "running", "ends": now + hour},
            {"_id": "no date", "ends": "2000-01-01"},
            {"_id": "a number", "ends": 1},
            {"_id": "nothing"},
        ]
    )

    def swept() -> bool:
        store.sweep()
        return things.count_documents({"_id": "ended"}) == 0

    wait_until(swept, within_s=30)
    assert {found["_id"] for found in things.find()} == {"running", "no date", "a number", "nothing"}


def test_stats_and_health_tell_how_the_store_is(store: Store, things: Collection) -> None:
    things.insert_many({"n": n} for n in range(10))
    assert store.stats()["documents"] >= 10
    assert store.stats()["data_bytes"] > 0
    health = store.health()
    assert (health.ok, health.writable, health.backend) == (True, True, store.backend)
    assert health.version
