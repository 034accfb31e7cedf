"""Random documents, filters, sorts and updates over few names and values, so that they meet often."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from app.store import ObjectId

FIELDS = ("a", "b", "c", "d")
PARTS = (*FIELDS, "0", "1")
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 5, -1, 1.5, 2**31, 2**40, 2**53, 2.0**53, 1e300),
    *(math.nan, math.inf, -math.inf),
    *("", "a", "b", "ab", "aB\n", "é", "\U0001f389"),
    *(b"", b"ab", b"\x00"),
    *(ObjectId(f"{n}" * 24) for n in range(3)),
    *(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 0, 0, 0, 5000, UTC)),
)
TYPES = ("int", "long", "double", "number", "string", "array", "object", "bool", "null", "date", "objectId", "binData")

scalars = st.sampled_from(SCALARS)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=2),
    max_leaves=5,
)
ids = st.integers(0, 99) | st.sampled_from(["x", "y", *(ObjectId(f"{n}" * 24) for n in range(5, 9))])
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)
plain_bodies = st.dictionaries(st.sampled_from(FIELDS), scalars, max_size=4)


def collections(body: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    documents = st.builds(lambda id, rest: {"_id": id, **rest}, ids, body)
    return st.lists(documents, max_size=10, unique_by=lambda document: document["_id"])


paths = st.builds(
    lambda first, rest: ".".join([first, *rest]),
    st.sampled_from(FIELDS),
    st.lists(st.sampled_from(PARTS), max_size=2),
)
sort_paths = st.builds(
    lambda first, rest: ".".join([first, *rest]),
    st.sampled_from(FIELDS),
    # Not numbers: MongoDB sorts by a place in an array in ways of its own.
    st.lists(st.sampled_from(FIELDS), max_size=1),
)
sorts = st.lists(st.tuples(sort_paths, st.sampled_from([1, -1])), max_size=2)

patterns = st.sampled_from(["a", "^a", "b$", "A", "^ab", "", ".", "^a*b", "^é?a"])
options = st.sampled_from(["", "i", "m", "s"])
leaf_conditions = st.one_of(
    values,
    st.builds(lambda op, v: {op: v}, st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), values),
    st.builds(lambda op, v: {op: v}, st.sampled_from(["$in", "$nin"]), st.lists(values, max_size=3)),
    st.builds(lambda low, high: {"$gte": low, "$lt": high}, scalars, scalars),
    st.builds(lambda yes: {"$exists": yes}, st.sampled_from([True, False, 0, 1])),
    st.builds(lambda pattern, how: {"$regex": pattern, "$options": how}, patterns, options),
    st.builds(lambda type: {"$type": type}, st.sampled_from([*TYPES, ["int", "string"]])),
    st.builds(lambda size: {"$size": size}, st.integers(0, 2)),
)


def has_operators(condition: Any) -> bool:
    return isinstance(condition, dict) and any(name.startswith("$") for name in condition)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    operators = inner.filter(has_operators)
    return (
        st.builds(lambda condition: {"$not": condition}, operators)
        | st.builds(lambda condition: {"$elemMatch": condition}, operators)
        | st.builds(lambda path, condition: {"$elemMatch": {path: condition}}, paths, inner)
    )


conditions = st.recursive(leaf_conditions, grown, max_leaves=3)
filters = st.recursive(
    st.dictionaries(paths, conditions, max_size=2),
    lambda inner: st.builds(
        lambda op, arms, rest: {**rest, op: arms},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=2),
        inner,
    ),
    max_leaves=4,
)
pulled = values | conditions.filter(lambda condition: has_operators(condition) and next(iter(condition)) != "$not")
actions = st.one_of(
    st.tuples(st.sampled_from(["$set", "$setOnInsert", "$min", "$max", "$push", "$addToSet"]), paths, values),
    st.tuples(st.just("$unset"), paths, st.just("")),
    st.tuples(st.just("$inc"), paths, st.sampled_from([1, -1, 0.5, 2.5])),
    st.tuples(st.just("$push"), paths, st.builds(lambda each: {"$each": each}, st.lists(values, max_size=2))),
    st.tuples(st.just("$pull"), paths, pulled),
    st.tuples(st.just("$pullAll"), paths, st.lists(values, max_size=2)),
    st.tuples(st.just("$pop"), paths, st.sampled_from([1, -1])),
    st.tuples(st.just("$rename"), paths, paths),
)


def as_update(chosen: list[tuple[str, str, Any]]) -> dict[str, Any]:
    update: dict[str, Any] = {}
    for op, path, argument in chosen:
        update.setdefault(op, {})[path] = argument
    return update


updates = st.lists(actions, min_size=1, max_size=3).map(as_update)
held_values = st.dictionaries(paths, scalars, max_size=2)
