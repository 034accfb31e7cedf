"""How a page gets into the records: each document once, however often it is fetched, and nothing deleted here."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta, timezone

from app.actor import Actor
from app.clock import Clock, datetime_of
from app.errors import BadDocument
from app.logs import told
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.ids import object_id
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from app.uploaders.deduplication import lacking
from app.uploaders.documents import STAMP, TIME_FIELDS, ms_of
from app.uploaders.form import NEVER
from app.uploaders.neighbours import Neighbours
from app.uploaders.seen import COLLECTION as SEEN
from app.uploaders.seen import Seen
from app.uploaders.vendor import Page

log = logging.getLogger(__name__)

_KNOWN_BY_ID_ONLY = ("devicestatus", "profile")
_WHICH = ("_id", "type", "date", "dateString", "utcOffset")


@dataclass(slots=True)
class Saved:
    """What became of the documents of one or more pages; ``standing_by`` are collections somebody else uploads now."""

    new: int = 0
    changed: int = 0
    known: int = 0
    held: int = 0
    deleted: int = 0
    yielded: int = 0
    refused: int = 0
    standing_by: set[str] = field(default_factory=set)

    def add(self, other: Saved) -> None:
        """Add what became of some more."""
        for part in fields(self):
            if part.name != "standing_by":
                setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))
        self.standing_by |= other.standing_by


class Saver:
    """Saves the pages of one uploader; ``taken`` says by collection whether it is taken alone, always or never."""

    def __init__(
        self, store: Store, clock: Clock, actor: Actor, uploader_id: str, taken: Mapping[str, str], interval_ms: int
    ) -> None:
        self._id = uploader_id
        self._taken = {collection: how for collection, how in taken.items() if how != NEVER}
        self._seen = Seen(store.collection(SEEN, actor=actor.label), clock, uploader_id)
        self._records: Mapping[str, Records] = {
            "entries": Entries(store, clock, actor),
            "treatments": Treatments(store, clock, actor),
            "devicestatus": DeviceStatus(store, clock, actor),
            "profile": Profiles(store, clock, actor),
        }
        self._neighbours = Neighbours(self._records, clock, uploader_id, self._taken, interval_ms)

    def save(self, page: Page) -> Saved:
        """Keep what a page brought and tell what became of it. When this returns, all of it is acknowledged."""
        saved = Saved()
        for collection in self._taken:
            documents = page.documents.get(collection, ())
            fillers = page.fillers if collection == "entries" else ()
            if documents or fillers:
                saved.add(self._keep(collection, [*documents, *fillers], {one["identifier"] for one in fillers}))
            if collection == "entries":
                saved.yielded += self._yield_to_phones([*documents, *fillers])
            if page.deleted.get(collection):
                saved.deleted += self._delete(collection, page.deleted[collection])
        return saved

    def _keep(self, collection: str, documents: Sequence[Document], fillers: set[str]) -> Saved:
        unseen = self._seen.unseen(documents)
        changed, candidates = self._sorted_out(collection, unseen)
        verdict = self._neighbours.judged(collection, candidates, fillers)
        refused = self._write(collection, [*verdict.new, *changed])
        self._complete(verdict.completions)
        held = {one["identifier"] for one in verdict.held}
        self._seen.remember(
            collection, {name: one for name, one in unseen.items() if name not in held}, TIME_FIELDS[collection]
        )
        fresh = len(verdict.new) + len(changed)
        return Saved(
            new=len(verdict.new),
            changed=len(changed),
            known=len(documents) - fresh - len(held),
            held=len(held),
            refused=refused,
            standing_by={collection} if held else set(),
        )

    def _sorted_out(self, collection: str, unseen: Mapping[str, Document]) -> tuple[list[Document], list[Document]]:
        """Return our documents that changed at their source, and those that nobody has here under that identifier.

        What we brought before and is no longer here was deleted here; what somebody else keeps under it is his.
        """
        there = self._with_identifiers(collection, list(unseen))
        deleted = self._seen.brought(name for name in unseen if name not in there)
        changed = [
            {**_staying(there[name]), **one}
            for name, one in unseen.items()
            if name in there and there[name].get(STAMP) == self._id
        ]
        return changed, [one for name, one in unseen.items() if name not in there and name not in deleted]

    def _with_identifiers(self, collection: str, identifiers: list[str]) -> dict[str, Document]:
        records = self._records[collection]
        found = {one["identifier"]: one for one in records.search({"identifier": {"$in": identifiers}}, sort=())}
        # A document without an identifier goes by its _id, at its source as here.
        ids = [id for id in map(object_id, identifiers) if id is not None]
        if ids:
            found |= {str(one["_id"]): one for one in records.search({"_id": {"$in": ids}}, sort=())}
        return found

    def _write(self, collection: str, documents: Sequence[Document]) -> int:
        """Save documents of ours and return how many the records refused; one bad one does not cost the others."""
        written = [{**spelled(one), STAMP: self._id} for one in documents]
        if collection in _KNOWN_BY_ID_ONLY:
            written = [{"_id": _id_for(one, TIME_FIELDS[collection]), **one} for one in written]
        records = self._records[collection]
        try:
            records.save(written)
        except BadDocument:
            return sum(_refused(records, one) for one in written)
        return 0

    def _complete(self, completions: Sequence[tuple[Document, Document]]) -> None:
        """Give documents of others the fields they lack, and change nothing else of them."""
        self._records["entries"].save(
            spelled({name: there[name] for name in _WHICH if name in there} | missing) for there, missing in completions
        )

    def _yield_to_phones(self, documents: Sequence[Document]) -> int:
        """Delete our copy of a reading that its phone has uploaded after us, and give the phone's what it lacks."""
        doubled = self._neighbours.doubled(documents)
        if doubled:
            completions = [(theirs, lacking(theirs, ours)) for ours, theirs in doubled]
            self._complete([(theirs, missing) for theirs, missing in completions if missing])
            self._mark_deleted("entries", [ours for ours, _ in doubled])
        return len(doubled)

    def _delete(self, collection: str, identifiers: Sequence[str]) -> int:
        """Delete those of our own documents that were deleted at their source, so that others can learn of it."""
        which = {"identifier": {"$in": list(identifiers)}, STAMP: self._id}
        ours = list(self._records[collection].search(which, sort=()))
        self._mark_deleted(collection, ours)
        return len(ours)

    def _mark_deleted(self, collection: str, stored: Sequence[Document]) -> None:
        self._records[collection].save(spelled(one) | {"isValid": False} for one in stored)


