"""What an update makes of a document: MongoDB's answers, asked of both backends."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import BadQuery
from app.store import Collection, Document, Update

DONE: list[tuple[Document, Update, Document]] = [
    ({"a": 1}, {"$set": {"c": 1, "b": 2}}, {"a": 1, "b": 2, "c": 1}),
    ({"a": 1}, {"$set": {"10": 1, "9": 2}}, {"a": 1, "9": 2, "10": 1}),
    ({"a": {"b": {"c": 1}}}, {"$set": {"a.b.d": 1, "a.b.a": 2}}, {"a": {"b": {"c": 1, "a": 2, "d": 1}}}),
    ({}, {"$set": {"a.5.b": 2}}, {"a": {"5": {"b": 2}}}),
    ({"a": []}, {"$set": {"a.2": 1}}, {"a": [None, None, 1]}),
    ({"a": []}, {"$set": {"a.0.b": 1}}, {"a": [{"b": 1}]}),
    ({"a": 1}, {"$set": {}}, {"a": 1}),
    ({"a": 1, "b": 2}, {"$unset": {"a": 1}}, {"b": 2}),
    ({"a": [1, 2]}, {"$unset": {"a.0": 1}}, {"a": [None, 2]}),
    ({"a": 1}, {"$unset": {"a.b": 1}}, {"a": 1}),
    ({}, {"$inc": {"a": 1.5}}, {"a": 1.5}),
    ({"a": 1.5}, {"$inc": {"a": 0.5}}, {"a": 2}),
    ({"a": [1, 2]}, {"$inc": {"a.0": 5}}, {"a": [6, 2]}),
    ({}, {"$push": {"a": 1}}, {"a": [1]}),
    ({"a": [1]}, {"$push": {"a": {"$each": [1, [2]]}}}, {"a": [1, 1, [2]]}),
    ({"a": [1, 2, 2]}, {"$pull": {"a": 2}}, {"a": [1]}),
    ({"a": [{"x": 1}, {"x": 2}]}, {"$pull": {"a": {"x": 1}}}, {"a": [{"x": 2}]}),
    ({"a": [1, 5]}, {"$pull": {"a": {"$gt": 3}}}, {"a": [1]}),
    ({"a": [[1, 2]]}, {"$pull": {"a": 1}}, {"a": [[1, 2]]}),
    ({"a": [[1, 2]]}, {"$pull": {"a": {"$gt": 0}}}, {"a": []}),
    ({"a": [1, {"b": 5}]}, {"$pull": {"a": {}}}, {"a": [1]}),
    ({"a": [None, 1, {"b": 5}]}, {"$pull": {"a": {"$ne": 1}}}, {"a": [1]}),
    ({"a": [1]}, {"$pull": {"a.5": 1}}, {"a": [1]}),
    ({}, {"$pull": {"a": 1}}, {}),
    ({"a": [1, 2, 1]}, {"$pullAll": {"a": [1, 3]}}, {"a": [2]}),
    ({"a": [1, 2]}, {"$pop": {"a": 1}}, {"a": [1]}),
    ({"a": [1, 2]}, {"$pop": {"a": -1}}, {"a": [2]}),
    ({"a": []}, {"$pop": {"a": 1}}, {"a": []}),
    ({"a": [1]}, {"$addToSet": {"a": {"$each": [1, 2, 2]}}}, {"a": [1, 2]}),
    ({"a": [{"x": 1, "y": 1}]}, {"$addToSet": {"a": {"y": 1, "x": 1}}}, {"a": [{"x": 1, "y": 1}, {"y": 1, "x": 1}]}),
    ({"a": 1, "b": 2}, {"$rename": {"a": "b"}}, {"b": 1}),
    ({"a": 1, "b": 2, "c": 3}, {"$rename": {"a": "z", "c": "y"}}, {"b": 2, "y": 3, "z": 1}),
    ({"a": {"x": 1}}, {"$rename": {"a.x": "c.d"}}, {"a": {}, "c": {"d": 1}}),
    ({"a": 1}, {"$rename": {"z": "b"}}, {"a": 1}),
    ({"a": 1}, {"$min": {"a": "x"}}, {"a": 1}),
    ({"a": 1}, {"$max": {"a": "x"}}, {"a": "x"}),
    ({}, {"$max": {"a": None}}, {"a": None}),
    ({"a": 1}, {"$setOnInsert": {"b": 1}}, {"a": 1}),
    ({"a": 1}, {"$set": {"_id": "it"}}, {"a": 1}),
]

REFUSED: list[tuple[Document, Any]] = [
    ({"a": 1}, {}),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"$set": 5}),
    ({"a": 1}, {"$foo": {"a": 1}}),
    ({"a": 1}, {"$set": {"a": 1}, "$inc": {"a": 1}}),
    ({"a": 1}, {"$set": {"a": 1, "a.b": 2}}),
    ({"a": 1}, {"$set": {"a.b": 1}}),
    ({"a": None}, {"$set": {"a.b": 1}}),
    ({"a": [{"b": 1}]}, {"$set": {"a.b": 2}}),
    ({"a": 1}, {"$set": {"": 2}}),
    ({"a": 1}, {"$set": {"a..b": 2}}),
    ({"a": 1}, {"$set": {"a.$": 2}}),
    ({"a": 1}, {"$set": {"b": {"$x": 2}}}),
    ({"a": []}, {"$set": {"a.1500001": 5}}),
    ({"a": 1}, {"$set": {"_id": "other"}}),
    ({"a": 1}, {"$unset": {"_id": 1}}),
    ({"a": 1}, {"$rename": {"a": "_id"}}),
    ({"a": "x"}, {"$inc": {"a": 1}}),
    ({"a": 1}, {"$inc": {"a": "x"}}),
    ({"a": 2**62}, {"$inc": {"a": 2**62}}),
    ({"a": 1}, {"$push": {"a": 1}}),
    ({"a": [1]}, {"$push": {"a": {"$each": 1}}}),
    ({"a": [1]}, {"$push": {"a": {"$each": [1], "$slice": 1}}}),
    ({"a": [1]}, {"$pop": {"a": 2}}),
    ({"a": 1}, {"$pop": {"a": 1}}),
    ({"a": 1}, {"$addToSet": {"a": 1}}),
    ({"a": [1]}, {"$pullAll": {"a": 1}}),
    ({"a": 1}, {"$rename": {"a": "a"}}),
    ({"a": 1}, {"$rename": {"a": "a.b"}}),
    ({"a": 1}, {"$rename": {"a": 5}}),
    ({"a": [{"x": 1}]}, {"$rename": {"a.0.x": "b"}}),
    # A path through something that is no object: an error for these, nothing at all for $unset.
    ({"a": 2.5}, {"$pull": {"a.b": 1}}),
    ({"a": 2.5}, {"$pullAll": {"a.b": [1]}}),
    ({"a": None}, {"$pop": {"a.b": 1}}),
    ({"a": 2.5}, {"$rename": {"a.b": "c"}}),
    ({"a": [1]}, {"$pull": {"a.b": 1}}),
]


def test_operators_do_what_they_do_in_mongodb(things: Collection) -> None:
    wrong = []
    for before, update, after in DONE:
        things.delete_many({})
        things.insert_one({"_id": "it", **before})
        outcome = things.update_one({"_id": "it"}, update)
        found = things.find_one()
        # repr, because 2 and 2.0, or another order of fields, are not the same here
        if repr(found) != repr({"_id": "it", **after}) or outcome.modified is (repr(before) == repr(after)):
            wrong.append((before, update, found, outcome))
    assert wrong == []


def test_what_mongodb_refuses_is_refused_and_changes_nothing(things: Collection) -> None:
    wrong = []
    for before, update in REFUSED:
        things.delete_many({})
        things.insert_one({"_id": "it", **before})
        try:
            things.update_one({"_id": "it"}, update)
            wrong.append((before, update, "not refused"))
        except BadQuery:
            if things.find_one() != {"_id": "it", **before}:
                wrong.append((before, update, "changed all the same"))
    assert wrong == []


def test_an_update_that_changes_nothing_says_so(things: Collection) -> None:
    things.insert_one({"_id": "it", "a": 1})
    outcome = things.update_one({"a": 1.0}, {"$set": {"a": 1.0}})
    assert (outcome.id, outcome.created, outcome.modified) == ("it", False, False)


def test_an_update_without_a_match_touches_nothing(things: Collection) -> None:
    outcome = things.update_one({"a": 1}, {"$set": {"b": 1}})
    assert not outcome.matched
    assert things.count_documents() == 0


def test_a_replacement_keeps_the_id_and_nothing_else(things: Collection) -> None:
    things.insert_one({"_id": "it", "a": 1, "b": 2})
    outcome = things.replace_one({"a": 1}, {"c": 3})
    assert (outcome.id, outcome.modified) == ("it", True)
    assert things.find_one() == {"_id": "it", "c": 3}


def test_a_replacement_may_not_bring_another_id(things: Collection) -> None:
    things.insert_one({"_id": "it", "a": 1})
    with pytest.raises(BadQuery):
        things.replace_one({"a": 1}, {"_id": "other"})
    assert things.find_one() == {"_id": "it", "a": 1}


def test_update_many_changes_every_match(things: Collection) -> None:
    things.insert_many({"_id": n, "odd": n % 2 == 1} for n in range(2500))
    assert things.update_many({"odd": True}, {"$set": {"seen": True}}) == 1250
    assert things.count_documents({"seen": True, "odd": True}) == things.count_documents({"seen": True}) == 1250


def test_find_one_and_update_returns_the_document_after_or_before(things: Collection) -> None:
    things.insert_many([{"_id": 1, "n": 1}, {"_id": 2, "n": 2}])
    assert things.find_one_and_update({}, {"$inc": {"n": 10}}, sort=[("n", -1)]) == {"_id": 2, "n": 12}
    assert things.find_one_and_update({"_id": 1}, {"$inc": {"n": 10}}, return_new=False) == {"_id": 1, "n": 1}
    assert things.find_one_and_update({"_id": 3}, {"$inc": {"n": 10}}) is None
    assert things.find_one_and_update({"_id": 3}, {"$inc": {"n": 1}}, upsert=True) == {"_id": 3, "n": 1}
    assert things.find_one_and_update({"_id": 4}, {"$inc": {"n": 1}}, upsert=True, return_new=False) is None
    assert things.count_documents() == 4


def test_delete_and_prune_remove_matches_only(things: Collection) -> None:
    things.insert_many({"_id": n} for n in range(1300))
    assert things.delete_one({"_id": {"$gte": 1290}})
    assert not things.delete_one({"_id": -1})
    assert things.delete_many({"_id": {"$lt": 50}}) == 50
    assert things.prune({"_id": {"$lt": 1200}}, chunk=100) == 1150
    assert things.count_documents() == 99
    assert things.prune({"_id": -1}) == things.delete_many({"_id": -1}) == 0
