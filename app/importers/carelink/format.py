"""CareLink's export of a MiniMed pump and its sensor, as text or as a workbook: sections of events, one row for each.

Daily totals are in it too, in a section that looks like the others; nothing of them is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.carelink.basals import MicroBasals, Pattern
from app.importers.carelink.boluses import DELIVERED, is_in_exchanges
from app.importers.carelink.mapping import Mapper, micro_source
from app.importers.carelink.overview import Overview, Placing, local_of
from app.importers.carelink.sections import DAILY, UNKNOWN, Layout, Line, layout_of, lines_of
from app.importers.format import (
    DATE_ORDER,
    Found,
    How,
    Item,
    Question,
    Rejected,
    Said,
    Survey,
    Unreadable,
    date_order_question,
    unit_question,
)
from app.importers.readings import Magnitude, unit_in
from app.importers.tables import ORDERS, DateOrder, number_in
from app.records.sources.documents import checked_instant

EXCHANGE, PATTERN = "exchange_g", "pattern"
_GLUCOSE = ("sensor glucose", "bg reading")
_HOLDS = {
    "sensor glucose": "sensor readings",
    "bg reading": "finger sticks",
    DELIVERED: "boluses",
    "bwz carb input": "calculator entries",
    "basal rate": "rates of the pattern",
    "alert": "alerts",
}
_MOST_DEVICES = 5


class CareLinkCsv:
    """Reads exports of CareLink."""

    name = "carelink-csv"
    title = "CareLink (CSV or XLSX)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        return "the header names Index and New Device Time" if layout_of(file) else None

    def survey(self, file: Opened) -> Survey:
        """Look at all rows: devices, the unit, the order of dates, how carbs are counted, whether a pattern is told."""
        layout, seen = _layout(file), _Seen()
        for line in lines_of(file, layout):
            seen.see(line)
        for text in layout.dates if seen.order.settled is None else ():
            seen.order.see(text)
        unit, warnings = seen.magnitude.proposed(seen.unit)
        questions = [unit_question(unit), date_order_question(seen.order.settled)]
        if seen.exchanges:
            questions.append(_exchange_question(seen.exchanges))
        if seen.counts.get("basal rate"):
            questions.append(_pattern_question())
        facts = [("Device", ", ".join(seen.devices) or "MiniMed")]
        if seen.counts:
            facts.append(("Holds", ", ".join(f"{seen.counts[name]} {_HOLDS[name]}" for name in seen.counts)))
        if unit:
            facts.append(("Unit", f"{unit}, by {'the header' if seen.unit else 'the size of the numbers'}"))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, in the order of the file."""
        layout, order = _layout(file), how.answers.get(DATE_ORDER, "")
        if order not in ORDERS:
            raise Unreadable("It is not known in which order dates are written")
        reading = _Reading(how, order, Overview.of(file, layout, order))
        for line in lines_of(file, layout):
            yield from reading.items(line)
        yield from reading.end()


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    unit: Unit | None = None
    counts: dict[str, int] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    exchanges: int = 0

    def see(self, line: Line) -> None:
        self.order.see(line.date)
        if line.section.kind in (DAILY, UNKNOWN):
            return
        for name in _GLUCOSE:
            self.magnitude.see(line.at(name))
            self.unit = self.unit or unit_in(line.bracket(name))
        for name in _HOLDS:
            if line.at(name):
                self.counts[name] = self.counts.get(name, 0) + 1
        if line.at("bwz carb input") and is_in_exchanges(line):
            self.exchanges += 1
        device = line.section.device[:60]
        if device and device not in self.devices and len(self.devices) < _MOST_DEVICES:
            self.devices.append(device)


class _Reading:
    def __init__(self, how: How, order: str, overview: Overview) -> None:
        self._how = how
        self._order = order
        self._overview = overview
        self._unit = how.unit or Unit.MGDL
        self._placing = Placing(how.wall_clock, overview)
        self._mapper = Mapper(self._unit, overview, _exchange_g(how))
        self._pattern = Pattern()
        self._micro: dict[int, MicroBasals] = {}
        self._section = 0
        self._days = 0
        self._unknown: set[str] = set()

    def items(self, line: Line) -> Iterator[Item]:
        """Yield what a row is."""
        section = line.section
        if section.kind == DAILY:
            self._days += 1
        elif section.kind == UNKNOWN:
            self._unknown.add(section.label)
        else:
            if section.number != self._section:
                yield from self._rest()
                self._section = section.number
            yield from self._items(line)

    def end(self) -> Iterator[Item]:
        """Yield the last records, and what there is to say at the end."""
        yield from self._rest()
        if self._pattern.days and self._how.answers.get(PATTERN) == "yes":
            for document in self._pattern.documents(self._how.wall_clock, self._how.now_ms):
                yield Found("profile", document, self._pattern.place)
        elif self._pattern.days:
            yield Said("Rates of the basal pattern are not imported: they were set, and need not be what was given.")
        if self._days:
            yield Said(f"The totals of {self._days} days are not imported: they hold what the other sections tell.")
        for label in sorted(self._unknown)[:10]:
            yield Said(f"A section we do not know is not imported: {label}.")
        yield from self._placing.notes()
        yield from self._mapper.notes()

    def _items(self, line: Line) -> Iterator[Item]:
        if not any(line.at(name) for name in _RECORDS):
            return
        try:
            local = local_of(line, self._order)
            placed = self._placing.place(line, local)
            checked_instant(placed.at_ms, self._how.now_ms)
        except ValueError as problem:
            yield Rejected(line.place, str(problem))
            return
        try:
            self._pattern.see(line, local, self._unit)
            if line.at(DELIVERED) and micro_source(line, self._overview.boluses):
                yield from self._micro_of(line).see(line, local, placed)
        except ValueError as problem:
            yield Rejected(line.place, str(problem))
        yield from self._mapper.items(line, local, placed)

    def _micro_of(self, line: Line) -> MicroBasals:
        number = line.section.number
        if number not in self._micro:
            self._micro = {number: MicroBasals(self._overview.newest_first(number))}
        return self._micro[number]

    def _rest(self) -> Iterator[Item]:
        for micro in self._micro.values():
            yield from micro.rest()
        self._micro = {}


_RECORDS = (
    *_HOLDS,
    *("bolus volume selected", "bwz estimate", "temp basal amount", "temp basal duration", "suspend", "rewind"),
    *("prime type", "sensor calibration bg", "sensor exception", "event marker"),
)
"""The columns that make a row a record; all others say something more of one, or of the pump's settings."""


def _layout(file: Opened) -> Layout:
    layout = layout_of(file)
    if layout is None:
        raise Unreadable("There is no section of CareLink in it")
    return layout


def _exchange_g(how: How) -> float | None:
    try:
        grams = number_in(how.answers.get(EXCHANGE, ""))
    except ValueError:
        return None
    return grams if grams and 0 < grams <= 100 else None


def _exchange_question(count: int) -> Question:
    help = (
        f"{count} entries count carbohydrates in exchanges. Left empty, grams are reckoned from the ratio where it is "
        "in grams; the others come over as notes."
    )
    return Question(EXCHANGE, "Grams of carbohydrate in one exchange", (), "", help)


def _pattern_question() -> Question:
    choices = (("no", "no"), ("yes", "yes"))
    help = "What the pump is set to give, not what it gave; while it is in automatic mode the two differ."
    return Question(PATTERN, "Make a profile of the pump's basal pattern", choices, "no", help)
