"""How ``find[…]``, ``count`` and ``sort`` are understood."""

from __future__ import annotations

from typing import Any

import pytest

from app.clock import iso_of
from app.compat.brackets import decode
from app.compat.query import (
    ACTIVITY,
    DEVICESTATUS,
    ENTRIES,
    FOOD,
    PROFILES,
    TREATMENTS,
    WINDOW_MS,
    Shape,
    filter_of,
    most_of,
    sort_of,
)
from app.errors import BadQuery
from app.store import ObjectId
from tests.clocks import START_MS

HEX = "64b1f0c2a7e94e3f8a5d1c20"
UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
SINCE = {"$gte": START_MS - WINDOW_MS}
SINCE_ISO = {"$gte": iso_of(START_MS - WINDOW_MS)}


def understood(text: str, shape: Shape = TREATMENTS, **options: Any) -> dict[str, Any]:
    return filter_of(decode(text).get("find"), shape, START_MS, **options)


@pytest.mark.parametrize(("shape", "filter"), [
    (ENTRIES, {"date": SINCE}), (TREATMENTS, {"created_at": SINCE_ISO}), (DEVICESTATUS, {"created_at": SINCE_ISO}),
    (PROFILES, {"startDate": SINCE_ISO}), (ACTIVITY, {"created_at": SINCE_ISO}), (FOOD, {}),
])  # fmt: skip
def test_without_a_word_of_time_the_last_four_days_are_meant(shape: Shape, filter: dict[str, Any]) -> None:
    assert understood("", shape) == understood("find=", shape) == filter


@pytest.mark.parametrize(
    "text", ["find[dateString][$gte]=2014", f"find[_id]={HEX}", "find[date][$gte]=5", "find[date]=5"]
)
def test_a_word_of_time_or_an_id_lifts_the_window(text: str) -> None:
    assert SINCE not in understood(text, ENTRIES).values()


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("find[sgv]=120", {"sgv": 120}),
        ("find[sgv][$gte]=120.9", {"sgv": {"$gte": 120}}),
        ("find[sgv][$in][]=1&find[sgv][$in][]=2x", {"sgv": {"$in": [1, 2]}}),
        ("find[sgv][$in]=1", {"sgv": {"$in": [1]}}),
        ("find[sgv][$exists]=true", {"sgv": {"$exists": True}}),
        ("find[sgv][$exists]=false", {"sgv": {"$exists": False}}),
        ("find[device]=5", {"device": "5"}),
        ("find[type][$ne]=cal", {"type": {"$ne": "cal"}}),
        ("find[rssi][$not][$gt]=5", {"rssi": {"$not": {"$gt": 5}}}),
        ("find[$or][0][sgv]=5&find[$or][1][id][$eq]=5", {"$or": [{"sgv": 5}, {"id": {"$eq": "5"}}]}),
    ],
)
def test_leaves_are_text_but_for_the_fields_of_numbers(text: str, filter: dict[str, Any]) -> None:
    assert understood(text, ENTRIES) == filter | {"date": SINCE}


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("find[date]=1768374309123", 1_768_374_309_123),
        ("find[date][$gt]=1768374309123.456", {"$gt": 1_768_374_309_123}),
        ("find[date][$gte]=2026-11-20", {"$gte": 2026}),
        ("find[date][$ne]=5", {"$ne": 5}),
        ("find[date][$exists]=true", {"$exists": True}),
        ("find[date]=abc", SINCE),
    ],
)
def test_the_date_of_an_entry_is_a_number(text: str, date: object) -> None:
    assert understood(text, ENTRIES)["date"] == date


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T00:00:00Z", "2026-11-20T00:00:00.000Z", "2026-11-20T01:00:00%2B01:00", "2026-11-20T01:00:00+01:00",
        "2026-11-20T00:00+00:00", "2026-11-20", "2026-11-20T00:00:00", "2026-11-20%2001:00:00+01:00", "1795132800000",
        "2026-11-20T01:00:00.000%2B0100", "2026-11-20T00:00:00Z%20",
    ],
)  # fmt: skip
@pytest.mark.parametrize("operator", ["[$gte]", "[$lt]", "[$eq]", "[$ne]", ""])
def test_a_date_bound_means_its_moment(written: str, operator: str) -> None:
    created_at = understood(f"find[created_at]{operator}={written}")["created_at"]
    assert created_at == ({operator[1:-1]: "2026-11-20T00:00:00.000Z"} if operator else "2026-11-20T00:00:00.000Z")


@pytest.mark.parametrize("written", ["2025", "2025.5", "20"])
def test_part_of_a_date_compares_as_text(written: str) -> None:
    assert understood(f"find[created_at][$gte]={written}")["created_at"] == {"$gte": written}


def test_date_lists_and_existence_work_too() -> None:
    assert understood("find[created_at][$in][]=2026-11-20T00:00:00Z")["created_at"] == {
        "$in": ["2026-11-20T00:00:00.000Z"]
    }
    assert understood("find[created_at][$exists]=true")["created_at"] == {"$exists": True}


def test_a_date_inside_or_means_its_moment_too() -> None:
    filter = understood("find[$or][0][created_at][$eq]=2026-11-20T01:00:00%2B01:00")
    assert filter["$or"] == [{"created_at": {"$eq": "2026-11-20T00:00:00.000Z"}}]


