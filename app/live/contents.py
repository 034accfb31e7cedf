"""What the picture is made of while it changes. Not safe for threads: ``LivePicture`` holds the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.clock import Clock
from app.glucose.staleness import FUTURE_TOLERANCE_MS
from app.live.building import reading_of, treatment_of
from app.live.lookup import Lookup
from app.live.picture import Facts, Picture, PictureChange, Reading, Treatment
from app.live.recent import SENSOR_EVENTS, SITE_EVENTS, Recent, treatment_ms
from app.live.reports import Report, latest_facts, report_of
from app.live.window import Item, Window
from app.store.interface import Change, Document

DOCUMENTED = ("entries", "treatments", "devicestatus", "activity", "profile", "food")
"""The collections whose documents are behind the picture."""

HOUR_MS = 3_600_000
WINDOW_MS = 48 * HOUR_MS
REPORTS_MS = 24 * HOUR_MS


class Contents:
    """Readings and treatments of two days, device statuses of one, the last sensor and site change, and the documents
    all of it was made of.
    """

    def __init__(self, lookup: Lookup, clock: Clock, *, status_days: int) -> None:
        self._lookup = lookup
        self._clock = clock
        self._recent = Recent(lookup, clock, status_days=status_days)
        self._readings: Window[Reading] = Window()
        self._treatments: Window[Treatment] = Window()
        self._reports: Window[Report] = Window()
        self._last_before: Reading | None = None
        self._facts = Facts()

    def load(self) -> None:
        """Read everything anew. Errors of the store pass through and leave things as they were."""
        self._recent.load()
        from_ms = self._clock.now_ms() - WINDOW_MS
        self._readings = Window(_built(self._recent.in_window("entries"), reading_of, from_ms))
        self._treatments = Window(_built(self._recent.in_window("treatments"), treatment_of, from_ms))
        self._reports = Window(_built(self._recent.in_window("devicestatus"), report_of, from_ms))
        self._look_before()
        self._gather_facts()

    def picture(self, seq: int) -> Picture:
        """Return what is in here as the picture up to ``seq``."""
        documents = self._recent.documents()
        return Picture(seq, self._readings.items, self._treatments.items, self._facts, self._last_before, documents)

    def slide(self) -> None:
        """Forget what has become too old."""
        now_ms = self._clock.now_ms()
        self._recent.slide()
        self._readings.trim(now_ms - WINDOW_MS)
        self._treatments.trim(now_ms - WINDOW_MS)
        self._look_before()
        self._gather_facts()

    def apply(self, changes: Sequence[Change], seq: int) -> PictureChange:
        """Read the changed documents anew, whatever was done to them; return what became different up to ``seq``."""
        ids = {name: _touched(changes, name) for name in DOCUMENTED}
        from_ms, facts = self._clock.now_ms() - WINDOW_MS, self._facts
        found = self._recent.refresh(ids)
        treatments, gone = _refresh(
            self._treatments, ids["treatments"], _built(found.get("treatments", ()), treatment_of, from_ms)
        )
        readings, lost = _refresh(self._readings, ids["entries"], _built(found.get("entries", ()), reading_of, from_ms))
        _refresh(self._reports, ids["devicestatus"], _built(found.get("devicestatus", ()), report_of, from_ms))
        if ids["entries"]:
            self._look_before()
        if ids["treatments"] or ids["devicestatus"]:
            self._gather_facts()
        return PictureChange(seq, readings, treatments, (*lost, *gone), facts_changed=self._facts != facts)

    def told(self, changes: Sequence[Change], seq: int) -> PictureChange:
        """Return what ``changes`` that are already in here mean for somebody who has not heard of them."""
        readings, lost = _present(self._readings, _touched(changes, "entries"))
        treatments, gone = _present(self._treatments, _touched(changes, "treatments"))
        facts_changed = any(change.collection in ("treatments", "devicestatus") for change in changes)
        return PictureChange(seq, readings, treatments, (*lost, *gone), facts_changed)

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
            sensor_started_ms=self._newest_ms(SENSOR_EVENTS),
            site_changed_ms=self._newest_ms(SITE_EVENTS),
        )

    def _newest_ms(self, event_types: Sequence[str]) -> int | None:
        event = self._recent.newest_of(event_types)
        return treatment_ms(event) if event else None


def _built(documents: Iterable[Document], build: Callable[[Document], Item | None], from_ms: int) -> list[Item]:
    """Return what can be made of documents; whatever is none is passed over."""
    return [one for document in documents if (one := build(document)) is not None and one.at_ms >= from_ms]


def _touched(changes: Sequence[Change], collection: str) -> list[Any]:
    ids = (id for change in changes if change.collection == collection for id in change.ids)
    return list(dict.fromkeys(ids))


def _refresh(
    window: Window[Item], ids: Iterable[Any], found: Iterable[Item]
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Bring ``ids`` in the window up to date; return what is new or different, and the ids that left."""
    now = {item.id: item for item in found}
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
