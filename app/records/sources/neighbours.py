"""Looking at what is stored around what a source brings, so that ``sameness`` can judge it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.clock import Clock, iso_of
from app.records.collection import Records
from app.records.sources.documents import DAY_MS, FUTURE_MS, HOUR_MS, MINUTE_MS, TIME_FIELDS, ms_of
from app.records.sources.kinds import ALONE, BASALS, GLUCOSE, STATUS
from app.records.sources.ranks import IMPORT_STAMP, UPLOADER_STAMP, Ranks
from app.records.sources.sameness import (
    HOLD_MS,
    LIVE_MS,
    NEAR_MS,
    Verdict,
    judge_others,
    judge_readings,
    judge_treatments,
)
from app.store.interface import Document, Filter

AROUND_READINGS_MS = 2 * NEAR_MS
AROUND_TREATMENTS_MS = 2 * HOUR_MS  # as long as a temp basal usually runs, and more
WINDOW_MS = DAY_MS
"""So much time is looked at at once: a batch may hold years, and what is around it must fit into memory."""

_LAST_TEXT = "~"


@dataclass(frozen=True, slots=True)
class Bringer:
    """Who brings documents: the stamp they get (field and value), the rank, how each kind is taken, the usual pace."""

    stamp: tuple[str, str]
    rank: int
    taken: Mapping[str, str]
    interval_ms: int = 5 * MINUTE_MS

    def brought(self, document: Document) -> bool:
        """Tell whether a stored document is one of his."""
        field, name = self.stamp
        return document.get(field) == name


def uploader(name: str, rank: int, taken: Mapping[str, str], interval_ms: int) -> Bringer:
    """Return an uploader as one who brings documents."""
    return Bringer((UPLOADER_STAMP, name), rank, taken, interval_ms)


def file_import(name: str, rank: int, taken: Mapping[str, str]) -> Bringer:
    """Return an import as one who brings documents."""
    return Bringer((IMPORT_STAMP, name), rank, taken)


class Neighbours:
    """Judges what one source brings."""

    def __init__(self, records: Mapping[str, Records], clock: Clock, bringer: Bringer, ranks: Ranks) -> None:
        self._records = records
        self._clock = clock
        self._bringer = bringer
        self._ranks = ranks

    def judged(self, collection: str, documents: Sequence[Document], fillers: Collection[str] = ()) -> Verdict:
        """Judge documents nobody has under their identifiers; ``fillers`` name those that only fill holes of ours.

        Each is in exactly one of the verdict's parts. The documents may lie years apart.
        """
        verdict = Verdict()
        judge = {
            "entries": self._entries,
            "treatments": self._treatments,
            "devicestatus": self._statuses,
            "profile": self._profiles,
            "food": self._others,
            "activity": self._others,
        }[collection]
        for together in _windows(collection, documents):
            verdict.add(judge(together, fillers))
        return verdict

    def _entries(self, entries: Sequence[Document], fillers: Collection[str]) -> Verdict:
        now_ms = self._clock.now_ms()
        times = [entry["date"] for entry in entries]
        first_ms, last_ms = min(times) - AROUND_READINGS_MS, max(times) + AROUND_READINGS_MS
        if max(times) > now_ms - HOLD_MS:
            # The newest are left to others only while others are at it: look as far back as that counts.
            first_ms, last_ms = min(first_ms, now_ms - LIVE_MS), max(last_ms, now_ms + FUTURE_MS)
        there = self._between("entries", "date", first_ms, last_ms)
        ours = [one["date"] for one in there if self._bringer.brought(one) and one.get("type") == "sgv"]
        verdict = Verdict()
        readings: list[Document] = []
        rest: list[Document] = []
        for entry in entries:
            if entry["identifier"] in fillers and any(abs(entry["date"] - at_ms) < NEAR_MS for at_ms in ours):
                verdict.known.append(entry)
            else:
                (readings if entry.get("type") == "sgv" else rest).append(entry)
        believed = self._believed(there)
        verdict.add(
            judge_readings(
                readings,
                [one for one in believed if one.get("type") == "sgv"],
                taken=self._how(GLUCOSE),
                interval_ms=self._bringer.interval_ms,
                now_ms=now_ms,
            )
        )
        verdict.add(judge_others(rest, believed))
        return verdict

    def _treatments(self, treatments: Sequence[Document], fillers: Collection[str]) -> Verdict:
        times = [ms_of(one.get("created_at")) or 0 for one in treatments]
        first, last = min(times) - AROUND_TREATMENTS_MS, max(times) + AROUND_TREATMENTS_MS
        there = self._between("treatments", "created_at", iso_of(first), iso_of(last))
        return judge_treatments(treatments, self._believed(there), basals_taken=self._how(BASALS))

    def _statuses(self, statuses: Sequence[Document], fillers: Collection[str]) -> Verdict:
        since = iso_of(self._clock.now_ms() - LIVE_MS)
        live = self._believed(self._between("devicestatus", "created_at", since, _LAST_TEXT))
        if live and self._how(STATUS) == ALONE:
            return Verdict(held=list(statuses))
        return Verdict(new=list(statuses))

    def _profiles(self, profiles: Sequence[Document], fillers: Collection[str]) -> Verdict:
        there = self._records["profile"].search({"startDate": {"$in": [one.get("startDate") for one in profiles]}})
        starts = {one.get("startDate") for one in there if not self._bringer.brought(one)}
        verdict = Verdict()
        for profile in profiles:
            (verdict.known if profile.get("startDate") in starts else verdict.new).append(profile)
        return verdict

    def _others(self, documents: Sequence[Document], fillers: Collection[str]) -> Verdict:
        return Verdict(new=list(documents))

    def _between(self, collection: str, field: str, first: float | str, last: float | str) -> list[Document]:
        span: Filter = {field: {"$gte": first, "$lte": last}}
        return list(self._records[collection].search(span, sort=()))

    def _believed(self, there: Iterable[Document]) -> list[Document]:
        """Return the documents of sources that are at least as good; a lesser one's makes way for ours later."""
        return [one for one in there if not self._bringer.brought(one) and self._ranks.of(one) <= self._bringer.rank]

    def _how(self, kind: str) -> str:
        return self._bringer.taken.get(kind, ALONE)


def _windows(collection: str, documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield the entries or treatments in groups that lie within a day, all else at once."""
    if collection not in ("entries", "treatments"):
        if documents:
            yield list(documents)
        return
    field = TIME_FIELDS[collection]
    in_order = sorted(documents, key=lambda one: ms_of(one.get(field)) or 0)
    group: list[Document] = []
    first_ms = 0
    for one in in_order:
        at_ms = ms_of(one.get(field)) or 0
        if group and at_ms - first_ms > WINDOW_MS:
            yield group
            group = []
        if not group:
            first_ms = at_ms
        group.append(one)
    if group:
        yield group
