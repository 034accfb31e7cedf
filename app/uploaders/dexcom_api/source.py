"""Dexcom's official interface as an uploader: its form, its pace, and what is fetched when.

A cheap question tells from when to when anything has reached Dexcom since the last visit, also what a phone sent days
late; only that is fetched, and once an hour the last day in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS, TIME_FIELDS, mapped, ms_of
from app.records.sources.kinds import BOLUSES, CARBS, EVENTS, GLUCOSE, NEVER, STATUS
from app.records.sources.ranks import SLOW
from app.records.times import read_instant
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.dexcom_api.auth import DexcomSignIn, Permission
from app.uploaders.dexcom_api.errors import UnknownAnswer
from app.uploaders.dexcom_api.mapper import (
    VENDOR,
    calibration_of,
    device_status_of,
    entry_of,
    event_identifier,
    event_of,
    is_deleted,
)
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken, text
from app.uploaders.vendor import DEEP_EVERY_MS, DEEP_OVERLAP_MS, OVERLAP_MS, Access, Cursors, Pace, Page, Vendor

_SYNC, _DEEP = "sync", "deep"
"""The cursors of the last complete visit and of the last one that fetched a whole day."""

_SECOND_MS = 1000
_CLOCKS_APART_MS = 10 * MINUTE_MS
_LATEST_MS = 30 * DAY_MS
"""How far before the cursor is gone for what a phone sent late: further back nobody looks for it."""

_LOOK_MS = 3 * HOUR_MS
_DEVICES_MS = 28 * DAY_MS


@dataclass(frozen=True, slots=True)
class Feed:
    """One list of the interface: its name there, the options that switch it, and how much is asked for at once."""

    name: str
    collection: str
    options: tuple[str, ...]
    window_ms: int
    document_of: Callable[[Any, int], Document]
    edited: bool = False


FEEDS = (
    Feed("egvs", "entries", ("glucose",), 7 * DAY_MS, entry_of),
    Feed("events", "treatments", ("boluses", "carbs", "events"), 28 * DAY_MS, event_of, edited=True),
    Feed("calibrations", "entries", ("glucose",), 28 * DAY_MS, calibration_of),
)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when (UTC epoch ms) a feed has records."""

    first_ms: int
    last_ms: int


class DexcomApiForm(UploaderForm):
    """What we need to know of a registered app and of the account it may read."""

    region = choice(
        "Region",
        tuple((name, told["name"]) for name, told in built_in_constants(VENDOR)["regions"].items()),
        default="us",
        help="Where the Dexcom account was made.",
    )
    client_id = text("Client ID", "Of your own app, registered at developer.dexcom.com.", required=True)
    client_secret = secret("Client secret", "Of the same app.", kind="text")
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), ("3650", "everything")),
        default="14",
    )
    interval_min = number("Minutes between visits", 5, 240, default=15, advanced=True)
    glucose = taken("Take glucose and calibrations")
    boluses = taken("Take insulin")
    carbs = taken("Take carbs")
    events = taken("Take exercise, health and notes")
    status = taken("Take when devices uploaded")
    server = address("Other server", "Only when Dexcom has moved: its address.", advanced=True)


