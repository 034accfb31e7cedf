"""What a client may change through the root namespace: ``dbAdd``, ``dbUpdate``, ``dbUpdateUnset``, ``dbRemove``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from app.actor import Actor
from app.compat.quirks import quirk
from app.compat.sockets.admission import WRITES, WRITES_TREATMENTS
from app.compat.wire import on_wire
from app.errors import NightlightError
from app.house import House
from app.logs import told
from app.records.activity import Activity
from app.records.adding_once import add_device_status, add_profile, add_treatment
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.ids import named
from app.records.profiles import Profiles
from app.records.single_fields import SingleFields
from app.records.stamps import without_stamps
from app.records.treatments import Treatments
from app.store.interface import Document

log = logging.getLogger(__name__)

Asked = Mapping[str, Any]
Ack = dict[str, Any] | list[Any]

DONE: Ack = {"result": "success"}
COLLECTIONS = ("treatments", "entries", "devicestatus", "profile", "food", "activity")


class Writing:
    """Writes on behalf of whoever asks, and says what to answer."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._changes: dict[str, Callable[[Actor, str, Asked], object]] = {
            "dbUpdate": self._set,
            "dbUpdateUnset": self._unset,
            "dbRemove": self._remove,
        }

    @quirk("the same dbAdd again is answered with the same _id", "AndroidAPS")
    def add(self, actor: Actor | None, asked: Asked) -> Ack:
        """Add one document or several; the answer is a list of them, in order, without those that cannot be kept."""
        refused = _refusal(actor, asked)
        if refused or actor is None:
            return refused or {}
        given = asked.get("data")
        added = []
        for document in given if isinstance(given, list) else [given]:
            if isinstance(document, dict):
                added += self._added(actor, asked["collection"], document)
        return added

    def change(self, event: str, actor: Actor | None, asked: Asked) -> Ack:
        """Do what an event asks for to the document it names. Raises ``Unavailable``."""
        refused = _refusal(actor, asked)
        if refused or actor is None:
            return refused or {}
        name = asked.get("_id")
        if not isinstance(name, str) or not name:
            return {"result": "Missing _id"}
        try:
            self._changes[event](actor, name, asked)
        except NightlightError as problem:
            if problem.status >= 500:
                raise
            log.info("a socket's change was not kept", extra=told(problem=problem.code))
        return DONE

    def _added(self, actor: Actor, collection: str, document: Document) -> list[Any]:
        try:
            return [on_wire(without_stamps(kept)) for kept in self._add(actor, collection, document)]
        except NightlightError as problem:
            log.warning("a socket's document was not kept", extra=told(problem=problem.code))
            return []

    def _add(self, actor: Actor, collection: str, document: Document) -> list[Document]:
        house = self._house
        records = self._records(actor, collection)
        if isinstance(records, Treatments):
            fields = SingleFields(house.store, house.clock, actor)
            return [add_treatment(records, fields, house.clock, document)]
        if isinstance(records, DeviceStatus):
            return [add_device_status(records, house.clock, document)]
        if isinstance(records, Profiles):
            return [add_profile(records, document)]
        return records.save([document])

    def _set(self, actor: Actor, name: str, asked: Asked) -> object:
        fields = asked.get("data")
        house = self._house
        changes = SingleFields(house.store, house.clock, actor)
        return isinstance(fields, dict) and changes.set(asked["collection"], name, fields)

    def _unset(self, actor: Actor, name: str, asked: Asked) -> object:
        fields = asked.get("data")
        house = self._house
        changes = SingleFields(house.store, house.clock, actor)
        return isinstance(fields, dict) and changes.unset(asked["collection"], name, fields)

    def _remove(self, actor: Actor, name: str, asked: Asked) -> object:
        return self._records(actor, asked["collection"]).delete(named(name))

    def _records(self, actor: Actor, collection: str) -> Records:
        house = self._house
        ground = (house.store, house.clock, actor)
        uuids = house.settings["UUID_HANDLING"]
        if collection == "treatments":
            return Treatments(*ground, uuid_handling=uuids)
        if collection == "entries":
            return Entries(*ground, uuid_handling=uuids)
        if collection == "devicestatus":
            return DeviceStatus(*ground, predictions_max_size=house.settings["PREDICTIONS_MAX_SIZE"])
        plain: dict[str, type[Records]] = {"profile": Profiles, "food": Food, "activity": Activity}
        return plain[collection](*ground)


def _refusal(actor: Actor | None, asked: Asked) -> Ack | None:
    collection = asked.get("collection")
    if collection not in COLLECTIONS:
        return {"result": "Wrong collection"}
    if actor is None:
        return {"result": "Not authorized"}
    if not actor.may(WRITES_TREATMENTS if collection == "treatments" else WRITES):
        return {"result": "Not permitted"}
    return None
