"""What tests of uploaders stand on: vendors on loopback, a line to them, and a household with one uploader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from app.actor import NOBODY
from app.clock import Clock
from app.house import House
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
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


class Kept:
    """What a source kept and spent, for tests without a store."""

    def __init__(self) -> None:
        self.session: Session = {}
        self.spent: list[str] = []

    def access(self, line: Line, options: dict[str, Any], secrets: dict[str, str], clock: Clock) -> Access:
        return Access(options, secrets, self.session, self._keep, self.spent.append, line, clock)

    def _keep(self, session: Session) -> None:
        self.session = dict(session)


@pytest.fixture
def kept() -> Kept:
    return Kept()


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
    return Runner(house.store, house.clock, house.keyring, private_allowed=True, limits=QUICK, jitter=lambda: 0.0)


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
