"""Running uploaders when they are due: each by itself, none twice, no vendor holding up another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app.actor import NOBODY
from app.errors import Unavailable
from app.house import House
from app.jobs.polls import LOOK_EVERY_MS, Polls
from app.store.interface import Change
from app.uploaders.runner import Runner
from app.uploaders.uploaders import Uploaders
from tests.clocks import SettableClock
from tests.jobs.conftest import eventually
from tests.uploaders.conftest import around

ANSWERS = {
    "dexcom_share": {"account": "ada", "password": "x"},
    "librelinkup": {"email": "mum@example.org", "password": "x"},
}


class Gate(Runner):
    """A runner whose runs stay where they are until they are let go; then the uploader is due in five minutes."""

    def __init__(self, house: House) -> None:
        super().__init__(house.store, house.clock, house.keyring, around(house))
        self.began: list[str] = []
        self.open = threading.Event()
        self.problem: Exception | None = None

    def run(self, uploader_id: str, *, is_over: Callable[[], bool] = lambda: False) -> bool:
        self.began.append(uploader_id)
        self.open.wait(20)
        if self.problem:
            raise self.problem
        rows = self.store.collection("nl_uploaders")
        rows.update_one({"_id": uploader_id}, {"$set": {"state.next_run_ms": self.clock.now_ms() + 300_000}})
        return True


@pytest.fixture
def uploaders(house: House) -> Uploaders:
    return Uploaders(house.store, house.clock, NOBODY, house.keyring)


@pytest.fixture
def gate(house: House) -> Gate:
    return Gate(house)


@pytest.fixture
def polls(house: House, gate: Gate) -> Iterator[Polls]:
    made = Polls(house.store, house.clock, gate, lambda: False)
    yield made
    gate.open.set()
    assert made.wait(10)


def change(collection: str, op: str = "update") -> Change:
    return Change(1, collection, op, (), 0, "")  # type: ignore[arg-type]


def test_what_is_due_runs_and_what_runs_is_not_begun_again(uploaders: Uploaders, gate: Gate, polls: Polls) -> None:
    made = uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls.look()
    polls.look()
    eventually(lambda: gate.began)
    assert gate.began == [made.id]
    gate.open.set()
    assert polls.wait(10)


def test_a_vendor_that_hangs_holds_up_nobody_else(uploaders: Uploaders, gate: Gate, polls: Polls) -> None:
    for _ in range(3):
        uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    other = uploaders.create("librelinkup", ANSWERS["librelinkup"])
    polls.look()
    eventually(lambda: len(gate.began) == 3)
    assert other.id in gate.began
    gate.open.set()
    assert polls.wait(10)
    polls.tick()
    eventually(lambda: len(gate.began) == 4)


def test_a_server_that_hangs_holds_up_no_other_server_of_its_vendor(
    uploaders: Uploaders, gate: Gate, polls: Polls
) -> None:
    for name in ("a", "b", "a", "b", "a", "b", "c"):
        uploaders.create("nightscout", {"address": f"https://{name}.example.org", "token": "x"})
    polls.look()
    eventually(lambda: len(gate.began) == 5)
    waiting = [one for one in uploaders.all() if one.id not in gate.began]
    assert sorted(one.options["address"] for one in waiting) == ["https://a.example.org", "https://b.example.org"]


def test_between_looks_nothing_is_read_until_something_changes_or_is_due(
    uploaders: Uploaders, gate: Gate, polls: Polls, clock: SettableClock
) -> None:
    polls.tick()
    made = uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls.heard([change("entries")])
    polls.tick()
    assert gate.began == []
    polls.heard([change("nl_uploaders")])
    polls.tick()
    eventually(lambda: gate.began == [made.id])
    gate.open.set()
    assert polls.wait(10)
    polls.tick()
    clock.advance(ms=299_999)
    polls.tick()
    clock.advance(ms=1)
    assert gate.began == [made.id]
    polls.tick()
    eventually(lambda: gate.began == [made.id, made.id])


def test_a_gap_in_the_change_log_and_a_long_silence_make_it_look(
    uploaders: Uploaders, gate: Gate, polls: Polls, clock: SettableClock
) -> None:
    gate.open.set()
    polls.tick()
    uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls.heard([change("entries", "resync")])
    polls.tick()
    eventually(lambda: len(gate.began) == 1)
    assert polls.wait(10)
    polls.tick()
    uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls.tick()
    assert len(gate.began) == 1
    clock.advance(ms=LOOK_EVERY_MS)
    polls.tick()
    eventually(lambda: len(gate.began) == 2)


def test_a_process_that_may_not_work_begins_nothing(house: House, uploaders: Uploaders, gate: Gate) -> None:
    uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls = Polls(house.store, house.clock, gate, lambda: True)
    polls.look()
    assert polls.wait(1)
    assert gate.began == []


@pytest.mark.parametrize("problem", [Unavailable("down"), RuntimeError("a mistake of ours")])
def test_a_run_that_fails_ends_alone(uploaders: Uploaders, gate: Gate, polls: Polls, problem: Exception) -> None:
    uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    gate.problem = problem
    gate.open.set()
    polls.look()
    assert polls.wait(10)
    gate.problem = None
    polls.tick()
    eventually(lambda: len(gate.began) == 2)


def test_waiting_is_given_up_for_a_run_that_does_not_end(uploaders: Uploaders, gate: Gate, polls: Polls) -> None:
    uploaders.create("dexcom_share", ANSWERS["dexcom_share"])
    polls.look()
    assert not polls.wait(0)
