"""Documents by identifier: what API v3 does with them, in every collection it knows, over what v1 keeps too.

A write looks first and then changes just what it saw, or looks again: of two that meet, none is lost and none makes a
second document of one identity. Deleted documents stay for those who follow, until they are removed for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.actor import Actor
from app.clock import Clock
from app.errors import Gone, NotFound, Unavailable
from app.records.deletion import DELETED, THERE, is_deleted, there
from app.records.identified import OWN_TIMES, as_v3, identifier_of, stamp_in
from app.records.identified_rules import (
    check_immutable,
    check_members,
    check_not_read_only,
    check_unmodified,
    settle_duration,
)
from app.records.identifiers import computed_identifier, fallback_of, going_by, settle_moment
from app.records.sanitising import plain
from app.records.stamps import CHANGED, RECEIVED, settled_before_ms, stamping, without_stamps
from app.records.times import read_instant
from app.store.interface import Document, Filter, Sort, Store

_TRIES = 50
_ORDER = ("identifier", "created_at", "date")
"""What decides among equals, so that a page goes on where the last one ended."""

Allowed = Callable[[str], None]
"""Raises unless an act, ``create`` or ``update``, is allowed: what is stored decides which of them a write is."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document that was kept: its identifier, its stamp (UTC epoch ms), whether it is a new one.

    ``formerly`` is the name it went by before it was uploaded under another.
    """

    identifier: str
    changed_ms: int
    created: bool
    formerly: str = ""


class IdentifiedDocuments:
    """The documents of one collection of API v3.

    ``knows_v1`` recognises documents without identifier as the one uploaded, ``created_at_counts`` takes a moment from
    ``created_at`` too (Nightscout's two ``API3_…_FALLBACK_ENABLED``).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        actor: Actor,
        collection: str,
        *,
        knows_v1: bool = True,
        created_at_counts: bool = True,
    ) -> None:
        self._clock = clock
        self._collection = collection
        self._subject = "" if actor.is_nobody else actor.label.partition(":")[2] or actor.label
        self._knows_v1 = knows_v1
        self._created_at_counts = created_at_counts
        self._kept = store.collection(collection, actor=actor.label)

    def read(self, identifier: str) -> Document:
        """Return the document of this name as API v3 shows it. Raises ``NotFound``, and ``Gone`` for a deleted one."""
        return as_v3(self._collection, self._living(identifier))

    def search(
        self, filter: Filter | None = None, *, sort: str = "date", newest_first: bool = False, limit: int, skip: int = 0
    ) -> Iterator[Document]:
        """Yield the matching documents as API v3 shows them, in the order of ``sort``; "" is that of identifiers."""
        direction = -1 if newest_first else 1
        order: Sort = [(name, direction) for name in dict.fromkeys([sort, *_ORDER]) if name]
        for document in self._kept.find(there(filter), sort=order, limit=limit, skip=skip):
            yield as_v3(self._collection, document)

    def history(self, since_ms: int, *, limit: int, included: bool = False) -> Iterator[Document]:
        """Yield what changed after ``since_ms`` (``included``: or at it), deleted documents too, by ``srvModified``.

        At least ``limit`` of them, if there are so many: documents that were saved together share a stamp, and whoever
        goes on from the last one's would never see the rest.
        """
        bounds: Document = {"$gte" if included else "$gt": since_ms, "$lt": settled_before_ms(self._clock)}
        last: int | None = None
        changed = self._kept.find({CHANGED: bounds}, sort=((CHANGED, 1),))
        for place, document in enumerate(changed):
            if place >= limit and document[CHANGED] != last:
                return
            last = document[CHANGED]
            yield as_v3(self._collection, document)

    def last_changed_ms(self) -> int | None:
        """Return when anything here changed last (UTC epoch ms), None when there is nothing.

        Documents of the original have no stamps; their own time stands for them.
        """
        newest = self._kept.find_one(sort=((CHANGED, -1),))
        found = [stamp_in(newest, CHANGED)] if newest else []
        for name in OWN_TIMES[self._collection][:1]:
            latest = self._kept.find_one(sort=((name, -1),))
            instant = read_instant(latest.get(name)) if latest else None
            found.append(instant.at_ms if instant else None)
        return max((at_ms for at_ms in found if at_ms is not None), default=None)

    def create(self, document: Document, allowed: Allowed) -> Written:
        """Keep an uploaded document, as a new one or in place of the one it is.

        Raises ``BadDocument``, ``ReadOnly`` and what ``allowed`` raises.
        """
        sent = self._settled(document)
        if not sent.get("identifier"):
            sent["identifier"] = computed_identifier(sent)
        known = sent["identifier"] if isinstance(sent["identifier"], str) else ""
        alternatives = [
            *(going_by(known) if known else ()),
            *(fallback_of(self._collection, sent) if self._knows_v1 else ()),
        ]
        for _ in range(_TRIES):
            stored = self._best(alternatives, known)
            if stored is None:
                written = self._created(sent, alternatives, allowed)
            else:
                allowed("update")
                if not is_deleted(stored):
                    check_not_read_only(stored)
                check_immutable(self._collection, stored, sent, again=True)
                written = self._replaced(stored, sent)
            if written:
                return written
        raise _contended()

    def replace(
        self, identifier: str, document: Document, allowed: Allowed, *, unmodified_since_ms: int | None = None
    ) -> Written:
        """Keep a document in place of the one of this name, or as a new one.

        Raises ``Gone`` for a deleted one, ``ChangedMeanwhile``, ``ReadOnly``, ``BadDocument``, what ``allowed`` raises.
        """
        sent = self._settled(document) | {"identifier": identifier}
        alternatives = going_by(identifier)
        for _ in range(_TRIES):
            stored = self._best(alternatives, identifier)
            if stored is None:
                written = self._created(sent, alternatives, allowed)
            else:
                self._check_there(stored)
                check_unmodified(self._collection, stored, unmodified_since_ms)
                allowed("update")
                check_not_read_only(stored)
                sent["identifier"] = identifier_of(stored)
                check_immutable(self._collection, stored, sent)
                written = self._replaced(stored, sent)
            if written:
                return written
        raise _contended()

    def patch(self, identifier: str, changes: Document, *, unmodified_since_ms: int | None = None) -> int:
        """Set these members of the document of this name and return its new stamp.

        Raises ``NotFound``, ``Gone``, ``ChangedMeanwhile``, ``ReadOnly`` and ``BadDocument``.
        """
        sent = {name: value for name, value in plain(changes).items() if name != "_id"}
        for _ in range(_TRIES):
            stored = self._living(identifier)
            check_unmodified(self._collection, stored, unmodified_since_ms)
            check_not_read_only(stored)
            check_immutable(self._collection, stored, sent)
            patched = stored | without_stamps(sent)
            settle_duration(patched, sent)
            with stamping(self._clock) as stamp_ms:
                if self._exchanged(stored, patched | self._signed("modifiedBy") | {CHANGED: stamp_ms}):
                    return stamp_ms
        raise _contended()

    def delete(self, identifier: str, *, for_good: bool = False) -> None:
        """Delete the document of this name, so that those who follow learn of it; or remove every trace ``for_good``.

        Deleting it again changes nothing. Raises ``NotFound`` and ``ReadOnly``.
        """
        alternatives = going_by(identifier)
        stored = self._best(alternatives, identifier)
        if stored is None:
            raise NotFound("There is no such document")
        if not is_deleted(stored):
            check_not_read_only(stored)
        if for_good:
            self._kept.delete_many({"$or": alternatives})
            return
        with stamping(self._clock) as stamp_ms:
            mark = {**DELETED, CHANGED: stamp_ms} | self._signed("modifiedBy")
            self._kept.update_many({"$or": alternatives, **THERE}, {"$set": mark})

    def _settled(self, document: Document) -> Document:
        """Return an uploaded document with its moment settled; an ``_id`` of the client's is never kept."""
        settled = {name: value for name, value in plain(document).items() if name != "_id"}
        settle_moment(settled, created_at_counts=self._created_at_counts)
        return settled

    def _best(self, alternatives: list[Filter], identifier: str) -> Document | None:
        """Return the stored document that is meant: one that is there, by its identifier, if there are several."""
        if not alternatives:
            return None
        found = self._kept.find({"$or": alternatives})
        return min(found, key=lambda one: (is_deleted(one), one.get("identifier") != identifier), default=None)

    def _living(self, identifier: str) -> Document:
        stored = self._best(going_by(identifier), identifier)
        if stored is None:
            raise NotFound("There is no such document")
        self._check_there(stored)
        return stored

    def _check_there(self, stored: Document) -> None:
        if is_deleted(stored):
            raise Gone("The document has been deleted")

    def _created(self, sent: Document, alternatives: list[Filter], allowed: Allowed) -> Written | None:
        """Keep a new document; None when somebody else has just kept the one it is."""
        allowed("create")
        check_members(sent)
        with stamping(self._clock) as stamp_ms:
            document = without_stamps(sent) | {RECEIVED: stamp_ms, CHANGED: stamp_ms} | self._signed("subject")
            if any("." in name or not name for name in document):
                # As a path such a name would mean a member within.
                self._kept.insert_one(document)
            elif not self._kept.update_one({"$or": alternatives}, {"$setOnInsert": document}, upsert=True).created:
                return None
        return Written(sent["identifier"], stamp_ms, created=True)

    def _replaced(self, stored: Document, sent: Document) -> Written | None:
        check_members(sent)
        with stamping(self._clock) as stamp_ms:
            received_ms = as_v3(self._collection, stored).get(RECEIVED, stamp_ms)
            document = without_stamps(sent) | {RECEIVED: received_ms, CHANGED: stamp_ms} | self._signed("subject")
            settle_duration(document, sent)
            if not self._exchanged(stored, document):
                return None
        return Written(sent["identifier"], stamp_ms, created=False, formerly=identifier_of(stored))

    def _exchanged(self, stored: Document, document: Document) -> bool:
        """Put a document in place of a stored one, unless that has changed since it was looked at."""
        unchanged: Any = {"$exists": False} if CHANGED not in stored else {"$eq": stored[CHANGED]}
        nameless = {name: value for name, value in document.items() if name != "_id"}
        return self._kept.replace_one({"_id": stored["_id"], CHANGED: unchanged}, nameless).matched

    def _signed(self, name: str) -> Document:
        return {name: self._subject} if self._subject else {}


def _contended() -> Unavailable:
    return Unavailable("Too many others changed the same document", hint="Try again in a moment.")
