"""A phone with Loop, Apple in between, and apps that give commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.actor import Actor, system_actor
from app.clock import iso_of
from app.commands import keeping
from app.commands.apns import Apns
from app.commands.command import Command
from app.commands.giving import give
from app.commands.keeping import Kept
from app.commands.settling import settle
from app.config import Settings, load_settings
from app.identity.peer import Peer
from app.keyring import KeyRing
from app.records.devicestatus import DeviceStatus
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.emulators.apns import BUNDLE_ID, DEVICE_TOKEN, KEY_ID, TEAM_ID, ApnsEmulator, new_key, pem_of
from tests.mongodb import mongo_store, standalone_server, standalone_uri

__all__ = ["mongo_store", "standalone_server", "standalone_uri"]

LOOP = system_actor("test")
DAD = Actor("token", "token:LoopFollow", ("notifications:loop:push",), id="dad")
MUM = Actor("account", "account:Mum", ("*",), id="owner")
SECRET = Actor("secret", "secret", ("*",), id="secret")
HOME = Peer("192.0.2.7", "LoopFollow/7")
OTP = "482913"

BOLUS = {"eventType": "Remote Bolus Entry", "remoteBolus": "1.25", "otp": OTP, "notes": "", "enteredBy": "Dad"}
CARBS = {"eventType": "Remote Carbs Entry", "remoteCarbs": "25", "remoteAbsorption": "3.0", "otp": OTP}
OVERRIDE = {"eventType": "Temporary Override", "reason": "Running", "reasonDisplay": "🏃 Running", "duration": "60"}
CANCEL = {"eventType": "Temporary Override Cancel", "duration": "0"}


@pytest.fixture(params=["embedded", pytest.param("mongodb", marks=pytest.mark.mongodb)])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    if request.param == "mongodb":
        yield request.getfixturevalue("mongo_store")
        return
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


@dataclass
class Phone:
    """Loop on its phone: what it uploads."""

    store: Store
    clock: SettableClock

    def treatment(self, event_type: str, *, ago_s: float = 0, **fields: Any) -> dict[str, Any]:
        """Upload a treatment dated so many seconds ago."""
        at = iso_of(self.clock.now_ms() - int(ago_s * 1000))
        document = {"eventType": event_type, "created_at": at, "timestamp": at, "enteredBy": "loop://iPhone", **fields}
        [saved] = Treatments(self.store, self.clock, LOOP).save([document])
        return saved

    def bolus(self, units: float, programmed: float | None = None, **fields: Any) -> dict[str, Any]:
        return self.treatment("Correction Bolus", insulin=units, programmed=programmed or units, **fields)

    def carbs(self, grams: float, **fields: Any) -> dict[str, Any]:
        return self.treatment("Carb Correction", **{"carbs": grams, "absorptionTime": 180, **fields})

    def note(self, notes: str, **fields: Any) -> dict[str, Any]:
        return self.treatment("Note", notes=notes, **fields)

    def status(self, *, ago_s: float = 0, device: str = "loop://iPhone", **override: Any) -> None:
        """Upload a device status with what it says of the override."""
        at = iso_of(self.clock.now_ms() - int(ago_s * 1000))
        told = {"override": {"timestamp": at, **override}} if override else {}
        DeviceStatus(self.store, self.clock, LOOP).save([{"device": device, "created_at": at, **told}])


@dataclass
class Caregivers:
    """Those who give commands."""

    store: Store
    clock: SettableClock
    keyring: KeyRing
    apns: Apns

    def give(self, sent: Mapping[str, Any], actor: Actor = DAD) -> Kept:
        """Give a command and return it as it is kept."""
        before = {kept.id for kept in keeping.listed(self.store, MUM)}
        give(self.store, self.clock, self.keyring, actor, sent, apns=self.apns, peer=HOME)
        made = [kept for kept in keeping.listed(self.store, MUM) if kept.id not in before]
        return made[0] if made else self.newest()

    def newest(self) -> Kept:
        return keeping.listed(self.store, MUM)[0]

    def look(self, kept: Kept) -> Kept:
        """Settle, and return what became of a command."""
        settle(self.store, self.clock)
        found = keeping.find(self.store, kept.id)
        assert found
        return found


@pytest.fixture
def apns_server(tmp_path: Path, clock: SettableClock) -> Iterator[ApnsEmulator]:
    with ApnsEmulator(tmp_path, clock, new_key()).running() as emulator:
        yield emulator


@pytest.fixture
def loop_settings(apns_server: ApnsEmulator) -> Settings:
    return load_settings(loop_environment(apns_server))


def loop_environment(server: ApnsEmulator) -> dict[str, str]:
    return {"LOOP_APNS_KEY": pem_of(server.key), "LOOP_APNS_KEY_ID": KEY_ID, "LOOP_DEVELOPER_TEAM_ID": TEAM_ID}


@pytest.fixture
def apns(loop_settings: Settings, clock: SettableClock, apns_server: ApnsEmulator) -> Apns:
    return Apns(loop_settings, clock, server=apns_server.url, trusted=apns_server.trusted)


@pytest.fixture
def phone(store: Store, clock: SettableClock) -> Phone:
    """A phone whose Loop has uploaded its profile."""
    upload_profile(store, clock, deviceToken=DEVICE_TOKEN, bundleIdentifier=BUNDLE_ID)
    return Phone(store, clock)


def upload_profile(store: Store, clock: SettableClock, **loop_settings: Any) -> None:
    profile = {"startDate": iso_of(clock.now_ms()), "enteredBy": "Loop", "loopSettings": loop_settings}
    Profiles(store, clock, LOOP).save([profile])


@pytest.fixture
def caregivers(store: Store, clock: SettableClock, keyring: KeyRing, apns: Apns, phone: Phone) -> Caregivers:
    return Caregivers(store, clock, keyring, apns)


def kept_of(command: Command, at_ms: int) -> Kept:
    """Return a command that Apple took at once."""
    return Kept("1", command, "token", "token:LoopFollow", "dad", at_ms, "sent", {"queued": at_ms, "sent": at_ms})
