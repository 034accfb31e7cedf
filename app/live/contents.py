"""What the picture is made of while it changes. Not safe for threads: ``LivePicture`` holds the lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from app.clock import Clock
from app.glucose.staleness import FUTURE_TOLERANCE_MS
from app.live.lookup import Lookup
from app.live.picture import Facts, Picture, PictureChange, Reading, Treatment
from app.live.reports import Report, latest_facts
from app.live.window import Item, Window
from app.store.interface import Change

HOUR_MS = 3_600_000
WINDOW_MS = 48 * HOUR_MS
REPORTS_MS = 24 * HOUR_MS
EVENTS_MS = 62 * 24 * HOUR_MS
"""How far back a sensor or site change is looked for; as far as Nightscout looks."""

SENSOR_EVENTS = frozenset({"Sensor Start", "Sensor Change"})
SITE_EVENTS = frozenset({"Site Change"})


class Contents:
    """Readings and treatments of two days, device statuses of one, and the last sensor and site change."""

    def __init__(self, lookup: Lookup, clock: Clock) -> None:
        self._lookup = lookup
        self._clock = clock
        self._readings: Window[Reading] = Window()
        self._treatments: Window[Treatment] = Window()
        self._reports: Window[Report] = Window()
        self._sensor_event: Treatment | None = None
        self._site_event: Treatment | None = None
        self._last_before: Reading | None = None
        self._facts = Facts()

    def load(self) -> None:
        """Read everything anew. Errors of the store pass through and leave things as they were."""
        now_ms = self._clock.now_ms()
        readings = self._lookup.readings_since(now_ms - WINDOW_MS)
        treatments = self._lookup.treatments_since(now_ms - WINDOW_MS)
        reports = self._lookup.reports_since(now_ms - REPORTS_MS)
        self._look_for_events()
        self._readings, self._treatments, self._reports = Window(readings), Window(treatments), Window(reports)
        self._look_before()
        self._gather_facts()

    def picture(self, seq: int) -> Picture:
        """Return what is in here as the picture up to ``seq``."""
        return Picture(seq, self._readings.items, self._treatments.items, self._facts, self._last_before)

    def slide(self) -> None:
        """Forget what has become too old."""
        now_ms = self._clock.now_ms()
        self._readings.trim(now_ms - WINDOW_MS)
        self._treatments.trim(now_ms - WINDOW_MS)
        self._look_before()
        self._gather_facts()

    def apply(self, changes: Sequence[Change], seq: int) -> PictureChange:
        """Read the changed documents anew, whatever was done to them; return what became different up to ``seq``."""
        entry_ids, treatment_ids, status_ids = (
            _touched(changes, collection) for collection in ("entries", "treatments", "devicestatus")
        )
        from_ms, facts = self._clock.now_ms() - WINDOW_MS, self._facts
        found = self._lookup.treatments(treatment_ids)
        treatments, gone = _refresh(self._treatments, treatment_ids, found, from_ms)
        readings, lost = _refresh(self._readings, entry_ids, self._lookup.readings(entry_ids), from_ms)
        _refresh(self._reports, status_ids, self._lookup.reports(status_ids), self._clock.now_ms() - REPORTS_MS)
        if self._touches_events(treatment_ids, found):
            self._look_for_events()
        if entry_ids:
            self._look_before()
        if treatment_ids or status_ids:
            self._gather_facts()
        return PictureChange(seq, readings, treatments, (*lost, *gone), facts_changed=self._facts != facts)

    def told(self, changes: Sequence[Change], seq: int) -> PictureChange:
        """Return what ``changes`` that are already in here mean for somebody who has not heard of them."""
        readings, lost = _present(self._readings, _touched(changes, "entries"))
        treatments, gone = _present(self._treatments, _touched(changes, "treatments"))
        facts_changed = any(change.collection != "entries" for change in changes)
        return PictureChange(seq, readings, treatments, (*lost, *gone), facts_changed)

    def _touches_events(self, ids: Iterable[Any], found: Iterable[Treatment]) -> bool:
        known = {event.id for event in (self._sensor_event, self._site_event) if event}
        types = SENSOR_EVENTS | SITE_EVENTS
        return any(str(id) in known for id in ids) or any(treatment.event_type in types for treatment in found)

    def _look_for_events(self) -> None:
        now_ms = self._clock.now_ms()
        between = (now_ms - EVENTS_MS, now_ms + FUTURE_TOLERANCE_MS)
        self._sensor_event = self._lookup.last_treatment(SENSOR_EVENTS, *between)
        self._site_event = self._lookup.last_treatment(SITE_EVENTS, *between)

    def _look_before(self) -> None:
        if any(reading.kind == "sgv" for reading in self._readings.items):
            self._last_before = None
        else:
            self._last_before = self._lookup.last_reading_before(self._clock.now_ms() - WINDOW_MS)

    def _gather_facts(self) -> None:
        now_ms = self._clock.now_ms()
        self._reports.trim(now_ms - REPORTS_MS)
        self._facts = latest_facts(
            self._reports.items,
            until_ms=now_ms + FUTURE_TOLERANCE_MS,
            sensor_started_ms=self._sensor_event.at_ms if self._sensor_event else None,
            site_changed_ms=self._site_event.at_ms if self._site_event else None,
        )


def _touched(changes: Sequence[Change], collection: str) -> list[Any]:
    ids = (id for change in changes if change.collection == collection for id in change.ids)
    return list(dict.fromkeys(ids))


def _refresh(
    window: Window[Item], ids: Iterable[Any], found: Iterable[Item], from_ms: int
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Bring ``ids`` in the window up to date; return what is new or different, and the ids that left."""
    now = {item.id: item for item in found if item.at_ms >= from_ms}
    changed, gone = [], []
    for id in map(str, ids):
        before, item = window.get(id), now.get(id)
        if item is not None and item != before:
            window.put(item)
            changed.append(item)
        elif item is None and before is not None:
            window.drop(id)
            gone.append(id)
    return tuple(changed), tuple(gone)


def _present(window: Window[Item], ids: Iterable[Any]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    found = {str(id): window.get(str(id)) for id in ids}
    return tuple(item for item in found.values() if item), tuple(id for id, item in found.items() if not item)
