"""A process of its own that runs the jobs, for tests that kill it: ``python -m tests.jobs.worker <uri> <key>``."""

from __future__ import annotations

import signal
import sys
import threading

from app.clock import SystemClock
from app.config import load_settings
from app.house import House
from app.jobs import Running
from app.keyring import KeyRing
from app.store import open_store
from app.uploaders.runner import Runner
from tests.uploaders.conftest import around

LEASE_MS = 1500


def main(uri: str, key: str) -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    clock = SystemClock()
    house = House(load_settings({}), open_store(uri, clock=clock), clock, KeyRing([key]))
    runner = Runner(house.store, clock, house.keyring, around(house), lease_ms=LEASE_MS)
    running = Running(house, runner=runner, lease_ms=LEASE_MS, renew_s=0.2)
    was_holding = False
    while not stopped.wait(0.02):
        if running.holds_lease != was_holding:
            was_holding = running.holds_lease
            sys.stdout.write("works\n" if was_holding else "rests\n")
            sys.stdout.flush()
    running.stop()
    house.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
