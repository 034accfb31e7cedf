"""Jobs are tried with vendors on loopback and, where processes race, with the real clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.actor import NOBODY
from app.clock import SystemClock
from app.config import Settings
from app.house import House
from app.keyring import KeyRing
from app.store import open_store
from app.uploaders.uploaders import Uploaders
from tests.clocks import SettableClock
from tests.emulators.dexcom import DexcomEmulator

Eventually = Callable[[Callable[[], object]], None]


def eventually(holds: Callable[[], object], within_s: float = 15.0) -> None:
    """Wait until something holds; fail when it does not within a generous time."""
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def live_house(tmp_path: Path, settings: Settings, keyring: KeyRing) -> Iterator[House]:
    """A household whose time passes by itself."""
    clock = SystemClock()
    store = open_store(f"sqlite:///{tmp_path}/live.db", clock=clock)
    yield House(settings, store, clock, keyring)
    store.close()


@pytest.fixture
def live_dexcom() -> Iterator[DexcomEmulator]:
    with DexcomEmulator(SettableClock(SystemClock().now_ms())).running() as emulator:
        emulator.show(118, 121)
        yield emulator


@pytest.fixture
def live_uploaders(live_house: House) -> Uploaders:
    return Uploaders(live_house.store, live_house.clock, NOBODY, live_house.keyring)