class DexcomApiSource:
    """The records of one Dexcom account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._permission = Permission(access)

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch each feed, oldest first, in as many pages as it takes, then the devices."""
        now_ms = self._access.clock.now_ms()
        told = self._told(cursors[_SYNC] - _CLOCKS_APART_MS if _SYNC in cursors else None)
        deep = told is None or now_ms - cursors.get(_DEEP, 0) >= DEEP_EVERY_MS
        earliest: dict[str, int] = {}
        for feed in FEEDS:
            if not self._wants(*feed.options):
                continue
            span = span_in((told or {}).get(feed.name))
            if span is not None:
                earliest[_earliest(feed)] = min(span.first_ms, cursors.get(_earliest(feed), span.first_ms))
            if deep or span is not None or feed.name not in cursors:
                start_ms = self._start_ms(feed, cursors, span, deep, now_ms)
                yield from self._walk(feed, start_ms, now_ms, cursors.get(feed.name, 0))
        statuses, unusable = self._statuses(now_ms)
        done = {_SYNC: now_ms} | ({_DEEP: now_ms} if deep else {}) | earliest
        yield Page(done, {"devicestatus": statuses}, unusable=unusable)

    def look(self) -> Sequence[Document]:
        """Return the entries of the last hours there are."""
        now_ms = self._access.clock.now_ms()
        span = span_in((self._told(None) or {}).get(FEEDS[0].name))
        end_ms = min(span.last_ms + MINUTE_MS, now_ms) if span else now_ms
        records = self._read(FEEDS[0], end_ms - _LOOK_MS, end_ms)
        entries, _ = mapped(records, lambda record: entry_of(record, now_ms))
        return sorted(entries, key=lambda entry: entry["date"])

    def _told(self, since_ms: int | None) -> Mapping[str, Any] | None:
        """Return what is new, None where Dexcom answers that question in a way we do not know: the others count."""
        try:
            return self._permission.call(lambda client, token: client.data_range(token, since_ms))
        except UnknownAnswer:
            return None

    def _wants(self, *options: str) -> bool:
        return any(self._access.options.get(option) != NEVER for option in options)

    def _start_ms(self, feed: Feed, cursors: Cursors, span: Span | None, deep: bool, now_ms: int) -> int:
        """Return where to begin: at the cursor less an overlap, earlier when something older came late."""
        if feed.name not in cursors:
            first_ms = now_ms - DAY_MS * int(self._access.options.get("first_days", "14"))
            return max(first_ms, span.first_ms - _SECOND_MS) if span else first_ms
        start_ms = cursors[feed.name] - (DEEP_OVERLAP_MS if deep or feed.edited else OVERLAP_MS)
        # A range that begins where all records begin says nothing of what is new.
        if span is not None and _SYNC in cursors and span.first_ms > cursors.get(_earliest(feed), 0):
            start_ms = min(start_ms, max(span.first_ms - _SECOND_MS, now_ms - _LATEST_MS))
        return start_ms

    def _walk(self, feed: Feed, start_ms: int, now_ms: int, cursor_ms: int) -> Iterator[Page]:
        field = TIME_FIELDS[feed.collection]
        while True:
            end_ms = min(start_ms + feed.window_ms, now_ms)
            living, deleted, lost = _sorted_out(feed, self._read(feed, start_ms, end_ms))
            documents, unusable = mapped(living, lambda record: feed.document_of(record, now_ms))
            documents.sort(key=lambda document: ms_of(document[field]) or 0)
            newest_ms = ms_of(documents[-1][field]) or 0 if documents else 0
            # What is empty so close to now may still be on its way.
            cursor_ms = max(cursor_ms, newest_ms, min(end_ms, now_ms - DAY_MS))
            yield Page(
                {feed.name: cursor_ms},
                {feed.collection: documents},
                deleted={feed.collection: deleted},
                unusable=[*unusable, *lost],
            )
            if end_ms >= now_ms:
                return
            start_ms = end_ms - _SECOND_MS

    def _read(self, feed: Feed, from_ms: int, to_ms: int) -> list[Any]:
        return self._permission.call(lambda client, token: client.records(token, feed.name, from_ms, to_ms))

    def _statuses(self, now_ms: int) -> tuple[list[Document], list[str]]:
        if not self._wants("status"):
            return [], []
        try:
            devices = self._permission.call(lambda client, token: client.devices(token, now_ms - _DEVICES_MS, now_ms))
        except UnknownAnswer:
            return [], ["the list of devices has an unknown shape"]
        return mapped(devices, lambda record: device_status_of(record, now_ms))


def span_in(told: Any) -> Span | None:
    """Return the span a part of the answer to ``dataRange`` tells, None when it tells none."""
    try:
        first, last = read_instant(told["start"]["systemTime"]), read_instant(told["end"]["systemTime"])
    except (TypeError, KeyError):
        return None
    return Span(first.at_ms, last.at_ms) if first and last else None


def _sorted_out(feed: Feed, records: Sequence[Any]) -> tuple[list[Any], list[str], list[str]]:
    """Return the records that stand, the identifiers of those taken back, and why some of these have none."""
    if not feed.edited:
        return list(records), [], []
    gone = [one for one in records if isinstance(one, Mapping) and is_deleted(one)]
    deleted, unusable = mapped(gone, lambda one: {"identifier": event_identifier(one)})
    living = [one for one in records if not (isinstance(one, Mapping) and is_deleted(one))]
    return living, [one["identifier"] for one in deleted], unusable


def _earliest(feed: Feed) -> str:
    return f"{feed.name}_earliest"


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 15) * MINUTE_MS, lag_ms=HOUR_MS, floor_ms=MINUTE_MS)


DEXCOM_API = Vendor(
    name=VENDOR,
    title="Dexcom API",
    about="Dexcom's official interface, with an app you registered there: history and events, one to three hours late.",
    form=DexcomApiForm,
    pace=_pace,
    open=DexcomApiSource,
    kinds={GLUCOSE: "glucose", BOLUSES: "boluses", CARBS: "carbs", EVENTS: "events", STATUS: "status"},
    rank=SLOW,
    when_silent="Dexcom hands readings out one to three hours late. Check in the Dexcom app that it is signed in and "
    "online.",
    silent_after_ms=5 * HOUR_MS,
    sign_in=DexcomSignIn(),
)
