"""What exports and dumps of a Nightscout have in common: parts with names, and records that become documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from app.importers.bounded import BROKEN, Member, Opened, in_words
from app.importers.format import Found, Item, Question, Rejected, Said
from app.records.sources.documents import TIME_FIELDS, BadRecord
from app.records.sources.nightscout_documents import collection_of, is_deleted, kept_document

ORDER = ("profile", "entries", "treatments", "devicestatus", "food", "activity")
"""The collections of health records, in the order in which they are imported where a file leaves the choice."""

DATABASE = "database"
MOST_PARTS = 2000
LOOKED_AT = 50
"""So many parts of a zip are looked at to see what it is."""

_OTHER_NAMES = {"profiles": "profile", "sgv": "entries", "sgvs": "entries", "devicestatuses": "devicestatus"}
NAMED_AFTER = {name: name for name in ORDER} | _OTHER_NAMES
"""The collection of health records that a collection of this name is, or a list."""

_KNOWN = re.compile(rf"(?<![a-z])({'|'.join(NAMED_AFTER)})(?![a-z])")
_UNKNOWN_SHAPE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export: itself (``member`` None) or within a zip; ``named`` is the collection its name tells."""

    member: Member | None
    name: str
    database: str
    named: str


def collection_in(name: str) -> str:
    """Return the collection a file or a list is called after, "" when none or several."""
    found = {NAMED_AFTER[word] for word in _KNOWN.findall(name.lower())}
    return found.pop() if len(found) == 1 else ""


def parts_of(file: Opened, endings: Sequence[str]) -> list[Part]:
    """Return the file itself, or the members of a zip with one of these endings, in the order to import them.

    None of a zip that holds more of them than any honest one.
    """
    if not file.is_zip:
        return [Part(None, file.name, "", collection_in(_stem(file.name)))]
    members = [one for one in file.members if one.base.lower().removesuffix(".gz").endswith(tuple(endings))]
    if len(members) > MOST_PARTS:
        return []
    parts = [Part(one, one.base, _folder(one), collection_in(_stem(one.base))) for one in members]
    return sorted(parts, key=lambda part: ORDER.index(part.named) if part.named else len(ORDER))


def head_of(file: Opened, part: Part) -> bytes:
    """Return the beginning of a part, unpacked; empty when it cannot be."""
    return file.unpacked_head if part.member is None else file.member_head(part.member)


def _stem(name: str) -> str:
    return name.lower().removesuffix(".gz").rpartition(".")[0] or name.lower()


def _folder(member: Member) -> str:
    return PurePosixPath(member.name.replace("\\", "/")).parent.name


def database_question(databases: Collection[str]) -> tuple[Question, ...]:
    """Return the question which database to take where there are several: they may be those of two people."""
    if len(databases) < 2:
        return ()
    help = "They may be the records of two people. Import the other one afterwards, if it belongs here."
    choices = tuple((name, name) for name in sorted(databases))
    return (Question(DATABASE, "The file holds several databases. Take", choices, None, help),)


def each(parts: Sequence[Part], read: Callable[[Part], Iterator[Item]]) -> Iterator[Item]:
    """Yield what each part holds; one member of a zip that is damaged ends itself, and is said."""
    for part in parts:
        try:
            yield from read(part)
        except BROKEN as broken:
            if part.member is None:
                raise
            yield Said(f"{part.name} ends early: {in_words(broken)}.")


class Taking:
    """Makes documents of records, and remembers what has to be said of the whole."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._deleted = 0
        self._left_out: set[str] = set()

    def item(self, record: Any, named: str, place: str) -> Item | None:
        """Return the document of a record, or why there is none; None for one that was deleted.

        ``named`` is the collection that was told, "" where only the record's shape tells.
        """
        if is_deleted(record):
            self._deleted += 1
            return None
        shape = collection_of(record) or ""
        if shape and named and TIME_FIELDS[named] not in record:
            named = ""  # a file is soon called by a wrong name
        collection = named or shape
        if not collection:
            return Rejected(place, "it is none of Nightscout's health records")
        try:
            return Found(collection, kept_document(record, collection, self._now_ms), place)
        except BadRecord as problem:
            return Rejected(place, str(problem))
        except _UNKNOWN_SHAPE:
            return Rejected(place, "it has an unknown shape")

    def leave_out(self, name: str) -> None:
        """Take note that something in the file is not imported."""
        self._left_out.add(name)

    def said(self) -> Iterator[Said]:
        """Yield what has to be said when all is read."""
        if self._deleted:
            yield Said(f"Records that had been deleted were left out: {self._deleted}.")
        if self._left_out:
            yield Said(f"Not imported, since they hold no health records: {', '.join(sorted(self._left_out))[:500]}.")
