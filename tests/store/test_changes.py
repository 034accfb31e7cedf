"""The change log: told within a process and across processes, resumed by number, on every kind of deployment."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from app.errors import ChangesLost
from app.store import Change, Store, open_store
from app.store.logged import UNLOGGED
from tests.clocks import START_MS, SettableClock
from tests.waiting import wait_until

WRITER = """
import sys
from app.store import open_store
store = open_store(sys.argv[1])
things = store.collection("things", actor="another process")
for n in range(int(sys.argv[2])):
    things.insert_one({"_id": f"{sys.argv[3]} {n}"})
store.close()
"""


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Change] = []
        self.threads: set[str] = set()

    def __call__(self, changes: Sequence[Change]) -> None:
        self.heard += changes
        self.threads.add(threading.current_thread().name)

    @property
    def ids(self) -> list[Any]:
        return [id for change in self.heard for id in change.ids]


def test_every_write_is_one_row(deployed_store: Store) -> None:
    things = deployed_store.collection("things", actor="mum")
    assert deployed_store.last_seq() == 0
    assert deployed_store.changes_since(0) == []
    things.insert_one({"_id": 1, "n": 1})
    things.update_one({"_id": 1}, {"$set": {"n": 2}})
    things.update_one({"_id": 1}, {"$set": {"n": 2}})
    things.update_one({"_id": 9}, {"$set": {"n": 2}})
    things.insert_many([{"_id": 2}, {"_id": 3}])
    things.update_many({}, {"$set": {"m": 1}})
    things.find_one_and_update({"_id": 2}, {"$inc": {"n": 1}})
    things.delete_one({"_id": 1})
    things.delete_many({})
    assert deployed_store.changes_since(0) == [
        Change(1, "things", "insert", (1,), START_MS, "mum"),
        Change(2, "things", "update", (1,), START_MS, "mum"),
        Change(3, "things", "insert", (2, 3), START_MS, "mum"),
        Change(4, "things", "update", (1, 2, 3), START_MS, "mum"),
        Change(5, "things", "update", (2,), START_MS, "mum"),
        Change(6, "things", "delete", (1,), START_MS, "mum"),
        Change(7, "things", "delete", (2, 3), START_MS, "mum"),
    ]
    assert deployed_store.last_seq() == 7


def test_the_log_is_resumed_by_number(store: Store) -> None:
    things = store.collection("things")
    for n in range(10):
        things.insert_one({"_id": n})
    assert [change.seq for change in store.changes_since(4)] == [5, 6, 7, 8, 9, 10]
    assert [change.seq for change in store.changes_since(4, limit=2)] == [5, 6]
    assert store.changes_since(10) == []


def test_a_number_the_log_never_had_is_lost(store: Store) -> None:
    store.collection("things").insert_one({})
    with pytest.raises(ChangesLost):
        store.changes_since(5)


def test_many_ids_are_spread_over_rows(store: Store) -> None:
    store.collection("things").insert_many({"_id": n} for n in range(2500))
    rows = store.changes_since(0)
    assert [len(row.ids) for row in rows] == [1000, 1000, 500]
    assert [id for row in rows for id in row.ids] == list(range(2500))


def test_noise_is_not_logged(store: Store) -> None:
    for name in sorted(UNLOGGED - {"nl_changes"}):
        store.collection(name).insert_one({"_id": 1})
    store.take_lease("x", "me", ttl_ms=1000)
    assert store.last_seq() == 0


def test_listeners_hear_what_is_committed_from_then_on(deployed_store: Store) -> None:
    things = deployed_store.collection("things", actor="me")
    things.insert_one({"_id": "before"})
    first, second = Ear(), Ear()
    deployed_store.listen(first)
    things.insert_one({"_id": "between"})
    subscription = deployed_store.listen(second)
    things.insert_many([{"_id": "a"}, {"_id": "b"}])
    things.delete_one({"_id": "a"})
    wait_until(lambda: len(first.ids) >= 4)
    wait_until(lambda: len(second.ids) >= 3)
    subscription.close()
    things.insert_one({"_id": "after"})
    wait_until(lambda: len(first.ids) >= 5)
    assert first.ids == ["between", "a", "b", "a", "after"]
    assert second.ids == ["a", "b", "a"]
    assert [change.seq for change in first.heard] == [2, 3, 4, 5]
    assert threading.current_thread().name not in first.threads | second.threads


def test_a_listener_that_fails_is_called_again_and_harms_nobody(store: Store) -> None:
    things, ear, calls = store.collection("things"), Ear(), []

    def failing(changes: Sequence[Change]) -> None:
        calls.append(changes)
        raise ValueError("not my day")

    store.listen(failing)
    store.listen(ear)
    things.insert_one({"_id": 1})
    wait_until(lambda: len(ear.heard) == 1)
    things.insert_one({"_id": 2})
    wait_until(lambda: len(ear.heard) == 2)
    assert len(calls) == 2


def test_a_listener_may_write_and_may_close_itself(store: Store) -> None:
    things, ear = store.collection("things"), Ear()

    def echo(changes: Sequence[Change]) -> None:
        subscription.close()
        things.insert_one({"_id": f"echo of {changes[0].seq}"})

    store.listen(ear)
    subscription = store.listen(echo)
    things.insert_one({"_id": 1})
    wait_until(lambda: len(ear.heard) == 2)
    assert ear.ids == [1, "echo of 1"]


def test_no_call_comes_after_close(store: Store) -> None:
    things, inside, go_on = store.collection("things"), threading.Event(), threading.Event()
    calls = []

    def slow(changes: Sequence[Change]) -> None:
        inside.set()
        go_on.wait(10)
        calls.append(changes)

    subscription = store.listen(slow)
    things.insert_one({})
    assert inside.wait(10)
    closing = threading.Thread(target=subscription.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    closing.join(10)
    things.insert_one({})
    store.close()
    assert len(calls) == 1


def test_other_processes_are_heard_in_order_and_without_a_gap(deployed_uri: str, clock: SettableClock) -> None:
    store, ear = open_store(deployed_uri, clock=clock), Ear()
    store.listen(ear)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, deployed_uri, "40", f"{n}"]) for n in range(3)]
    things = store.collection("things", actor="this process")
    for n in range(40):
        things.insert_one({"_id": f"own {n}"})
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    wait_until(lambda: len(ear.heard) >= 160)
    assert [change.seq for change in ear.heard] == list(range(1, 161))
    assert len(set(ear.ids)) == 160
    for who in ("0", "1", "2", "own"):
        assert [id for id in ear.ids if id.startswith(who)] == [f"{who} {n}" for n in range(40)]
    assert ear.heard == store.changes_since(0)
    store.close()


def test_a_slow_listener_gets_everything(store: Store) -> None:
    things, ear, first = store.collection("things"), Ear(), threading.Event()

    def slow(changes: Sequence[Change]) -> None:
        first.wait(10)
        ear(changes)

    store.listen(slow)
    for n in range(50):
        things.insert_one({"_id": n})
    first.set()
    wait_until(lambda: len(ear.ids) == 50)
    assert ear.ids == list(range(50))


def test_collections_keep_their_names_whatever_they_are_called_in_the_database(
    standalone_uri: str, clock: SettableClock
) -> None:
    import pymongo

    store, ear = open_store(standalone_uri, clock=clock, names={"entries": "my_sugars"}), Ear()
    store.listen(ear)
    store.collection("entries").insert_one({"_id": 1})
    with pymongo.MongoClient[Any](standalone_uri) as client:
        assert client.get_default_database()["my_sugars"].count_documents({}) == 1
    wait_until(lambda: ear.heard)
    assert (store.collection("entries").name, ear.heard[0].collection) == ("entries", "entries")
    store.close()
