"""The state of the alarms, over each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.alarms.silences import Silences
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.mongodb import mongo_store, standalone_server, standalone_uri

__all__ = ["mongo_store", "standalone_server", "standalone_uri"]


@pytest.fixture(params=["embedded", pytest.param("mongodb", marks=pytest.mark.mongodb)])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    if request.param == "mongodb":
        yield request.getfixturevalue("mongo_store")
        return
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def silences(store: Store, clock: SettableClock) -> Silences:
    return Silences(store, clock)
