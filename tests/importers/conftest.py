"""What tests of importers stand on: files made on the spot, a way to read one, a household to bring them to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.glucose.wall_clock import WallClock
from app.house import House
from app.importers import formats
from app.importers.bounded import Opened
from app.importers.format import Format, Found, How, Item, Question, Rejected, Said, Survey
from app.importers.going_through import surveyed
from app.importers.imports import Import, Imports
from app.importers.working import Work
from app.records.entries import Entries
from app.records.sources.acts import bolus
from app.records.sources.documents import sensor_entry
from app.records.treatments import Treatments
from app.store.indexes import create_all
from app.store.interface import Document
from tests.clocks import START_MS

BERLIN = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
MakeFile = Callable[..., Opened]


@pytest.fixture
def file(tmp_path: Path) -> MakeFile:
    """Put bytes (or text, as UTF-8) on disk and open them as a file somebody brought."""
    made = 0

    def make(content: bytes | str, name: str = "file") -> Opened:
        nonlocal made
        made += 1
        path = tmp_path / f"brought-{made}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Opened.at(path, name)

    return make


class Reading:
    """All that a format yields of a file, sorted out."""

    def __init__(self, items: Iterator[Item]) -> None:
        whole = list(items)
        self.found = [item for item in whole if isinstance(item, Found)]
        self.rejected = [item for item in whole if isinstance(item, Rejected)]
        self.said = [item.text for item in whole if isinstance(item, Said)]

    def of(self, collection: str) -> list[Document]:
        return [one.document for one in self.found if one.collection == collection]

    @property
    def documents(self) -> list[tuple[str, Document]]:
        return [(one.collection, one.document) for one in self.found]


def read_with(
    format: Format,
    opened: Opened,
    *,
    wall_clock: WallClock = BERLIN,
    now_ms: int = START_MS,
    **answers: str,
) -> Reading:
    """Read a file as the frame would: survey first, its proposals where no answer is given."""
    survey = surveyed(format, opened)
    proposed = {one.name: one.proposed for one in survey.questions if one.proposed is not None}
    return Reading(format.read(opened, How(wall_clock, now_ms, {**proposed, **answers})))


class Diary:
    """A format for tests: ``mgdl;minutes ago`` or ``bolus;minutes ago``, one a line; ``?`` asks a question."""

    name = "diary"
    title = "Diary"

    def __init__(self) -> None:
        self.breaks_after: int | None = None
        self.writes_local_time = False

    def recognises(self, file: Opened) -> str | None:
        return "it says so" if file.head.startswith(b"diary") else None

    def survey(self, file: Opened) -> Survey:
        asked = (Question("child", "Which child?", (("ada", "Ada"), ("bob", "Bob"))),)
        questions = asked if file.head.startswith(b"diary?") else ()
        return Survey((("Unit", "mg/dL"),), local_times=self.writes_local_time, questions=questions)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        with file.open() as lines:
            for number, line in enumerate(lines, 1):
                if number == 1:
                    continue
                if number == self.breaks_after:
                    raise KeyError("a bug of ours")
                value, _, ago = line.decode().strip().partition(";")
                place = f"row {number}"
                if not ago.isdecimal():
                    yield Rejected(place, "it has no time")
                    continue
                at_ms = START_MS - int(ago) * 60_000
                if value.startswith("b"):
                    made = bolus(identifier=f"b{at_ms}", at_ms=at_ms, entered_by="diary", insulin_u=float(value[1:]))
                    yield Found("treatments", made, place)
                else:
                    entry = sensor_entry(identifier=f"e{at_ms}", at_ms=at_ms, glucose_mgdl=int(value), device="diary")
                    yield Found("entries", entry, place)
        yield Said("The diary ends here.")


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> Diary:
    """Know the diary besides the real formats."""
    made = Diary()
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, made))
    return made


@pytest.fixture
def imports(house: House) -> Imports:
    create_all(house.store)
    return Imports(house.store, house.clock, NOBODY)


@pytest.fixture
def work(house: House) -> Work:
    return Work(house.store, house.clock, NOBODY, lambda: BERLIN)


class Bringing:
    """Brings files to a household and goes through the stages as people do."""

    def __init__(self, house: House, imports: Imports, work: Work) -> None:
        self.house, self.imports, self.work = house, imports, work

    def look(self, content: bytes | str, name: str = "file") -> Import:
        raw = content.encode() if isinstance(content, str) else content
        one = self.imports.receive(BytesIO(raw), name, most_bytes=1 << 30)
        return self.do(one.id)

    def answer(self, one: Import, answers: Mapping[str, str] | None = None, **more: Any) -> Import:
        self.imports.answer(one.id, answers or {}, **more)
        return self.do(one.id)

    def confirm(self, one: Import) -> Import:
        self.imports.confirm(one.id)
        return self.do(one.id)

    def undo(self, one: Import) -> Import:
        self.imports.undo(one.id)
        return self.do(one.id)

    def bring(self, content: bytes | str, name: str = "file") -> Import:
        """Bring a file and have it imported as it is."""
        return self.confirm(self.look(content, name))

    def do(self, import_id: str) -> Import:
        self.work.carry_out(import_id)
        return self.imports.find(import_id)

    def entries(self) -> list[Document]:
        found = Entries(self.house.store, self.house.clock, NOBODY).search(sort=(("date", 1),))
        return list(found)

    def treatments(self) -> list[Document]:
        found = Treatments(self.house.store, self.house.clock, NOBODY).search(sort=(("created_at", 1),))
        return list(found)


@pytest.fixture
def bringing(house: House, imports: Imports, work: Work) -> Bringing:
    return Bringing(house, imports, work)


def minutes_ago(minutes: int) -> str:
    return iso_of(START_MS - minutes * 60_000)
