"""The documents behind the picture while they change. Not safe for threads: ``LivePicture`` holds the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.clock import Clock
from app.glucose.staleness import FUTURE_TOLERANCE_MS
from app.live.documents import Documents, DocumentWindow
from app.live.fields import first_moment, text
from app.live.lookup import Lookup
from app.store.interface import Document

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

SENSOR_EVENTS = ("Sensor Start", "Sensor Change")
SITE_EVENTS = ("Site Change",)

_EVENTS_MS = 62 * DAY_MS
_SWITCH_MS = 372 * DAY_MS
_LASTING: Mapping[str, tuple[Document, int]] = {
    name: ({"eventType": name}, _EVENTS_MS)
    for name in (*SENSOR_EVENTS, "Sensor Stop", *SITE_EVENTS, "Insulin Change", "Pump Battery Change")
} | {"Profile Switch": ({"eventType": "Profile Switch", "duration": 0}, _SWITCH_MS)}
"""What counts until the next of its kind, and how far back it is looked for: as far as Nightscout looks."""

_STATS_AS_OLD_AS_MS = 10 * 60_000


def entry_ms(entry: Document) -> int | None:
    """Return when an entry was measured."""
    return first_moment(entry, "date", "dateString", "sysTime")


def treatment_ms(treatment: Document) -> int | None:
    """Return when a treatment was."""
    return first_moment(treatment, "created_at", "date", "mills", "timestamp")


def reported_ms(status: Document) -> int | None:
    """Return when a device reported, or somebody was active."""
    return first_moment(status, "created_at", "date", "mills")


class Recent:
    """The documents of the last days; ``status_days`` is how many days of device status."""

    def __init__(self, lookup: Lookup, clock: Clock, *, status_days: int) -> None:
        self._lookup = lookup
        self._clock = clock
        self._windows = {
            "entries": (DocumentWindow(entry_ms), 48 * HOUR_MS),
            "treatments": (DocumentWindow(treatment_ms), 60 * HOUR_MS),
            "devicestatus": (DocumentWindow(reported_ms), status_days * DAY_MS),
            "activity": (DocumentWindow(reported_ms), 48 * HOUR_MS),
        }
        self._lasting: dict[str, Document] = {}
        self._profiles: tuple[Document, ...] = ()
        self._food: tuple[Document, ...] = ()
        self._stats: Mapping[str, int] = {}
        self._stats_at_ms: int | None = None
        self._all: Documents | None = None

    def load(self) -> None:
        """Read everything anew. Errors of the store pass through and leave things as they were."""
        lasting, profiles, food = self._found_lasting(), tuple(self._lookup.profiles()), tuple(self._lookup.food())
        found = {name: self._lookup.since(name, self._from_ms(name)) for name in self._windows}
        self._look_at_stats()
        for name, (window, _) in self._windows.items():
            window.fill(found[name], self._from_ms(name))
        self._lasting, self._profiles, self._food, self._all = lasting, profiles, food, None

    def refresh(self, ids: Mapping[str, Sequence[Any]]) -> Mapping[str, list[Document]]:
        """Read what changed, by collection and id; return the documents that still exist."""
        touched = {name: self._lookup.with_ids(name, ids[name]) for name in self._windows if ids.get(name)}
        lasting = self._found_lasting() if self._touches_lasting(ids, touched) else self._lasting
        profiles = tuple(self._lookup.profiles()) if ids.get("profile") else self._profiles
        food = tuple(self._lookup.food()) if ids.get("food") else self._food
        self._look_at_stats()
        for name, documents in touched.items():
            self._windows[name][0].refresh(ids[name], documents, self._from_ms(name))
        self._lasting, self._profiles, self._food, self._all = lasting, profiles, food, None
        return touched

    def slide(self) -> None:
        """Forget what has become too old."""
        for name, (window, _) in self._windows.items():
            window.trim(self._from_ms(name))
        self._all = None

    def in_window(self, name: str) -> tuple[Document, ...]:
        """Return the documents of a collection that lie in its window, oldest first."""
        return self._windows[name][0].documents

    def newest_of(self, event_types: Sequence[str]) -> Document | None:
        """Return the newest of these lasting events."""
        found = [self._lasting[name] for name in event_types if name in self._lasting]
        return max(found, key=lambda event: treatment_ms(event) or 0, default=None)

    def documents(self) -> Documents:
        """Return what is in here; the same until something changes."""
        if self._all is None:
            self._all = Documents(
                entries=self.in_window("entries"),
                treatments=self._with_lasting(self.in_window("treatments")),
                device_statuses=self.in_window("devicestatus"),
                activity=self.in_window("activity"),
                profiles=self._profiles,
                food=self._food,
                stats=self._stats,
            )
        return self._all

    def _with_lasting(self, treatments: tuple[Document, ...]) -> tuple[Document, ...]:
        there = {str(treatment["_id"]) for treatment in treatments}
        before = [event for event in self._lasting.values() if str(event["_id"]) not in there]
        # They come first: what is not in the window is older than all that is.
        return (*sorted(before, key=lambda event: treatment_ms(event) or 0), *treatments) if before else treatments

    def _from_ms(self, name: str) -> int:
        return self._clock.now_ms() - self._windows[name][1]

    def _touches_lasting(self, ids: Mapping[str, Sequence[Any]], touched: Mapping[str, Sequence[Document]]) -> bool:
        known = {str(event["_id"]) for event in self._lasting.values()}
        changed = touched.get("treatments", ())
        return any(str(id) in known for id in ids.get("treatments", ())) or any(
            text(treatment.get("eventType")) in _LASTING for treatment in changed
        )

    def _found_lasting(self) -> dict[str, Document]:
        now_ms = self._clock.now_ms()
        found = {
            name: self._lookup.last_treatment(filter, now_ms - span_ms, now_ms + FUTURE_TOLERANCE_MS)
            for name, (filter, span_ms) in _LASTING.items()
        }
        return {name: event for name, event in found.items() if event is not None}

    def _look_at_stats(self) -> None:
        now_ms = self._clock.now_ms()
        if self._stats_at_ms is None or now_ms - self._stats_at_ms >= _STATS_AS_OLD_AS_MS:
            self._stats, self._stats_at_ms = self._lookup.stats(), now_ms
