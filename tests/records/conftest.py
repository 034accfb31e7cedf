"""The services of records, over each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actor import system_actor
from app.records.activity import Activity
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.mongodb import mongo_store, standalone_server, standalone_uri

ACTOR = system_actor("test")

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
def entries(store: Store, clock: SettableClock) -> Entries:
    return Entries(store, clock, ACTOR)


@pytest.fixture
def treatments(store: Store, clock: SettableClock) -> Treatments:
    return Treatments(store, clock, ACTOR)


@pytest.fixture
def device_status(store: Store, clock: SettableClock) -> DeviceStatus:
    return DeviceStatus(store, clock, ACTOR)


@pytest.fixture
def profiles(store: Store, clock: SettableClock) -> Profiles:
    return Profiles(store, clock, ACTOR)


@pytest.fixture
def food(store: Store, clock: SettableClock) -> Food:
    return Food(store, clock, ACTOR)


@pytest.fixture
def activity(store: Store, clock: SettableClock) -> Activity:
    return Activity(store, clock, ACTOR)
