"""Upserts: what they insert, and that the same one never inserts twice."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.errors import BadQuery, DuplicateKey
from app.store import Collection, Document, Filter, Index, ObjectId, ReplaceOne, Store, Update, UpdateOne, open_store
from tests.clocks import SettableClock

INSERTED: list[tuple[Filter, Update, Document]] = [
    ({"a": 1}, {"$set": {"b": 1}}, {"a": 1, "b": 1}),
    ({"a": {"$eq": None}}, {"$set": {"b": 2}}, {"a": None, "b": 2}),
    ({"a": {"$in": [1]}}, {"$set": {"b": 1}}, {"a": 1, "b": 1}),
    ({"a": {"$in": [1, 2]}}, {"$set": {"b": 1}}, {"b": 1}),
    ({"$and": [{"a": 1}, {"c": {"$gt": 1}}]}, {"$set": {"b": 1}}, {"a": 1, "b": 1}),
    ({"$or": [{"a": 1}]}, {"$set": {"b": 1}}, {"a": 1, "b": 1}),
    ({"$or": [{"a": 1}, {"c": 1}]}, {"$set": {"b": 1}}, {"b": 1}),
    ({"a.b": 1, "a.c": 2}, {"$set": {"b": 2}}, {"a": {"b": 1, "c": 2}, "b": 2}),
    ({"c": 1, "a": 1}, {"$set": {"b": 2}}, {"a": 1, "c": 1, "b": 2}),
    ({"a": [1]}, {"$push": {"a": 2}}, {"a": [1, 2]}),
    ({"a": 1}, {"$unset": {"a": 1}}, {}),
    ({"a": 1}, {"$set": {"a": 2}}, {"a": 2}),
    ({"a": {"$ne": 1}}, {"$set": {"c": 1}}, {"c": 1}),
    ({"z": 1}, {"$setOnInsert": {"y": 1}, "$set": {"x": 1}}, {"z": 1, "x": 1, "y": 1}),
]


def test_an_upsert_inserts_what_filter_and_update_say(things: Collection) -> None:
    wrong = []
    for filter, update, expected in INSERTED:
        things.delete_many({})
        outcome = things.update_one(filter, update, upsert=True)
        found = things.find_one()
        if repr(found) != repr({"_id": outcome.id, **expected}) or not outcome.created:
            wrong.append((filter, update, found, outcome))
    assert wrong == []


def test_an_upsert_takes_the_id_it_is_given(things: Collection) -> None:
    assert things.update_one({"_id": "x"}, {"$set": {"a": 1}}, upsert=True).id == "x"
    assert things.update_one({"b": 1}, {"$setOnInsert": {"_id": "y"}}, upsert=True).id == "y"
    assert things.replace_one({"_id": "z"}, {"a": 1}, upsert=True).id == "z"
    assert things.replace_one({"c": 1}, {"_id": "w", "c": 1}, upsert=True).id == "w"
    assert things.count_documents() == 4


def test_an_upsert_makes_an_object_id_of_the_second_it_is_about(store: Store) -> None:
    id = (
        store.collection("entries")
        .update_one({"sysTime": "2026-11-20T10:00:00.000Z"}, {"$set": {"a": 1}}, upsert=True)
        .id
    )
    assert isinstance(id, ObjectId)
    assert 2025 < id.generation_time.year < 2028


@pytest.mark.parametrize(
    "filter", [{"a": {"b": 1}, "a.c": 2}, {"a": 1, "$and": [{"a": 1}]}, {"": 1}, {"_id": "x", "$and": [{"_id": "y"}]}]
)
def test_an_upsert_whose_filter_contradicts_itself_is_refused(things: Collection, filter: Filter) -> None:
    with pytest.raises(BadQuery):
        things.update_one(filter, {"$set": {"b": 1}}, upsert=True)
    assert things.count_documents() == 0


def test_a_second_upsert_updates(things: Collection) -> None:
    first = things.update_one({"key": "k"}, {"$set": {"n": 1}}, upsert=True)
    second = things.update_one({"key": "k"}, {"$set": {"n": 2}}, upsert=True)
    third = things.replace_one({"key": "k"}, {"key": "k", "m": 3}, upsert=True)
    assert (first.id, first.created) == (second.id, True)
    assert (second.created, second.modified, third.modified) == (False, True, True)
    assert list(things.find()) == [{"_id": first.id, "key": "k", "m": 3}]


def test_a_document_that_moved_away_does_not_stand_in_the_way(things: Collection) -> None:
    """The id derived from a filter may belong to a document that has another key by now."""
    ids = []
    for n in range(4):
        outcome = things.update_one({"key": "k"}, {"$set": {"n": n}}, upsert=True)
        ids.append(outcome.id)
        things.update_one({"_id": outcome.id}, {"$set": {"key": f"moved {n}"}})
    batch = [
        UpdateOne({"key": "k"}, {"$set": {"n": 9}}, upsert=True),
        UpdateOne({"key": "l"}, {"$set": {"n": 9}}, upsert=True),
    ]
    ids += [outcome.id for outcome in things.bulk_write(batch)]
    assert len(set(ids)) == things.count_documents() == 6


def test_the_id_of_a_document_that_does_not_match_is_taken(things: Collection) -> None:
    things.insert_one({"_id": "x", "a": 1})
    with pytest.raises(DuplicateKey):
        things.update_one({"_id": "x", "a": 2}, {"$set": {"b": 1}}, upsert=True)
    assert list(things.find()) == [{"_id": "x", "a": 1}]


@pytest.mark.parametrize("many", [1, 40])
def test_the_same_upsert_from_many_threads_inserts_once(uri: str, clock: SettableClock, many: int) -> None:
    stores = [open_store(uri, clock=clock) for _ in range(3)]
    stores[0].collection("things").create_indexes([Index((("key", 1),))])

    def work(worker: int) -> list[Any]:
        things = stores[worker % 3].collection("things")
        operations = [UpdateOne({"key": n}, {"$addToSet": {"by": worker}}, upsert=True) for n in range(many)]
        return [outcome.id for outcome in things.bulk_write(operations)]

    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(work, range(9)))
    found = list(stores[0].collection("things").find(sort=[("key", 1)]))
    for opened in stores:
        opened.close()
    assert [document["key"] for document in found] == list(range(many))
    assert all(sorted(document["by"]) == list(range(9)) for document in found)
    assert all(answer == [document["_id"] for document in found] for answer in answers)


def test_replacing_upserts_from_many_threads_insert_once(uri: str, clock: SettableClock) -> None:
    stores = [open_store(uri, clock=clock) for _ in range(3)]

    def work(worker: int) -> Any:
        filter = {"$or": [{"identifier": "u"}, {"_id": "u"}]}
        things = stores[worker % 3].collection("things")
        return things.bulk_write([ReplaceOne(filter, {"identifier": "u", "by": worker}, upsert=True)])[0].id

    with ThreadPoolExecutor(9) as pool:
        ids = set(pool.map(work, range(9)))
    assert stores[0].collection("things").count_documents() == len(ids) == 1
    for opened in stores:
        opened.close()


def test_nan_and_arrays_as_keys_are_found_again(things: Collection) -> None:
    things.create_indexes([Index((("key", 1),))])
    for key in (math.nan, [1, 2], {"a": 1}, None):
        operations = [UpdateOne({"key": key}, {"$set": {"n": n}}, upsert=True) for n in range(3)]
        first, *others = things.bulk_write(operations)
        assert first.created
        assert not any(outcome.created for outcome in others)
    assert things.count_documents() == 4
