"""The services of records over an embedded store."""

from __future__ import annotations

import pytest

from app.actor import system_actor
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock

ACTOR = system_actor("test")


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
