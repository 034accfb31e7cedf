"""Following commands in the worker: a look when something was uploaded or a time is up, and none in between."""

from __future__ import annotations

import pytest

from app.commands import following
from app.commands.following import Following
from app.errors import Unavailable
from app.store.interface import Change, Store
from tests.clocks import SettableClock
from tests.commands.conftest import BOLUS, CARBS, Caregivers, Phone
from tests.waiting import wait_until


def change(collection: str, op: str = "insert") -> Change:
    return Change(1, collection, op, (), 0, "")  # type: ignore[arg-type]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the looks, and let none find anything."""
    made: list[int] = []

    def look(store: Store, clock: SettableClock) -> int:
        made.append(clock.now_ms())
        return clock.now_ms() + 60_000

    monkeypatch.setattr(following, "settle", look)
    return made


def test_it_looks_at_first_and_then_only_when_there_is_a_reason(
    store: Store, clock: SettableClock, looks: list[int]
) -> None:
    follows = Following(store, clock)
    follows.tick()
    follows.tick()
    assert len(looks) == 1
    follows.heard([change("entries"), change("nl_sessions")])
    follows.tick()
    assert len(looks) == 1
    for reason in (change("treatments"), change("devicestatus"), change("nl_commands"), change("", "resync")):
        seen = len(looks)
        follows.heard([change("entries"), reason])
        follows.tick()
        assert len(looks) == seen + 1


def test_it_looks_when_a_commands_time_is_up(store: Store, clock: SettableClock, looks: list[int]) -> None:
    follows = Following(store, clock)
    follows.tick()
    clock.advance(ms=59_999)
    follows.tick()
    assert len(looks) == 1
    clock.advance(ms=1)
    follows.tick()
    assert len(looks) == 2


def test_a_look_that_failed_is_made_again(store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(store: Store, clock: SettableClock) -> None:
        raise Unavailable("The store does not answer")

    follows = Following(store, clock)
    with monkeypatch.context() as broken:
        broken.setattr(following, "settle", fails)
        with pytest.raises(Unavailable):
            follows.tick()
    made: list[bool] = []
    monkeypatch.setattr(following, "settle", lambda store, clock: made.append(True))
    follows.tick()
    assert made == [True]


def test_an_upload_settles_a_command_through_the_change_log(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    follows = Following(caregivers.store, clock)
    ear = caregivers.store.listen(follows.heard)
    kept = caregivers.give(BOLUS)
    other = caregivers.give(CARBS)
    follows.tick()
    phone.bolus(1.25)

    def settled(id: str, state: str) -> bool:
        follows.tick()
        row = caregivers.store.collection("nl_commands").find_one({"_id": id})
        return row is not None and row["state"] == state

    wait_until(lambda: settled(kept.id, "done"))
    clock.advance(minutes=5)
    wait_until(lambda: settled(other.id, "expired"))
    ear.close()
