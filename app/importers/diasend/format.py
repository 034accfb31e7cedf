"""Diasend's export: a workbook with a sheet for each kind of record, in the older or the newer form of Excel.

Diasend has ended, and its accounts went to Glooko; what people have of it are these files. Times are those of the
devices' clocks. The sheet of doses tells the basal rate where it changes: each holds until the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.diasend.layout import CGM, DOSES, METER, UNKNOWN, Part, parts_of
from app.importers.diasend.mapping import Mapper, held
from app.importers.diasend.sheets import Sheet, is_workbook, sheets_of
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
from app.importers.placing import Order, Walks
from app.importers.readings import Magnitude
from app.importers.tables import ORDERS, DateOrder

_GLUCOSE = (METER, CGM)


class DiasendXls:
    """Reads Diasend's workbooks, in whatever language the account was."""

    name = "diasend-xls"
    title = "Diasend (XLS or XLSX)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if not is_workbook(file):
            return None
        try:
            with sheets_of(file) as sheets:
                parts = parts_of(sheets)
        except Unreadable:
            return None
        kinds = {part.kind for part in parts}
        if kinds & {DOSES, *_GLUCOSE}:
            named = ", ".join(part.sheet.name for part in parts if part.kind != UNKNOWN)
            return f"it is a workbook with the sheets {named}"
        return None

    def survey(self, file: Opened) -> Survey:
        """Look at all rows of all sheets: unit and the order of dates."""
        seen = _Seen()
        with sheets_of(file) as sheets:
            parts = _parts(sheets)
            for part in parts:
                seen.see(part)
            names = ", ".join(part.sheet.name for part in parts)
        named = _named_unit(parts)
        unit, warnings = seen.magnitude.proposed(named)
        questions = []
        if seen.magnitude.count or named:
            questions.append(unit_question(unit))
        if seen.has_text:
            questions.append(date_order_question(seen.order.settled))
        facts = [("Sheets", names)]
        if unit:
            facts.append(("Unit", f"{unit}, by {'the header' if named else 'the size of the numbers'}"))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, sheet after sheet."""
        order = how.answers.get(DATE_ORDER, "ymd")
        if order not in ORDERS:
            raise Unreadable("It is not known in which order dates are written")
        with sheets_of(file) as sheets:
            parts = _parts(sheets)
            named = _named_unit(parts)
            mapper = Mapper(how.unit if how.unit != named else None, how.now_ms)
            for part in parts:
                yield from _items(part, how, order, mapper)
            yield from _left_out(sheets, parts)


def _items(part: Part, how: How, order: str, mapper: Mapper) -> Iterator[Item]:
    walks = Walks(how.wall_clock, newest_first=_goes_back(part, order))
    for row in part.rows():
        try:
            local = row.local(order)
            documents = mapper.documents(row, local, walks.place(part.sheet.name, local))
        except ValueError as problem:
            yield Rejected(row.place, str(problem))
            continue
        for collection, document in documents:
            yield Found(collection, document, row.place)
    if part.kind == DOSES:
        for place, document in held(mapper.rates, mapper.last_ms):
            yield Found("treatments", document, place)
        mapper.rates.clear()
    yield from walks.notes()


def _goes_back(part: Part, order: str) -> bool:
    seen = Order()
    for row in part.rows():
        try:
            seen.see(row.local(order))
        except ValueError:
            continue
    return seen.newest_first


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    has_text: bool = False

    def see(self, part: Part) -> None:
        for row in part.rows():
            if row.written_time:
                self.has_text = True
                self.order.see(row.written_time)
            if part.kind in _GLUCOSE:
                self.magnitude.see(row.text("glucose"))


def _parts(sheets: Sequence[Sheet]) -> list[Part]:
    parts = [part for part in parts_of(sheets) if part.kind != UNKNOWN]
    if not parts:
        raise Unreadable("There is no sheet of Diasend in it")
    return parts


def _named_unit(parts: Sequence[Part]) -> Unit | None:
    return next((part.unit for part in parts if part.unit), None)


def _left_out(sheets: Sequence[Sheet], parts: Sequence[Part]) -> Iterator[Said]:
    read = {part.sheet.name for part in parts}
    left = [sheet.name for sheet in sheets if sheet.name not in read and next(sheet.lines(), None) is not None]
    if left:
        yield Said(f"Not imported: {', '.join(left)[:200]}.")
