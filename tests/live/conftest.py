"""A live picture over the embedded store, and the services that write into it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.actor import system_actor
from app.live.live_picture import LivePicture
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock

PHONE = system_actor("phone")


@pytest.fixture
def entries(store: Store, clock: SettableClock) -> Entries:
    return Entries(store, clock, PHONE)


@pytest.fixture
def treatments(store: Store, clock: SettableClock) -> Treatments:
    return Treatments(store, clock, PHONE)


@pytest.fixture
def statuses(store: Store, clock: SettableClock) -> DeviceStatus:
    return DeviceStatus(store, clock, PHONE)


@pytest.fixture
def live(store: Store, clock: SettableClock) -> Iterator[LivePicture]:
    picture = LivePicture(store, clock)
    yield picture
    picture.close()
