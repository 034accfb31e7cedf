"""The imports of a household: a file is received, looked at, confirmed, imported, and can be taken back as a whole.

What people do here only writes down a wish; ``Work`` (``working.py``) carries it out in a process that works. So a file
of hours holds up no page, and an import goes on after that process was killed.

    received → looking → asks ⇄ looking → ready → importing → done → undoing → undone
                   └→ unreadable
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from app.actor import Actor
from app.clock import Clock
from app.errors import Conflict, NotFound
from app.importers.files import Files, Received
from app.importers.format import Question, Survey
from app.importers.tally import Tally, tally_in
from app.store.interface import Document, Store

COLLECTION = "nl_imports"
LONGEST_NAME = 200

Stage = Literal[
    "received", "looking", "asks", "ready", "importing", "done", "undoing", "undone", "unreadable", "discarded"
]
AT_WORK = ("received", "looking", "importing", "undoing")
"""Stages in which a working process has something to do."""


@dataclass(frozen=True, slots=True)
class Import:
    """One file and what became of it; instants are UTC epoch ms.

    ``format`` is the name of its format, ``why`` how it was recognised, ``others`` what else it may be. ``answers`` are
    what was answered to the survey's questions. ``preview`` is what it would bring, ``result`` what it brought.
    ``progress`` runs from 0 to 1. ``trouble`` and ``hint`` say why it could not be read. ``left`` are records that
    somebody changed after the import, so that undoing let them stay. ``local`` ones were begun at the server, with a
    file that is not in the store.
    """

    id: str
    file_name: str
    size: int
    sha256: str
    stage: Stage
    by: str
    created_ms: int
    local: bool = False
    format: str = ""
    why: str = ""
    others: tuple[str, ...] = ()
    survey: Survey = field(default_factory=Survey)
    answers: Mapping[str, str] = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()
    progress: float = 0.0
    preview: Tally | None = None
    result: Tally | None = None
    trouble: str = ""
    hint: str = ""
    finished_ms: int | None = None
    undone: int = 0
    left: int = 0

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Return the questions nobody has answered and the file cannot be read without."""
        return tuple(one for one in self.survey.questions if one.proposed is None and not self.answers.get(one.name))


