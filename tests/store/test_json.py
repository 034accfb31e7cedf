"""Answers as JSON bytes, as clients get them."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store import Collection, Document, Index, ObjectId

ID = ObjectId("6b01869046e74ba247476940")


def test_documents_come_as_clients_expect_them(things: Collection) -> None:
    things.insert_one(
        {
            "n": 2.0,
            "_id": ID,
            "f": 1.5,
            "at": datetime(2026, 11, 20, 10, 0, 0, 7000, UTC),
            "other": [ID, {"nan": math.nan, "inf": -math.inf}],
            "bytes": b"\xff",
            "text": 'é "$oid" \\ \n',
            "none": None,
            "yes": True,
        }
    )
    assert b"".join(things.find_json()).decode() == (
        '{"_id":"6b01869046e74ba247476940","n":2,"f":1.5,"at":"2026-11-20T10:00:00.007Z",'
        '"other":["6b01869046e74ba247476940",{"nan":null,"inf":null}],"bytes":"/w==",'
        '"text":"é \\"$oid\\" \\\\ \\n","none":null,"yes":true}'
    )


@pytest.mark.parametrize("id", ["text", '"\\\n\x01é', 5, ID])
@pytest.mark.parametrize("rest", [{}, {"a": 1}, {"at": datetime(2026, 1, 1, tzinfo=UTC)}])
def test_the_id_comes_first_whatever_it_is(things: Collection, id: Any, rest: Document) -> None:
    things.insert_one({**rest, "_id": id})
    (line,) = things.find_json({"_id": id})
    assert line.startswith(b'{"_id":')
    assert json.loads(line)["_id"] == (str(id) if isinstance(id, ObjectId) else id)
    (searched,) = things.find_json({"_id": id, "none": None})
    assert searched == line


def test_sort_skip_and_limit_hold_for_json_too(things: Collection) -> None:
    things.create_indexes([Index((("n", 1),))])
    things.insert_many({"_id": n, "n": n, "odd": n % 2 == 1} for n in range(1500))

    def ids(found: Any) -> list[int]:
        return [json.loads(line)["_id"] for line in found]

    assert ids(things.find_json({}, sort=[("n", -1)], limit=3)) == [1499, 1498, 1497]
    assert ids(things.find_json({}, sort=[("n", 1)])) == list(range(1500))
    assert ids(things.find_json({"odd": True}, sort=[("n", 1)], skip=2, limit=500)) == list(range(5, 1005, 2))
    assert ids(things.find_json({"n": -1})) == []


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
names = texts.filter(lambda name: not name.startswith("$") and "\0" not in name and name != "_id")
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(names, values, max_size=5))
def test_json_says_the_same_as_the_document(things: Collection, body: Document) -> None:
    things.delete_many({})
    things.insert_one({"_id": "x", **body})
    (line,) = things.find_json()
    assert orjson.loads(line) == orjson.loads(orjson.dumps(things.find_one()))
