"""Batches: done in order, an outcome for each operation, and what happens when one fails."""

from __future__ import annotations

import pytest

from app.errors import BadDocument, BadQuery, DuplicateKey
from app.store import Collection, DeleteOne, Index, InsertOne, Operation, Outcome, ReplaceOne, Store, UpdateOne


def uploads(count: int, sgv: int) -> list[Operation]:
    """As an uploader sends them: readings five minutes apart, recognised by time and type."""
    return [
        UpdateOne(
            {"sysTime": f"2026-11-20T{n // 12:02}:{n % 12 * 5:02}", "type": "sgv"}, {"$set": {"sgv": sgv + n}}, True
        )
        for n in range(count)
    ]


def test_a_batch_of_upserts_answers_for_each(store: Store) -> None:
    entries = store.collection("entries")
    entries.create_indexes([Index((("sysTime", 1), ("type", 1)))])
    first = entries.bulk_write(uploads(250, 100))
    again = entries.bulk_write(uploads(280, 100))
    other = entries.bulk_write(uploads(280, 200))
    assert all(outcome.created for outcome in first)
    assert [outcome.id for outcome in again[:250]] == [outcome.id for outcome in first]
    assert not any(outcome.created or outcome.modified for outcome in again[:250])
    assert all(outcome.created for outcome in again[250:])
    assert all(outcome.modified and not outcome.created for outcome in other)
    found = list(entries.find(sort=[("sysTime", 1)]))
    assert [document["_id"] for document in found] == [outcome.id for outcome in other]
    assert [document["sgv"] for document in found] == [200 + n for n in range(280)]


def test_operations_see_what_earlier_ones_of_the_batch_did(things: Collection) -> None:
    outcomes = things.bulk_write(
        [
            InsertOne({"_id": 1, "k": "a"}),
            UpdateOne({"k": "a"}, {"$set": {"n": 1}}),
            UpdateOne({"k": "b"}, {"$set": {"n": 2}}, upsert=True),
            UpdateOne({"k": "b"}, {"$set": {"k": "c"}}),
            UpdateOne({"k": "b"}, {"$set": {"n": 3}}),
            ReplaceOne({"k": "c"}, {"k": "d"}),
            DeleteOne({"k": "a"}),
            UpdateOne({"k": "a"}, {"$inc": {"n": 1}}, upsert=True),
            UpdateOne({"k": "a"}, {"$inc": {"n": 1}}),
            UpdateOne({"n": {"$gte": 2}}, {"$push": {"seen": 1}}),
            DeleteOne({"k": "nobody"}),
        ]
    )
    made, again = outcomes[2].id, outcomes[7].id
    assert outcomes == [
        Outcome(1, created=True),
        Outcome(1, modified=True),
        Outcome(made, created=True),
        Outcome(made, modified=True),
        Outcome(),
        Outcome(made, modified=True),
        Outcome(1, modified=True),
        Outcome(again, created=True),
        Outcome(again, modified=True),
        Outcome(again, modified=True),
        Outcome(),
    ]
    assert list(things.find(sort=[("k", 1)])) == [
        {"_id": again, "k": "a", "n": 2, "seen": [1]},
        {"_id": made, "k": "d"},
    ]


def test_everything_a_filter_asks_for_counts_in_a_batch_too(things: Collection) -> None:
    things.create_indexes([Index((("k", 1),)), Index((("l", 1),))])
    things.insert_many(
        [{"_id": 1, "k": 1, "isValid": False}, {"_id": 2, "k": [1, 5]}, {"_id": 3, "l": 1, "isValid": False}]
    )
    alive = {"isValid": {"$ne": False}}
    outcomes = things.bulk_write(
        [
            UpdateOne({"k": 1, **alive}, {"$set": {"n": 1}}),
            UpdateOne({"k": 5}, {"$set": {"n": 2}}),
            UpdateOne({"$or": [{"l": 1}, {"k": 9}], **alive}, {"$set": {"n": 3}}),
            UpdateOne({"$or": [{"l": 1}, {"k": 9}]}, {"$set": {"k": 2}}),
            UpdateOne({"k": 2, "m": None}, {"$set": {"m": 1}}),
            UpdateOne({"k": 2, "m": None}, {"$set": {"m": 2}}),
        ]
    )
    assert [outcome.id for outcome in outcomes] == [2, 2, None, 3, 3, None]


def test_documents_without_an_id_get_one_each(things: Collection) -> None:
    ids = things.insert_many([{"n": n} for n in range(1200)])
    assert len(set(ids)) == 1200
    assert sorted(ids) == ids
    assert [document["_id"] for document in things.find(sort=[("n", 1)])] == ids


def test_an_empty_batch_does_nothing(things: Collection) -> None:
    assert things.bulk_write([]) == []
    assert things.insert_many([]) == []


def test_a_doubled_id_is_refused(things: Collection) -> None:
    things.insert_one({"_id": "x", "a": 1})
    with pytest.raises(DuplicateKey):
        things.insert_one({"_id": "x", "a": 2})
    with pytest.raises(DuplicateKey):
        things.insert_many([{"_id": "y"}, {"_id": "y"}])
    assert things.find_one({"_id": "x"}) == {"_id": "x", "a": 1}


def test_a_failure_in_a_batch_of_the_embedded_store_undoes_all_of_it(store: Store, things: Collection) -> None:
    things.insert_one({"_id": "x"})
    with pytest.raises(DuplicateKey):
        things.bulk_write([InsertOne({"_id": "before"}), InsertOne({"_id": "x"}), InsertOne({"_id": "after"})])
    left = {document["_id"] for document in things.find()}
    assert left == ({"x"} if store.backend == "sqlite" else {"x", "before"})
    changes = [change for change in store.changes_since(0) if change.op == "insert"]
    assert {id for change in changes for id in change.ids} == left


@pytest.mark.parametrize(
    "bad", [InsertOne({"$a": 1}), UpdateOne({"$where": "1"}, {"$set": {"a": 1}}), UpdateOne({"a": 1}, {"$bad": {}})]
)
def test_nothing_of_a_batch_runs_when_one_operation_is_bad(things: Collection, bad: Operation) -> None:
    with pytest.raises((BadQuery, BadDocument)):
        things.bulk_write([InsertOne({"_id": "before"}), bad])
    assert things.count_documents() == 0


def test_an_update_that_does_not_fit_stops_the_batch(things: Collection) -> None:
    things.insert_one({"_id": 1, "k": "a", "n": "text"})
    with pytest.raises(BadQuery):
        things.bulk_write([UpdateOne({"k": "a"}, {"$inc": {"n": 1}}), UpdateOne({"k": "a"}, {"$set": {"m": 1}})])
    assert things.find_one() == {"_id": 1, "k": "a", "n": "text"}


def test_a_key_that_many_share_is_still_found(things: Collection) -> None:
    """Where looking everything up beforehand would fetch too much, each operation looks for itself."""
    things.create_indexes([Index((("type", 1),))])
    things.insert_many({"_id": n, "type": "sgv"} for n in range(1500))
    outcomes = things.bulk_write([UpdateOne({"type": "sgv"}, {"$set": {"n": n}}) for n in range(3)])
    assert [(outcome.id, outcome.modified) for outcome in outcomes] == [(0, True)] * 3
