"""Looking at what is stored around what an uploader brings, so that ``deduplication`` can judge it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.clock import Clock, iso_of
from app.records.collection import Records
from app.store.interface import Document, Filter
from app.uploaders.deduplication import (
    HOLD_MS,
    LIVE_MS,
    NEAR_MS,
    Verdict,
    judge_others,
    judge_readings,
    judge_treatments,
    twins,
)
from app.uploaders.documents import FUTURE_MS, HOUR_MS, STAMP, ms_of
from app.uploaders.form import ALONE

AROUND_READINGS_MS = 2 * NEAR_MS
AROUND_TREATMENTS_MS = 2 * HOUR_MS  # as long as a temp basal usually runs, and more
_LAST_TEXT = "~"


class Neighbours:
    """Judges the documents of one uploader; ``taken`` says by collection whether it is taken alone or always."""

    def __init__(
        self,
        records: Mapping[str, Records],
        clock: Clock,
        uploader_id: str,
        taken: Mapping[str, str],
        interval_ms: int,
    ) -> None:
        self._records = records
        self._clock = clock
        self._id = uploader_id
        self._taken = taken
        self._interval_ms = interval_ms

    def judged(self, collection: str, documents: Sequence[Document], fillers: Collection[str]) -> Verdict:
        """Judge documents nobody has under their identifiers; ``fillers`` name those that only fill holes of ours."""
        if not documents:
            return Verdict()
        judge = {
            "entries": self._entries,
            "treatments": self._treatments,
            "devicestatus": self._statuses,
            "profile": self._profiles,
        }[collection]
        return judge(documents, fillers)

    def doubled(self, entries: Sequence[Document]) -> list[tuple[Document, Document]]:
        """Return our stored readings around these that somebody uploaded too, each with what he uploaded.

        A phone that was away brings its readings late, and nobody told it that we have them.
        """
        times = [entry["date"] for entry in entries if entry.get("type") == "sgv"]
        if not times:
            return []
        there = self._between("entries", "date", min(times) - AROUND_READINGS_MS, max(times) + AROUND_READINGS_MS)
        readings = [one for one in there if one.get("type") == "sgv"]
        ours = [one for one in readings if one.get(STAMP) == self._id]
        return twins(ours, [one for one in readings if STAMP not in one], self._interval_ms)

    def _entries(self, entries: Sequence[Document], fillers: Collection[str]) -> Verdict:
        now_ms = self._clock.now_ms()
        times = [entry["date"] for entry in entries]
        first_ms, last_ms = min(times) - AROUND_READINGS_MS, max(times) + AROUND_READINGS_MS
        if max(times) > now_ms - HOLD_MS:
            # The newest are left to others only while others are at it: look as far back as that counts.
            first_ms, last_ms = min(first_ms, now_ms - LIVE_MS), max(last_ms, now_ms + FUTURE_MS)
        there = self._between("entries", "date", first_ms, last_ms)
        ours = [one["date"] for one in there if one.get(STAMP) == self._id and one.get("type") == "sgv"]
        verdict = Verdict()
        readings: list[Document] = []
        rest: list[Document] = []
        for entry in entries:
            if entry["identifier"] in fillers and any(abs(entry["date"] - at_ms) < NEAR_MS for at_ms in ours):
                verdict.known.append(entry)
            else:
                (readings if entry.get("type") == "sgv" else rest).append(entry)
        others = self._of_others(there)
        verdict.add(
            judge_readings(
                readings,
                [one for one in others if one.get("type") == "sgv"],
                taken=self._taken["entries"],
                interval_ms=self._interval_ms,
                now_ms=now_ms,
            )
        )
        verdict.add(judge_others(rest, others))
        return verdict

    def _treatments(self, treatments: Sequence[Document], fillers: Collection[str]) -> Verdict:
        times = [ms_of(one.get("created_at")) or 0 for one in treatments]
        first, last = min(times) - AROUND_TREATMENTS_MS, max(times) + AROUND_TREATMENTS_MS
        there = self._between("treatments", "created_at", iso_of(first), iso_of(last))
        return judge_treatments(treatments, self._of_others(there), taken=self._taken["treatments"])

    def _statuses(self, statuses: Sequence[Document], fillers: Collection[str]) -> Verdict:
        since = iso_of(self._clock.now_ms() - LIVE_MS)
        live = self._of_others(self._between("devicestatus", "created_at", since, _LAST_TEXT))
        if live and self._taken["devicestatus"] == ALONE:
            return Verdict(held=list(statuses))
        return Verdict(new=list(statuses))

    def _profiles(self, profiles: Sequence[Document], fillers: Collection[str]) -> Verdict:
        there = self._records["profile"].search({"startDate": {"$in": [one.get("startDate") for one in profiles]}})
        starts = {one.get("startDate") for one in self._of_others(there)}
        verdict = Verdict()
        for profile in profiles:
            (verdict.known if profile.get("startDate") in starts else verdict.new).append(profile)
        return verdict

    def _between(self, collection: str, field: str, first: float | str, last: float | str) -> list[Document]:
        span: Filter = {field: {"$gte": first, "$lte": last}}
        return list(self._records[collection].search(span, sort=()))

    def _of_others(self, there: Iterable[Document]) -> list[Document]:
        return [one for one in there if one.get(STAMP) != self._id]
