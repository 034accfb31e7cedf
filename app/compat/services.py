"""The services behind the routes, made for one request on behalf of who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Request, current_app

from app.actor import Actor
from app.alarms.silences import Silences
from app.compat.credentials import Gate
from app.compat.features import Features, features_of
from app.compat.query import ACTIVITY, DEVICESTATUS, ENTRIES, FOOD, PROFILES, TREATMENTS, Shape
from app.house import House
from app.identity.door import house, present_actor
from app.identity.nightscout import NightscoutAccess
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments


@dataclass(frozen=True, slots=True)
class Surface:
    """What Nightscout's surface of one process shares beside the house."""

    gate: Gate
    access: NightscoutAccess
    features: Features


def open_surface(house: House, access: NightscoutAccess, wait: Callable[[float], None]) -> Surface:
    """Return what the surface of a process shares; nothing is read yet."""
    return Surface(Gate(house, access, wait), access, features_of(house.settings))


def surface() -> Surface:
    """Return what the surface of this process shares."""
    shared: Surface = current_app.extensions["compat"]
    return shared


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


@dataclass(frozen=True, slots=True)
class Storage:
    """A collection as some routes name it in their path."""
def silences() -> Silences:
    """Return the silences of the alarms."""
    shared = house()
    return Silences(shared.store, shared.clock)



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
