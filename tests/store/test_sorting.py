"""The order of answers, and the part of them that is asked for."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import BadQuery
from app.store import Collection, Index, ObjectId

# One value of each kind, in BSON's order; the first two are alike.
IN_ORDER: list[Any] = [
    "missing",
    None,
    math.nan,
    -math.inf,
    -1.5,
    0,
    2**53,
    2**53 + 1,
    math.inf,
    "",
    "B",
    "a",
    "ab",
    "é",
    {},
    {"a": 1},
    {"a": "x"},
    b"zz",
    b"aaa",
    ObjectId("0" * 24),
    ObjectId("1" * 24),
    False,
    True,
    datetime(1969, 12, 31, tzinfo=UTC),
    datetime(2026, 11, 20, tzinfo=UTC),
]


def fill(things: Collection) -> list[int]:
    things.insert_many({"_id": n, **({"v": value} if n else {})} for n, value in reversed(list(enumerate(IN_ORDER))))
    return list(range(len(IN_ORDER)))


def ids(found: Any) -> list[Any]:
    return [document["_id"] for document in found]


@pytest.mark.parametrize("indexed", [False, True])
def test_values_of_all_kinds_sort_in_the_order_of_bson(things: Collection, indexed: bool) -> None:
    if indexed:
        things.create_indexes([Index((("v", 1),))])
    expected = fill(things)
    assert ids(things.find(sort=[("v", 1), ("_id", 1)])) == expected
    assert ids(things.find(sort=[("v", -1), ("_id", -1)])) == expected[::-1]
    assert ids(things.find(sort=[("v", -1), ("_id", -1)], limit=4)) == expected[::-1][:4]


def test_a_comparison_stays_within_its_kind(things: Collection) -> None:
    things.create_indexes([Index((("v", 1),))])
    fill(things)
    assert ids(things.find({"v": {"$gte": 0}}, sort=[("v", 1)])) == [5, 6, 7, 8]
    assert ids(things.find({"v": {"$lt": "a"}}, sort=[("v", 1)])) == [9, 10]
    assert ids(things.find({"v": {"$gt": False}})) == [22]
    assert ids(things.find({"v": {"$lt": datetime(2000, 1, 1, tzinfo=UTC)}})) == [23]


@pytest.mark.parametrize("indexed", [False, True])
def test_an_array_sorts_by_its_least_or_greatest_element(things: Collection, indexed: bool) -> None:
    if indexed:
        things.create_indexes([Index((("v", 1),))])
    things.insert_many(
        [{"_id": "5", "v": 5}, {"_id": "1 to 9", "v": [9, 1]}, {"_id": "empty", "v": []}, {"_id": "none"}]
    )
    assert ids(things.find(sort=[("v", 1)])) == ["empty", "none", "1 to 9", "5"]
    assert ids(things.find(sort=[("v", -1)])) == ["1 to 9", "5", "none", "empty"]


def test_several_paths_sort_one_after_another(things: Collection) -> None:
    things.create_indexes([Index((("type", 1), ("date", -1)))])
    for n in range(20):
        things.insert_one({"_id": n, "type": "ab"[n % 2], "date": n // 4, "x": {"y": n % 3}})
    found = list(things.find(sort=[("type", 1), ("date", -1), ("x.y", 1), ("_id", -1)]))
    assert found == sorted(found, key=lambda it: (it["type"], -it["date"], it["x"]["y"], -it["_id"]))


def test_skip_and_limit_cut_out_a_part(things: Collection) -> None:
    things.create_indexes([Index((("n", 1),))])
    things.insert_many({"_id": n, "n": n % 50, "odd": n % 2 == 1} for n in range(2000))
    wanted = [n for n in range(2000) if n % 2]
    assert ids(things.find({"odd": True}, sort=[("_id", 1)], skip=990)) == wanted[990:]
    assert ids(things.find({"odd": True}, sort=[("_id", 1)], skip=5, limit=700)) == wanted[5:705]
    assert ids(things.find({"odd": True}, sort=[("_id", 1)], skip=1000)) == []
    assert ids(things.find({}, sort=[("n", -1), ("_id", -1)], limit=3)) == [1999, 1949, 1899]


def test_long_answers_are_complete_and_in_order(things: Collection) -> None:
    things.create_indexes([Index((("n", 1),))])
    things.insert_many({"_id": i, **({"n": i // 7} if i % 5 else {})} for i in range(3000))
    for direction in (1, -1):
        found = list(things.find({}, sort=[("n", direction), ("_id", direction)]))
        assert ids(found) == ids(sorted(found, key=lambda it: (it.get("n", -1), it["_id"]), reverse=direction < 0))
        assert len(found) == 3000


def test_without_a_sort_the_order_is_that_of_insertion(things: Collection) -> None:
    things.insert_many({"_id": f"{n * 7919 % 1000}"} for n in range(1000))
    assert ids(things.find()) == [f"{n * 7919 % 1000}" for n in range(1000)]


def test_a_projection_keeps_what_is_named(things: Collection) -> None:
    things.insert_one({"_id": 1, "a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, 3, [{"e": 4}]], "g": 5})
    assert things.find_one() is not None
    assert list(things.find(fields=["a.b", "d.e", "missing"])) == [
        {"_id": 1, "a": {"b": 1}, "d": [{"e": 1}, [{"e": 4}]]}
    ]
    assert list(things.find(fields=[])) == [{"_id": 1}]


@pytest.mark.parametrize("fields", [["a", "a.b"], ["a.b", "a"], ["$a"], ["a."]])
def test_a_projection_that_contradicts_itself_is_refused(things: Collection, fields: list[str]) -> None:
    with pytest.raises(BadQuery):
        list(things.find(fields=fields))


@pytest.mark.parametrize("sort", [[("a", 2)], [("a", True)], [("$a", 1)], [("a..b", 1)], [("a", "x")]])
def test_a_sort_that_is_none_is_refused(things: Collection, sort: Any) -> None:
    with pytest.raises(BadQuery):
        list(things.find(sort=sort))
