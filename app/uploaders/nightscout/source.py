"""Another Nightscout as an uploader: its form, its pace, and how each collection is followed.

Two ways at once, since neither sees everything: API v3's history tells changes and deletions, but not documents that
apps of API v1 wrote; a search by time finds those, but no deletion. Each keeps a cursor of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS, TIME_FIELDS, mapped, ms_of
from app.records.sources.kinds import COLLECTION_OF, NEVER
from app.records.sources.nightscout_documents import is_deleted
from app.records.sources.ranks import MIRROR
from app.store.interface import Document
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken
from app.uploaders.nightscout.auth import Door
from app.uploaders.nightscout.client import NightscoutClient, page_size
from app.uploaders.nightscout.errors import NotPermitted
from app.uploaders.nightscout.mapper import deleted_in, document_of
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor, overlap_ms

KINDS: Mapping[str, str] = {
    "entries": "glucose",
    "treatments": "treatments",
    "profile": "profile",
    "devicestatus": "status",
}
"""The option that switches each collection, in the order they are fetched: what a parent looks at first comes first."""

LOOK = 3
_WINDOW_MS = 2 * DAY_MS
_NARROWEST_MS = 1000
_STATUS_DAYS = 2  # older device status says nothing any more
_PROFILES_EVERY_MS = HOUR_MS


class NightscoutForm(UploaderForm):
    """What we need to know of a Nightscout."""

    address = address("Address", "Of the other Nightscout, for instance https://ada.example.org", required=True)
    token = secret(
        "Access token", "Of a subject with the role readable. With it, deletions come along.", required=False
    )
    api_secret = secret("API secret", "Only where there is no token.", required=False)
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), ("3650", "everything")),
        default="14",
    )
    interval_min = number("Minutes between visits", 1, 60, default=5, advanced=True)
    glucose = taken("Take glucose")
    treatments = taken("Take treatments")
    profile = taken("Take profiles")
    status = taken("Take device status")


class NightscoutSource:
    """The documents of one site."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = NightscoutClient(access.line, access.options["address"])
        self._door = Door(access, self._client)
        self._let_in = False

    def look(self) -> Sequence[Document]:
        """Get in and return the newest entries."""
        self._door.open()
        records = self._door.call(lambda: self._client.newest(LOOK))
        entries, _ = mapped(records, lambda one: document_of(one, "entries", self._access.clock.now_ms()))
        return sorted(entries, key=lambda entry: entry["date"])

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch each collection, oldest first, in as many pages as it takes."""
        self._door.open()
        for collection, kind in KINDS.items():
            if self._access.options.get(kind) == NEVER:
                continue
            try:
                for page in self._pages_of(collection, cursors):
                    self._let_in = True
                    yield page
            except NotPermitted:
                if not self._let_in:
                    raise
                yield Page({}, unusable=[f"the credential may not read {collection}"])

    def _pages_of(self, collection: str, cursors: Cursors) -> Iterator[Page]:
        if collection == "profile":
            yield from self._profiles(cursors)
        else:
            yield from self._by_time(collection, cursors)
        if self._door.knows_changes:
            yield from self._changes(collection, cursors)

    def _first_ms(self, collection: str) -> int:
        days = int(self._access.options.get("first_days", "14"))
        return self._access.clock.now_ms() - DAY_MS * (
            min(days, _STATUS_DAYS) if collection == "devicestatus" else days
        )

    def _by_time(self, collection: str, cursors: Cursors) -> Iterator[Page]:
        """Walk from the cursor to now in windows that hold less than a page each; the last window has no end."""
        now_ms = self._access.clock.now_ms()
        name, deep = f"{collection}_time", f"{collection}_deep"
        cursor_ms = cursors.get(name, self._first_ms(collection))
        start_ms = cursor_ms - _overlap_ms(collection, cursors, now_ms) if name in cursors else cursor_ms
        window_ms, most = _WINDOW_MS, page_size(collection)
        while True:
            end_ms = start_ms + window_ms if start_ms + window_ms < now_ms else None
            found = self._between(collection, start_ms, end_ms)
            if len(found) >= most and window_ms > _NARROWEST_MS:
                window_ms = min(window_ms, now_ms - start_ms) // 2
                continue
            newest_ms = max((self._time_of(collection, one, now_ms) for one in found), default=0)
            cursor_ms = max(cursor_ms, newest_ms)
            yield self._page(collection, found, {name: cursor_ms} | ({deep: now_ms} if end_ms is None else {}))
            if end_ms is None:
                return
            start_ms = end_ms
            window_ms *= 2 if len(found) < most // 4 else 1

    def _between(self, collection: str, start_ms: int, end_ms: int | None) -> list[Any]:
        field = TIME_FIELDS[collection]
        return self._door.call(partial(self._client.between, collection, field, start_ms, end_ms))

    def _time_of(self, collection: str, record: Any, now_ms: int) -> int:
        at_ms = ms_of(record.get(TIME_FIELDS[collection])) if isinstance(record, Mapping) else None
        return min(at_ms or 0, now_ms)

    def _profiles(self, cursors: Cursors) -> Iterator[Page]:
        now_ms = self._access.clock.now_ms()
        if now_ms - cursors.get("profile_time", 0) >= _PROFILES_EVERY_MS:
            yield self._page("profile", self._door.call(self._client.profiles), {"profile_time": now_ms})

    def _changes(self, collection: str, cursors: Cursors) -> Iterator[Page]:
        """Walk v3's history. A full page is continued one millisecond early: a page can end between two equal times."""
        name = f"{collection}_changes"
        after_ms = cursors.get(name, self._first_ms(collection))
        while True:
            found = self._door.call(partial(self._client.history, collection, after_ms))
            newest_ms = max((ms_of(one.get("srvModified")) or 0 for one in found), default=after_ms)
            full = len(found) >= page_size(collection)
            after_ms = max(newest_ms - 1, after_ms + 1) if full else max(newest_ms, after_ms)
            yield self._page(collection, found, {name: after_ms})
            if not full:
                return

    def _page(self, collection: str, found: Sequence[Any], cursors: Cursors) -> Page:
        now_ms = self._access.clock.now_ms()
        living = [one for one in found if not is_deleted(one)]
        documents, unusable = mapped(living, lambda one: document_of(one, collection, now_ms))
        return Page(cursors, {collection: documents}, deleted={collection: deleted_in(found)}, unusable=unusable)


def _overlap_ms(collection: str, cursors: Cursors, now_ms: int) -> int:
    """Return how far before the cursor to begin: what a phone sends late, or an app enters late, is found."""
    if collection == "treatments":
        return DAY_MS
    return overlap_ms(cursors.get(f"{collection}_deep", 0), now_ms)


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 5) * MINUTE_MS, lag_ms=5_000, floor_ms=30_000)


NIGHTSCOUT = Vendor(
    name="nightscout",
    title="Nightscout",
    about="Another Nightscout, also one that is to be moved here.",
    form=NightscoutForm,
    pace=_pace,
    open=NightscoutSource,
    kinds={kind: KINDS[collection] for kind, collection in COLLECTION_OF.items() if collection in KINDS},
    rank=MIRROR,
    when_silent="Open the other Nightscout and see whether it shows readings: its own uploader may have stopped.",
)
