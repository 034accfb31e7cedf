"""Clarity's export: one table, in the language of an account, with the time each display showed.

That time has no zone and changes with the display's clock; the transmitter's own clock, which is in the table too,
decides where on the time line a reading lies and which reading it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.clarity.clocks import Clocks
from app.importers.clarity.columns import Layout, Line, layout_of, lines_of
from app.importers.clarity.mapping import EXTREMES, Mapper, model_in
from app.importers.clarity.words import Kind, Words
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
from app.importers.readings import Magnitude, glucose_in
from app.importers.tables import DateOrder

_ISO = "ymd"
_MOST_STRANGE_WORDS = 4
_MOST_SHOWN = 5
_MOST_DEVICES = 200
_LONGEST_WORD = 30


class ClarityCsv:
    """Reads tables of Dexcom's Clarity."""

    name = "clarity-csv"
    title = "Dexcom Clarity (CSV)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if file.is_zip:
            return None
        layout = layout_of(file)
        if layout is None:
            return None
        if layout.by_name:
            return "the header names Event Subtype and Glucose Value"
        return "the columns are those of Clarity, in another language"

    def survey(self, file: Opened) -> Survey:
        """Look at all rows: units, the order of dates, devices, and words for glucose we do not know."""
        layout = _layout(file)
        seen = _Seen()
        for line in lines_of(file, layout):
            seen.see(line)
        unit, warnings = seen.magnitude.proposed(layout.unit)
        questions = [unit_question(unit)]
        if seen.date_order.settled != _ISO and seen.dated:
            questions.append(date_order_question(seen.date_order.settled))
        questions += [_word_question(place, word) for place, word in enumerate(seen.known.strange)]
        facts = [("Device", ", ".join(seen.devices) or "Dexcom")]
        if unit:
            facts.append(("Unit", f"{unit}, by {'the header' if layout.unit else 'the size of the numbers'}"))
        if seen.transmitters:
            facts.append(("Transmitters", str(len(seen.transmitters))))
        return Survey(tuple(facts), local_times=True, questions=tuple(questions), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, in the order of the file."""
        layout = _layout(file)
        order = how.answers.get(DATE_ORDER, _ISO)
        known, clocks = _Known(), Clocks()
        for line in lines_of(file, layout):
            known.see(line)
            _show(clocks, line, order)
        known.words.settle()
        clocks.settle(how.wall_clock)
        extremes = {
            word: EXTREMES[meant]
            for place, word in enumerate(known.strange)
            if (meant := how.answers.get(_word_name(place), "")) in EXTREMES
        }
        unit = how.unit or layout.unit or Unit.MGDL
        mapper = Mapper(unit, how.now_ms, known.words, known.models, extremes, clocks.shared())
        for line in lines_of(file, layout):
            item = _item(line, order, clocks, known.words, mapper)
            if item is not None:
                yield item
        yield from clocks.notes()


def _show(clocks: Clocks, line: Line, order: str) -> None:
    ticks = line.ticks
    if ticks is None or not line.glucose:
        return
    try:
        clocks.see(line.source, line.transmitter, ticks, line.local(order))
    except ValueError:
        return


def _item(line: Line, order: str, clocks: Clocks, words: Words, mapper: Mapper) -> Item | None:
    if not line.time:
        # Name, devices and the thresholds of alerts; a reading without a time is one that was lost.
        is_reading = line.counted and words.kind_of(line) is Kind.READING
        return Rejected(line.place, "the record has no time") if is_reading else None
    try:
        local = line.local(order)
        ticks, placed = line.ticks, None
        if ticks is not None:
            placed = clocks.place_counted(line.source, line.transmitter, ticks, local)
        if placed is None:
            is_reading = words.kind_of(line) is Kind.READING
            placed = clocks.place(line.source, local, is_reading=is_reading)
        collection, document = mapper.document(line, local, placed)
    except ValueError as problem:
        return Rejected(line.place, str(problem))
    return Found(collection, document, line.place)


@dataclass(slots=True)
class _Known:
    """What has to be known of all rows before the first is read.

    ``models`` are by the id of the device; ``strange`` are words in place of a number that we do not know.
    """

    words: Words = field(default_factory=Words)
    models: dict[str, str] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    def see(self, line: Line) -> None:
        """Take note of the next row."""
        if line.device and line.source and line.source not in self.models and len(self.models) < _MOST_DEVICES:
            self.models[line.source] = model_in(line.device)
        if line.time and line.glucose:
            self.words.see(line)
            if not line.glucose[0].isdecimal():
                self._see_word(line.glucose.lower())

    def _see_word(self, text: str) -> None:
        if not text.replace(" ", "").isalpha() or len(text) > _LONGEST_WORD or text in self.strange:
            return
        try:
            glucose_in(text, Unit.MGDL)
        except ValueError:
            if len(self.strange) < _MOST_STRANGE_WORDS:
                self.strange.append(text)


@dataclass(slots=True)
class _Seen:
    """What people are asked and told of a file."""

    known: _Known = field(default_factory=_Known)
    date_order: DateOrder = field(default_factory=DateOrder)
    magnitude: Magnitude = field(default_factory=Magnitude)
    devices: list[str] = field(default_factory=list)
    transmitters: set[str] = field(default_factory=set)
    dated: int = 0

    def see(self, line: Line) -> None:
        """Take note of the next row."""
        self.known.see(line)
        device = line.device[:60]
        if device and device not in self.devices and len(self.devices) < _MOST_SHOWN:
            self.devices.append(device)
        if not line.time:
            return
        self.dated += 1
        self.date_order.see(line.time)
        if line.transmitter and len(self.transmitters) < _MOST_DEVICES:
            self.transmitters.add(line.transmitter)
        if line.glucose:
            self.magnitude.see(line.glucose)


def _layout(file: Opened) -> Layout:
    layout = layout_of(file)
    if layout is None:
        raise Unreadable("There is no header of Clarity in it")
    return layout


def _word_name(place: int) -> str:
    return f"glucose_word_{place}"


def _word_question(place: int, word: str) -> Question:
    choices = (("low", "lower than the sensor can measure"), ("high", "higher than the sensor can measure"))
    return Question(_word_name(place), f"Some readings say “{word}” in place of a number. It means", choices)
