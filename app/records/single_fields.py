"""Setting and unsetting single fields of a stored document, whichever collection it is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.actor import Actor
from app.clock import Clock
from app.records.deletion import there
from app.records.ids import named
from app.records.sanitising import cleaned, plain
from app.records.stamps import CHANGED, OURS, stamping
from app.records.times import read_instant
from app.store.interface import Document, Store

_NAMES = ("_id", "identifier", *OURS)
"""What other programs know a document by, and what only the server writes."""

_TEXT_AS_SENT = "food"
_MOMENT_IN_UTC = ("treatments", "devicestatus")


class SingleFields:
    """Changes fields on behalf of ``actor``. Names may be dotted paths."""

    def __init__(self, store: Store, clock: Clock, actor: Actor) -> None:
        self._store, self._clock, self._actor = store, clock, actor

    def set(self, collection: str, name: str, fields: Mapping[str, Any]) -> bool:
        """Set fields of the document of this name (``_id`` or ``identifier``), and tell whether there is one.

        Raises ``BadDocument`` and ``BadQuery`` for what cannot be kept.
        """
        kept = plain(fields) if collection == _TEXT_AS_SENT else cleaned(fields)
        wanted = {field: value for field, value in kept.items() if field not in _NAMES}
        if collection in _MOMENT_IN_UTC and (instant := read_instant(wanted.get("created_at"))):
            wanted["created_at"] = instant.iso
        return self._change(collection, name, "$set", wanted)

    def unset(self, collection: str, name: str, fields: Iterable[str]) -> bool:
        """Remove fields of the document of this name, and tell whether there is one. Raises ``BadQuery``."""
        return self._change(collection, name, "$unset", {field: "" for field in fields if field not in _NAMES})

    def _change(self, collection: str, name: str, how: str, fields: Document) -> bool:
        if not fields:
            return False
        kept = self._store.collection(collection, actor=self._actor.label)
        with stamping(self._clock) as stamp_ms:
            stamp = {CHANGED: stamp_ms}
            update = {"$set": {**fields, **stamp}} if how == "$set" else {how: fields, "$set": stamp}
            return kept.update_one(there(named(name)), update).matched
