"""``/storage``: who hears of which collection, and what is told of a change, whoever made it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.sockets.conftest import Client, Site

ALL = ["devicestatus", "entries", "food", "profile", "settings", "treatments"]
BAD = {"success": False, "message": "Missing or bad accessToken"}


def subscribed(site: Site, token: str, **message: Any) -> tuple[Client, Any]:
    client = site.connect("/storage")
    return client, client.ask("subscribe", {"accessToken": token, **message}, namespace="/storage")


@pytest.fixture
def feed(site: Site) -> Client:
    client, answer = subscribed(site, site.token("api:*:read", "api:settings:admin"))
    assert answer["success"]
    return client


@pytest.mark.quirk("names of collections that nobody knows are passed over")
def test_androidaps_is_granted_what_it_names_and_there_is(site: Site) -> None:
    names = ["devicestatus", "entries", "profile", "treatments", "foods", "settings"]
    _, answer = subscribed(site, site.token("*:*:read"), collections=names)
    assert answer == {"success": True, "collections": ["devicestatus", "entries", "profile", "treatments"]}


def test_who_names_nothing_is_granted_all_it_may_read(site: Site) -> None:
    _, answer = subscribed(site, site.token("api:*:read", "api:settings:admin"))
    assert answer == {"success": True, "collections": ALL}
    _, answer = subscribed(site, site.token("api:food,entries:read", name="cook"))
    assert answer == {"success": True, "collections": ["entries", "food"]}


@pytest.mark.parametrize("message", [{}, {"accessToken": ""}, {"accessToken": "app-0123456789abcdef"}, "x", None])
def test_a_bad_token_is_refused(site: Site, message: Any) -> None:
    client = site.connect("/storage")
    assert client.ask("subscribe", message, namespace="/storage") == BAD
    site.glucose(100)
    witness, _ = subscribed(site, site.token("*:*:read"))
    site.glucose(101, minutes_ago=1)
    witness.next("create")
    assert client.heard.empty()


def test_who_may_read_nothing_is_told_so(site: Site) -> None:
    unauthorized = {"success": False, "message": "Unauthorized to receive any collection"}
    assert subscribed(site, site.token("api:treatments:create"))[1] == unauthorized
    assert subscribed(site, site.token("*:*:read", name="b"), collections=["settings", "foods"])[1] == unauthorized


def test_only_granted_collections_are_told(site: Site) -> None:
    client, _ = subscribed(site, site.token("api:treatments:read"), collections=["treatments", "entries"])
    site.glucose(117)
    site.treatment("Note", notes="x")
    name, body = client.next()
    assert (name, body["colName"]) == ("create", "treatments")


def test_a_write_of_v1_is_told_in_the_shape_of_v3(site: Site, feed: Client) -> None:
    date = site.ms(5) + 0.5
    [made] = site.owner.post("/api/v1/entries", json=[{"type": "sgv", "sgv": 117, "date": date}]).json()
    name, body = feed.next()
    doc = body["doc"]
    assert (name, body["colName"], doc["sgv"], doc["identifier"]) == ("create", "entries", 117, made["_id"])
    assert "_id" not in doc
    assert doc["date"] == site.ms(5)
    assert all(type(doc[field]) is int for field in ("date", "srvModified", "srvCreated"))


@pytest.mark.parametrize(
    "times", [{"dateString": "2026-11-21T09:55:00.000+0000"}, {"date": None, "dateString": "2026-11-21T09:55:00Z"}]
)
def test_an_entry_always_has_a_date(site: Site, feed: Client, times: dict[str, Any]) -> None:
    site.owner.post("/api/v1/entries", json=[{"type": "sgv", "sgv": 117, **times}])
    assert feed.next("create")["doc"]["date"] == site.ms(5)


def test_create_update_delete_in_their_order(site: Site, feed: Client) -> None:
    made = site.treatment("Meal Bolus", minutes_ago=3, insulin=2, identifier="chosen")
    kept = site.house.store.collection("treatments")
    kept.update_one({"_id": made["_id"]}, {"$set": {"insulin": 3}})
    name, body = feed.next()
    assert (name, body["doc"]["identifier"]) == ("create", "chosen")
    name, body = feed.next()
    assert (name, body["doc"]["insulin"]) == ("update", 3)
    kept.delete_one({"_id": made["_id"]})
    assert feed.next() == ("delete", {"colName": "treatments", "identifier": "chosen"})


def test_a_document_nobody_was_told_of_is_deleted_by_its_name(site: Site) -> None:
    made = site.treatment("Note", minutes_ago=3, notes="x", identifier="chosen")
    plain = site.glucose(117)
    client, _ = subscribed(site, site.token("*:*:read"))
    site.house.store.collection("treatments").delete_one({"_id": made["_id"]})
    assert client.next() == ("delete", {"colName": "treatments", "identifier": "chosen"})
    site.owner.delete("/api/v1/entries/" + str(plain["_id"]))
    assert client.next() == ("delete", {"colName": "entries", "identifier": str(plain["_id"])})


def test_a_document_that_is_marked_as_deleted_is_deleted(site: Site, feed: Client) -> None:
    made = site.treatment("Note", notes="x", identifier="chosen")
    feed.next("create")
    site.house.store.collection("treatments").update_one({"_id": made["_id"]}, {"$set": {"isValid": False}})
    assert feed.next() == ("delete", {"colName": "treatments", "identifier": "chosen"})


def test_every_document_of_one_upload_is_told_once_and_in_order(site: Site, feed: Client) -> None:
    readings = [{"type": "sgv", "sgv": 100 + n % 50, "date": site.ms(n)} for n in range(700)]
    assert site.owner.post("/api/v1/entries", json=readings).status_code == 200
    told = [feed.next("create")["doc"]["date"] for _ in readings]
    assert told == [one["date"] for one in readings]
    assert feed.heard.empty()


def test_what_is_stored_as_it_is_already_is_not_told(site: Site, feed: Client) -> None:
    for _ in range(3):
        site.treatment("Note", minutes_ago=3, notes="x")
    site.treatment("Note", minutes_ago=2, notes="y")
    assert [feed.next("create")["doc"]["notes"] for _ in range(2)] == ["x", "y"]


def test_settings_are_for_administrators(site: Site, feed: Client) -> None:
    reader, _ = subscribed(site, site.token("*:*:read", name="reader"))
    settings = {"identifier": "nightscout", "date": site.ms(), "units": "mmol", "app": "x"}
    site.house.store.collection("settings").insert_one(settings)
    assert feed.next("create")["colName"] == "settings"
    site.glucose(100)
    assert reader.next()[1]["colName"] == "entries"


def test_when_it_cannot_be_told_what_changed_the_feed_ends(site: Site, feed: Client) -> None:
    from app.store.interface import Change

    site.app.extensions["sockets"]._delivery._heard([Change(10**6, "", "resync", (), site.ms(), "")])
    assert feed.gone.wait(5)
