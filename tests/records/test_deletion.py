"""``isValid: false`` means deleted: nobody sees it, and uploading it again brings it back."""

from __future__ import annotations

import pytest

from app.records.activity import Activity
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.ids import named
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock

DAY_MS = 86_400_000
READING = {"type": "sgv", "sgv": 117, "date": START_MS}
NOTE = {"eventType": "Note", "created_at": "2026-11-21T09:00:00.000Z", "notes": "x"}


def softly_delete(store: Store, collection: str) -> None:
    store.collection(collection).update_many({}, {"$set": {"isValid": False}})


def test_nothing_shows_or_counts_a_deleted_document(entries: Entries, store: Store) -> None:
    [saved] = entries.save([READING])
    softly_delete(store, "entries")
    assert [*entries.search()] == [*entries.search_json()] == []
    assert entries.count() == 0
    assert entries.find(str(saved["_id"])) is None


def test_no_filter_brings_it_to_light(entries: Entries, store: Store) -> None:
    entries.save([READING])
    softly_delete(store, "entries")
    for filter in ({"isValid": False}, {"$or": [{"isValid": False}, {"sgv": 117}]}, {"sgv": 117}):
        assert [*entries.search(filter)] == []


@pytest.mark.parametrize("valid", [True, None, 0, "false"])
def test_only_false_means_deleted(entries: Entries, valid: object) -> None:
    entries.save([READING | {"isValid": valid}])
    assert entries.count() == 1


def test_an_entry_uploaded_again_is_back(entries: Entries, store: Store) -> None:
    [first] = entries.save([READING])
    softly_delete(store, "entries")
    [again] = entries.save([READING])
    assert again["_id"] == first["_id"]
    assert entries.count() == 1


def test_a_treatment_uploaded_again_is_back(treatments: Treatments, store: Store) -> None:
    [first] = treatments.save([NOTE])
    softly_delete(store, "treatments")
    [again] = treatments.save([NOTE])
    assert again["_id"] == first["_id"]
    assert treatments.count() == 1


def test_an_upload_that_says_deleted_deletes(treatments: Treatments, entries: Entries) -> None:
    treatments.save([NOTE])
    treatments.save([NOTE | {"isValid": False}])
    entries.save([READING])
    entries.save([READING | {"isValid": False}])
    assert treatments.count() == entries.count() == 0


def test_delete_tells_how_many(entries: Entries) -> None:
    entries.save([READING, READING | {"date": START_MS - 1}])
    assert entries.delete({"sgv": 117}) == 2
    assert entries.delete({"sgv": 117}) == entries.count() == 0


def test_what_programs_follow_one_by_one_is_marked(
    entries: Entries, treatments: Treatments, food: Food, store: Store, clock: SettableClock
) -> None:
    for records, document in ((entries, READING), (treatments, NOTE), (food, {"name": "Milk"})):
        [saved] = records.save([document])
        clock.advance(minutes=1)
        assert records.delete({}) == 1
        [kept] = store.collection(records.collection).find({})
        assert kept["_id"] == saved["_id"]
        assert kept["isValid"] is False
        assert kept["srvModified"] >= clock.now_ms() > kept["srvCreated"]


def test_what_nobody_follows_one_by_one_is_removed(
    device_status: DeviceStatus, profiles: Profiles, activity: Activity, store: Store
) -> None:
    for records in (device_status, profiles, activity):
        records.save([{"created_at": "2026-11-21T09:00:00.000Z"}])
        assert records.delete({}) == 1
        assert store.collection(records.collection).count_documents({}) == 0


def test_what_is_older_than_anybody_looks_back_is_removed(
    entries: Entries, treatments: Treatments, store: Store
) -> None:
    entries.save([READING, READING | {"date": START_MS - 101 * DAY_MS}])
    treatments.save([NOTE, NOTE | {"created_at": "2026-08-01T00:00:00Z"}])
    assert entries.delete({}) == treatments.delete({}) == 2
    assert store.collection("entries").count_documents({}) == 1
    assert store.collection("treatments").count_documents({}) == 1


def test_what_was_deleted_of_an_entry_stays_away_when_it_comes_back(entries: Entries) -> None:
    entries.save([READING | {"identifier": "mine", "delta": 5, "direction": "SingleUp"}])
    entries.delete({})
    entries.save([READING | {"direction": "Flat"}])
    [back] = entries.search()
    assert "delta" not in back
    assert "isValid" not in back
    assert (back["direction"], back["identifier"]) == ("Flat", "mine")


@pytest.mark.parametrize("filter", [{}, {"sgv": 117}, {"isValid": False}])
def test_delete_leaves_what_is_deleted_already_for_others_to_learn_of(
    entries: Entries, store: Store, filter: Document
) -> None:
    [saved] = entries.save([READING])
    softly_delete(store, "entries")
    assert entries.delete(filter) == entries.delete(named(str(saved["_id"]))) == 0
    assert store.collection("entries").count_documents({}) == 1
