"""Carrying out what people wish for an import, in a process that works; safe to be killed at any point.

Looking writes nothing but the preview. Importing judges each record anew, so that one that was interrupted goes on
without doubles. Taking back deletes what the import brought, but for records somebody has changed since.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.actor import Actor
from app.clock import Clock, iso_of
from app.errors import NightlightError
from app.glucose.wall_clock import WallClock
from app.importers.bounded import BROKEN, Opened
from app.importers.files import Files, Received
from app.importers.format import ZONE, How, Question, Survey, Unreadable
from app.importers.formats import Recognised, as_it_is, format_named, recognised
from app.importers.going_through import Going, surveyed
from app.importers.imports import AT_WORK, COLLECTION, Import, import_in, survey_document
from app.importers.tally import Tally
from app.logs import told
from app.records.sources.documents import DAY_MS, TIME_FIELDS
from app.records.sources.keeping import Keeping
from app.records.sources.kinds import COLLECTIONS
from app.records.sources.ranks import IMPORT_STAMP
from app.records.sources.settling import SETTLED
from app.records.stamps import CHANGED, next_stamp_ms
from app.records.times import zone_named
from app.store.interface import Document, Filter, Store

log = logging.getLogger(__name__)

LEASE_MS = 60_000
UNDONE_AT_ONCE_MS = 7 * DAY_MS


class Work:
    """Works on imports. ``wall_clock`` returns the person's; ``go_on`` is asked now and then and can end it early."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        actor: Actor,
        wall_clock: Callable[[], WallClock],
        *,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._actor = actor
        self._wall_clock = wall_clock
        self._go_on = go_on
        self._rows = store.collection(COLLECTION, actor=actor.label)
        self._files = Files(store, clock, actor)

    def waiting(self) -> list[str]:
        """Return the imports that wish for something, oldest first."""
        anybodys = {"$or": [{"local": False}, {"stage": "undoing"}]}
        wishing = {"$and": [{"stage": {"$in": list(AT_WORK)}}, anybodys]}
        rows = self._rows.find(wishing, sort=(("created_ms", 1),), fields=["_id"])
        return [row["_id"] for row in rows]

    def carry_out(self, import_id: str, path: Path | None = None) -> bool:
        """Do what an import wishes for, unless somebody else is at it, and tell whether it was done here.

        ``path`` is the file where it lies on this machine; else it is taken from the store. Raises what the store
        raises: then the import stays as it is and can be gone on with.
        """
        name, owner = f"import:{import_id}", secrets.token_hex(8)
        if self._store.take_lease(name, owner, ttl_ms=LEASE_MS) is None:
            return False

        def go_on() -> bool:
            return self._go_on() and self._store.take_lease(name, owner, ttl_ms=LEASE_MS) is not None

        try:
            row = self._rows.find_one({"_id": import_id})
            if row is None or row["stage"] not in AT_WORK:
                return False
            _Working(self, import_in(row), path, go_on).carry_out()
            return True
        finally:
            self._store.drop_lease(name, owner)


