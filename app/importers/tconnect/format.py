"""t:connect's export of a t:slim pump and its look-alikes: readings, basal rates and boluses in blocks of one file.

Rates are the pump's changes; what Control-IQ gave by itself as basal is not in these files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from app.glucose.units import Unit
from app.glucose.wall_clock import Placed
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
from app.importers.placing import Walks, checked_local
from app.importers.readings import Magnitude, unit_in
from app.importers.tables import ORDERS, DateOrder, local_time
from app.importers.tconnect.blocks import BASAL, BOLUS, IOB, READINGS, Line, Preamble, lines_of, preamble_of
from app.importers.tconnect.mapping import Mapper, basal_document, basal_rate, is_extended
from app.records.sources.documents import DAY_MS, MINUTE_MS, checked_instant

LONGEST_RATE_MS = DAY_MS
"""A rate that is followed by the next only after this held for nobody knows how long."""

_WORDS = {READINGS: "readings", BASAL: "basal rates", BOLUS: "boluses", IOB: "insulin on board"}
_MOST_PUMPS = 5
_MOST_REQUESTS = 400_000


class TConnectCsv:
    """Reads exports of t:connect."""

    name = "tconnect-csv"
    title = "t:connect (CSV)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if file.is_zip or preamble_of(file) is None:
            return None
        return "it has blocks with the columns of t:connect, such as EventDateTime"

    def survey(self, file: Opened) -> Survey:
        """Look at all rows: which blocks there are, the unit, the order of dates, the pumps."""
        preamble, seen = _preamble(file), _Seen()
        for line in lines_of(file, preamble.delimiter):
            seen.see(line)
        for date in preamble.dates if seen.order.settled is None else ():
            seen.order.see(date)
        named = unit_in(preamble.reading_header)
        unit, warnings = seen.magnitude.proposed(named)
        questions = [date_order_question(seen.order.settled)]
        if seen.kinds.get(READINGS):
            questions.insert(0, unit_question(unit))
        facts = [("Holds", ", ".join(f"{count} {_WORDS[kind]}" for kind, count in seen.kinds.items()) or "nothing")]
        if seen.pumps:
            facts.append(("Pump", ", ".join(seen.pumps)))
        if unit and seen.kinds.get(READINGS):
            facts.append(("Unit", f"{unit}, by {'the header' if named else 'the size of the numbers'}"))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, in the order of the file."""
        preamble, order = _preamble(file), how.answers.get(DATE_ORDER, "")
        if order not in ORDERS:
            raise Unreadable("It is not known in which order dates are written")
        overview = _Overview.of(file, preamble, order)
        reading = _Reading(how, order, overview)
        for line in lines_of(file, preamble.delimiter):
            yield from reading.items(line)
        yield from reading.notes()


@dataclass(slots=True)
class _Seen:
    """What the rows show."""

    order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    kinds: dict[str, int] = field(default_factory=dict)
    pumps: list[str] = field(default_factory=list)

    def see(self, line: Line) -> None:
        self.kinds[line.kind] = self.kinds.get(line.kind, 0) + 1
        self.order.see(line.time)
        if line.kind == READINGS:
            self.magnitude.see(line.at("reading"))
        pump = " ".join((line.at("devicetype"), line.at("serialnumber"))).strip()[:60]
        if pump and pump not in self.pumps and len(self.pumps) < _MOST_PUMPS:
            self.pumps.append(pump)


@dataclass(slots=True)
class _Direction:
    """Whether the rows of a block come oldest or newest first; they are minutes apart, so that each step counts."""

    balance: int = 0
    before: datetime | None = None

    def see(self, local: datetime) -> None:
        """Take note of the next row."""
        if self.before is not None:
            self.balance += (local > self.before) - (local < self.before)
        self.before = local


