"""What documents hold: the one form of each value, and what is refused."""

from __future__ import annotations

import enum
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.errors import BadDocument, BadQuery
from app.store import Collection, Document, ObjectId

CLOSE: list[tuple[Any, Any]] = [
    (2.0, 2),
    (-0.0, 0),
    (1.5, 1.5),
    (1795255200000.0, 1795255200000),
    (2.0**53, 2.0**53),
    (2**63 - 1, 2**63 - 1),
    (2**63, 2.0**63),
    (-(2**64), -(2.0**64)),
    (math.inf, math.inf),
    ((1, 2), [1, 2]),
    (datetime(2026, 11, 20, 12, 0, 0, 123999, UTC), datetime(2026, 11, 20, 12, 0, 0, 123000, UTC)),
    (datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 11, 20, 10, tzinfo=UTC)),
    (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
    (bytearray(b"x"), b"x"),
    (ObjectId("5" * 24), ObjectId("5" * 24)),
    ('naïve \U0001f389 \0 " \\ \n', 'naïve \U0001f389 \0 " \\ \n'),
    ({"a": [{"b": 2.0}]}, {"a": [{"b": 2}]}),
    ({"a.b": 1, "": 2, "é": 3}, {"a.b": 1, "": 2, "é": 3}),
    (enum.IntEnum("Kind", ["ONE"]).ONE, 1),  # type: ignore[attr-defined]
]


def nested(levels: int) -> Document:
    document: Document = {}
    for _ in range(levels - 1):
        document = {"a": document}
    return document


def test_every_value_comes_back_in_its_one_form(things: Collection) -> None:
    wrong = []
    for n, (given, expected) in enumerate(CLOSE):
        things.insert_one({"_id": n, "v": given})
        found = things.find_one({"_id": n})
        if found is None or repr(found["v"]) != repr(expected):
            wrong.append((given, expected, found))
    assert wrong == []


def test_nan_comes_back(things: Collection) -> None:
    things.insert_one({"_id": 1, "v": math.nan, "w": [{"x": math.nan}], "n": None})
    found = things.find_one({"v": math.nan})
    assert found is not None
    assert math.isnan(found["v"])
    assert math.isnan(found["w"][0]["x"])
    assert found["n"] is None


@pytest.mark.parametrize("id", ["text", '"quoted\\\n', "é", 5, -1, ObjectId("7" * 24), "7" * 24])
def test_an_id_keeps_its_type(things: Collection, id: Any) -> None:
    things.insert_one({"_id": id})
    found = things.find_one({"_id": id})
    assert found is not None
    assert repr(found["_id"]) == repr(id)


def test_an_id_as_text_is_not_the_same_as_an_object_id(things: Collection) -> None:
    things.insert_many([{"_id": ObjectId("7" * 24)}, {"_id": "7" * 24}])
    assert things.count_documents({"_id": "7" * 24}) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"$a": 1},
        {"a": {"$b": 1}},
        {"a": [{"$oid": "5" * 24}]},
        {"a\0b": 1},
        {1: 1},
        {"a": "\ud800"},
        {"\ud800": 1},
        {"a": {1, 2}},
        {"a": 1j},
        {"a": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"a": 10**400},
        {"_id": None},
        {"_id": 1.5},
        {"_id": True},
        {"_id": [1]},
        {"_id": {"a": 1}},
        {"_id": "a\0b"},
        nested(101),
        {"a": "x" * (16 * 1024 * 1024)},
        "text",
        [1],
    ],
    ids=lambda bad: repr(bad)[:40],
)
def test_what_no_backend_may_keep_is_refused(things: Collection, bad: Any) -> None:
    with pytest.raises(BadDocument):
        things.insert_one(bad)
    with pytest.raises((BadDocument, BadQuery)):
        things.replace_one({"x": 1}, bad, upsert=True)
    assert things.count_documents() == 0


def test_a_deep_document_is_kept(things: Collection) -> None:
    things.insert_one({"_id": 1, **nested(100)})
    assert things.find_one() == {"_id": 1, **nested(100)}


def test_what_is_given_is_not_changed_and_what_is_returned_is_ones_own(things: Collection) -> None:
    given: Document = {"a": {"b": [1.0]}}
    things.insert_one(given)
    given["a"]["b"].append(2)
    found = things.find_one()
    assert found is not None
    assert found["a"] == {"b": [1]}
    assert "_id" not in given
    found["a"]["b"].append(3)
    assert things.find_one({"a": {"b": [1]}}) is not None
