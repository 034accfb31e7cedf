"""Whether a collection has changed can be asked without looking at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.store import Store, open_store
from tests.clocks import SettableClock
from tests.waiting import wait_until


@pytest.fixture
def other_process(uri: str, store: Store, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(uri, clock=clock)
    yield opened
    opened.close()


def test_they_stay_while_nothing_changes(store: Store) -> None:
    store.collection("things").insert_one({"a": 1})
    store.versions_of(["things"])
    wait_until(lambda: store.versions_of(["things"]) == store.versions_of(["things"]))
    before = store.versions_of(["things"])
    assert list(store.collection("things").find({"a": 1}))
    store.collection("others").insert_one({"a": 1})
    assert store.versions_of(["things"]) == before


@pytest.mark.parametrize("name", ["things", "nl_throttle"])
def test_a_write_of_this_process_counts_once_it_returns(store: Store, name: str) -> None:
    things = store.collection(name)
    seen = [store.versions_of([name])]
    things.insert_one({"_id": "a", "n": 1})
    seen.append(store.versions_of([name]))
    things.update_one({"_id": "a"}, {"$set": {"n": 2}})
    seen.append(store.versions_of([name]))
    things.find_one_and_update({"_id": "a"}, {"$set": {"n": 3}})
    seen.append(store.versions_of([name]))
    things.delete_many({})
    seen.append(store.versions_of([name]))
    assert len(set(seen)) == 5


def test_a_write_of_another_process_is_heard_of(store: Store, other_process: Store) -> None:
    before = store.versions_of(["things"])
    other_process.collection("things").insert_one({"a": 1})
    wait_until(lambda: store.versions_of(["things"]) != before)


def test_nobody_can_tell_while_the_log_cannot_be_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.versions_of(["things"]) is not None
    listeners = store._listeners  # type: ignore[attr-defined]
    monkeypatch.setattr(listeners, "_deaf", True)
    assert store.versions_of(["things"]) is None
    monkeypatch.undo()
    assert store.versions_of(["things"]) is not None