@pytest.mark.quirk("text between slashes is a pattern")
@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("find[eventType]=/Temp/", {"$regex": "Temp"}),
        ("find[eventType]=/temp/ig", {"$regex": "temp", "$options": "i"}),
        ("find[eventType][$eq]=/Temp/", {"$regex": "Temp"}),
        ("find[eventType][$ne]=/Temp/", {"$not": {"$regex": "Temp"}}),
        ("find[eventType][$not]=/Temp/", {"$not": {"$regex": "Temp"}}),
        ("find[eventType][$regex]=Change", {"$regex": "Change"}),
        ("find[eventType][$regex]=change&find[eventType][$options]=i", {"$regex": "change", "$options": "i"}),
        ("find[eventType]=a/b", "a/b"),
        ("find[eventType]=/", "/"),
        ("find[eventType][$in][]=/a/", {"$in": ["/a/"]}),
    ],
)
def test_a_pattern_between_slashes_is_a_pattern(text: str, condition: object) -> None:
    assert understood(text)["eventType"] == condition


def test_only_three_fields_take_patterns() -> None:
    assert understood("find[device]=/x/")["device"] == "/x/"


@pytest.mark.quirk("$ne given more than once excludes each")
def test_a_repeated_ne_excludes_each() -> None:
    filter = understood("find[enteredBy][$ne]=iAPS&find[enteredBy][$ne]=Trio")
    assert filter["enteredBy"] == {"$nin": ["iAPS", "Trio"]}


def test_an_id_is_found_as_object_id_and_as_text() -> None:
    assert understood(f"find[_id]={HEX}") == {"_id": {"$in": [ObjectId(HEX), HEX]}}
    assert understood(f"find[_id][$in][]={HEX}&find[_id][$in][]=x") == {"_id": {"$in": [ObjectId(HEX), "x"]}}
    assert understood(f"find[_id][$ne]={HEX}") == {"_id": {"$ne": ObjectId(HEX)}}


@pytest.mark.quirk("find[_id] takes the UUID an app chose")
def test_a_uuid_is_found_as_identifier_and_as_id() -> None:
    either = {"$or": [{"identifier": UUID}, {"_id": UUID}]}
    assert understood(f"find[_id]={UUID}") == either
    assert understood(f"find[_id]={UUID}&find[notes]=x") == {"$and": [{"notes": "x"}, either]}
    assert understood(f"find[_id]={UUID}", uuid_handling=False) == {"_id": UUID}


def test_an_empty_id_is_an_id_nobody_has() -> None:
    assert understood("find[_id]=")["_id"] == ""


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("find=abc", TREATMENTS),
        ("find[]=1", TREATMENTS),
        ("find[carbs][$gte]=abc", TREATMENTS),
        ("find[sgv]=abc", ENTRIES),
        ("find[date][$gte]=abc", ENTRIES),
        ("find[created_at][$gte]=abc", TREATMENTS),
        ("find[created_at]=yesterday", DEVICESTATUS),
        ("find[startDate][$lte]=x", PROFILES),
        ("find[$or]=x", ENTRIES),
        ("find[$and][]=x", ENTRIES),
    ],
)
def test_what_cannot_be_understood_is_refused(text: str, shape: Shape) -> None:
    with pytest.raises(BadQuery):
        understood(text, shape)


@pytest.mark.quirk("the refusal of a date says: as a valid ISO-8601 date")
def test_the_words_tconnectsync_looks_for_are_there() -> None:
    with pytest.raises(BadQuery, match="as a valid ISO-8601 date"):
        understood("find[created_at][$gte]=x")


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", 10), ("count=", 10), ("count=5", 5), ("count=5x", 5), ("count=1e2", 1), ("count=2.7", 2), ("count[]=2", 2),
        ("count=4294967296", 2**31 - 1), ("count=abc", None), ("count=0", 0), ("count=-3", 0),
        ("count=0&find[type]=sgv", 0), ("count=0&find[sgv]=1", None), ("count=-3&find[sgv]=1", 3),
        ("count=abc&find[sgv]=1", None), ("count[a]=1", None),
    ],
)  # fmt: skip
def test_count_says_how_many(text: str, most: int | None) -> None:
    assert most_of(decode(text), ENTRIES, 10) == most


@pytest.mark.parametrize("shape", [PROFILES, ACTIVITY, FOOD])
@pytest.mark.parametrize(
    ("text", "most"), [("", None), ("count=", None), ("count=0", None), ("count=-3", 3), ("count=x", None),
                       ("count=0&find[type]=sgv", None), ("count=5", 5)],
)  # fmt: skip
def test_what_the_original_never_answers_from_memory_is_counted_as_in_a_database(
    shape: Shape, text: str, most: int | None
) -> None:
    assert most_of(decode(text), shape, None) == most


@pytest.mark.parametrize(("text", "sort"), [
    ("", None), ("sort=date", None), ("sort[]=date", None), ("sort[sgv]=1", (("sgv", 1),)),
    ("sort[a]=-1&sort[b]=1", (("a", -1), ("b", 1))), ("sort$desc=date", None),
])  # fmt: skip
def test_sort_says_in_which_order(text: str, sort: object) -> None:
    assert sort_of(decode(text).get("sort")) == sort


@pytest.mark.parametrize("direction", ["abc", "2", "", "asc"])
def test_a_direction_that_is_none_is_refused(direction: str) -> None:
    with pytest.raises(BadQuery):
        sort_of({"date": direction})
