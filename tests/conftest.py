"""What most tests stand on: a clock they set, settings without an environment, keys, an embedded store, a house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings, load_settings
from app.house import House
from app.keyring import KeyRing, new_key
from app.store.interface import Store
from tests.clocks import SettableClock

API_SECRET = "this is my long pass phrase"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"DATA_DIR": str(tmp_path), "API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "0"})


@pytest.fixture
def keyring() -> KeyRing:
    return KeyRing([new_key()])


@pytest.fixture
def store(tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    from app.store import open_store

    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def house(settings: Settings, store: Store, clock: SettableClock, keyring: KeyRing) -> House:
    return House(settings, store, clock, keyring)
