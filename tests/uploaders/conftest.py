"""What tests of uploaders stand on: vendors on loopback, a line to them, and a household with one uploader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import stamina

from app.actor import NOBODY
from app.clock import Clock
from app.glucose.wall_clock import WallClock
from app.house import House
from app.records.sources.outgoing import Outgoing
from app.store.interface import Store
from app.uploaders.constants import built_in_constants
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.surroundings import Surroundings, surroundings
from app.uploaders.transport import Line
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Access, Session
from tests.clocks import SettableClock
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.linkup import LinkUpEmulator
from tests.emulators.nightscout import NightscoutEmulator

QUICK = Limits(total_s=0.4, connect_s=0.4)


@pytest.fixture(autouse=True)
def _no_waiting_between_tries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def dexcom(clock: SettableClock) -> Iterator[DexcomEmulator]:
    with DexcomEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def linkup(clock: SettableClock) -> Iterator[LinkUpEmulator]:
    with LinkUpEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def nightscout(clock: SettableClock) -> Iterator[NightscoutEmulator]:
    with NightscoutEmulator(clock).running() as emulator:
        yield emulator


def around(house: House, *, private_allowed: bool = True) -> Surroundings:
    """The surroundings of a house whose uploaders may reach loopback."""
    return replace(surroundings(house.settings, house.store), private_allowed=private_allowed)


class Kept:
    """What a source kept and spent, for tests without a store."""

    def __init__(self, store: Store) -> None:
        self.session: Session = {}
        self.spent: list[str] = []
        self.constants: dict[str, Any] = {}
        self.wall_clock = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
        self._store = store

    def access(self, vendor: str, line: Line, options: dict[str, Any], secrets: dict[str, str], clock: Clock) -> Access:
        """Give access as the runner would; a test may set ``constants`` and ``wall_clock`` before."""
        return Access(
            options=options,
            secrets=secrets,
            session=self.session,
            keep=self._keep,
            spend=self.spent.append,
            line=line,
            clock=clock,
            constants={**built_in_constants(vendor), **self.constants},
            wall_clock=self.wall_clock,
            outgoing=Outgoing(self._store, clock),
        )

    def _keep(self, session: Session) -> None:
        self.session = dict(session)


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept(store)


@pytest.fixture
def line(clock: SettableClock) -> Iterator[Callable[..., Line]]:
    """Make lines that may reach loopback, closed at the end."""
    opened: list[Line] = []

    def make(vendor: str = "Vendor", **options: Any) -> Line:
        opened.append(Line(vendor, clock, **{"private_allowed": True, "limits": QUICK, **options}))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def uploaders(house: House) -> Uploaders:
    return Uploaders(house.store, house.clock, NOBODY, house.keyring)


@pytest.fixture
def runner(house: House) -> Runner:
    return Runner(house.store, house.clock, house.keyring, around(house), limits=QUICK, jitter=lambda: 0.0)


@pytest.fixture
def dexcom_uploader(uploaders: Uploaders, dexcom: DexcomEmulator) -> Uploader:
    return uploaders.create("dexcom_share", dexcom_answers(dexcom))


@pytest.fixture
def linkup_uploader(uploaders: Uploaders, linkup: LinkUpEmulator) -> Uploader:
    return uploaders.create("librelinkup", linkup_answers(linkup))


@pytest.fixture
def nightscout_uploader(uploaders: Uploaders, nightscout: NightscoutEmulator) -> Uploader:
    return uploaders.create("nightscout", nightscout_answers(nightscout))


def dexcom_answers(dexcom: DexcomEmulator, **changed: Any) -> dict[str, Any]:
    return {"account": dexcom.account, "password": dexcom.password, "server": dexcom.url, **changed}


def linkup_answers(linkup: LinkUpEmulator, **changed: Any) -> dict[str, Any]:
    return {"email": linkup.email, "password": linkup.password, "server": linkup.server, **changed}


def nightscout_answers(nightscout: NightscoutEmulator, **changed: Any) -> dict[str, Any]:
    return {"address": nightscout.url, "token": nightscout.token, **changed}
