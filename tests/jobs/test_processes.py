"""Several processes on one store: each poll runs once, and whoever is killed is replaced."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.actor import NOBODY
from app.clock import SystemClock
from app.house import House
from app.keyring import KeyRing, new_key
from app.store import open_store
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.server import late
from tests.jobs.conftest import eventually
from tests.uploaders.conftest import dexcom_answers

READ = "ReadPublisherLatestGlucoseValues"
PROJECT = Path(__file__).parents[2]


class Worker:
    """One process that runs the jobs."""

    def __init__(self, uri: str, key: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.worker", uri, key], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        self._says: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    @property
    def works(self) -> bool:
        return self._process.poll() is None and self._says[-1:] == ["works"]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        code = self._process.wait()
        self._ear.join()
        if self._process.stdout:
            self._process.stdout.close()
        return code

    def _listen(self) -> None:
        for said in self._process.stdout or ():
            self._says.append(said.strip())


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def shared(tmp_path: Path, key: str, live_house: House) -> Iterator[House]:
    store = open_store(f"sqlite:///{tmp_path}/shared.db", clock=SystemClock())
    yield House(live_house.settings, store, SystemClock(), KeyRing([key]))
    store.close()


@pytest.fixture
def uploaders(shared: House) -> Uploaders:
    return Uploaders(shared.store, shared.clock, NOBODY, shared.keyring)


@pytest.fixture
def workers(tmp_path: Path, key: str, shared: House) -> Iterator[Callable[[int], list[Worker]]]:
    begun: list[Worker] = []

    def begin(count: int) -> list[Worker]:
        begun.extend(Worker(f"sqlite:///{tmp_path}/shared.db", key) for _ in range(count))
        eventually(lambda: any(worker.works for worker in begun), within_s=40)
        return begun

    yield begin
    for worker in begun:
        worker.end()


def runs(uploaders: Uploaders, uploader: Uploader) -> int | None:
    return uploaders.find(uploader.id).state.last_success_ms


def test_with_three_processes_each_poll_runs_once_and_the_killed_one_is_replaced(
    workers: Callable[[int], list[Worker]], uploaders: Uploaders, live_dexcom: DexcomEmulator, shared: House
) -> None:
    everyone = workers(3)
    made = uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    for wishes in range(1, 4):
        eventually(lambda wishes=wishes: live_dexcom.count(READ) == wishes)
        eventually(lambda: not uploaders.find(made.id).is_due(shared.clock.now_ms()))
        uploaders.run_now(made.id)
    eventually(lambda: live_dexcom.count(READ) == 4)
    assert sum(worker.works for worker in everyone) == 1
    [holder] = [worker for worker in everyone if worker.works]
    holder.kill()
    eventually(lambda: sum(worker.works for worker in everyone) == 1)
    uploaders.run_now(made.id)
    eventually(lambda: live_dexcom.count(READ) == 5)
    assert live_dexcom.log_ins == 2  # the session outlived its process
    assert shared.store.collection("entries").count_documents() == 2


def test_a_process_killed_in_mid_run_loses_and_doubles_nothing(
    workers: Callable[[int], list[Worker]], uploaders: Uploaders, live_dexcom: DexcomEmulator, shared: House
) -> None:
    everyone = workers(2)
    records = [reading.record() for reading in reversed(live_dexcom.readings)]
    live_dexcom.script(READ, late(records, 30))
    made = uploaders.create("dexcom_share", dexcom_answers(live_dexcom))
    eventually(lambda: live_dexcom.count(READ) == 1)
    [holder] = [worker for worker in everyone if worker.works]
    holder.kill()
    uploaders.run_now(made.id)
    eventually(lambda: runs(uploaders, made))
    assert shared.store.collection("entries").count_documents() == 2
    assert uploaders.find(made.id).cursors["entries"] == live_dexcom.readings[-1].at_ms


def test_a_worker_that_is_told_to_stop_ends_cleanly(workers: Callable[[int], list[Worker]]) -> None:
    [worker] = workers(1)
    assert worker.end() == 0
