"""What the picture reads, through ``records/`` and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.actor import system_actor
from app.clock import Clock, iso_of
from app.live.building import reading_of
from app.live.picture import Reading
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document, Store

_AT_ONCE = 200
_WIDEST_OFFSET_MS = 14 * 3_600_000


class Lookup:
    """Reads the stored documents of a picture; none is deleted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        actor = system_actor("live")
        self._store = store
        self._entries = Entries(store, clock, actor)
        self._treatments = Treatments(store, clock, actor)
        self._statuses = DeviceStatus(store, clock, actor)
        self._profiles = Profiles(store, clock, actor)
        self._food = Food(store, clock, actor)
        dated = (self._entries, self._treatments, self._statuses, Activity(store, clock, actor))
        self._by_collection: Mapping[str, Records] = {records.collection: records for records in dated}

    def with_ids(self, collection: str, ids: Sequence[Any]) -> list[Document]:
        """Return the documents of a collection with these ids that still exist."""
        records = self._by_collection[collection]
        found: list[Document] = []
        for start in range(0, len(ids), _AT_ONCE):
            found += records.search({"_id": {"$in": list(ids[start : start + _AT_ONCE])}}, sort=())
        return found

    def since(self, collection: str, from_ms: int) -> list[Document]:
        """Return all documents of a collection from ``from_ms`` on, and perhaps some of the hours before it."""
        if collection == "entries":
            return self._entries_since(from_ms)
        # Text dates with another offset than Z sort by their local time: look further.
        since = {"created_at": {"$gte": iso_of(from_ms - _WIDEST_OFFSET_MS)}}
        return [*self._by_collection[collection].search(since)]

    def last_reading_before(self, until_ms: int) -> Reading | None:
        """Return the newest sensor reading before ``until_ms``."""
        found = self._entries.search({"type": "sgv", "date": {"$lt": until_ms}}, limit=10)
        return next((reading for entry in found if (reading := reading_of(entry))), None)

    def last_treatment(self, filter: Document, from_ms: int, until_ms: int) -> Document | None:
        """Return the newest treatment that matches, between the two moments."""
        between = {"$gte": iso_of(from_ms), "$lte": iso_of(until_ms)}
        return next(self._treatments.search({**filter, "created_at": between}, limit=1), None)

    def profiles(self) -> Iterable[Document]:
        """Return the profile that started last, if there is one."""
        return self._profiles.search(limit=1)

    def food(self) -> Iterable[Document]:
        """Return all food."""
        return self._food.search()

    def stats(self) -> dict[str, int]:
        """Return the store's sizes in bytes."""
        return self._store.stats()

    def _entries_since(self, from_ms: int) -> list[Document]:
        """Return entries, those of uploaders that send no ``date`` included."""
        dated = self._entries.search({"date": {"$gte": from_ms}})
        undated = self._entries.search({"date": {"$exists": False}, "sysTime": {"$gte": iso_of(from_ms)}})
        return [*dated, *undated]
