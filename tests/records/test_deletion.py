"""``isValid: false`` means deleted: nobody sees it, and uploading it again brings it back."""

from __future__ import annotations

import pytest

from app.records.entries import Entries
from app.records.ids import named
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS

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


def test_delete_removes_for_good_and_tells_how_many(entries: Entries, store: Store) -> None:
    entries.save([READING, READING | {"date": START_MS - 1}])
    assert entries.delete({"sgv": 117}) == 2
    assert store.collection("entries").count_documents({}) == 0


@pytest.mark.parametrize("filter", [{}, {"sgv": 117}, {"isValid": False}])
def test_delete_leaves_what_is_deleted_already_for_others_to_learn_of(
    entries: Entries, store: Store, filter: Document
) -> None:
    [saved] = entries.save([READING])
    softly_delete(store, "entries")
    assert entries.delete(filter) == entries.delete(named(str(saved["_id"]))) == 0
    assert store.collection("entries").count_documents({}) == 1
