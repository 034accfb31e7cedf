"""mySugr's table: one row for whatever was entered at one moment, glucose, insulin, food and words together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from app.glucose.units import Unit
from app.importers.bounded import Opened
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
from app.importers.mysugr.columns import NOT_IMPORTED, Columns, columns_of
from app.importers.mysugr.mapping import Amounts, documents_of
from app.importers.mysugr.months import date_in_words
from app.importers.mysugr.zoned_walks import ZonedWalks, zone_in
from app.importers.placing import Minutes, Order, local_key
from app.importers.readings import Magnitude
from app.importers.tables import ORDERS, DateOrder, Row, local_time, number_in, rows
from app.records.sources.documents import checked_instant

EXCHANGE = "exchange_g"


@dataclass(frozen=True, slots=True)
class Line:
    """One row, its fields by what they are."""

    row: Row
    columns: Columns

    def at(self, name: str) -> str:
        """Return a field, empty where the file has no such column."""
        return self.row.at(self.columns.places.get(name))

    def local(self, order: str) -> datetime:
        """Return its wall-clock time. Raises ``ValueError``."""
        day = date_in_words(self.at("date"))
        if day is not None:
            return local_time(day.isoformat(), "ymd", self.at("time"))
        return local_time(self.at("date"), order, self.at("time"))


class MySugrCsv:
    """Reads mySugr's tables, in whatever language the app was."""

    name = "mysugr-csv"
    title = "mySugr (CSV)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if file.is_zip or columns_of(file) is None:
            return None
        return "the header names injections by pen or pump, basal injections and meals, as mySugr does"

    def survey(self, file: Opened) -> Survey:
        """Look at all rows: unit, the order of dates, zones, and what an exchange is."""
        columns, seen = _columns(file), _Seen()
        for line in _lines(file, columns):
            seen.see(line)
        unit, warnings = seen.magnitude.proposed(columns.unit)
        questions = [unit_question(unit)]
        if seen.in_numbers:
            questions.append(date_order_question(seen.order.settled))
        if columns.carb_g is None and seen.has_carbs:
            questions.append(Question(EXCHANGE, "Grams of carbohydrate in one exchange", (), None, "Often 10 or 12."))
        counted = "grams" if columns.carb_g in (None, 1) else f"exchanges of {columns.carb_g:g} g"
        facts = [("Carbohydrates", counted)]
        if unit:
            facts.insert(0, ("Unit", f"{unit}, by {'the header' if columns.unit else 'the size of the numbers'}"))
        return Survey(tuple(facts), local_times=seen.has_local, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, in the order of the file."""
        columns = _columns(file)
        order = how.answers.get(DATE_ORDER, "")
        reading = _Reading(columns, how, order if order in ORDERS else "ymd", _newest_first(file, columns, order))
        for line in _lines(file, columns):
            yield from reading.items(line)
        yield from reading.walks.notes()
        left_out = [words for name, words in NOT_IMPORTED.items() if name in reading.left_out]
        if left_out:
            yield Said(f"Not imported: {', '.join(left_out)}.")


class _Reading:
    def __init__(self, columns: Columns, how: How, order: str, newest_first: bool) -> None:
        self._order = order
        self._now_ms = how.now_ms
        self.walks = ZonedWalks(how.wall_clock, newest_first=newest_first)
        self.left_out: set[str] = set()
        self._minutes = Minutes()
        self._before = ("", 0)
        exchange_g = _grams(how.answers.get(EXCHANGE, ""))
        self._amounts = Amounts(how.unit or columns.unit or Unit.MGDL, columns.carb_g or exchange_g)

    def items(self, line: Line) -> Iterator[Item]:
        self.left_out |= {name for name in NOT_IMPORTED if line.at(name) not in ("", "0")}
        try:
            local = line.local(self._order)
            placed = self.walks.place(local, line.at("zone"))
            checked_instant(placed.at_ms, self._now_ms)
            key = self._named(local_key(local, placed))
            found = documents_of(line.at, self._amounts, placed, key, self._minutes)
        except ValueError as problem:
            yield Rejected(line.row.place, str(problem))
            return
        for collection, document in found:
            yield Found(collection, document, line.row.place)

    def _named(self, moment: str) -> str:
        """Return what names a row: its moment, and which of several of that moment it is."""
        count = self._before[1] + 1 if moment == self._before[0] else 1
        self._before = (moment, count)
        return moment if count == 1 else f"{moment}|{count}"


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    in_numbers: bool = False
    has_local: bool = False
    has_carbs: bool = False

    def see(self, line: Line) -> None:
        self.magnitude.see(line.at("glucose"))
        self.has_carbs = self.has_carbs or bool(line.at("carbs"))
        self.has_local = self.has_local or zone_in(line.at("zone")) is None
        if line.at("date") and date_in_words(line.at("date")) is None:
            self.in_numbers = True
            self.order.see(line.at("date"))


def _columns(file: Opened) -> Columns:
    columns = columns_of(file)
    if columns is None:
        raise Unreadable("There is no header of mySugr in it")
    return columns


def _lines(file: Opened, columns: Columns) -> Iterator[Line]:
    with file.open() as content:
        for row in rows(content, file.unpacked_head, columns.delimiter):
            if row.number > columns.header_row and any(row.fields):
                yield Line(row, columns)


def _newest_first(file: Opened, columns: Columns, order: str) -> bool:
    seen = Order()
    for line in _lines(file, columns):
        try:
            seen.see(line.local(order if order in ORDERS else "ymd"))
        except ValueError:
            continue
    return seen.newest_first


def _grams(text: str) -> float | None:
    try:
        grams = number_in(text)
    except ValueError:
        return None
    return grams if grams and 0 < grams <= 100 else None
