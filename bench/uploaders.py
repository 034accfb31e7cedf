"""Measure what ten configured uploaders cost a server that has nothing else to do: ``python -m bench.uploaders``.

The vendors are emulated in this process, each with a new reading every five minutes; only the server's processor time
counts. The same server without uploaders is measured first.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from app.actor import system_actor
from app.config import load_settings
from app.processes import open_house, release
from app.uploaders.uploaders import Uploaders
from bench.processes import running_server
from tests.clocks import SettableClock
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.linkup import LinkUpEmulator
from tests.emulators.nightscout import NightscoutEmulator

EVERY_S = 300.0
SETTLED_AFTER_S = 20.0


def main() -> None:
    """Print a line without uploaders and one with ten."""
    wanted = argparse.ArgumentParser(prog="python -m bench.uploaders", description=__doc__)
    wanted.add_argument("--seconds", type=int, default=330, help="how long each is watched (330)")
    asked = wanted.parse_args()
    print("| uploaders | processor, idle | calls to vendors |\n|---|---|---|")
    for count in (0, 10):
        with tempfile.TemporaryDirectory(prefix="nightlight-bench-") as folder, _vendors() as (answers, calls):
            print(_row(Path(folder), count, answers, calls, asked.seconds), flush=True)


def _row(folder: Path, count: int, answers: list[tuple[str, dict[str, Any]]], calls: list[Any], seconds: int) -> str:
    uri = f"sqlite:///{folder}/nightlight.db"
    settings = load_settings({"STORE_URI": uri, "DATA_DIR": str(folder)})
    release(settings)
    house = open_house(settings)
    service = Uploaders(house.store, house.clock, system_actor("bench"), house.keyring)
    for vendor, given in answers[:count]:
        service.create(vendor, given)
    house.store.close()
    with running_server(folder, uri, settings={"ALLOW_PRIVATE_SOURCES": "on"}) as server:
        time.sleep(SETTLED_AFTER_S)
        before_s, asked_before = server.cpu_s(), sum(len(one.asked) for one in calls)
        time.sleep(seconds)
        share = 100 * (server.cpu_s() - before_s) / seconds
        made = sum(len(one.asked) for one in calls) - asked_before
    return f"| {count} | {share:.2f} % | {made} |"


@contextmanager
def _vendors() -> Iterator[tuple[list[tuple[str, dict[str, Any]]], list[Any]]]:
    """Run ten emulated accounts that go with the real time; yield what to enter for each, and the emulators."""
    with ExitStack() as running:
        clock = SettableClock(int(time.time() * 1000))
        dexcoms = [running.enter_context(DexcomEmulator(clock).running()) for _ in range(4)]
        linkups = [running.enter_context(LinkUpEmulator(clock).running()) for _ in range(3)]
        nightscouts = [running.enter_context(NightscoutEmulator(clock).running()) for _ in range(3)]
        stop = threading.Event()
        thread = threading.Thread(target=_go_with_time, args=(clock, [*dexcoms, *linkups, *nightscouts], stop))
        thread.start()
        answers = [
            *(
                ("dexcom_share", {"account": one.account, "password": one.password, "server": one.url})
                for one in dexcoms
            ),
            *(("librelinkup", {"email": one.email, "password": one.password, "server": one.server}) for one in linkups),
            *(("nightscout", {"address": one.url, "token": one.token}) for one in nightscouts),
        ]
        try:
            yield answers, [*dexcoms, *linkups, *nightscouts]
        finally:
            stop.set()
            thread.join()


def _go_with_time(clock: SettableClock, vendors: list[Any], stop: threading.Event) -> None:
    shown_s = 0.0
    while not stop.wait(0.5):
        clock.set(int(time.time() * 1000))
        if time.monotonic() - shown_s >= EVERY_S:
            shown_s = time.monotonic()
            for vendor in vendors:
                vendor.show(100 + int(shown_s) % 50)


if __name__ == "__main__":
    main()
