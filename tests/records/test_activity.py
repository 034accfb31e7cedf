"""Activity: its time stays as it was written and is found by its moment; what comes again is stored once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.records.activity import Activity
from app.store import ObjectId
from app.store.interface import Document, Filter, Sort, Store
from tests.clocks import SettableClock

HEX = "64b1f0c2a7e94e3f8a5d1c20"
NOW = "2026-11-21T10:00:00.000Z"


def steps(n: int, at: str = NOW, **more: object) -> Document:
    return {"created_at": at, "steps": n} | more


def found(activity: Activity, filter: Filter | None = None, **more: Any) -> list[int]:
    return [kept["steps"] for kept in activity.search(filter, **more)]


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-21T11:00:00+01:00",
        "2026-11-21T11:00:00.123456+01:00",
        "2026-11-21 11:00:00+01:00",
        "2026-11-21T08:05:09.123+0100",
        "2026-11-21T10:00:00Z",
        "2026-11-21",
    ],
)
def test_the_time_comes_back_exactly_as_written(activity: Activity, written: str) -> None:
    [saved] = activity.save([steps(1, written)])
    assert saved["created_at"] == written
    [kept] = activity.search()
    assert kept["created_at"] == written
    assert "utcOffset" not in kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (1_795_255_200_000, NOW),
        ("1795255200000", NOW),
        ("Sat, 21 Nov 2026 11:00:00 +0100", NOW),
        ("20261121T100000Z", NOW),
        ("2026-11", "2026-11-01T00:00:00.000Z"),
        ("nonsense", NOW),
        ("2026-11-21 nonsense", NOW),
        ("", NOW),
        (None, NOW),
        ({"$gt": ""}, NOW),
    ],
)
def test_a_time_that_letters_cannot_order_becomes_utc(activity: Activity, written: object, kept: str) -> None:
    [saved] = activity.save([{"created_at": written, "steps": 1}])
    assert saved["created_at"] == kept


def test_the_same_upload_again_changes_nothing(activity: Activity, store: Store) -> None:
    sent = [steps(5, "2026-11-21T11:00:00+01:00", device="watch"), steps(6)]
    first = activity.save(sent)
    before = store.last_seq()
    again = activity.save([*reversed(sent), *sent])
    assert [kept["_id"] for kept in again] == [first[n]["_id"] for n in (1, 0, 0, 1)]
    assert store.last_seq() == before
    assert activity.count() == 2


@pytest.mark.parametrize("other", [{"steps": 6}, {"device": "phone"}, {"created_at": "2026-11-21T11:00:00+01:00"}])
def test_what_differs_in_a_word_is_another_document(activity: Activity, other: Document) -> None:
    activity.save([steps(5)])
    activity.save([steps(5) | other])
    assert activity.count() == 2


def test_what_says_more_takes_nothing_from_what_says_less(activity: Activity) -> None:
    activity.save([steps(5, device="watch")])
    activity.save([steps(5)])
    assert sorted(kept.get("device", "") for kept in activity.search()) == ["", "watch"]


def test_without_a_time_of_its_own_nothing_tells_documents_apart(activity: Activity) -> None:
    activity.save([{"steps": 5}, {"steps": 5}])
    assert activity.count() == 2


def test_what_the_original_stored_is_recognised(activity: Activity, store: Store) -> None:
    store.collection("activity").insert_one({"_id": ObjectId(HEX), **steps(5, "2026-11-21T11:00:00+01:00")})
    before = store.last_seq()
    [again] = activity.save([steps(5, "2026-11-21T11:00:00+01:00")])
    assert again["_id"] == ObjectId(HEX)
    assert store.last_seq() == before


def test_an_id_is_the_identity_whatever_else_changes(activity: Activity) -> None:
    activity.save([steps(5, _id=HEX, device="watch")])
    [again] = activity.save([steps(6, "2026-11-21T09:00:00Z", _id=HEX)])
    assert again["_id"] == ObjectId(HEX)
    [kept] = activity.search()
    assert (kept["steps"], kept["created_at"]) == (6, "2026-11-21T09:00:00Z")
    assert "device" not in kept


def test_replacing_keeps_when_it_was_received(activity: Activity, clock: SettableClock) -> None:
    [made] = activity.save([steps(5)])
    clock.advance(minutes=1)
    activity.replace(steps(6, _id=str(made["_id"])))
    [kept] = activity.search()
    assert (kept["_id"], kept["steps"]) == (made["_id"], 6)
    assert kept["srvModified"] == kept["srvCreated"] + 60_000


def test_replacing_what_is_not_there_keeps_a_new_one(activity: Activity) -> None:
    assert activity.replace(steps(5, _id=HEX))["_id"] == ObjectId(HEX)
    assert isinstance(activity.replace(steps(6))["_id"], ObjectId)
    assert activity.count() == 2


def test_a_deleted_document_is_not_there_until_it_is_sent_again(activity: Activity, store: Store) -> None:
    [made] = activity.save([steps(5)])
    store.collection("activity").update_one({"_id": made["_id"]}, {"$set": {"isValid": False}})
    assert found(activity) == found(activity, {"created_at": {"$gte": "2026"}}) == []
    assert activity.count() == activity.count({"created_at": {"$gte": "2026"}}) == 0
    activity.save([steps(5)])
    assert found(activity) == [5]


def test_texts_are_made_harmless(activity: Activity) -> None:
    [kept] = activity.save([steps(1, notes="<b>walk</b><script>x</script>")])
    assert kept["notes"] == "<b>walk</b>"


# In UTC, in this order: 09:30, 10:00, 10:30, 11:00; no order of letters is that.
ZONED = [
    steps(3, "2026-11-21T22:30:00+12:00"),
    steps(1, "2026-11-20T21:30:00-12:00"),
    steps(4, "2026-11-21 11:00:00Z"),
    steps(2, "2026-11-21T11:00:00+01:00"),
]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"created_at": {"$gte": "2026-11-21T10:00:00.000Z"}}, [4, 3, 2]),
        ({"created_at": {"$gt": "2026-11-21T10:00:00.000Z"}}, [4, 3]),
        ({"created_at": {"$lte": "2026-11-21T10:00:00.000Z"}}, [2, 1]),
        ({"created_at": {"$lt": "2026-11-21T10:00:00.000Z"}}, [1]),
        ({"created_at": {"$gt": "2026-11-21T09:30:00.000Z", "$lt": "2026-11-21T11:00:00.000Z"}}, [3, 2]),
        ({"created_at": "2026-11-21T10:00:00.000Z"}, [2]),
        ({"created_at": {"$eq": "2026-11-21T10:30:00.000Z"}}, [3]),
        ({"created_at": {"$ne": "2026-11-21T10:00:00.000Z"}}, [4, 3, 1]),
        ({"created_at": {"$in": ["2026-11-21T10:00:00.000Z", "2026-11-21T09:30:00.000Z"]}}, [2, 1]),
        ({"created_at": {"$not": {"$gte": "2026-11-21T10:00:00.000Z"}}}, [1]),
        ({"created_at": {"$exists": True}}, [4, 3, 2, 1]),
        ({"created_at": {"$gte": "2026"}}, [4, 3, 2, 1]),
        ({"created_at": {"$gte": "2027"}}, []),
        ({"created_at": {"$lt": "2026"}}, []),
        ({"created_at": {"$regex": "^2026-11-21T1[01]:00"}}, [4, 2]),
        ({"$or": [{"created_at": {"$lt": "2026-11-21T10:00:00.000Z"}}, {"steps": 4}]}, [4, 1]),
        ({"$nor": [{"created_at": {"$lt": "2026-11-21T10:00:00.000Z"}}, {"steps": 4}]}, [3, 2]),
        ({"$nor": [{"created_at": {"$lt": "2026-11-21T10:00:00.000Z"}}]}, [4, 3, 2]),
        ({"$and": [{"created_at": {"$gte": "2026-11-21T10:00:00.000Z"}}, {"steps": {"$lt": 4}}]}, [3, 2]),
        ({"steps": {"$gt": 2}}, [4, 3]),
        (None, [4, 3, 2, 1]),
    ],
)
def test_conditions_on_the_time_mean_its_moment(activity: Activity, filter: Filter | None, expected: list[int]) -> None:
    activity.save(ZONED)
    assert found(activity, filter) == expected
    assert [orjson.loads(row)["steps"] for row in activity.search_json(filter)] == expected
    assert activity.count(filter) == len(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((("created_at", 1),), [1, 2, 3, 4]),
        ((("created_at", -1),), [4, 3, 2, 1]),
        ((("steps", 1),), [1, 2, 3, 4]),
        ((("steps", -1),), [4, 3, 2, 1]),
    ],
)
def test_the_order_is_that_of_the_moments(activity: Activity, sort: Sort, expected: list[int]) -> None:
    activity.save(ZONED)
    everything = {"created_at": {"$gte": "2026-01-01T00:00:00.000Z"}}
    for filter in (None, everything):
        assert found(activity, filter, sort=sort) == expected
        assert found(activity, filter, sort=sort, limit=2) == expected[:2]
        assert found(activity, filter, sort=sort, skip=1, limit=2) == expected[1:3]


def test_json_is_the_stores_wire_form(activity: Activity) -> None:
    [saved] = activity.save([steps(5)])
    [row] = activity.search_json({"created_at": NOW})
    assert orjson.loads(row)["_id"] == str(saved["_id"])
    assert [row] == [*activity.search_json({"steps": 5}, sort=(("steps", 1),))]


@pytest.mark.parametrize(
    ("filter", "left"),
    [
        ({"created_at": {"$lte": "2026-11-21T10:00:00.000Z"}}, [4, 3]),
        ({"steps": 1}, [4, 3, 2]),
        ({"created_at": {"$lt": "2020"}}, [4, 3, 2, 1]),
    ],
)
def test_deleting_goes_by_moment_too(activity: Activity, filter: Filter, left: list[int]) -> None:
    activity.save(ZONED)
    assert activity.delete(filter) == 4 - len(left)
    assert found(activity) == left


def test_what_others_stored_without_a_time_of_any_kind_is_still_found(activity: Activity, store: Store) -> None:
    kept = store.collection("activity")
    kept.insert_many([{"steps": 1}, {"steps": 2, "created_at": 5}, {"steps": 3, "created_at": "soon"}, steps(4)])
    assert sorted(found(activity)) == [1, 2, 3, 4]
    assert found(activity, {"created_at": {"$lt": "2027"}}) == [4]
    assert found(activity, {"created_at": {"$exists": False}}) == [1]


def test_a_document_is_found_by_its_id(activity: Activity) -> None:
    activity.save([steps(1, _id=HEX)])
    kept = activity.find(HEX)
    assert kept is not None
    assert kept["steps"] == 1
    assert activity.find("0" * 24) is None
