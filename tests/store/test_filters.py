"""What a filter matches: MongoDB's answers, asked of both backends and of the matcher alone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from app.store import Collection, Document, Filter, ObjectId
from app.store.matching import matcher
from app.store.query import parse
from app.store.values import clean_document

NAN, INFINITE = math.nan, math.inf

EQUALITY: list[tuple[Document, Filter, bool]] = [
    ({"a": 1}, {"a": 1}, True),
    ({"a": 1}, {"a": 1.0}, True),
    ({"a": 1}, {"a": True}, False),
    ({"a": 1}, {"a": "1"}, False),
    ({"a": None}, {"a": None}, True),
    ({}, {"a": None}, True),
    ({"a": []}, {"a": None}, False),
    ({"a": NAN}, {"a": NAN}, True),
    ({"a": [1, 2]}, {"a": 1}, True),
    ({"a": [1, 2]}, {"a": [1, 2]}, True),
    ({"a": [1, 2]}, {"a": [2, 1]}, False),
    ({"a": [[1, 2]]}, {"a": [1, 2]}, True),
    ({"a": [[1, 2]]}, {"a": 1}, False),
    ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 2}}, True),
    ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, False),
    ({"a": {}}, {"a": {}}, True),
    ({"a": 1}, {"a": {}}, False),
    ({"a": 1}, {"a": {"$ne": 1}}, False),
    ({}, {"a": {"$ne": 1}}, True),
    ({"a": [1, 2]}, {"a": {"$ne": 1}}, False),
    ({"": 1}, {"": 1}, True),
]

PATHS: list[tuple[Document, Filter, bool]] = [
    ({"a": {"b": 1}}, {"a.b": 1}, True),
    ({"a": [{"b": 1}, {"b": 2}]}, {"a.b": 2}, True),
    ({"a": [{"b": [1, 2]}]}, {"a.b": 1}, True),
    ({"a": [{"b": 1}]}, {"a.0.b": 1}, True),
    ({"a": [{"b": 1}]}, {"a.1.b": 1}, False),
    ({"a": {"0": {"b": 1}}}, {"a.0.b": 1}, True),
    ({"a": [[{"b": 1}]]}, {"a.b": 1}, False),
    ({"a": [[{"b": 1}]]}, {"a.0.b": 1}, True),
    ({"a": [{"0": 5}]}, {"a.0": 5}, True),
    ({"a": [1]}, {"a.00": 1}, False),
    ({"a": 5}, {"a.b": None}, True),
    ({"a": [1]}, {"a.b": None}, False),
    ({"a": []}, {"a.b": None}, False),
    ({"a": []}, {"a.b": {"$exists": False}}, True),
    ({"a": [{"c": 1}]}, {"a.b": None}, True),
    ({"a": [None]}, {"a.0": None}, True),
    ({"a": [None]}, {"a.1": None}, False),
    ({"a": [None]}, {"a.1": {"$exists": False}}, True),
]

ORDER: list[tuple[Document, Filter, bool]] = [
    ({"a": "x"}, {"a": {"$gt": 5}}, False),
    ({"a": 6}, {"a": {"$gt": 5}}, True),
    ({"a": 2**53 + 1}, {"a": {"$gt": float(2**53)}}, True),
    ({"a": None}, {"a": {"$gte": None}}, True),
    ({}, {"a": {"$lte": None}}, True),
    ({}, {"a": {"$gt": None}}, False),
    ({"a": True}, {"a": {"$gt": False}}, True),
    ({"a": NAN}, {"a": {"$lt": 5}}, False),
    ({"a": NAN}, {"a": {"$gte": -INFINITE}}, False),
    ({"a": NAN}, {"a": {"$lte": NAN}}, True),
    ({"a": 1}, {"a": {"$lte": NAN}}, False),
    ({"a": "b"}, {"a": {"$gte": "a", "$lt": "c"}}, True),
    ({"a": [1, 5]}, {"a": {"$gt": 3, "$lt": 2}}, True),
    ({"a": [1, 2]}, {"a": {"$gt": [1]}}, True),
    ({"a": {"x": 1}}, {"a": {"$gt": {"x": 0}}}, True),
    ({"a": ObjectId("5" * 24)}, {"a": {"$gt": ObjectId("4" * 24)}}, True),
    ({"a": ObjectId("5" * 24)}, {"a": {"$gt": "4" * 24}}, False),
    ({"a": b"ab"}, {"a": {"$gt": b"z"}}, True),
]

OPERATORS: list[tuple[Document, Filter, bool]] = [
    ({"a": 1}, {"a": {"$in": [1, 2]}}, True),
    ({"a": 1}, {"a": {"$in": []}}, False),
    ({}, {"a": {"$in": [None]}}, True),
    ({"a": 1}, {"a": {"$nin": []}}, True),
    ({}, {"a": {"$nin": [None, 1]}}, False),
    ({"a": None}, {"a": {"$exists": True}}, True),
    ({}, {"a": {"$exists": True}}, False),
    ({}, {"a": {"$exists": 0}}, True),
    ({"a": 1}, {"a": {"$exists": "false"}}, True),
    ({"a": "Meal Bolus"}, {"a": {"$regex": "Bolus"}}, True),
    ({"a": "Meal Bolus"}, {"a": {"$regex": "^bolus", "$options": "i"}}, False),
    ({"a": "x\n"}, {"a": {"$regex": "x$"}}, True),
    ({"a": "É"}, {"a": {"$regex": "é", "$options": "i"}}, True),
    ({"a": 5}, {"a": {"$regex": "5"}}, False),
    ({"a": ["x", "y"]}, {"a": {"$not": {"$regex": "x"}}}, False),
    ({}, {"a": {"$not": {"$gt": 5}}}, True),
    ({"a": [1, 2]}, {"a": {"$size": 2}}, True),
    ({"a": 1}, {"a": {"$size": 1}}, False),
    ({"a": 1}, {"a": {"$type": "int"}}, True),
    ({"a": 2**40}, {"a": {"$type": "long"}}, True),
    ({"a": 1.5}, {"a": {"$type": ["double", "string"]}}, True),
    ({"a": [1]}, {"a": {"$type": "array"}}, True),
    ({"a": [1]}, {"a": {"$type": "number"}}, True),
    ({}, {"a": {"$type": "null"}}, False),
    ({"a": [{"b": 1, "c": 2}]}, {"a": {"$elemMatch": {"b": 1, "c": 2}}}, True),
    ({"a": [{"b": 1}, {"c": 2}]}, {"a": {"$elemMatch": {"b": 1, "c": 2}}}, False),
    ({"a": [1, 5]}, {"a": {"$elemMatch": {"$gt": 3, "$lt": 2}}}, False),
    ({"a": [1]}, {"a": {"$elemMatch": {}}}, False),
    ({"a": [[5]]}, {"a": {"$elemMatch": {"0": 5}}}, True),
    ({"a": [[1]]}, {"a": {"$elemMatch": {"$elemMatch": {"$eq": 1}}}}, True),
    ({"a": 1, "b": 2}, {"$or": [{"a": 2}, {"b": 2}]}, True),
    ({"a": 1, "b": 2}, {"$and": [{"a": 1}, {"b": 1}]}, False),
    ({"a": 1}, {"$nor": [{"a": 2}, {"b": 1}]}, True),
    ({"a": 1}, {"$nor": [{}]}, False),
    ({"a": 1}, {}, True),
]

# Where a straightforward matcher goes wrong.
CORNERS: list[tuple[Document, Filter, bool]] = [
    ({"a": [["x"], 1]}, {"a.0": "x"}, False),
    ({"a": [["x"], 1]}, {"a.0": {"$lt": "y"}}, False),
    ({"a": [["x"], 1]}, {"a.0": {"$in": ["x"]}}, False),
    ({"a": [["x"], 1]}, {"a.0": {"$regex": "x"}}, False),
    ({"a": [["x"], 1]}, {"a.0": ["x"]}, True),
    ({"c": [[1], 5]}, {"c": {"$elemMatch": {"$lt": 2}}}, False),
    ({"c": [[1], 1]}, {"c": {"$elemMatch": {"$lt": 2}}}, True),
    ({"a": ["text", 3]}, {"a.0.b": None}, False),
    ({"a": ["text", 3]}, {"a.0.b": {"$ne": None}}, True),
]

CASES = EQUALITY + PATHS + ORDER + OPERATORS + CORNERS
MADE_BY_THE_STORE: dict[str, Any] = {"_id": "it"}


def shown(case: tuple[Document, Filter, bool]) -> str:
    return f"{case[0]} {'is' if case[2] else 'is not'} {case[1]}"


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_the_matcher_decides_as_mongodb_does(case: tuple[Document, Filter, bool]) -> None:
    document, filter, expected = case
    assert matcher(parse(filter))(clean_document(document)) is expected


def test_every_backend_decides_as_mongodb_does(things: Collection) -> None:
    wrong = []
    for document, filter, expected in CASES:
        things.delete_many({})
        things.insert_one({**MADE_BY_THE_STORE, **document})
        if (things.count_documents(filter) == 1) is not expected or (
            things.find_one(filter) is not None
        ) is not expected:
            wrong.append((document, filter, expected))
    assert wrong == []
