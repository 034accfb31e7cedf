"""Subjects and roles as Nightscout keeps them: whole documents, written and read by its own collections' rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.actor import Actor
from app.clock import Clock, iso_of
from app.errors import BadRequest
from app.identity import audit
from app.identity.peer import NO_PEER, Peer
from app.identity.remembered import Remembered
from app.store import ObjectId
from app.store.interface import Document, Store


class StoredDocuments:
    """One of the two collections, remembered in this process; ``what`` ("subject", "role") names it in the audit
    list.

    Every write forgets what is remembered; writes of other processes are told through ``forget``.
    """

    def __init__(self, store: Store, clock: Clock, collection: str, what: str) -> None:
        self.collection = collection
        self._store, self._clock, self._what = store, clock, what
        self._remembered = Remembered(lambda: list(self._store.collection(collection).find({})))

    def all(self) -> list[Document]:
        """Return every stored document."""
        return self._remembered.value()

    def all_anew(self) -> list[Document]:
        """Return every stored document as the store has it at this moment."""
        return self._remembered.read_anew()

    def forget(self) -> None:
        """Read again at the next question: somebody else wrote."""
        self._remembered.forget()

    def create(self, document: Mapping[str, Any], actor: Actor, peer: Peer = NO_PEER) -> Document:
        """Keep a new document and return it with ``_id`` and ``created_at``.

        Raises ``BadRequest`` for an ``_id`` that is none, and ``DuplicateKey`` for one that is taken.
        """
        kept = self._complete(document)
        if "_id" in document:
            kept["_id"] = object_id_of(document["_id"])
        self._told("made", kept, actor, peer)
        kept["_id"] = self._store.collection(self.collection, actor=actor.label).insert_one(kept)
        self.forget()
        return kept

    def save(self, document: Mapping[str, Any], actor: Actor, peer: Peer = NO_PEER) -> Document:
        """Replace the document with this ``_id`` as a whole, or keep it as a new one, and return it.

        Raises ``BadRequest`` with Nightscout's words when ``_id`` is missing or malformed.
        """
        if not document.get("_id"):
            raise BadRequest("Missing _id for update")
        kept = self._complete(document) | {"_id": object_id_of(document["_id"])}
        self._told("changed", kept, actor, peer)
        self._store.collection(self.collection, actor=actor.label).replace_one({"_id": kept["_id"]}, kept, upsert=True)
        self.forget()
        return kept

    def delete(self, document_id: str, actor: Actor, peer: Peer = NO_PEER) -> bool:
        """Delete a document for good and tell whether there was one. Raises ``BadRequest`` for a malformed id."""
        wanted = object_id_of(document_id)
        self._told("deleted", {"_id": wanted}, actor, peer)
        deleted = self._store.collection(self.collection, actor=actor.label).delete_one({"_id": wanted})
        self.forget()
        return deleted

    def _complete(self, document: Mapping[str, Any]) -> Document:
        return {**document, "created_at": document.get("created_at") or iso_of(self._clock.now_ms())}

    def _told(self, done: str, document: Document, actor: Actor, peer: Peer) -> None:
        about = str(document.get("name") or document.get("_id", ""))
        audit.record(self._store, self._clock, actor, f"{self._what} {done}", about=about, peer=peer)


def object_id_of(given: object) -> ObjectId:
    """Return an id as the store has it. Raises ``BadRequest`` unless it is 24 hex digits."""
    if isinstance(given, ObjectId):
        return given
    if isinstance(given, str) and ObjectId.is_valid(given):
        return ObjectId(given)
    raise BadRequest(f"Invalid _id format: {given}")


def name_of(document: Document) -> str:
    """Return the document's name, which nothing forces to be text."""
    name = document.get("name")
    return name if isinstance(name, str) else ""
