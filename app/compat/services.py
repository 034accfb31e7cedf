"""The services behind the routes, made for one request on behalf of who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Request, current_app

from app.actor import Actor
from app.alarms.silences import Silences
from app.compat.credentials import Gate
from app.compat.kept_answers import KeptAnswers
from app.compat.query import ACTIVITY, DEVICESTATUS, ENTRIES, FOOD, PROFILES, TREATMENTS, Shape
from app.compat.v2.properties.texts import PropertyTexts
from app.features import Features, features_of
from app.house import House
from app.identity.door import house, present_actor
from app.identity.nightscout import NightscoutAccess
from app.live.live_picture import LivePicture
from app.live.present import Present, Presents
from app.live.snapshot import documents_at
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.person import read_person
from app.records.profiles import Profiles
from app.records.treatments import Treatments


@dataclass(frozen=True, slots=True)
class Surface:
    """What Nightscout's surface of one process shares beside the house."""

    gate: Gate
    access: NightscoutAccess
    features: Features
    kept: KeptAnswers
    presents: Presents
    properties: PropertyTexts


def open_surface(house: House, access: NightscoutAccess, wait: Callable[[float], None]) -> Surface:
    """Return what the surface of a process shares; nothing is read yet."""
    kept = KeptAnswers(house.store, house.clock)
    features = features_of(house.settings)
    presents = Presents(house.settings, lambda: read_person(house.store, house.settings))
    return Surface(Gate(house, access, wait), access, features, kept, presents, PropertyTexts(features))


def surface() -> Surface:
    """Return what the surface of this process shares."""
    shared: Surface = current_app.extensions["compat"]
    return shared


def present() -> Present:
    """Return what is known now, the same for everybody until something changes, half a minute at most."""
    live: LivePicture = current_app.extensions["live"]
    return surface().presents.at(live.now(), house().clock.now_ms())


def present_at(at_ms: int) -> Present:
    """Return what was known at a moment of the past, by what is stored today."""
    shared = house()
    status_days = 2 if shared.settings["DEVICESTATUS_DAYS"] == 2 else 1
    documents = documents_at(shared.store, at_ms, status_days=status_days)
    return Present(documents, at_ms, read_person(shared.store, shared.settings), shared.settings)


def identify(request: Request) -> Actor:
    """Return who asks. Raises ``Unauthenticated`` and ``TooManyAttempts``."""
    return surface().gate.identify(request)


def entries() -> Entries:
    """Return the entries, for the present actor."""
    shared = house()
    return Entries(shared.store, shared.clock, present_actor(), uuid_handling=shared.settings["UUID_HANDLING"])


def treatments() -> Treatments:
    """Return the treatments, for the present actor."""
    shared = house()
    return Treatments(shared.store, shared.clock, present_actor(), uuid_handling=shared.settings["UUID_HANDLING"])


def device_status() -> DeviceStatus:
    """Return the device status, for the present actor."""
    shared = house()
    most = shared.settings["PREDICTIONS_MAX_SIZE"]
    return DeviceStatus(shared.store, shared.clock, present_actor(), predictions_max_size=most)


def profiles() -> Profiles:
    """Return the profiles, for the present actor."""
    shared = house()
    return Profiles(shared.store, shared.clock, present_actor())


def food() -> Food:
    """Return the food, for the present actor."""
    shared = house()
    return Food(shared.store, shared.clock, present_actor())


def activity() -> Activity:
    """Return the activity, for the present actor."""
    shared = house()
    return Activity(shared.store, shared.clock, present_actor())


def silences() -> Silences:
    """Return the silences of the alarms."""
    shared = house()
    return Silences(shared.store, shared.clock)


@dataclass(frozen=True, slots=True)
class Storage:
    """A collection as some routes name it in their path."""

    name: str
    shape: Shape
    open: Callable[[], Records]


STORAGES = {
    storage.name: storage
    for storage in (
        Storage("entries", ENTRIES, entries),
        Storage("treatments", TREATMENTS, treatments),
        Storage("devicestatus", DEVICESTATUS, device_status),
        Storage("profile", PROFILES, profiles),
        Storage("food", FOOD, food),
        Storage("activity", ACTIVITY, activity),
    )
}


def storage_named(name: str) -> Storage:
    """Return the collection of this name, entries for any other, as the original falls back to."""
    return STORAGES.get(name, STORAGES["entries"])
