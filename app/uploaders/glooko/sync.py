"""Walks through what changed at Glooko since the last time, resource by resource, and makes pages of it.

Each resource has a cursor of its own: the server's time of the last change that was stored. A walk begins a little
before it, and goes from page to page by the last record's time of change and guid; a page may begin with the record the
last one ended with. What comes again is recognised by its guid. A record that Glooko marks as deleted is deleted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.clock import iso_of
from app.glucose.wall_clock import WallClock
from app.records.sources.documents import DAY_MS, HOUR_MS, BadRecord
from app.records.sources.layers import LAYERS
from app.store.interface import Document
from app.uploaders.errors import SchemaChanged
from app.uploaders.glooko.auth import Account
from app.uploaders.glooko.basals import most_pieces, span_of
from app.uploaders.glooko.client import FIRST_GUID, SyncPage
from app.uploaders.glooko.known import Known
from app.uploaders.glooko.mapper import Origin
from app.uploaders.glooko.moments import Moment, Moments, changed_ms
from app.uploaders.glooko.resources import RESOURCES, Resource, identifiers_in
from app.uploaders.vendor import Cursors, Page

REMEMBERED_MS = 2 * DAY_MS
"""What happened longer ago is brought once: what somebody deleted here is not remembered for longer (``seen.py``)."""

REACH_MS = 30 * DAY_MS
"""So far back records are looked up that belong to some that came late."""

_UNKNOWN_SHAPE = "a record has an unknown shape"


@dataclass(slots=True)
class _Gathered:
    """What a page comes to, by collection."""

    documents: dict[str, dict[str, Document]]
    deleted: dict[str, list[str]]
    unusable: list[str]

    def add(self, made: Sequence[Document]) -> None:
        for document in made:
            self.documents.setdefault(_collection_of(document), {})[document["identifier"]] = document

    def drop(self, collection: str, identifier: str) -> None:
        self.documents.get(collection, {}).pop(identifier, None)
        self.deleted.setdefault(collection, []).append(identifier)


class Sync:
    """One run through the resources. ``first_ms`` is where the first run begins.

    ``asked`` names the resources that are read; whoever learns that one is not given takes it out.
    """

    def __init__(
        self,
        account: Account,
        cursors: Cursors,
        wall_clock: WallClock,
        *,
        now_ms: int,
        first_ms: int,
        asked: set[str],
    ) -> None:
        self._account = account
        self._cursors = cursors
        self._wall_clock = wall_clock
        self._now_ms = now_ms
        self._first_ms = first_ms
        self._asked = asked
        self._known = Known()
        self._since_ms: dict[str, int] = {}
        self._late_ms = now_ms

    def pages(self, resource: Resource) -> Iterator[Page]:
        """Fetch what changed in a resource, each page to be stored before the next. Raises ``NotGiven``."""
        moments = self._moments_of(resource)
        newest_ms = cursor_ms = self._cursors.get(resource.name)
        self._since_ms[resource.name] = start_ms = self._start_ms(resource)
        for records, is_last in self._walk(resource, start_ms):
            changed = [at_ms for record in records if (at_ms := _changed(record)) is not None]
            newest_ms = max([*changed, newest_ms or 0], default=0)
            gathered = self._gathered(resource, records, moments, cursor_ms)
            # Of records of one change some may be on the next page: the cursor stays before them until that is stored.
            reached_ms = min(newest_ms, self._now_ms) - (0 if is_last else 1)
            yield Page(
                {resource.name: reached_ms} if newest_ms else {},
                {collection: list(found.values()) for collection, found in gathered.documents.items()},
                deleted=gathered.deleted,
                unusable=gathered.unusable,
            )

    def look(self, resource: Resource, since_ms: int) -> list[Document]:
        """Return the documents of what changed in a resource since an instant, as far as one page holds it."""
        records, _ = next(self._walk(resource, since_ms), ([], True))
        gathered = self._gathered(resource, records, self._moments_of(resource), None)
        return [document for found in gathered.documents.values() for document in found.values()]

    def _moments_of(self, resource: Resource) -> Moments:
        return Moments(self._wall_clock, self._now_ms, spaced=resource.name == "egvs")

    def _start_ms(self, resource: Resource) -> int:
        cursor_ms = self._cursors.get(resource.name)
        if cursor_ms is None:
            return self._first_ms
        start_ms = cursor_ms - resource.overlap_ms
        if not resource.within_ms:
            return start_ms
        # A dose that came late may be what an older record here tells as well.
        return min(start_ms, max(self._late_ms - resource.within_ms, self._now_ms - REACH_MS))

    def _walk(self, resource: Resource, since_ms: int) -> Iterator[tuple[list[Any], bool]]:
        """Yield page after page, each record once, and whether it is the last."""
        place, seen = (iso_of(max(since_ms, 0)), FIRST_GUID), set[tuple[str, str]]()
        while True:
            page = self._page(resource, *place)
            fresh = [one for one in page.records if not isinstance(one, Mapping) or _place_of(one) not in seen]
            seen |= {_place_of(one) for one in fresh if isinstance(one, Mapping)}
            before, place = place, place if page.is_last else _end_of(page.records)
            if fresh:
                yield sorted(fresh, key=_in_order), place == before
            if place == before or not fresh:
                return

    def _page(self, resource: Resource, last_updated_at: str, last_guid: str) -> SyncPage:
        return self._account.call(lambda client, ticket: client.sync(ticket, resource.path, last_updated_at, last_guid))

    def _gathered(
        self, resource: Resource, records: Sequence[Any], moments: Moments, cursor_ms: int | None
    ) -> _Gathered:
        gathered = _Gathered({}, {}, [])
        placed: list[tuple[Mapping[str, Any], Origin, Moment, bool]] = []
        for record in records:
            changed_at_ms = _changed(record)
            is_new = cursor_ms is None or changed_at_ms is None or changed_at_ms > cursor_ms
            try:
                guid = _guid_of(record)
                if _is_deleted(record):
                    self._drop(resource, guid, gathered)
                    continue
                moment = moments.of(record, guid)
                placed.append((record, Origin.at(self._account.name, guid, moment), moment, is_new))
            except BadRecord as problem:
                gathered.unusable += [str(problem)] if is_new else []
        self._reach_back(resource, min((origin.at_ms for _, origin, _, _ in placed), default=self._now_ms))
        for record, origin, moment, is_new in placed:
            is_brought = is_new or self._comes_again(moment, _changed(record), cursor_ms)
            try:
                self._add(resource, record, origin, gathered, is_new=is_new, is_brought=is_brought)
            except BadRecord as problem:
                gathered.unusable += [str(problem)] if is_new else []
            except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
                gathered.unusable += [_UNKNOWN_SHAPE] if is_new else []
        return gathered

    def _add(
        self,
        resource: Resource,
        record: Mapping[str, Any],
        origin: Origin,
        gathered: _Gathered,
        *,
        is_new: bool,
        is_brought: bool,
    ) -> None:
        made = self._made(resource, record, origin)
        if is_new and resource.is_learned:
            self._late_ms = min(self._late_ms, origin.at_ms)
        if is_brought:
            gathered.add(made)
        kept = {document["identifier"] for document in made}
        if kept and not resource.layer:
            return
        most = most_pieces(span_of(record, origin)) if resource.layer else 0
        for collection, identifier in identifiers_in(resource, self._account.name, origin.guid, pieces=most):
            if identifier not in kept:
                gathered.drop(collection, identifier)

    def _made(self, resource: Resource, record: Mapping[str, Any], origin: Origin) -> list[Document]:
        """Return the documents of a record that nothing else tells, and take note of what it tells."""
        made = resource.make(record, origin, self._known)
        if resource.within_ms:
            made = self._known.untold(resource.name, made, resource.within_ms)
        if resource.is_learned:
            self._known.learn(resource.name, made)
        if resource.layer:
            self._known.layers.learn(resource.layer, span_of(record, origin))
        return made

    def _reach_back(self, resource: Resource, earliest_ms: int) -> None:
        """Learn what the resources this one is held against told at a time from before this run."""
        wanted_ms = max(earliest_ms - resource.within_ms, self._now_ms - REACH_MS)
        for other in _held_against(resource):
            if other.name not in self._asked or wanted_ms >= self._since_ms.get(other.name, self._first_ms):
                continue
            self._since_ms[other.name] = wanted_ms
            moments = self._moments_of(other)
            for records, _ in self._walk(other, wanted_ms):
                self._gathered(other, records, moments, self._now_ms)

    def _drop(self, resource: Resource, guid: str, gathered: _Gathered) -> None:
        for collection, identifier in identifiers_in(resource, self._account.name, guid):
            gathered.drop(collection, identifier)

    def _comes_again(self, moment: Moment, changed_at_ms: int | None, cursor_ms: int | None) -> bool:
        """Tell whether a record that was brought before is brought again, so that what was held back is not lost.

        One whose hour came twice is placed by the records around it: only while those are read again as well.
        """
        if moment.at_ms < self._now_ms - REMEMBERED_MS:
            return False
        return moment.is_sure or (changed_at_ms or 0) >= (cursor_ms or 0) - HOUR_MS


def _held_against(resource: Resource) -> Iterator[Resource]:
    if resource.layer:
        higher = LAYERS[: LAYERS.index(resource.layer)]
        yield from (other for other in RESOURCES if other.layer in higher)
    elif resource.within_ms:
        before = RESOURCES[: RESOURCES.index(resource)]
        yield from (other for other in before if other.is_learned)


def _end_of(records: Sequence[Any]) -> tuple[str, str]:
    """Return where the next page begins: the last change among the records. Raises ``SchemaChanged``."""
    places = [(changed, *_place_of(one)) for one in records if (changed := _changed(one)) is not None]
    if not places:
        raise SchemaChanged("Glooko's records do not say when they changed")
    newest = max((changed, written) for changed, written, _ in places)
    return newest[1], next(guid for changed, written, guid in reversed(places) if (changed, written) == newest)


def _place_of(record: Mapping[str, Any]) -> tuple[str, str]:
    return str(record.get("updatedAt") or ""), str(record.get("guid") or "")


def _in_order(record: Any) -> tuple[int, str]:
    """Return what sorts records by their change, those of one change by the device's time."""
    if not isinstance(record, Mapping):
        return 0, ""
    return changed_ms(record) or 0, str(record.get("pumpTimestamp") or record.get("displayTime") or "")


def _changed(record: Any) -> int | None:
    return changed_ms(record) if isinstance(record, Mapping) else None


def _guid_of(record: Any) -> str:
    if not isinstance(record, Mapping):
        raise BadRecord("a record is not an object")
    guid = record.get("guid")
    if not isinstance(guid, str) or not guid:
        raise BadRecord("a record has no guid")
    return guid


def _is_deleted(record: Mapping[str, Any]) -> bool:
    return record.get("softDeleted") in (True, "true", 1)


def _collection_of(document: Document) -> str:
    return "treatments" if "eventType" in document else "entries"
