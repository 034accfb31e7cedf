"""What a file format has to be able to do, and what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.errors import BadRequest
from app.glucose.units import Unit
from app.glucose.wall_clock import WallClock
from app.importers.bounded import Opened
from app.store.interface import Document


class Unreadable(BadRequest):
    """A file, or the rest of one, that cannot be read: damaged, encrypted, too large, or none we know."""

    code = "unreadable-file"
    status = 422


@dataclass(frozen=True, slots=True)
class Found:
    """A record of the file as the document to keep; it has an ``identifier``. ``place`` says where: "row 12"."""

    collection: str
    document: Document
    place: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be used, where it stands and why, in words for whoever has the file open beside it."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something worth knowing about the whole: an hour that came twice, a section that is not imported."""

    text: str


Item = Found | Rejected | Said


@dataclass(frozen=True, slots=True)
class Question:
    """Something the file does not say. ``proposed`` is taken unless somebody answers otherwise, None: must be answered.

    ``choices`` are values and words; without any the answer is a line of text.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    proposed: str | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a format learned of a file before reading its records.

    ``facts`` are what people check first, each with its name: unit, device, who made it. ``local_times`` is true where
    the file writes wall-clock times without a zone; then the zone is asked for by the frame. ``warnings`` are about the
    file as a whole: an export that is incomplete.
    """

    facts: tuple[tuple[str, str], ...] = ()
    local_times: bool = False
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class How:
    """How to read: the answers, proposals where nobody answered, and the wall clock to place local times by."""

    wall_clock: WallClock
    now_ms: int
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> Unit | None:
        """Return the unit that was answered to ``unit_question``, None where that was not asked."""
        return {"mgdl": Unit.MGDL, "mmol": Unit.MMOLL}.get(self.answers.get(UNIT, ""))


class Format(Protocol):
    """A file format. Whatever the file holds, ``survey`` and ``read`` raise nothing but ``Unreadable``."""

    name: str
    title: str

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format ("the header names Transmitter Time"), else None.

        Looks at the beginning only. Is asked for any file at all, of any size and content, and raises nothing.
        """
        ...

    def survey(self, file: Opened) -> Survey:
        """Look through the file, as far as needed to know what has to be asked."""
        ...

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record of the file, one at a time, in the order of the file."""
        ...


UNIT, DATE_ORDER, ZONE = "unit", "date_order", "zone"
"""The names of the questions several formats ask."""


def unit_question(proposed: Unit | None) -> Question:
    """Return the question in which unit glucose is written; ``proposed`` None where nothing in the file tells."""
    choices = (("mgdl", Unit.MGDL.value), ("mmol", Unit.MMOLL.value))
    value = None if proposed is None else "mmol" if proposed is Unit.MMOLL else "mgdl"
    return Question(UNIT, "Glucose is written in", choices, value)


def date_order_question(proposed: str | None) -> Question:
    """Return the question in which order dates are written (``dmy``, ``mdy``, ``ymd``)."""
    choices = (("dmy", "day, month, year"), ("mdy", "month, day, year"), ("ymd", "year, month, day"))
    return Question(DATE_ORDER, "Dates are written as", choices, proposed)
