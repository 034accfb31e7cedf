"""Glooko's export: a zip of tables, one for each kind of record, or one of these tables alone.

Times are those of the devices' clocks. Daily totals are left alone: they are sums of what the other tables tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.glucose.units import Unit
from app.glucose.wall_clock import WallClock
from app.importers.bounded import Opened
from app.importers.format import (
    DATE_ORDER,
    Found,
    How,
    Item,
    Rejected,
    Said,
    Survey,
    Unreadable,
    date_order_question,
    unit_question,
)
from app.importers.glooko.mapping import Mapper, Overview, basal_span, meal_g
from app.importers.glooko.tables import BASAL, BOLUS, CGM, METER, TOTALS, UNKNOWN, Line, Table, is_glookos, tables_of
from app.importers.placing import Order, Walks
from app.importers.readings import Magnitude
from app.importers.tables import ORDERS, DateOrder, local_time, number_in
from app.records.sources.documents import checked_instant
from app.records.sources.layers import SCHEDULED

_SHOWN_TABLES = 12
_NOT_READ = (TOTALS, UNKNOWN)


class GlookoZip:
    """Reads Glooko's exports, in whatever language the account was."""

    name = "glooko-zip"
    title = "Glooko (zip of CSV files)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        own = [table.name for table in tables_of(file) if is_glookos(table)]
        if not own:
            return None
        if file.is_zip:
            return f"it holds {', '.join(own[:3])}"
        return "the line above the header, or the header's words, are Glooko's"

    def survey(self, file: Opened) -> Survey:
        """Look at all rows of all tables: unit and the order of dates, each decided once for the whole file."""
        tables = _tables(file)
        seen, named = _Seen(), _named_unit(tables)
        for table in tables:
            seen.see_table(table, file)
        if seen.order.settled is None:
            for table in tables:
                seen.see_period(table)
        unit, warnings = seen.magnitude.proposed(named)
        questions = [date_order_question(seen.order.settled)]
        if seen.magnitude.count or named:
            questions.insert(0, unit_question(unit))
        facts = [("Tables", ", ".join(table.name for table in tables[:_SHOWN_TABLES]))]
        if unit:
            facts.append(("Unit", f"{unit}, by {'the headers' if named else 'the size of the numbers'}"))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, table after table."""
        order = how.answers.get(DATE_ORDER, "")
        if order not in ORDERS:
            raise Unreadable("It is not known in which order dates are written")
        tables = _tables(file)
        named = _named_unit(tables)
        reading = _Reading(file, how, order, overrules=named is not None and how.unit not in (None, named))
        reading.look_over(tables)
        for table in tables:
            if table.kind not in _NOT_READ:
                yield from reading.items(table)
        yield from reading.notes()
        yield from _left_out(tables)


class _Reading:
    """One way through the tables: every table is placed by walks of its own, the same each time it is gone through."""

    def __init__(self, file: Opened, how: How, order: str, *, overrules: bool) -> None:
        self._file = file
        self._how = how
        self._order = order
        self._overview = Overview()
        self._newest_first: dict[str, bool] = {}
        self._mapper = Mapper(how.unit or Unit.MGDL, how.now_ms, self._overview, overrules=overrules)
        self._walks: list[Walks] = []

    def look_over(self, tables: Sequence[Table]) -> None:
        """Learn what rows of other tables have to be held against: the carbs on boluses, rates over other rates."""
        for table in tables:
            if table.kind in _NOT_READ:
                continue
            self._newest_first[table.name] = self._goes_back(table)
            if table.kind not in (BOLUS, BASAL):
                continue
            walks = self._walks_for(table)
            for line in table.lines(self._file):
                try:
                    self._learn(line, walks)
                except ValueError:
                    continue  # it is told when it is read

    def items(self, table: Table) -> Iterator[Item]:
        """Yield what a table holds."""
        walks = self._walks_for(table)
        self._walks.append(walks)
        for line in table.lines(self._file):
            try:
                local = local_time(line.at("time"), self._order)
                documents = self._mapper.documents(line, local, walks.place(line.at("serial"), local))
            except ValueError as problem:
                yield Rejected(line.place, str(problem))
                continue
            for collection, document in documents:
                yield Found(collection, document, line.place)

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say of the times of all tables."""
        for walks in self._walks:
            yield from walks.notes()

    def _learn(self, line: Line, walks: Walks) -> None:
        placed = walks.place(line.at("serial"), local_time(line.at("time"), self._order))
        checked_instant(placed.at_ms, self._how.now_ms)
        if line.table.kind == BOLUS:
            carbs_g = meal_g(line)
            if carbs_g:
                self._overview.see_meal(placed.at_ms, carbs_g)
            return
        if number_in(line.at("delivered")):
            self._overview.told_delivered.add(line.table.name)
        layer, span = basal_span(line, placed)
        if layer != SCHEDULED:
            self._overview.layers.learn(layer, span)

    def _walks_for(self, table: Table) -> Walks:
        wall_clock: WallClock = self._how.wall_clock
        return Walks(wall_clock, newest_first=self._newest_first.get(table.name, False))

    def _goes_back(self, table: Table) -> bool:
        seen = Order()
        for line in table.lines(self._file):
            try:
                seen.see(local_time(line.at("time"), self._order))
            except ValueError:
                continue
        return seen.newest_first


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)

    def see_table(self, table: Table, file: Opened) -> None:
        for line in table.lines(file):
            self.order.see(line.at("time") if table.places else line.row.at(0))
            if table.kind in (CGM, METER):
                self.magnitude.see(line.at("glucose"))

    def see_period(self, table: Table) -> None:
        """Take note of the dates in the line above the header, where no row tells the order."""
        for word in table.above.replace(",", " ").replace(":", " ").split():
            self.order.see(word)


def _tables(file: Opened) -> list[Table]:
    tables = tables_of(file)
    if not tables:
        raise Unreadable("There is no table in it", hint="Bring the zip as Glooko made it.")
    return tables


def _named_unit(tables: Sequence[Table]) -> Unit | None:
    return next((table.unit for table in tables if table.kind in (CGM, METER) and table.unit), None)


def _left_out(tables: Sequence[Table]) -> Iterator[Said]:
    totals = [table.name for table in tables if table.kind == TOTALS]
    unknown = [table.name for table in tables if table.kind == UNKNOWN]
    if totals:
        yield Said(
            f"Not imported: {', '.join(totals[:_SHOWN_TABLES])}. These are daily totals of what the others tell."
        )
    if unknown:
        yield Said(f"Not imported: {', '.join(unknown[:_SHOWN_TABLES])}. What is in them is not known.")
