"""A treatment is its identifier, its ``_id``, or its moment and event type; uploading it again replaces it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from app.errors import BadRequest
from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.interface import Document, Store
from tests.clocks import SettableClock

HEX = "6f1d0c2ab7e94e3f8a5d1c20"
UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
AT = "2026-11-21T09:00:00.000Z"


def bolus(**more: object) -> Document:
    return {"eventType": "Correction Bolus", "created_at": AT, "insulin": 0.5} | more


def only(treatments: Treatments) -> Document:
    [kept] = treatments.search()
    return kept


def test_moment_and_event_type_are_an_identity(treatments: Treatments) -> None:
    [first] = treatments.save([bolus()])
    [again] = treatments.save([bolus(insulin=0.35)])
    assert again["_id"] == first["_id"]
    assert only(treatments)["insulin"] == 0.35


def test_another_event_type_at_that_moment_is_another_treatment(treatments: Treatments) -> None:
    treatments.save([bolus(), bolus(eventType="Note"), {"created_at": AT}])
    assert treatments.count() == 3


def test_one_without_an_event_type_matches_only_one_without(treatments: Treatments) -> None:
    treatments.save([bolus(), {"created_at": AT, "notes": "a"}])
    treatments.save([{"created_at": AT, "notes": "b"}])
    assert treatments.count() == 2
    assert {kept.get("notes") for kept in treatments.search()} == {None, "b"}


def test_what_is_not_sent_again_is_gone_but_names_and_arrival_stay(
    treatments: Treatments, clock: SettableClock
) -> None:
    [first] = treatments.save([bolus(notes="x", _id=UUID)])
    before = only(treatments)
    clock.advance(minutes=1)
    [again] = treatments.save([bolus(insulin=1)])
    after = only(treatments)
    assert "notes" not in after
    assert (after["_id"], after["identifier"], after["srvCreated"]) == (first["_id"], UUID, before["srvCreated"])
    assert after["srvModified"] > before["srvModified"]
    assert again["identifier"] == UUID


def test_the_same_again_writes_nothing(treatments: Treatments, store: Store, clock: SettableClock) -> None:
    treatments.save([bolus(), bolus(_id=UUID, eventType="Temporary Override"), bolus(_id=HEX, eventType="Note")])
    before = store.last_seq()
    clock.advance(minutes=5)
    treatments.save([bolus(), bolus(_id=UUID, eventType="Temporary Override"), bolus(_id=HEX, eventType="Note")])
    assert store.last_seq() == before


def test_a_uuid_is_kept_as_identifier_and_found_by_it(treatments: Treatments) -> None:
    [saved] = treatments.save([bolus(_id=UUID)])
    assert isinstance(saved["_id"], ObjectId)
    assert saved["identifier"] == UUID
    assert treatments.find(UUID)["_id"] == treatments.find(str(saved["_id"]))["_id"] == saved["_id"]


def test_an_identifier_outweighs_id_and_moment(treatments: Treatments) -> None:
    [first] = treatments.save([bolus(identifier=UUID)])
    [again] = treatments.save([bolus(identifier=UUID, _id=HEX, created_at="2026-11-21T09:30:00Z")])
    assert again["_id"] == first["_id"] != ObjectId(HEX)
    assert only(treatments)["created_at"] == "2026-11-21T09:30:00.000Z"


def test_an_id_outweighs_the_moment(treatments: Treatments) -> None:
    treatments.save([bolus(_id=HEX)])
    treatments.save([bolus(_id=HEX, created_at="2026-11-21T09:30:00Z")])
    assert only(treatments)["created_at"] == "2026-11-21T09:30:00.000Z"
    treatments.save([bolus()])
    assert treatments.count() == 2


def test_a_moment_left_in_the_same_upload_is_free_again(treatments: Treatments) -> None:
    treatments.save([bolus(_id=HEX)])
    treatments.save([bolus(_id=HEX, created_at="2026-11-21T09:30:00Z"), bolus(insulin=2)])
    assert treatments.count() == 2
    assert treatments.find(HEX)["insulin"] == 0.5


def test_an_old_row_with_a_uuid_for_id_can_be_edited(treatments: Treatments, store: Store) -> None:
    store.collection("treatments").insert_one(bolus(_id=UUID))
    [saved] = treatments.save([bolus(_id=UUID, insulin=1)])
    assert saved["_id"] == UUID
    assert only(treatments)["insulin"] == 1


def test_an_old_row_with_hex_text_for_id_can_be_edited_and_deleted(treatments: Treatments, store: Store) -> None:
    from app.records.ids import named

    store.collection("treatments").insert_one(bolus(_id=HEX))
    treatments.save([bolus(_id=HEX, insulin=1)])
    assert only(treatments)["insulin"] == 1
    assert treatments.delete(named(HEX)) == 1


@pytest.mark.parametrize("junk", [None, 0, 5, True, {"$ne": "x"}, [UUID], ""])
def test_ids_that_are_no_text_are_dropped(treatments: Treatments, junk: object) -> None:
    [by_id] = treatments.save([bolus(_id=junk)])
    [by_identifier] = treatments.save([bolus(identifier=junk)])
    assert by_id["_id"] == by_identifier["_id"]
    assert not by_identifier.get("identifier")


@pytest.mark.parametrize("member", ["identifier", "eventType", "created_at", "_id"])
@pytest.mark.parametrize("operators", [{"$ne": "x"}, {"$gt": ""}, {"$exists": True}])
def test_operators_in_a_document_overwrite_nothing(treatments: Treatments, member: str, operators: Document) -> None:
    treatments.save([bolus(notes="mine")])
    with suppress(BadRequest):
        treatments.save([bolus(notes="theirs", created_at="2026-11-21T08:00:00Z") | {member: operators}])
    assert [kept["notes"] for kept in treatments.search({"notes": "mine"})] == ["mine"]


def test_a_field_with_a_dollar_is_refused_and_nothing_is_kept(treatments: Treatments) -> None:
    with pytest.raises(BadRequest):
        treatments.save([bolus(), bolus(eventType="Note") | {"$set": {"a": 1}}])
    assert treatments.count() == 0


def test_replies_keep_the_order_of_the_request(treatments: Treatments) -> None:
    stored = treatments.save([bolus(eventType=f"e{n}") for n in range(5)])
    sent = [bolus(eventType=name) for name in ("new", "e3", "e0", "newer", "e4")]
    saved = treatments.save(sent)
    assert [kept["eventType"] for kept in saved] == ["new", "e3", "e0", "newer", "e4"]
    assert [saved[1]["_id"], saved[2]["_id"], saved[4]["_id"]] == [stored[n]["_id"] for n in (3, 0, 4)]


def test_replace_keeps_one_document_of_that_id(treatments: Treatments) -> None:
    first = treatments.replace(bolus(_id=HEX))
    again = treatments.replace(bolus(_id=HEX, insulin=1, preBolus=15, carbs=20))
    assert first["_id"] == again["_id"] == ObjectId(HEX)
    assert (only(treatments)["carbs"], only(treatments)["preBolus"]) == (20, 15)
