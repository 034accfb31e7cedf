"""An entry is what was measured at one instant in one way; uploading it again merges into it."""

from __future__ import annotations

import pytest

from app.errors import BadRequest
from app.records import collection
from app.records.entries import Entries
from app.store import ObjectId
from app.store.indexes import INDEXES
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock

HEX = "64b1f0c2a7e94e3f8a5d1c20"


def reading(minutes: int = 0, **more: object) -> Document:
    return {"type": "sgv", "sgv": 117, "date": START_MS + 60_000 * minutes} | more


def test_a_repeated_reading_is_one_document_with_one_id(entries: Entries) -> None:
    [first] = entries.save([reading()])
    [again] = entries.save([reading()])
    assert first["_id"] == again["_id"]
    assert entries.count() == 1


def test_twice_in_one_upload_is_one_document(entries: Entries) -> None:
    one, other = entries.save([reading(), reading()])
    assert one["_id"] == other["_id"]
    assert entries.count() == 1


def test_the_same_instant_written_in_another_zone_is_the_same_reading(entries: Entries) -> None:
    entries.save([reading(dateString="2026-11-21T10:00:00.000Z")])
    entries.save([reading(dateString="2026-11-21T11:00:00.000+0100")])
    assert entries.count() == 1


def test_one_instant_holds_an_entry_of_each_type(entries: Entries) -> None:
    entries.save([reading(), {"type": "mbg", "mbg": 120, "date": START_MS}])
    assert entries.count() == 2


def test_supplied_fields_are_merged_and_others_stay(entries: Entries) -> None:
    entries.save([reading(trend=4, direction="Flat", device="share2")])
    entries.save([reading(sgv=118, noise=1)])
    [kept] = entries.search()
    assert (kept["sgv"], kept["noise"], kept["trend"], kept["direction"]) == (118, 1, 4, "Flat")


def test_later_in_one_upload_merges_into_earlier(entries: Entries) -> None:
    entries.save([reading(direction="Flat"), reading(sgv=118)])
    [kept] = entries.search()
    assert (kept["sgv"], kept["direction"]) == (118, "Flat")


def test_a_bridge_that_sends_the_same_again_writes_nothing(
    entries: Entries, store: Store, clock: SettableClock
) -> None:
    day = [reading(-5 * n, direction="Flat") for n in range(24)]
    entries.save(day)
    before = store.last_seq()
    clock.advance(minutes=5)
    entries.save(day)
    assert store.last_seq() == before


def test_a_thousand_entries_are_one_write(entries: Entries, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.collection("entries").create_indexes(INDEXES["entries"])
    sizes = []
    rows = type(store.collection("entries"))
    write = rows.bulk_write
    monkeypatch.setattr(
        rows, "bulk_write", lambda self, operations: sizes.append(len(operations)) or write(self, operations)
    )
    entries.save([reading(-n) for n in range(1000)])
    assert entries.count() == 1000
    assert sizes == [1000]


def test_more_than_one_write_holds_keep_their_order(entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "SAVED_AT_ONCE", 10)
    saved = entries.save([reading(-n, sgv=100 + n) for n in range(25)])
    assert [entry["date"] for entry in saved] == [START_MS - 60_000 * n for n in range(25)]
    assert [entries.find(str(entry["_id"]))["sgv"] for entry in saved] == [100 + n for n in range(25)]


def test_an_object_id_of_the_client_is_kept(entries: Entries) -> None:
    [saved] = entries.save([reading(_id=HEX.upper())])
    assert saved["_id"] == ObjectId(HEX)
    assert entries.find(HEX)["sgv"] == 117


def test_a_stored_id_stays_when_the_client_brings_another(entries: Entries) -> None:
    [first] = entries.save([reading()])
    [again] = entries.save([reading(_id=HEX, sgv=118)])
    assert again["_id"] == first["_id"]
    assert entries.find(HEX) is None
    assert entries.find(str(first["_id"]))["sgv"] == 118


def test_an_id_that_is_stored_under_another_time_takes_the_upload_in(entries: Entries) -> None:
    entries.save([reading(_id=HEX, device="phone")])
    [moved] = entries.save([reading(5, _id=HEX, sgv=118)])
    [kept] = entries.search()
    assert moved["_id"] == kept["_id"] == ObjectId(HEX)
    assert (kept["date"], kept["sgv"], kept["device"]) == (START_MS + 300_000, 118, "phone")


def test_an_id_used_twice_in_one_upload_loses_no_upload_and_fails_none(entries: Entries) -> None:
    for _ in range(2):
        saved = entries.save([reading(_id=HEX), reading(5, _id=HEX, sgv=118)])
        assert [entry["_id"] for entry in saved] == [ObjectId(HEX)] * 2
        [kept] = entries.search()
        assert kept["sgv"] == 118


@pytest.mark.parametrize("foreign", ["3F2504E0-4F89-41D3-9A0C-0305E82C3301", "aZ09aZ09aZ09aZ09aZ09aZ0q"])
def test_a_foreign_id_becomes_the_identifier(entries: Entries, foreign: str) -> None:
    [saved] = entries.save([reading(_id=foreign)])
    assert isinstance(saved["_id"], ObjectId)
    assert saved["identifier"] == foreign
    assert entries.find(foreign)["_id"] == saved["_id"]


def test_a_foreign_id_is_dropped_where_uuids_are_not_handled(
    store: Store, clock: SettableClock, entries: Entries
) -> None:
    from tests.records.conftest import ACTOR

    [saved] = Entries(store, clock, ACTOR, uuid_handling=False).save([reading(_id="not-hex")])
    assert "identifier" not in saved


@pytest.mark.parametrize("junk", [None, 5, True, {"$ne": 1}, ["x"], ""])
def test_an_id_that_is_no_text_is_dropped(entries: Entries, junk: object) -> None:
    [saved] = entries.save([reading(_id=junk)])
    assert isinstance(saved["_id"], ObjectId)
    assert "identifier" not in saved


def test_without_a_type_only_the_very_same_document_is_the_same(entries: Entries) -> None:
    bare = {"sgv": 100, "date": START_MS, "raw": [1, {"a": None}]}
    entries.save([bare])
    entries.save([bare])
    entries.save([bare | {"sgv": 101}])
    assert entries.count() == 2


def test_a_time_nobody_understands_is_kept_once(entries: Entries) -> None:
    [saved] = entries.save([reading(dateString="yesterday")])
    entries.save([reading(dateString="yesterday")])
    assert saved["sysTime"] is saved["utcOffset"] is saved["dateString"] is None
    assert entries.count() == 1


@pytest.mark.parametrize("operators", [{"$ne": "x"}, {"$gt": ""}, {"$regex": "."}])
def test_operators_in_a_document_never_match_another_document(entries: Entries, operators: Document) -> None:
    entries.save([reading(note="mine")])
    for hostile in (reading(type=operators), {"sgv": operators, "date": START_MS}, reading(5, _id=operators)):
        try:
            entries.save([hostile | {"note": "theirs"}])
        except BadRequest:
            continue
    assert [entry["note"] for entry in entries.search({"note": "mine"})] == ["mine"]


def test_of_two_old_doubles_the_one_that_is_there_is_meant(entries: Entries, store: Store) -> None:
    moment = {"type": "sgv", "sysTime": "2026-11-21T10:00:00.000Z", "date": START_MS, "sgv": 90}
    rows = store.collection("entries")
    rows.insert_one(moment | {"isValid": False})
    there = rows.insert_one(dict(moment))
    [saved] = entries.save([reading(sgv=91)])
    assert saved["_id"] == there
    assert entries.count() == 1
