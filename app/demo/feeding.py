"""Writes the made-up child's documents into a store, through ``records/`` like everybody else's.

Never into a store that holds a real child's data, unless forced; and never twice the same.
"""

from __future__ import annotations

import logging
from threading import Event

from app.actor import system_actor
from app.clock import Clock
from app.demo.child import Child
from app.demo.generator import APP, Documents, child_of, documents_between, profile_of, reading_step_ms
from app.demo.simulation import READING_MS
from app.errors import Conflict, NightlightError
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.logs import told
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.person import COLLECTION as PERSON
from app.records.person import PERSON_ID, Person, save_person
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Store

log = logging.getLogger(__name__)

DEFAULT_SEED = 1
DEFAULT_ZONE = "Europe/Berlin"

_DAY_MS = 24 * 3_600_000
_AWAKE_EVERY_S = 15.0
_ACTOR = system_actor("demo")


def fill(store: Store, clock: Clock, *, days: int = 14, seed: int = DEFAULT_SEED, force: bool = False) -> None:
    """Fill the last ``days`` up to now; what is there already stays as it is.

    A store that was filled before goes on with the child it has, whatever the seed. Raises ``Conflict`` when it holds
    data of somebody else, unless ``force``.
    """
    child = _begun(store, clock)
    if not force:
        _refuse_others_data(store, clock, begun=child is not None)
    child = child or _begin(store, clock, seed)
    now_ms = clock.now_ms()
    _save(store, clock, documents_between(child, now_ms - days * _DAY_MS, now_ms))


def keep_adding(store: Store, clock: Clock, *, speed: float = 1.0, seed: int = DEFAULT_SEED, stop: Event) -> None:
    """Add what happens as time passes, from the last reading in the store on, until ``stop`` is set.

    A reading comes every five minutes, ``speed`` times more often: the same child looked at more closely, at five as by
    a one-minute sensor. Time itself never runs faster, so that no reading lies in the future and all of them fit. While
    the store does not answer, it is tried again, and nothing is left out.
    """
    child = _begun(store, clock) or _begin(store, clock, seed)
    last_ms, step_ms = _last_reading_ms(store, clock), READING_MS
    while not stop.is_set():
        now_ms = clock.now_ms()
        try:
            _save(store, clock, documents_between(child, last_ms, now_ms, step_ms=step_ms))
            last_ms, step_ms = now_ms, reading_step_ms(speed)
        except NightlightError as problem:
            log.warning("the demo could not write, trying again", extra=told(problem=problem.message))
        stop.wait(min((step_ms - now_ms % step_ms) / 1000, _AWAKE_EVERY_S))


def _begun(store: Store, clock: Clock) -> Child | None:
    """Return the child this store was filled with before."""
    profile = next(Profiles(store, clock, _ACTOR).search({"app": APP}, limit=1), None)
    return child_of(profile) if profile else None


def _begin(store: Store, clock: Clock, seed: int) -> Child:
    """Make the child, with the zone of the person whose store this is; a store without a person gets one."""
    kept = store.collection(PERSON).find_one({"_id": PERSON_ID})
    if kept is None:
        save_person(store, Person("Demo", DEFAULT_ZONE, Unit.MGDL, Thresholds()), _ACTOR)
    child = Child(seed, kept["zone"] if kept else DEFAULT_ZONE)
    Profiles(store, clock, _ACTOR).save([profile_of(child)])
    return child


def _refuse_others_data(store: Store, clock: Clock, *, begun: bool) -> None:
    # Once it is a demo, people may try things in it: only readings of another source show that it became more.
    watched: tuple[type[Records], ...] = (Entries,) if begun else (Entries, Treatments, DeviceStatus, Profiles)
    for service in watched:
        others = service(store, clock, _ACTOR).search({"app": {"$ne": APP}}, sort=(), limit=1)
        if next(others, None) is not None:
            raise Conflict(
                f"The store holds {service.collection} that are not the demo's",
                hint="Made-up readings must not stand between real ones. Use another store, or say --force.",
            )


def _last_reading_ms(store: Store, clock: Clock) -> int:
    last = next(Entries(store, clock, _ACTOR).search({"app": APP, "type": "sgv"}, limit=1), None)
    return int(last["date"]) if last else clock.now_ms()


def _save(store: Store, clock: Clock, documents: Documents) -> None:
    if documents.entries:
        Entries(store, clock, _ACTOR).save(documents.entries)
    if documents.treatments:
        Treatments(store, clock, _ACTOR).save(documents.treatments)
    if documents.statuses:
        DeviceStatus(store, clock, _ACTOR).save(documents.statuses)
    if documents.entries:
        log.info("the demo saved readings", extra=told(readings=len(documents.entries)))
