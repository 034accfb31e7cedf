"""What comes from the internet: hostile names, unknown operators, filters and patterns without end."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import BadQuery
from app.store import Collection, Index, Store
from app.store.query import MAX_LIST

HOSTILE_NAMES = [
    "a'b",
    'a"b',
    "a`b",
    "a]b",
    "a;--",
    "'); DROP TABLE documents_1; --",
    '" OR 1=1 --',
    "k0",
    "rid",
    "doc",
    "id",
    "$[0]",
    "a b",
    "%s",
    "?",
    ":x",
    "{0}",
    "a\\",
    "é",
    "\n",
]

UNKNOWN: list[Any] = [
    {"$where": "sleep(1000)"},
    {"$expr": {"$eq": [1, 1]}},
    {"$function": {}},
    {"a": {"$function": {"body": "x", "args": [], "lang": "js"}}},
    {"a": {"$where": "1"}},
    {"$and": [{"$where": "1"}]},
    {"a": {"$elemMatch": {"$where": "1"}}},
    {"a": {"$not": {"$where": "1"}}},
    {"a": {"$all": [1]}},
    {"a": {"$mod": [2, 0]}},
    {"$text": {"$search": "x"}},
    {"$comment": "x"},
    {"$jsonSchema": {}},
    {"a": {"$near": [0, 0]}},
    {"a": {"$gt": 1, "b": 2}},
    {"a": {"b": 1, "$gt": 0}},
    {"a": {"$eq": {"$gt": 1}}},
    {"a": {"$in": [{"$gt": 1}]}},
    {"a": {"$in": 5}},
    {"a": {"$not": {}}},
    {"a": {"$not": 5}},
    {"a": {"$size": -1}},
    {"a": {"$size": "2"}},
    {"a": {"$size": 1.5}},
    {"a": {"$type": "bogus"}},
    {"a": {"$type": []}},
    {"a": {"$type": True}},
    {"a": {"$elemMatch": 5}},
    {"a": {"$elemMatch": {"$gt": 0, "b": 1}}},
    {"a": {"$options": "i"}},
    {"a": {"$regex": 5}},
    {"a": {"$regex": "x", "$options": "q"}},
    {"a": {"$regex": "x", "$options": "x"}},
    {"$and": []},
    {"$or": [5]},
    {"$or": {"a": 1}},
    {"$nor": "x"},
    {"a.$b": 1},
    {"a\0": 1},
    {"\ud800": 1},
    {"a": "\ud800"},
    {5: 1},
    {"a": 1j},
    "text",
    [{"a": 1}],
]

BAD_PATTERNS = [
    "(",
    "[",
    "a**",
    "(?=x)",
    "(?<!x)",
    r"(x)\1",
    "(?<n>a)(?P=n)",
    "a\0b",
    "x" * 1001,
    "(a{1000}){1000}",
    "\ud800",
]


def deep(levels: int) -> Any:
    filter: Any = {"a": 1}
    for _ in range(levels):
        filter = {"$or": [filter, {"b": 1}]}
    return filter


@pytest.mark.parametrize("indexed", [False, True])
def test_a_field_name_is_only_ever_a_name(store: Store, things: Collection, indexed: bool) -> None:
    others = store.collection("others")
    others.insert_one({"_id": "secret"})
    names = [name for name in HOSTILE_NAMES if not (name.startswith("$") or name == "id")]
    if indexed:
        things.create_indexes([Index(((name, 1),)) for name in names])
    for n, name in enumerate(names):
        things.insert_one({"_id": n, name: n})
        assert [found["_id"] for found in things.find({name: n}, sort=[(name, 1)])] == [n]
        assert list(things.find({name: {"$exists": True}, "nothing": "such"})) == []
        assert list(things.find({name: n}, fields=[name])) == [{"_id": n, name: n}]
        things.update_one({name: n}, {"$set": {name: "é'\""}})
        assert things.count_documents({name: "é'\""}) == 1
    assert things.count_documents() == len(names)
    assert things.delete_many({"'); DROP TABLE documents_1; --": {"$exists": True}}) == 1
    assert others.count_documents() == 1


@pytest.mark.parametrize("name", ["'; DROP TABLE x", "a b", "", "$cmd", "a\0", "é", "1", "x" * 121])
def test_a_collection_cannot_have_a_hostile_name(store: Store, name: str) -> None:
    with pytest.raises(BadQuery):
        store.collection(name)


@pytest.mark.parametrize("filter", UNKNOWN, ids=lambda filter: repr(filter)[:50])
def test_what_is_not_on_the_list_is_refused_before_anything_runs(things: Collection, filter: Any) -> None:
    for ask in (
        things.find,
        things.find_json,
        things.count_documents,
        things.delete_many,
        things.prune,
        things.find_one,
    ):
        with pytest.raises(BadQuery):
            ask(filter)
    with pytest.raises(BadQuery):
        things.update_many(filter, {"$set": {"a": 1}})
    with pytest.raises(BadQuery):
        things.find_one_and_update(filter, {"$set": {"a": 1}}, upsert=True)
    assert things.count_documents() == 0


@pytest.mark.parametrize(
    "filter",
    [
        deep(13),
        {"a": {"$in": list(range(MAX_LIST + 1))}},
        {"$or": [{"a": n} for n in range(4001)]},
        {"a": {"$elemMatch": {"$or": [{f"f{n}": 1} for n in range(4001)]}}},
        {"x" * 501: 1},
        {".".join("a" * 51): 1},
    ],
    ids=["depth", "list", "arms", "arms of elements", "long name", "long path"],
)
def test_a_filter_has_limits(things: Collection, filter: Any) -> None:
    with pytest.raises(BadQuery):
        things.find(filter)


def test_large_filters_within_the_limits_work(things: Collection) -> None:
    things.create_indexes([Index((("a", 1),))])
    things.insert_many({"_id": n, "a": n} for n in range(20))
    assert things.count_documents(deep(10)) == 1
    assert things.count_documents({"a": {"$in": list(range(MAX_LIST))}}) == 20
    assert things.count_documents({"$or": [{"a": n, "_id": n} for n in range(1300)]}) == 20
    assert things.count_documents({"$and": [{"a": {"$ne": n}} for n in range(1900)]}) == 0


@pytest.mark.parametrize("pattern", BAD_PATTERNS, ids=lambda pattern: repr(pattern)[:30])
def test_a_pattern_that_is_wrong_or_needs_backtracking_is_refused(things: Collection, pattern: str) -> None:
    with pytest.raises(BadQuery):
        things.find({"a": {"$regex": pattern}})
    with pytest.raises(BadQuery):
        things.find({"a": {"$not": {"$regex": pattern}}})


def test_a_pattern_that_explodes_elsewhere_ends_at_once(things: Collection) -> None:
    things.insert_one({"_id": 1, "a": "a" * 5000 + "!"})
    assert things.count_documents({"a": {"$regex": "^(a+)+$"}}) == 0
    assert things.count_documents({"a": {"$regex": "(a|a)*b"}}) == 0
    assert things.count_documents({"a": {"$regex": "^(a+)+!$"}}) == 1
