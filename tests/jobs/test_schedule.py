"""Who works: one of however many, for as long as it holds the lease, and how work passes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.errors import Unavailable
from app.house import House
from app.jobs import Running, start
from app.jobs.schedule import LEASE
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.uploaders import Uploaders
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.server import late
from tests.jobs.conftest import eventually
from tests.uploaders.conftest import around, dexcom_answers

READ = "ReadPublisherLatestGlucoseValues"


@pytest.fixture
def begin(live_house: House) -> Iterator[Callable[..., Running]]:
    """Begin to work as a process would, with quick leases; all are stopped at the end."""
    begun: list[Running] = []

    def make(**options: Any) -> Running:
        runner = Runner(
            live_house.store, live_house.clock, live_house.keyring, around(live_house), limits=Limits(total_s=10)
        )
        begun.append(Running(live_house, **{"runner": runner, "lease_ms": 3000, "renew_s": 0.1, **options}))
        return begun[-1]

    yield make
    for running in begun:
        running.stop()


def test_work_begins_with_the_lease_and_ends_with_a_stop(live_house: House) -> None:
    running = start(live_house)
    eventually(lambda: running.counts["executed"] >= 3)
    assert running.holds_lease
    running.stop()
    running.stop()
    assert not running.holds_lease
    assert live_house.store.take_lease(LEASE, "somebody else", ttl_ms=1000)
    assert not [thread for thread in threading.enumerate() if thread.name in ("jobs lease", "APScheduler")]


def test_a_due_uploader_runs(
    begin: Callable[..., Running], live_uploaders: Uploaders, live_dexcom: DexcomEmulator, live_house: House
) -> None:
    live_uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    begin()
    eventually(lambda: live_house.store.collection("entries").count_documents() == 2)


def test_a_wish_to_run_now_is_noticed_at_once(
    begin: Callable[..., Running], live_uploaders: Uploaders, live_dexcom: DexcomEmulator
) -> None:
    made = live_uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    begin()
    eventually(lambda: live_uploaders.find(made.id).state.last_success_ms)
    live_uploaders.run_now(made.id)
    eventually(lambda: live_dexcom.count(READ) == 2, within_s=4)


def test_of_several_one_works_and_each_wish_is_one_run(
    begin: Callable[..., Running], live_uploaders: Uploaders, live_dexcom: DexcomEmulator
) -> None:
    everyone = [begin() for _ in range(3)]
    eventually(lambda: any(running.holds_lease for running in everyone))
    made = live_uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    for wishes in range(3):
        eventually(lambda wishes=wishes: live_dexcom.count(READ) == wishes + 1)
        eventually(lambda: live_uploaders.find(made.id).state.last_success_ms)
        assert sum(running.holds_lease for running in everyone) == 1
        live_uploaders.run_now(made.id)
    eventually(lambda: live_dexcom.count(READ) == 4)
    assert live_dexcom.log_ins == 2


def test_after_a_stop_another_takes_over(begin: Callable[..., Running]) -> None:
    first = begin()
    eventually(lambda: first.holds_lease)
    second = begin()
    first.stop()
    eventually(lambda: second.holds_lease)
    assert not first.holds_lease


def test_a_lease_that_cannot_be_renewed_ends_the_work_at_once_and_work_begins_anew_later(
    begin: Callable[..., Running], live_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = begin()
    eventually(lambda: running.holds_lease)

    def broken(*_: object, **__: object) -> None:
        raise Unavailable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(live_house.store, "take_lease", broken)
        eventually(lambda: not running.holds_lease)
        assert running.is_over()
    eventually(lambda: running.holds_lease)
    before = running.counts["executed"]
    eventually(lambda: running.counts["executed"] > before)


def test_a_log_in_in_flight_is_kept_when_the_process_stops(
    begin: Callable[..., Running], live_uploaders: Uploaders, live_dexcom: DexcomEmulator, live_house: House
) -> None:
    live_dexcom.script("LoginPublisherAccountById", late("11111111-2222-4333-8444-555555555555", 0.5))
    made = live_uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    running = begin()
    eventually(lambda: live_dexcom.count("LoginPublisherAccountById") == 1)
    running.stop()
    row = live_house.store.collection("nl_uploaders").find_one({"_id": made.id})
    assert row
    kept = live_house.keyring.open(f"uploader:{made.id}:session", row["session"])
    assert kept["session"]["session_id"] == "11111111-2222-4333-8444-555555555555"
    assert live_dexcom.count(READ) == 0
    assert live_uploaders.find(made.id).is_due(live_house.clock.now_ms())


def test_a_job_that_fails_is_counted_and_does_not_stop_the_others(
    begin: Callable[..., Running],
    live_house: House,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> int:
        raise Unavailable("no sweeping today")

    monkeypatch.setattr(live_house.store, "sweep", broken)
    running = begin()
    eventually(lambda: running.counts["failed"] >= 1 and running.counts["executed"] >= 2)
    eventually(lambda: "a job did not run well" in caplog.text)
