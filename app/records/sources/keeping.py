"""How documents of a source get into the records: stamped with who brought them, one bad one costing no other."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone

from app.actor import Actor
from app.clock import Clock, datetime_of
from app.errors import BadDocument
from app.logs import told
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.ids import object_id
from app.records.profiles import Profiles
from app.records.sources.documents import TIME_FIELDS, ms_of
from app.records.treatments import Treatments
from app.store.interface import Document, Store

log = logging.getLogger(__name__)

_KNOWN_BY_ID_ONLY = ("devicestatus", "profile", "food", "activity")
_WRITTEN_IN_UTC = ("entries", "treatments", "devicestatus")
_DAY_MIN = 1440
_WHICH = ("_id", "type", "date", "dateString", "utcOffset")


class Keeping:
    """Keeps what one source brings, in all collections; ``stamp`` is the field and value each document gets."""

    def __init__(self, store: Store, clock: Clock, actor: Actor, stamp: tuple[str, str]) -> None:
        self._stamp = dict([stamp])
        self.records: Mapping[str, Records] = {
            "entries": Entries(store, clock, actor),
            "treatments": Treatments(store, clock, actor),
            "devicestatus": DeviceStatus(store, clock, actor),
            "profile": Profiles(store, clock, actor),
            "food": Food(store, clock, actor),
            "activity": Activity(store, clock, actor),
        }

    def named(self, collection: str, identifiers: Sequence[str]) -> dict[str, Document]:
        """Return the stored documents that go by these identifiers."""
        records = self.records[collection]
        found = {one["identifier"]: one for one in records.search({"identifier": {"$in": list(identifiers)}}, sort=())}
        # A document without an identifier goes by its _id, at its source as here.
        ids = [id for id in map(object_id, identifiers) if id is not None]
        if ids:
            found |= {str(one["_id"]): one for one in records.search({"_id": {"$in": ids}}, sort=())}
        return found

    def write(self, collection: str, documents: Sequence[Document]) -> list[tuple[Document, str]]:
        """Save documents and return those the records refused, each with why."""
        written = [{**spelled(one, collection), **self._stamp} for one in documents]
        if collection in _KNOWN_BY_ID_ONLY:
            written = [{"_id": _id_for(one, TIME_FIELDS[collection]), **one} for one in written]
        written = [_without_double_name(one) for one in written]
        records = self.records[collection]
        try:
            records.put(written)
        except BadDocument:
            refusals = [(one, _refusal(records, kept)) for one, kept in zip(documents, written, strict=True)]
            return [(one, why) for one, why in refusals if why]
        return []

    def complete(self, completions: Sequence[tuple[Document, Document]]) -> None:
        """Give entries of others the fields they lack, and change nothing else of them."""
        self.records["entries"].save(
            spelled({name: there[name] for name in _WHICH if name in there} | missing, "entries")
            for there, missing in completions
        )

    def mark_deleted(self, collection: str, stored: Sequence[Document]) -> None:
        """Delete documents so that whoever follows us learns of it."""
        self.records[collection].put(spelled(one, collection) | {"isValid": False} for one in stored)


def _id_for(document: Document, time_field: str) -> str:
    """Return the ``_id`` an identifier always gets: these records are recognised by nothing else when sent again."""
    second = (ms_of(document.get(time_field)) or 0) // 1000
    return f"{second & 0xFFFFFFFF:08x}" + hashlib.sha256(document["identifier"].encode()).hexdigest()[:16]


def _without_double_name(document: Document) -> Document:
    """Leave out an identifier that is the ``_id``: a document that keeps its ``_id`` goes by it, as where it was."""
    if document["identifier"] != document.get("_id") or object_id(document["_id"]) is None:
        return document
    return {name: value for name, value in document.items() if name != "identifier"}


def _refusal(records: Records, document: Document) -> str:
    try:
        records.put([document])
    except BadDocument as problem:
        log.warning("a document was refused", extra=told(why=problem.message))
        return problem.message
    return ""


def spelled(document: Document, collection: str) -> Document:
    """Write a document's time with its offset: the records take ``utcOffset`` from the text and from nowhere else."""
    offset_min = document.get("utcOffset")
    if isinstance(offset_min, bool) or not isinstance(offset_min, int | float):
        return document
    if collection not in _WRITTEN_IN_UTC or not 0 < abs(offset_min) < _DAY_MIN:
        return document
    name = "dateString" if collection == "entries" else "created_at"
    at_ms = ms_of(document.get(name) or document.get("date"))
    if at_ms is None:
        return document
    zone = timezone(timedelta(minutes=offset_min))
    return document | {name: datetime_of(at_ms).astimezone(zone).isoformat(timespec="milliseconds")}
