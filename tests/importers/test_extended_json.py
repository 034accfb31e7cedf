"""MongoDB's Extended JSON in each of its spellings means one thing; what means nothing is refused record by record."""

from __future__ import annotations

import base64
import datetime
import math
import uuid
from typing import Any

import pytest

from app.importers.nightscout.extended_json import plain_of
from app.records.sources.documents import BadRecord
from app.store import ObjectId

ID = "5f0c52f46c0e4c0a9d536e1c"
AT = datetime.datetime(2026, 11, 21, 10, 0, 0, 500_000, datetime.UTC)
AT_MS = 1_795_255_200_500
NAME = uuid.UUID(int=5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"$oid": ID}, ObjectId(ID)),
        ({"$date": "2026-11-21T10:00:00.500Z"}, AT),
        ({"$date": "2026-11-21T11:00:00.500+0100"}, AT),
        ({"$date": AT_MS}, AT),
        ({"$date": {"$numberLong": str(AT_MS)}}, AT),
        ({"$date": {"$numberLong": str(10**17)}}, 10**17),
        ({"$numberInt": "42"}, 42),
        ({"$numberLong": "1795255200500"}, AT_MS),
        ({"$numberDouble": "1795255200500.0"}, AT_MS),
        ({"$numberDouble": "5.5"}, 5.5),
        ({"$numberDecimal": "5.50"}, 5.5),
        ({"$binary": {"base64": base64.b64encode(b"ab").decode(), "subType": "00"}}, b"ab"),
        ({"$binary": base64.b64encode(b"ab").decode(), "$type": "00"}, b"ab"),
        ({"$binary": {"base64": base64.b64encode(NAME.bytes).decode(), "subType": "04"}}, str(NAME)),
        ({"$uuid": str(NAME)}, str(NAME)),
        ({"$regularExpression": {"pattern": "^a", "options": "i"}}, "^a"),
        ({"$regex": "^a", "$options": "i"}, "^a"),
        ({"$timestamp": {"t": AT_MS // 1000, "i": 1}}, AT.replace(microsecond=0)),
        ({"$undefined": True}, None),
        ({"$minKey": 1}, None),
        ({"$ref": "food", "$id": {"$oid": ID}}, {"collection": "food", "id": ObjectId(ID)}),
        ([{"a": {"$numberInt": "1"}}, "x", None, True], [{"a": 1}, "x", None, True]),
        (2.0, 2),
    ],
)
def test_what_is_written_is_what_is_meant(written: Any, meant: Any) -> None:
    read = plain_of(written)
    assert (type(read), read) == (type(meant), meant)


def test_a_number_that_is_none_stays_one_that_is_none() -> None:
    assert math.isnan(plain_of({"$numberDouble": "NaN"}))
    assert plain_of({"$numberDouble": "-Infinity"}) == -math.inf


@pytest.mark.parametrize(
    "written",
    [
        {"$oid": "short"},
        {"$oid": 5},
        {"$date": "yesterday"},
        {"$date": None},
        {"$date": {"$numberDouble": "NaN"}},
        {"$numberInt": "many"},
        {"$numberLong": None},
        {"$binary": {"base64": "!", "subType": "00"}},
        {"$binary": 7},
        {"$uuid": "x"},
        {"$timestamp": 5},
        {"$unheard": 1},
        {"a": [{"b": {"$oid": "short"}}]},
        10**400,
    ],
)
def test_what_means_nothing_is_refused(written: Any) -> None:
    with pytest.raises(BadRecord):
        plain_of(written)


def test_what_is_nested_beyond_what_can_be_kept_is_refused() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"a": [deep]}
    with pytest.raises(BadRecord, match="too deep"):
        plain_of(deep)