@dataclass(slots=True)
class _Overview:
    """All rows seen once: the direction of each block, and boluses whose part given at once has a row of its own."""

    directions: dict[int, _Direction] = field(default_factory=dict)
    given_apart: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, file: Opened, preamble: Preamble, order: str) -> _Overview:
        """Look through a file."""
        made = cls()
        for line in lines_of(file, preamble.delimiter):
            try:
                local = local_time(line.time, order)
            except ValueError:
                continue
            made.directions.setdefault(line.block, _Direction()).see(local)
            if line.kind == BOLUS and len(made.given_apart) < _MOST_REQUESTS and not is_extended(line):
                made.given_apart.add(_request_of(line, local))
        return made

    def newest_first(self, block: int) -> bool:
        """Tell whether the rows of a block go back in time."""
        return block in self.directions and self.directions[block].balance < 0

    def is_apart(self, line: Line, local: datetime) -> bool:
        """Tell whether what a bolus gave at once is told by another row."""
        request = _request_of(line, local)
        is_alone = is_extended(line) and not line.at("completiondatetime")
        return is_alone and bool(request[0]) and request in self.given_apart


class _Reading:
    def __init__(self, how: How, order: str, overview: _Overview) -> None:
        self._order = order
        self._now_ms = how.now_ms
        self._overview = overview
        self._mapper = Mapper(how.unit or Unit.MGDL, order)
        self._wall_clock = how.wall_clock
        self._walks: dict[int, Walks] = {}
        self._rate: _Rate | None = None
        self._basal_blocks: set[int] = set()
        self._iob_rows = 0

    def items(self, line: Line) -> Iterator[Item]:
        """Yield what a row is, and for a basal rate what the row before it is, now that its end is known."""
        if line.kind == IOB:
            self._iob_rows += 1
            return
        try:
            local = checked_local(local_time(line.time, self._order))
            placed = self._walk(line.block).place(line.kind, local)
            checked_instant(placed.at_ms, self._now_ms)
            yield from self._found(line, local, placed)
        except ValueError as problem:
            yield Rejected(line.row.place, str(problem))

    def notes(self) -> Iterator[Item]:
        """Yield what there is to say at the end."""
        for walks in self._walks.values():
            yield from walks.notes()
        if self._basal_blocks:
            yield Said("The newest basal rate is left out: the file does not say until when it held.")
        if self._iob_rows:
            yield Said("Insulin on board is not imported: it is reckoned from the doses.")
        yield Said("Basal insulin that Control-IQ gave by itself is not in files of t:connect.")

    def _walk(self, block: int) -> Walks:
        if block not in self._walks:
            newest_first = self._overview.newest_first(block)
            self._walks[block] = Walks(self._wall_clock, newest_first=newest_first)
        return self._walks[block]

    def _found(self, line: Line, local: datetime, placed: Placed) -> Iterator[Item]:
        if line.kind == READINGS:
            for collection, reading in self._mapper.reading(line, local, placed):
                yield Found(collection, reading, line.row.place)
        elif line.kind == BASAL:
            yield from self._basal(line, local, placed)
        else:
            apart = self._overview.is_apart(line, local)
            document = self._mapper.bolus(line, local, placed, now_is_apart=apart)
            if document is not None:
                yield Found("treatments", document, line.row.place)

    def _basal(self, line: Line, local: datetime, placed: Placed) -> Iterator[Item]:
        """Yield the older of this rate and the one of the row before it: it held until the newer one."""
        self._basal_blocks.add(line.block)
        try:
            rate, problem = basal_rate(line), ""
        except ValueError as refused:
            rate, problem = None, str(refused)
        before, self._rate = self._rate, _Rate(line, local, placed, rate)
        if before is not None and before.line.block == line.block:
            pair = (self._rate, before) if self._overview.newest_first(line.block) else (before, self._rate)
            yield from self._held(*pair)
        if problem:
            yield Rejected(line.row.place, problem)

    def _held(self, older: _Rate, newer: _Rate) -> Iterator[Item]:
        length_ms = min(newer.placed.at_ms - older.placed.at_ms, LONGEST_RATE_MS)
        if older.rate is not None and length_ms > 0:
            document = basal_document(older.rate, older.local, older.placed, length_ms / MINUTE_MS)
            yield Found("treatments", document, older.line.row.place)


@dataclass(frozen=True, slots=True)
class _Rate:
    """A row with a basal rate (U/h), None for one that cannot be read."""

    line: Line
    local: datetime
    placed: Placed
    rate: float | None


def _preamble(file: Opened) -> Preamble:
    preamble = preamble_of(file)
    if preamble is None:
        raise Unreadable("There is no block of t:connect in it")
    return preamble


def _request_of(line: Line, local: datetime) -> tuple[str, str]:
    return line.at("bolusrequestid"), local.date().isoformat()
