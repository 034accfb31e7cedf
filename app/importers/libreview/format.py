"""LibreView's export and the older one of the FreeStyle reader's software: one table, in the language of an account.

Rows of kind 0 are what the sensor kept by itself, kind 1 what somebody scanned; scans bunch up when people worry, so
their ``device`` says so. There is no trend in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.format import (
    DATE_ORDER,
    Found,
    How,
    Item,
    Question,
    Rejected,
    Survey,
    Unreadable,
    date_order_question,
    unit_question,
)
from app.importers.libreview.columns import GLUCOSE, Layout, layout_of
from app.importers.libreview.mapping import Mapper
from app.importers.libreview.rows import Line, Overview, Placing, lines_of, number_or_none
from app.importers.readings import Magnitude
from app.importers.tables import ORDERS, DateOrder

SERVING = "serving_g"
_SHOWN_DEVICES = 5
_KINDS = frozenset("0123456789")


class LibreViewCsv:
    """Reads tables of LibreView and of the FreeStyle reader's software."""

    name = "libreview-csv"
    title = "LibreView or FreeStyle (CSV)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if file.is_zip:
            return None
        layout = layout_of(file)
        if layout is None:
            return None
        if layout.by_name:
            return "the header names Record Type and Historic Glucose"
        return "the columns are those of LibreView, in another language"

    def survey(self, file: Opened) -> Survey:
        """Look at all rows: units, the order of dates, devices, and whether carbs are counted in servings."""
        layout = _layout(file)
        seen = _Seen()
        for line in lines_of(file, layout):
            seen.see(line)
        if seen.order.settled is None:
            seen.order.see(layout.made_on.removesuffix("UTC").strip())
        unit, warnings = seen.magnitude.proposed(layout.unit)
        questions = [unit_question(unit), date_order_question(seen.order.settled)]
        if seen.servings:
            questions.append(_serving_question(seen.servings))
        facts = [("Device", ", ".join(seen.devices) or "FreeStyle Libre")]
        if unit:
            facts.append(("Unit", f"{unit}, by {'the header' if layout.unit else 'the size of the numbers'}"))
        if layout.made_on:
            facts.append(("Made on", layout.made_on))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, in the order of the file."""
        layout = _layout(file)
        order = how.answers.get(DATE_ORDER, "")
        if order not in ORDERS:
            raise Unreadable("It is not known in which order dates are written")
        overview = Overview.of(file, layout, order)
        placing = Placing(how.wall_clock, overview, order)
        unit = how.unit or layout.unit or Unit.MGDL
        mapper = Mapper(unit, how.now_ms, overview, number_or_none(how.answers.get(SERVING, "")))
        for line in lines_of(file, layout):
            yield from _items(line, order, placing, mapper)
        yield from placing.notes()
        yield from mapper.notes()


def _items(line: Line, order: str, placing: Placing, mapper: Mapper) -> Iterator[Item]:
    if placing.is_setting(line):
        return
    try:
        if line.at("type") not in _KINDS:
            raise ValueError(f"{line.at('type')[:20]!r} is no kind of record")
        local = line.local(order)
        placed = placing.place(line, local)
        key = str(placed.at_ms) if placing.is_by_stretch else None
        documents = mapper.documents(line, local, placed, key)
    except ValueError as problem:
        yield Rejected(line.place, str(problem))
        return
    for collection, document in documents:
        yield Found(collection, document, line.place)


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    devices: list[str] = field(default_factory=list)
    servings: int = 0

    def see(self, line: Line) -> None:
        self.order.see(line.at("time"))
        for name in GLUCOSE:
            self.magnitude.see(line.at(name))
        device = line.at("device")[:60]
        if device and device not in self.devices and len(self.devices) < _SHOWN_DEVICES:
            self.devices.append(device)
        if number_or_none(line.at("servings")) and not number_or_none(line.at("carbs")):
            self.servings += 1


def _layout(file: Opened) -> Layout:
    layout = layout_of(file)
    if layout is None:
        raise Unreadable("There is no header of LibreView in it")
    return layout


def _serving_question(count: int) -> Question:
    help = f"{count} records count carbohydrates in servings. Left empty, these come over as notes."
    return Question(SERVING, "Grams of carbohydrate in one serving", (), "", help)