class _Working:
    def __init__(self, work: Work, one: Import, path: Path | None, go_on: Callable[[], bool]) -> None:
        self._work = work
        self._one = one
        self._path = path
        self._go_on = go_on

    def carry_out(self) -> None:
        try:
            if self._one.stage == "undoing":
                self._undo()
                return
            received = Received(self._one.size, self._one.sha256)
            lent = nullcontext(self._path) if self._path else self._work._files.on_disk(self._one.id, received)
            with lent as path, as_it_is(path, self._one.file_name) as file:
                if self._one.stage == "importing":
                    self._import(file)
                else:
                    self._look(file)
        except Unreadable as refused:
            self._cannot(refused.message, refused.hint)
        except NightlightError:
            raise
        except BROKEN:
            self._cannot("The file cannot be unpacked", "It is damaged, encrypted or far too large.")
        except Exception as unforeseen:
            log.exception("an import broke", extra=told(kind=type(unforeseen).__name__))
            self._cannot("Something here went wrong with it", "Please report it.")

    def _look(self, file: Opened) -> None:
        found = recognised(file)
        chosen = self._chosen(found)
        survey = _with_zone(surveyed(chosen.format, file), zone_known=self._work._wall_clock().is_known)
        looked: Document = {
            "format": chosen.format.name,
            "why": chosen.why,
            "others": [one.format.name for one in found if one.format.name != chosen.format.name],
            "survey": survey_document(survey),
            "trouble": "",
            "hint": "",
        }
        one = replace(self._one, survey=survey)
        if one.open_questions:
            self._write("asks", preview=None, **looked)
            return
        self._write("looking", **looked)
        tally = self._through(chosen, file, survey, write=False)
        if tally is not None:
            self._write("ready", preview=tally.as_document(), progress=1.0, answers=_answers(survey, one))

    def _chosen(self, found: list[Recognised]) -> Recognised:
        if self._one.format:
            why = next((one.why for one in found if one.format.name == self._one.format), "")
            return Recognised(format_named(self._one.format), why)
        if not found:
            raise Unreadable("No format we know", hint="See the list of files that can be imported.")
        return found[0]

    def _import(self, file: Opened) -> None:
        chosen = Recognised(format_named(self._one.format), self._one.why)
        tally = self._through(chosen, file, self._one.survey, write=True)
        if tally is not None:
            self._finish(tally)

    def _finish(self, tally: Tally | None, **more: Any) -> None:
        finished_ms = next_stamp_ms(self._work._clock)
        result = None if tally is None else tally.as_document()
        if self._write("done", result=result, progress=1.0, finished_ms=finished_ms, **more):
            self._work._files.forget(self._one.id)
            counts = {} if tally is None else {"new": tally.new.total(), "known": tally.known.total()}
            log.info("a file was imported", extra=told(format=self._one.format, **counts))

    def _through(self, chosen: Recognised, file: Opened, survey: Survey, *, write: bool) -> Tally | None:
        """Go through the file; None when it ended early because the process stops."""
        work, one = self._work, self._one
        ended = False

        def go_on() -> bool:
            nonlocal ended
            ended = not self._go_on()
            return not ended

        def progress(tally: Tally) -> None:
            self._rows_set({"progress": round(file.done_bytes / max(file.size, 1), 3)})

        going = Going(work._store, work._clock, work._actor, one.id, one.unwanted)
        answers = _answers(survey, one)
        how = How(self._wall_clock(answers.get(ZONE, "")), work._clock.now_ms(), answers)
        tally = going.through(chosen.format, file, how, write=write, progress=progress, go_on=go_on)
        return None if ended else tally

    def _wall_clock(self, zone: str) -> WallClock:
        known = zone_named(zone) if zone else None
        if zone and known is None:
            raise Unreadable(f"There is no time zone {zone[:40]!r}", hint="For instance Europe/Berlin.")
        return WallClock.in_zone(ZoneInfo(known)) if known else self._work._wall_clock()

    def _undo(self) -> None:
        keeping = Keeping(self._work._store, self._work._clock, self._work._actor, (IMPORT_STAMP, self._one.id))
        counted = self._one.result or self._one.preview
        spans = counted.spans if counted else {}
        until_ms = self._one.finished_ms or next_stamp_ms(self._work._clock)
        gone = left = 0
        for collection in COLLECTIONS:
            for window in _windows(collection, spans.get(collection)):
                if not self._go_on():
                    return
                ours: Filter = {**window, IMPORT_STAMP: self._one.id}
                gone += keeping.records[collection].delete({**ours, CHANGED: {"$lte": until_ms}})
                left += keeping.records[collection].count(ours)
                self._rows_set({"undone": gone})
        self._write("undone", progress=1.0, undone=gone, left=left)
        log.info("an import was undone", extra=told(format=self._one.format, gone=gone, left=left))

    def _cannot(self, message: str, hint: str) -> None:
        if self._one.stage == "importing":
            # Nobody counted what came before; it can be taken back like any other.
            self._finish(None, trouble=message, hint=hint)
        else:
            self._write("unreadable", trouble=message, hint=hint)

    def _write(self, stage: str, **changed: Any) -> bool:
        """Write to the import while it is still at the stage this work began with."""
        stages = ["received", "looking"] if self._one.stage in ("received", "looking") else [self._one.stage]
        which = {"_id": self._one.id, "stage": {"$in": stages}}
        return self._work._rows.update_one(which, {"$set": {"stage": stage, **changed}}).matched

    def _rows_set(self, changed: Document) -> None:
        self._work._rows.update_one({"_id": self._one.id}, {"$set": changed})


def _with_zone(survey: Survey, *, zone_known: bool) -> Survey:
    """Ask for the zone of local times; where nobody has entered the person's, it has to be answered."""
    if not survey.local_times or any(one.name == ZONE for one in survey.questions):
        return survey
    known = "Left empty, the zones entered for the person count, journeys too."
    help = f"The file says local time without a zone. {known if zone_known else 'For instance Europe/Berlin.'}"
    return replace(
        survey,
        questions=(*survey.questions, Question(ZONE, "Time zone of the device", (), "" if zone_known else None, help)),
    )


def _answers(survey: Survey, one: Import) -> dict[str, str]:
    """Return what is to be used: each answer, else what was proposed."""
    given = {question.name: one.answers.get(question.name) or question.proposed for question in survey.questions}
    return {name: value for name, value in given.items() if value is not None}


def _windows(collection: str, span: tuple[int, int] | None) -> list[Filter]:
    """Return filters that cut a span of time into pieces that are deleted one by one."""
    if collection not in SETTLED:
        return [{}]
    if span is None:
        return []
    field, (first_ms, last_ms) = TIME_FIELDS[collection], span
    written: Callable[[int], object] = int if collection == "entries" else iso_of
    starts = range(first_ms, last_ms + 1, UNDONE_AT_ONCE_MS)
    return [{field: {"$gte": written(start), "$lt": written(start + UNDONE_AT_ONCE_MS)}} for start in starts]
