"""Writes of others: an original Nightscout on the same database is heard, once a write, whichever process notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from app.clock import SystemClock
from app.store import Change, Store, open_store
from app.store.mongo import collection as collection_module
from app.store.mongo import foreign, watching
from app.store.mongo.foreign import ACTOR
from app.store.mongo.polling import NEWEST, Polling
from tests.clocks import SettableClock
from tests.store.conftest import uri_of
from tests.waiting import wait_until

Opener = Callable[..., Store]


@pytest.fixture(params=["mongodb", "replica set"])
def shared_uri(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Polling, "rest_s", 0.03)
    monkeypatch.setattr(watching, "GRACE_S", 0.3)
    monkeypatch.setattr(foreign, "RETRY_S", 0.2)
    return uri_of(request.param, request, tmp_path)


@pytest.fixture
def original(shared_uri: str) -> Iterator[Database[Any]]:
    """The database as the original Nightscout sees it."""
    with pymongo.MongoClient[Any](shared_uri) as client:
        yield client.get_default_database()


@pytest.fixture
def opened(shared_uri: str) -> Iterator[Opener]:
    stores: list[Store] = []

    def open_one(**options: Any) -> Store:
        stores.append(open_store(shared_uri, clock=SystemClock(), **options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


def is_looking(store: Any) -> bool:
    """Tell whether a store has begun to look for foreign writes."""
    places = store._connection.collection("nl_foreign").count_documents({})
    holder = store._connection.collection("nl_leases").find_one({"_id": "foreign writes", "owner": {"$ne": ""}})
    return bool(holder) and (places > 0 or "setName" in store._connection.client.admin.command("hello"))


def listening(open_one: Opener, **options: Any) -> tuple[Store, list[Change]]:
    """Return a store that looks for foreign writes, and what it hears of them."""
    store, heard = open_one(**options), []

    def hear(changes: Sequence[Change]) -> None:
        heard.extend(change for change in changes if change.actor == ACTOR)

    store.listen(hear)
    wait_until(lambda: is_looking(store), within_s=20)
    # The stream stands once a write of ours has come through it, unnoticed.
    store.collection("entries").insert_one({"_id": "ours", "date": 1})
    return store, heard


def told(heard: list[Change]) -> list[tuple[str, str, Any]]:
    return [(change.collection, change.op, *change.ids) for change in heard]


def test_writes_of_the_original_are_heard(opened: Opener, original: Database[Any]) -> None:
    _store, heard = listening(opened)
    original["entries"].insert_one({"_id": "e", "date": 5.0})
    wait_until(lambda: told(heard) == [("entries", "insert", "e")], within_s=20)
    original["entries"].update_one({"_id": "e"}, {"$set": {"sgv": 100}})
    wait_until(lambda: told(heard)[1:] == [("entries", "update", "e")], within_s=20)
    original["treatments"].replace_one({"_id": "t"}, {"created_at": "2026"}, upsert=True)
    wait_until(lambda: told(heard)[2:] == [("treatments", "insert", "t")], within_s=20)
    original["entries"].delete_one({"_id": "e"})
    wait_until(lambda: told(heard)[3:] == [("entries", "delete", "e")], within_s=20)


def test_each_is_logged_once_whoever_looks(opened: Opener, original: Database[Any]) -> None:
    first, heard = listening(opened)
    second, also_heard = opened(), []
    second.listen(lambda changes: also_heard.extend(change for change in changes if change.actor == ACTOR))
    for n in range(5):
        original["entries"].insert_one({"_id": n, "date": n})
    wait_until(lambda: len(heard) == 5 and len(also_heard) == 5, within_s=20)
    first.close()
    original["entries"].insert_one({"_id": 5, "date": 5})
    wait_until(lambda: any(5 in change.ids or change.op == "resync" for change in also_heard), within_s=30)
    logged = [change for change in second.changes_since(0) if change.actor == ACTOR]
    ids = [id for change in logged for id in change.ids]
    assert sorted(ids)[:5] == [0, 1, 2, 3, 4]
    assert len(ids) == len(set(ids))


def test_our_own_writes_are_not_taken_for_foreign_ones(opened: Opener, original: Database[Any]) -> None:
    store, heard = listening(opened)
    entries = store.collection("entries", actor="us")
    for n in range(100):
        entries.update_one({"key": n}, {"$set": {"date": n}}, upsert=True)
        entries.update_one({"key": n}, {"$set": {"date": n + 1}})
    entries.insert_many([{"date": n} for n in range(50)])
    entries.update_many({}, {"$set": {"seen": True}})
    entries.delete_many({"date": {"$lt": 20}})
    original["entries"].insert_one({"_id": "theirs", "date": 1e12})
    wait_until(lambda: heard, within_s=20)
    assert told(heard) == [("entries", "insert", "theirs")]


def test_a_write_whose_writer_died_before_logging_it_is_found(
    opened: Opener, original: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, heard = listening(opened)
    with monkeypatch.context() as dying:
        dying.setattr(collection_module, "append_quietly", lambda *arguments: None)
        store.collection("treatments").insert_one({"_id": "t", "created_at": "2026"})
    wait_until(lambda: told(heard) == [("treatments", "insert", "t")], within_s=20)


def test_what_happened_while_nobody_looked_is_told_afterwards(opened: Opener, original: Database[Any]) -> None:
    store, heard = listening(opened)
    original["entries"].insert_one({"_id": "before", "date": 2})
    wait_until(lambda: heard, within_s=20)
    store.close()
    original["entries"].insert_one({"_id": "meanwhile", "date": 3})
    later = opened()
    seq = later.last_seq()
    ear: list[Change] = []
    later.listen(ear.extend)
    wait_until(lambda: [change for change in ear if change.collection == "entries"], within_s=20)
    (change,) = [change for change in later.changes_since(seq) if change.actor == ACTOR]
    assert change.op == "resync" or change.ids == ("meanwhile",)


def test_a_dropped_collection_is_read_anew(opened: Opener, original: Database[Any]) -> None:
    _store, heard = listening(opened)
    original["entries"].insert_many([{"date": n} for n in range(10)])
    wait_until(lambda: len(heard) == 10, within_s=20)
    original["entries"].drop()
    wait_until(lambda: len(heard) > 10, within_s=20)
    assert {change.op for change in heard[10:]} <= {"resync", "delete"}


def test_collections_by_another_name_are_heard_by_ours(opened: Opener, original: Database[Any]) -> None:
    _store, heard = listening(opened, names={"entries": "sugars"})
    original["sugars"].insert_one({"_id": "e", "date": 5})
    wait_until(lambda: told(heard) == [("entries", "insert", "e")], within_s=20)


def test_what_lies_far_back_is_noticed_by_number(
    standalone_uri: str, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Polling, "rest_s", 0.03)
    store = open_store(standalone_uri, clock=clock)
    entries = store.collection("entries")
    entries.insert_many({"_id": n, "date": 1000 + n, "srvModified": n} for n in range(NEWEST + 50))
    heard: list[Change] = []
    store.listen(heard.extend)
    wait_until(lambda: is_looking(store), within_s=20)
    with pymongo.MongoClient[Any](standalone_uri) as client:
        theirs = client.get_default_database()["entries"]
        theirs.insert_one({"_id": "old", "date": 5})
        wait_until(lambda: heard, within_s=20)
        theirs.delete_one({"_id": 349})
        wait_until(lambda: len(heard) >= 2, within_s=20)
    assert told(heard) == [("entries", "resync"), ("entries", "delete", 349)]
    store.close()


def test_a_stream_that_cannot_go_on_starts_over(opened: Opener, original: Database[Any]) -> None:
    store, heard = listening(opened)
    store.close()
    lost = {"_data": "826B0186900000000129295A1004000000000000000000000000000000000004"}
    original["nl_foreign"].replace_one({"_id": "stream"}, {"token": lost, "seq": 0}, upsert=True)
    original["nl_foreign"].update_many({"digest": {"$exists": True}}, {"$set": {"digest": b"other"}})
    later, heard = opened(), []
    later.listen(heard.extend)
    wait_until(lambda: heard, within_s=20)
    assert {change.op for change in heard} == {"resync"}
    original["entries"].insert_one({"_id": "then", "date": 9})
    wait_until(lambda: any("then" in change.ids for change in heard), within_s=20)
