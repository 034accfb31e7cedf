"""``dbAdd``, ``dbUpdate``, ``dbUpdateUnset``, ``dbRemove``: what they keep, what they recognise, whom they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import ObjectId
from tests.compat.sockets.conftest import Client, Site

ID = "65a000000000000000000001"


@pytest.fixture
def owner(site: Site) -> Client:
    client = site.connect()
    client.authorize()
    return client


def stored(site: Site, collection: str = "treatments") -> list[dict[str, Any]]:
    return list(site.house.store.collection(collection).find({"isValid": {"$ne": False}}, sort=[("created_at", 1)]))


def add(client: Client, document: Any, collection: str = "treatments") -> Any:
    return client.ask("dbAdd", {"collection": collection, "data": document})


def bolus(site: Site, minutes_ago: float = 1, **fields: Any) -> dict[str, Any]:
    return {"eventType": "Correction Bolus", "created_at": site.iso(minutes_ago), "insulin": 1.5, **fields}


def test_the_answer_to_an_addition_is_a_list_with_the_document_and_its_id(site: Site, owner: Client) -> None:
    [answer] = add(owner, bolus(site, NSCLIENT_ID=1768374309123, pumpId=4102))
    [document] = stored(site)
    assert answer["_id"] == str(document["_id"])
    assert len(answer["_id"]) == 24
    assert (answer["insulin"], answer["NSCLIENT_ID"], answer["pumpId"]) == (1.5, 1768374309123, 4102)
    assert "srvModified" not in answer
    assert isinstance(document["srvModified"], int)


@pytest.mark.parametrize("collection", ["treatments", "entries", "devicestatus", "profile", "food", "activity"])
def test_every_collection_takes_documents_and_gives_them_a_moment(site: Site, owner: Client, collection: str) -> None:
    document = {"type": "sgv", "sgv": 100, "date": site.ms()} if collection == "entries" else {"notes": "x"}
    [answer] = add(owner, document, collection)
    [kept] = site.house.store.collection(collection).find({})
    assert str(kept["_id"]) == answer["_id"]
    if collection != "entries":
        assert kept["created_at"] == site.iso()
    if collection == "treatments":
        assert kept["eventType"] == "<none>"


def test_several_documents_are_answered_in_one_list(site: Site, owner: Client) -> None:
    answers = add(owner, [bolus(site, 5), bolus(site, 3), bolus(site, 5)])
    assert [one["created_at"] for one in answers] == [site.iso(5), site.iso(3), site.iso(5)]
    assert answers[0]["_id"] == answers[2]["_id"] != answers[1]["_id"]
    assert len(stored(site)) == 2


@pytest.mark.parametrize("given", [None, [], "text", 5, [None, "x"]])
def test_what_is_no_document_is_answered_with_none(site: Site, owner: Client, given: Any) -> None:
    assert add(owner, given) == []
    assert stored(site) == []


def test_what_cannot_be_kept_is_answered_with_none(site: Site, owner: Client) -> None:
    assert add(owner, {**bolus(site), "a": {"$where": 1}}) == []
    assert stored(site) == []


@pytest.mark.quirk("the same dbAdd again is answered with the same _id")
def test_the_same_key_is_the_same_document_which_stays_as_it_is(site: Site, owner: Client) -> None:
    [first] = add(owner, bolus(site, 5, NSCLIENT_ID=7))
    [again] = add(owner, bolus(site, 3, NSCLIENT_ID=7, insulin=9))
    assert (again["_id"], again["insulin"], again["created_at"]) == (first["_id"], 1.5, site.iso(5))
    assert len(stored(site)) == 1


def test_without_a_key_moment_and_type_are(site: Site, owner: Client) -> None:
    [first] = add(owner, bolus(site))
    [again] = add(owner, bolus(site, insulin=9, notes="again"))
    assert (again["_id"], again["insulin"]) == (first["_id"], 1.5)
    [other] = add(owner, bolus(site, eventType="Meal Bolus", insulin=4))
    assert other["_id"] != first["_id"]


def test_a_moment_is_one_in_every_spelling(site: Site, owner: Client) -> None:
    [first] = add(owner, {**bolus(site), "created_at": "2026-01-14T08:05:09+01:00"})
    [again] = add(owner, {**bolus(site), "created_at": "2026-01-14T07:05:09.000Z"})
    assert again["_id"] == first["_id"]
    assert [one["created_at"] for one in stored(site)] == ["2026-01-14T07:05:09.000Z"]


@pytest.mark.parametrize("apart_ms", [-2000, 2000])
def test_a_similar_one_within_two_seconds_only_corrects_the_moment(site: Site, owner: Client, apart_ms: int) -> None:
    [first] = add(owner, bolus(site, notes="first"))
    [again] = add(owner, bolus(site, 1 - apart_ms / 60_000, notes="second"))
    moved = site.iso(1 - apart_ms / 60_000)
    assert (again["_id"], again["created_at"], again["notes"]) == (first["_id"], moved, "first")
    [document] = stored(site)
    assert (document["created_at"], document["notes"]) == (moved, "first")


@pytest.mark.parametrize(
    "other",
    [{"insulin": 2}, {"carbs": 10}, {"NSCLIENT_ID": 8}, {"percent": 20}, {"duration": 30}],
)
def test_one_that_says_something_else_is_another(site: Site, owner: Client, other: dict[str, Any]) -> None:
    add(owner, bolus(site, NSCLIENT_ID=7) if "NSCLIENT_ID" in other else bolus(site))
    add(owner, bolus(site, 1 - 1 / 60, **other))
    assert len(stored(site)) == 2


def test_more_than_two_seconds_apart_they_are_two(site: Site, owner: Client) -> None:
    add(owner, bolus(site))
    add(owner, bolus(site, 1 - 2.001 / 60))
    assert len(stored(site)) == 2


def test_without_amounts_the_type_decides(site: Site, owner: Client) -> None:
    note = {"eventType": "Note", "created_at": site.iso(1), "notes": "a"}
    [first] = add(owner, note)
    assert add(owner, {**note, "created_at": site.iso(1 - 1 / 60)})[0]["_id"] == first["_id"]
    assert add(owner, {**note, "eventType": "Question", "created_at": site.iso(1)})[0]["_id"] != first["_id"]


def test_two_keys_at_one_moment_are_two(site: Site, owner: Client) -> None:
    for key in (7, 8):
        add(owner, bolus(site, NSCLIENT_ID=key))
    assert [one["NSCLIENT_ID"] for one in stored(site)] == [7, 8]


def test_operators_in_a_key_match_nothing(site: Site, owner: Client) -> None:
    [first] = add(owner, bolus(site, 10))
    answers = add(owner, {**bolus(site, 20), "NSCLIENT_ID": {"$ne": 1}, "eventType": {"$ne": 1}})
    assert all(one["_id"] != first["_id"] for one in answers)


def test_device_status_is_one_for_each_key_or_moment(site: Site, owner: Client) -> None:
    status = {"device": "phone", "created_at": site.iso(1), "uploaderBattery": 50}
    [first] = add(owner, status, "devicestatus")
    assert add(owner, {**status, "uploaderBattery": 40}, "devicestatus")[0]["uploaderBattery"] == 50
    [keyed] = add(owner, {**status, "NSCLIENT_ID": 5}, "devicestatus")
    assert keyed["_id"] != first["_id"]
    assert add(owner, {**status, "NSCLIENT_ID": 5, "created_at": site.iso()}, "devicestatus")[0]["_id"] == keyed["_id"]
    assert len(stored(site, "devicestatus")) == 2


def test_a_profile_takes_the_place_of_the_one_that_starts_then(site: Site, owner: Client) -> None:
    profile = {"startDate": site.iso(60), "defaultProfile": "Day", "store": {"Day": {}}}
    [first] = add(owner, profile, "profile")
    [again] = add(owner, {**profile, "defaultProfile": "Night"}, "profile")
    assert again["_id"] == first["_id"]
    assert [one["defaultProfile"] for one in stored(site, "profile")] == ["Night"]
    add(owner, {**profile, "startDate": site.iso()}, "profile")
    assert len(stored(site, "profile")) == 2


def test_entries_are_recognised_as_everywhere(site: Site, owner: Client) -> None:
    reading = {"type": "sgv", "sgv": 100, "date": site.ms(5)}
    [first] = add(owner, reading, "entries")
    assert add(owner, reading, "entries")[0]["_id"] == first["_id"]


def test_fields_are_set_and_others_stay(site: Site, owner: Client) -> None:
    [added] = add(owner, bolus(site, notes="a"))
    before = stored(site)[0]["srvModified"]
    site.clock.advance(s=1)
    asked = {"collection": "treatments", "_id": added["_id"], "data": {"insulin": 2, "duration": 30}}
    assert owner.ask("dbUpdate", asked) == {"result": "success"}
    [document] = stored(site)
    assert (document["insulin"], document["duration"], document["notes"]) == (2, 30, "a")
    assert document["srvModified"] > before


def test_fields_are_unset(site: Site, owner: Client) -> None:
    [added] = add(owner, bolus(site, notes="a", duration=5))
    asked = {"collection": "treatments", "_id": added["_id"], "data": {"notes": 1}}
    assert owner.ask("dbUpdateUnset", asked) == {"result": "success"}
    [document] = stored(site)
    assert ("notes" in document, document["duration"]) == (False, 5)


def test_a_document_is_removed(site: Site, owner: Client) -> None:
    [added] = add(owner, bolus(site))
    add(owner, bolus(site, 9))
    assert owner.ask("dbRemove", {"collection": "treatments", "_id": added["_id"]}) == {"result": "success"}
    assert [one["created_at"] for one in stored(site)] == [site.iso(9)]


def test_ids_the_original_kept_as_text_are_found_too(site: Site, owner: Client) -> None:
    kept = site.house.store.collection("treatments")
    kept.insert_one({"_id": ID, "created_at": site.iso(1), "eventType": "Note"})
    kept.insert_one({"_id": "B2C4-UUID", "created_at": site.iso(2), "eventType": "Note"})
    for id in (ID, "B2C4-UUID"):
        owner.ask("dbUpdate", {"collection": "treatments", "_id": id, "data": {"notes": "found"}})
    assert [one["notes"] for one in stored(site)] == ["found", "found"]


def test_what_the_server_alone_writes_and_ids_are_not_set(site: Site, owner: Client) -> None:
    [added] = add(owner, bolus(site))
    data = {"_id": ID, "srvCreated": 1, "srvModified": 1, "identifier": "x", "subject": "me", "notes": "a"}
    owner.ask("dbUpdate", {"collection": "treatments", "_id": added["_id"], "data": data})
    [document] = stored(site)
    assert (document["_id"], document["notes"]) == (ObjectId(added["_id"]), "a")
    assert document["srvCreated"] > 1
    assert not {"identifier", "subject"} & set(document)


@pytest.mark.parametrize("data", [{"$set": 1}, {"a": {"$where": 1}}, None, "x", {}])
def test_changes_that_are_none_change_nothing_and_end_nothing(site: Site, owner: Client, data: Any) -> None:
    [added] = add(owner, bolus(site))
    before = stored(site)
    for event in ("dbUpdate", "dbUpdateUnset"):
        asked = {"collection": "treatments", "_id": added["_id"], "data": data if event == "dbUpdate" else None}
        assert owner.ask(event, asked) == {"result": "success"}
    assert stored(site) == before


@pytest.mark.parametrize("event", ["dbAdd", "dbUpdate", "dbUpdateUnset", "dbRemove"])
@pytest.mark.parametrize("collection", ["nl_tokens", "auth_subjects", "settings", None, 5, {"a": 1}])
def test_other_collections_are_refused(site: Site, owner: Client, event: str, collection: Any) -> None:
    asked = {"collection": collection, "_id": ID, "data": {"a": 1}}
    assert owner.ask(event, asked) == {"result": "Wrong collection"}


@pytest.mark.parametrize("event", ["dbAdd", "dbUpdate", "dbUpdateUnset", "dbRemove"])
def test_who_has_not_authorized_is_refused(site: Site, event: str) -> None:
    client = site.connect()
    asked = {"collection": "treatments", "_id": ID, "data": {"notes": "x"}}
    assert client.ask(event, asked) == {"result": "Not authorized"}
    assert client.ask(event) == {"result": "Wrong collection"}
    assert stored(site) == []


@pytest.mark.parametrize("event", ["dbAdd", "dbUpdate", "dbUpdateUnset", "dbRemove"])
@pytest.mark.parametrize(
    ("permission", "permitted"),
    [
        ("*:*:read", ()),
        ("api:treatments:create", ()),
        ("api:treatments:create,update,delete", ("treatments",)),
        ("api:*:create,update,delete", ("treatments", "devicestatus")),
    ],
)
def test_only_who_may_write_changes_anything(
    site: Site, event: str, permission: str, permitted: tuple[str, ...]
) -> None:
    client = site.connect()
    client.authorize(secret=site.token(permission))
    for collection in ("treatments", "devicestatus"):
        kept = site.house.store.collection(collection)
        kept.insert_one({"_id": ObjectId(ID), "created_at": site.iso(9), "notes": "a"})
        before = list(kept.find({}))
        answer = client.ask(event, {"collection": collection, "_id": ID, "data": {"notes": 1}})
        if collection in permitted:
            assert answer != {"result": "Not permitted"}
            assert list(kept.find({})) != before
        else:
            assert answer == {"result": "Not permitted"}
            assert list(kept.find({})) == before


@pytest.mark.parametrize("event", ["dbUpdate", "dbUpdateUnset", "dbRemove"])
@pytest.mark.parametrize("id", [None, "", 5, {"$ne": ""}])
def test_without_an_id_nothing_is_changed(site: Site, owner: Client, event: str, id: Any) -> None:
    add(owner, bolus(site))
    asked = {"collection": "treatments", "_id": id, "data": {"notes": "x"}}
    assert owner.ask(event, asked) == {"result": "Missing _id"}
    assert len(stored(site)) == 1


def test_everybody_hears_of_what_one_client_adds(site: Site, owner: Client) -> None:
    other = site.connect()
    other.all_told()
    [added] = add(owner, bolus(site))
    assert [one["_id"] for one in other.next("dataUpdate")["treatments"]] == [added["_id"]]