def _staying(stored: Document) -> Document:
    """Return what a changed document keeps when its source does not say otherwise; the records made up the second."""
    return {name: stored[name] for name in ("_id", "created_at") if name in stored}


def _id_for(document: Document, time_field: str) -> str:
    """Return the ``_id`` an identifier always gets: these records are recognised by nothing else when sent again."""
    second = (ms_of(document.get(time_field)) or 0) // 1000
    return f"{second & 0xFFFFFFFF:08x}" + hashlib.sha256(document["identifier"].encode()).hexdigest()[:16]


def _refused(records: Records, document: Document) -> bool:
    try:
        records.save([document])
    except BadDocument as problem:
        log.warning("a document was refused", extra=told(why=problem.message))
        return True
    return False


def spelled(document: Document) -> Document:
    """Write a document's time with its offset: the records take ``utcOffset`` from the text and from nowhere else."""
    offset_min = document.get("utcOffset")
    if isinstance(offset_min, bool) or not isinstance(offset_min, int | float) or not offset_min:
        return document
    name = "created_at" if "created_at" in document else "dateString"
    at_ms = ms_of(document.get(name) or document.get("date"))
    if at_ms is None:
        return document
    zone = timezone(timedelta(minutes=offset_min))
    return document | {name: datetime_of(at_ms).astimezone(zone).isoformat(timespec="milliseconds")}