class Imports:
    """The service behind the page of imports and ``nightlight import``."""

    def __init__(self, store: Store, clock: Clock, actor: Actor) -> None:
        self._store = store
        self._clock = clock
        self._actor = actor
        self._rows = store.collection(COLLECTION, actor=actor.label)
        self._files = Files(store, clock, actor)

    def all(self) -> list[Import]:
        """Return every import that was not discarded, newest first."""
        rows = self._rows.find({"stage": {"$ne": "discarded"}}, sort=(("created_ms", -1), ("_id", 1)))
        return [import_in(row) for row in rows]

    def find(self, import_id: str) -> Import:
        """Return one import. Raises ``NotFound``."""
        return import_in(self._row(import_id))

    def receive(self, stream: IO[bytes], file_name: str, *, most_bytes: int) -> Import:
        """Take a file to look at it; nothing else happens yet. Raises ``TooLarge``, ``Unreadable``."""
        import_id = secrets.token_hex(6)
        return self._begin(import_id, file_name, self._files.receive(import_id, stream, most_bytes), local=False)

    def begin(self, file_name: str, received: Received) -> Import:
        """Begin the import of a file that lies on this machine and stays there: only who has it can work on it."""
        return self._begin(secrets.token_hex(6), file_name, received, local=True)

    def _begin(self, import_id: str, file_name: str, received: Received, *, local: bool) -> Import:
        row: Document = {
            "_id": import_id,
            "file_name": _shown_name(file_name),
            "size": received.size,
            "sha256": received.sha256,
            "stage": "received",
            "local": local,
            "by": self._actor.label,
            "created_ms": self._clock.now_ms(),
            "answers": {},
            "unwanted": [],
            "progress": 0.0,
        }
        self._rows.insert_one(row)
        return import_in(row)

    def earlier(self, one: Import) -> list[Import]:
        """Return imports of the very same file that were carried out."""
        rows = self._rows.find({"sha256": one.sha256, "stage": {"$in": ["importing", "done"]}, "_id": {"$ne": one.id}})
        return [import_in(row) for row in rows]

    def answer(
        self, import_id: str, answers: Mapping[str, str], *, format: str = "", unwanted: Sequence[str] = ()
    ) -> Import:
        """Take answers, another format, kinds to leave out, and look at the file again. Raises ``Conflict``."""
        before = self.find(import_id)
        kept = {} if format and format != before.format else dict(before.answers)
        changed: Document = {"answers": kept | dict(answers), "unwanted": list(unwanted)}
        if format:
            changed["format"] = format
        return self._move(import_id, ("asks", "ready", "unreadable"), "looking", **changed)

    def confirm(self, import_id: str) -> Import:
        """Have it imported as the preview showed it. Raises ``Conflict``, ``NotFound``."""
        return self._move(import_id, ("ready",), "importing", progress=0.0)

    def undo(self, import_id: str) -> Import:
        """Have everything taken back that it brought. Raises ``Conflict``, ``NotFound``.

        One of a file that was never in the store may have been left half done: that too.
        """
        stages = ("done", "importing") if self.find(import_id).local else ("done",)
        return self._move(import_id, stages, "undoing", progress=0.0)

    def discard(self, import_id: str) -> None:
        """Drop a file that was not imported. Raises ``Conflict``, ``NotFound``."""
        self._move(import_id, ("received", "looking", "asks", "ready", "unreadable"), "discarded")
        self._files.forget(import_id)

    def _move(self, import_id: str, from_stages: Sequence[str], stage: str, **changed: Any) -> Import:
        which = {"_id": import_id, "stage": {"$in": list(from_stages)}}
        row = self._rows.find_one_and_update(which, {"$set": {"stage": stage, **changed}})
        if row is None:
            now = self.find(import_id)
            raise Conflict(f"The import is {now.stage} by now", hint="Look at it again.")
        return import_in(row)

    def _row(self, import_id: str) -> Document:
        row = self._rows.find_one({"_id": import_id})
        if row is None:
            raise NotFound(f"There is no import {import_id!r}")
        return row


def _shown_name(file_name: str) -> str:
    plain = "".join(sign for sign in file_name.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    return plain[:LONGEST_NAME] or "file"


def survey_document(survey: Survey) -> Document:
    """Return a survey as it is stored."""
    return {
        "facts": [list(fact) for fact in survey.facts],
        "local_times": survey.local_times,
        "warnings": list(survey.warnings),
        "questions": [
            {
                "name": one.name,
                "label": one.label,
                "choices": [list(choice) for choice in one.choices],
                "proposed": one.proposed,
                "help": one.help,
            }
            for one in survey.questions
        ],
    }


def _survey_in(document: Mapping[str, Any] | None) -> Survey:
    if not document:
        return Survey()
    return Survey(
        facts=tuple((name, value) for name, value in document["facts"]),
        local_times=document["local_times"],
        warnings=tuple(document["warnings"]),
        questions=tuple(
            Question(
                one["name"],
                one["label"],
                tuple((value, words) for value, words in one["choices"]),
                one["proposed"],
                one["help"],
            )
            for one in document["questions"]
        ),
    )


def import_in(row: Mapping[str, Any]) -> Import:
    """Return the import a stored document describes."""
    return Import(
        id=row["_id"],
        file_name=row["file_name"],
        size=row["size"],
        sha256=row["sha256"],
        stage=row["stage"],
        by=row["by"],
        created_ms=row["created_ms"],
        local=row["local"],
        format=row.get("format", ""),
        why=row.get("why", ""),
        others=tuple(row.get("others", ())),
        survey=_survey_in(row.get("survey")),
        answers=row["answers"],
        unwanted=tuple(row["unwanted"]),
        progress=row["progress"],
        preview=tally_in(row["preview"]) if row.get("preview") else None,
        result=tally_in(row["result"]) if row.get("result") else None,
        trouble=row.get("trouble", ""),
        hint=row.get("hint", ""),
        finished_ms=row.get("finished_ms"),
        undone=row.get("undone", 0),
        left=row.get("left", 0),
    )
