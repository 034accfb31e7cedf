"""What ``/storage`` tells: each document that was made, changed or deleted, to who may read its collection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from app.compat.sockets.viewers import STORAGE, Viewer, Viewers, event, tell_all
from app.compat.wire import on_wire
from app.live.documents import Documents
from app.records.deletion import is_deleted
from app.records.identified import COLLECTIONS, as_v3, identifier_of
from app.store.interface import Change, Document, Store

REMEMBERED = 20_000
"""Documents whose names are kept in memory, so that it can still be told which one was deleted."""

_AT_ONCE = 500


class StorageNews:
    """Tells changes in the order of the log. For one thread."""

    def __init__(self, store: Store, viewers: Viewers) -> None:
        self._store = store
        self._viewers = viewers
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()

    def tell(self, changes: Sequence[Change], before: Documents) -> None:
        """Tell changes; ``before`` are the documents of now as they were. Errors of the store pass through."""
        for change in changes:
            if change.op == "resync":
                self._start_over(change.collection)
            elif change.collection in COLLECTIONS:
                listeners = self._listeners(change.collection)
                if listeners:
                    for name, body in self._news(change, before):
                        tell_all(listeners, event(STORAGE, name, body))

    def lose_everybody(self) -> None:
        """Let all listeners go: what they missed they find in the history of API v3."""
        for viewer in self._viewers.listeners(STORAGE):
            viewer.connection.drop()

    def _start_over(self, collection: str) -> None:
        if not collection or any(collection in viewer.collections for viewer in self._viewers.listeners(STORAGE)):
            self.lose_everybody()

    def _listeners(self, collection: str) -> list[Viewer]:
        return [viewer for viewer in self._viewers.listeners(STORAGE) if collection in viewer.collections]

    def _news(self, change: Change, before: Documents) -> Iterator[tuple[str, dict[str, Any]]]:
        if change.op == "delete":
            for id in change.ids:
                yield "delete", {"colName": change.collection, "identifier": self._name(change.collection, id, before)}
            return
        for start in range(0, len(change.ids), _AT_ONCE):
            ids = change.ids[start : start + _AT_ONCE]
            found = {
                one["_id"]: one for one in self._store.collection(change.collection).find({"_id": {"$in": [*ids]}})
            }
            for id in ids:
                if id in found:  # else it is gone again, which is told next
                    yield self._told(change, found[id])

    def _told(self, change: Change, document: Document) -> tuple[str, dict[str, Any]]:
        identifier = identifier_of(document)
        self._remember(change.collection, document["_id"], identifier)
        if is_deleted(document):
            return "delete", {"colName": change.collection, "identifier": identifier}
        name = "create" if change.op == "insert" else "update"
        shown = as_v3(change.collection, document)
        return name, {"colName": change.collection, "doc": on_wire(shown)}

    def _remember(self, collection: str, id: Any, identifier: str) -> None:
        if identifier != str(id):
            self._names[collection, str(id)] = identifier
            if len(self._names) > REMEMBERED:
                self._names.popitem(last=False)

    def _name(self, collection: str, id: Any, before: Documents) -> str:
        known = self._names.pop((collection, str(id)), None)
        if known is not None:
            return known
        kept: dict[str, Sequence[Document]] = {
            "entries": before.entries,
            "treatments": before.treatments,
            "devicestatus": before.device_statuses,
            "profile": before.profiles,
            "food": before.food,
        }
        return next((identifier_of(one) for one in kept.get(collection, ()) if one["_id"] == id), str(id))
