"""What the picture reads, through ``records/`` and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from app.actor import system_actor
from app.clock import Clock, iso_of
from app.live.building import reading_of, treatment_of
from app.live.picture import Reading, Treatment
from app.live.reports import Report, report_of
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Document, Store

_AT_ONCE = 200
_WIDEST_OFFSET_MS = 14 * 3_600_000

Built = TypeVar("Built", Reading, Treatment, Report)


class Lookup:
    """Reads documents as readings, treatments and reports; whatever is none of these is passed over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        actor = system_actor("live")
        self._entries = Entries(store, clock, actor)
        self._treatments = Treatments(store, clock, actor)
        self._statuses = DeviceStatus(store, clock, actor)

    def readings_since(self, from_ms: int) -> list[Reading]:
        """Return all readings from ``from_ms`` on, those of uploaders that send no ``date`` included."""
        dated = self._entries.search({"date": {"$gte": from_ms}})
        undated = self._entries.search({"date": {"$exists": False}, "sysTime": {"$gte": iso_of(from_ms)}})
        return _built((*dated, *undated), reading_of)

    def last_reading_before(self, until_ms: int) -> Reading | None:
        """Return the newest sensor reading before ``until_ms``."""
        found = self._entries.search({"type": "sgv", "date": {"$lt": until_ms}}, limit=10)
        return next(iter(_built(found, reading_of)), None)

    def readings(self, ids: Sequence[Any]) -> list[Reading]:
        """Return the readings with these ids that still exist."""
        return _built(_with_ids(self._entries, ids), reading_of)

    def treatments_since(self, from_ms: int) -> list[Treatment]:
        """Return all treatments from ``from_ms`` on."""
        # Text dates with another offset than Z sort by their local time: look further and leave out what is earlier.
        found = self._treatments.search({"created_at": {"$gte": iso_of(from_ms - _WIDEST_OFFSET_MS)}})
        return [treatment for treatment in _built(found, treatment_of) if treatment.at_ms >= from_ms]

    def treatments(self, ids: Sequence[Any]) -> list[Treatment]:
        """Return the treatments with these ids that still exist."""
        return _built(_with_ids(self._treatments, ids), treatment_of)

    def last_treatment(self, event_types: Iterable[str], from_ms: int, until_ms: int) -> Treatment | None:
        """Return the newest treatment of these types between the two moments."""
        between = {"$gte": iso_of(from_ms), "$lte": iso_of(until_ms)}
        found = self._treatments.search({"eventType": {"$in": list(event_types)}, "created_at": between}, limit=1)
        return next(iter(_built(found, treatment_of)), None)

    def reports_since(self, from_ms: int) -> list[Report]:
        """Return what all device statuses from ``from_ms`` on report."""
        return _built(self._statuses.search({"created_at": {"$gte": iso_of(from_ms)}}), report_of)

    def reports(self, ids: Sequence[Any]) -> list[Report]:
        """Return what the device statuses with these ids report, where they still exist."""
        return _built(_with_ids(self._statuses, ids), report_of)


def _built(documents: Iterable[Document], build: Callable[[Document], Built | None]) -> list[Built]:
    return [built for document in documents if (built := build(document)) is not None]


def _with_ids(records: Records, ids: Sequence[Any]) -> Iterator[Document]:
    for start in range(0, len(ids), _AT_ONCE):
        yield from records.search({"_id": {"$in": list(ids[start : start + _AT_ONCE])}}, sort=())
