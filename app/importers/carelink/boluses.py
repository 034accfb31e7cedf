"""Which rows of a CareLink export are one bolus: what was chosen, what was delivered, and what the calculator was told.

A bolus has a row with the chosen units and, up to a minute later, one with the delivered; a dual wave has two of these
for its two parts. They belong together by their bolus number, else by amount and time. What the calculator was told,
carbs above all, is in rows of its own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.importers.carelink.sections import Line
from app.importers.tables import number_in
from app.records.sources.acts import MOST_CARBS_G, MOST_INSULIN_U
from app.records.sources.documents import amount_of

_PAIR = timedelta(seconds=90)
_EARLY = timedelta(seconds=5)
_WIZARD = timedelta(seconds=30)
_PARTS = timedelta(minutes=2)
_LONGEST = timedelta(hours=9)  # of a square or dual wave (eight hours), and a little
_SAME_U = 0.0051
_LEAST_U = 0.0005
_LONGEST_MIN = 8 * 60.0
_MOST = 400_000

SELECTED, DELIVERED = "bolus volume selected", "bolus volume delivered"


@dataclass(slots=True)
class Chosen:
    """A row with the units somebody, or the pump, chose.

    ``is_told`` once something of it is known to have been delivered, ``is_taken`` when that was all of it.
    """

    serial: str
    local: datetime
    number: str
    units: float
    source: str
    is_told: bool = False
    is_taken: bool = False


@dataclass(slots=True)
class Given:
    """A row with delivered units. ``chosen`` and ``wizard`` are what belongs to it, ``extended`` its second part."""

    row: int
    serial: str
    local: datetime
    number: str
    units: float
    type: str
    source: str
    duration_min: float
    chosen: Chosen | None = None
    wizard: Wizard | None = None
    extended: Given | None = None
    is_second_part: bool = False

    @property
    def began(self) -> datetime:
        """Return when it began: what is told of an extended bolus is told at its end."""
        if self.chosen is not None and self.local - self.chosen.local > _PAIR:
            return self.chosen.local
        return self.local

    @property
    def told_by(self) -> str:
        """Return why it was given, in the pump's word."""
        return self.source or (self.chosen.source if self.chosen else "")


@dataclass(slots=True)
class Wizard:
    """A row of the bolus calculator: carbs as entered, in grams where ``carbs_g`` is known. ``line`` is the row."""

    line: Line
    local: datetime
    estimate_u: float | None
    carbs: float
    given: Given | None = None


@dataclass(slots=True)
class Boluses:
    """All boluses of a file, by the row they are told in; ``cancelled`` counts those of which nothing was delivered."""

    given: dict[int, Given] = field(default_factory=dict)
    wizards: dict[int, Wizard] = field(default_factory=dict)
    chosen: list[Chosen] = field(default_factory=list)
    cancelled: int = 0

    def see(self, line: Line, local: datetime) -> None:
        """Take note of the next row; what cannot be read says nothing here, and is rejected when it is read."""
        if len(self.given) + len(self.wizards) + len(self.chosen) >= _MOST:
            return
        wizard = wizard_in(line, local)
        if wizard is not None:
            self.wizards[line.number] = wizard
        chosen_u, given_u = _units(line, SELECTED), _units(line, DELIVERED)
        common = (line.section.serial, local, line.at("bolus number"))
        chosen = Chosen(*common, chosen_u, line.at("bolus source")) if chosen_u else None
        if given_u is not None and not is_micro(line.at("bolus source")):
            given = Given(
                line.number,
                *common,
                given_u,
                line.at("bolus type").lower(),
                line.at("bolus source"),
                minutes_in(line.at("bolus duration")),
                chosen=chosen,
            )
            given.wizard = wizard
            self.given[line.number] = given
            if wizard is not None:
                wizard.given = given
        elif given_u is None and chosen is not None:
            self.chosen.append(chosen)

    def settle(self) -> None:
        """Find out what belongs together, once all rows are seen."""
        in_order = sorted(self.given.values(), key=lambda one: one.local)
        self._pair_with_chosen(in_order)
        _join_parts(in_order)
        self._pair_with_wizards([one for one in in_order if not one.is_second_part])
        none_given = [one for one in in_order if one.units < _LEAST_U and one.chosen]
        unheard = [one for one in self.chosen if not one.is_told and not is_micro(one.source)]
        self.cancelled = len(unheard) + len(none_given)

    def _pair_with_chosen(self, given: Sequence[Given]) -> None:
        by_number: dict[tuple[str, str], list[Chosen]] = {}
        for chosen in self.chosen:
            by_number.setdefault((chosen.serial, chosen.number), []).append(chosen)
        by_time = sorted(self.chosen, key=lambda one: one.local)
        times = [chosen.local for chosen in by_time]
        for one in given:
            if one.chosen is not None:
                continue
            numbered = by_number.get((one.serial, one.number), []) if one.number else []
            first, end = bisect_left(times, one.local - _PAIR), bisect_right(times, one.local + _EARLY)
            fitting = [chosen for chosen in (*numbered, *by_time[first:end]) if _is_of(chosen, one)]
            best = max(fitting, key=lambda chosen: (_same(chosen.units, one.units), chosen.local), default=None)
            if best is not None:
                one.chosen, best.is_told, best.is_taken = best, True, not _is_part(one)

    def _pair_with_wizards(self, given: Sequence[Given]) -> None:
        in_order = sorted((one for one in self.wizards.values() if one.given is None), key=lambda one: one.local)
        anchors = sorted(given, key=_anchor)
        first = 0
        pairs: list[tuple[bool, timedelta, int, Wizard, Given]] = []
        for wizard in in_order:
            while first < len(anchors) and _anchor(anchors[first]) < wizard.local - _WIZARD:
                first += 1
            for one in anchors[first:]:
                if _anchor(one) > wizard.local + _WIZARD:
                    break
                if one.serial == wizard.line.section.serial and one.units >= _LEAST_U and one.wizard is None:
                    apart = abs(_anchor(one) - wizard.local)
                    pairs.append((not _is_estimate(wizard, one), apart, wizard.line.number, wizard, one))
        for _, _, _, wizard, one in sorted(pairs, key=lambda pair: pair[:3]):
            if wizard.given is None and one.wizard is None:
                wizard.given, one.wizard = one, wizard


def is_micro(source: str) -> bool:
    """Tell whether a bolus is one of the small ones the automatic mode gives as basal."""
    return "micro" in source.lower()


def is_automatic(source: str) -> bool:
    """Tell whether the pump decided by itself to give a bolus."""
    return "auto" in source.lower()


def wizard_in(line: Line, local: datetime) -> Wizard | None:
    """Return what the calculator was told in a row, None for a row that is not the calculator's."""
    estimate, carbs = _units(line, "bwz estimate"), _number(line, "bwz carb input")
    if estimate is None and carbs is None:
        return None
    return Wizard(line, local, estimate, carbs or 0.0)


def is_in_exchanges(line: Line) -> bool:
    """Tell whether the calculator counts carbs in exchanges and not in grams."""
    return "ex" in line.bracket("bwz carb input")


def grams_of(wizard: Wizard, exchange_g: float | None) -> float | None:
    """Return the grams of carbohydrate the calculator was told, None where nobody knows how many an exchange has.

    Where the ratio is in grams per unit, the insulin for the food times the ratio is the food. Raises ``ValueError``.
    """
    carbs_g: float | None = wizard.carbs
    if wizard.carbs and is_in_exchanges(wizard.line):
        food_u, ratio = _units(wizard.line, "bwz food estimate"), _number(wizard.line, "bwz carb ratio")
        bracket = wizard.line.bracket("bwz carb ratio")
        if exchange_g:
            carbs_g = wizard.carbs * exchange_g
        elif food_u and ratio and bracket.startswith("g"):
            carbs_g = food_u * ratio
        else:
            carbs_g = None
    return None if carbs_g is None else amount_of(carbs_g, most=MOST_CARBS_G, what="carbohydrate")


def minutes_in(text: str) -> float:
    """Return a length of time written as ``h:mm:ss`` or ``h:mm`` in minutes, 0 for anything else."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.strip().isdecimal() and len(part) <= 3 for part in parts):
        return 0.0
    hours, minutes, seconds = (int(part) for part in [*parts, "0"][:3])
    return hours * 60 + minutes + seconds / 60


def _join_parts(given: Sequence[Given]) -> None:
    """Make the square part of a dual wave the second part of its normal one."""
    squares = [one for one in given if _is_square(one) and "dual" in one.type]
    for normal in given:
        if "dual" not in normal.type or _is_square(normal):
            continue
        fitting = (one for one in squares if not one.is_second_part and _are_parts(normal, one))
        square = min(fitting, key=lambda one: abs(one.local - normal.local), default=None)
        if square is not None:
            normal.extended, square.is_second_part = square, True


def _are_parts(normal: Given, square: Given) -> bool:
    if normal.serial != square.serial:
        return False
    apart = abs(square.local - normal.local)
    return apart <= _LONGEST if normal.number and normal.number == square.number else apart <= _PARTS


def _is_of(chosen: Chosen, given: Given) -> bool:
    if chosen.is_taken or chosen.serial != given.serial:
        return False
    if chosen.number and given.number:
        return chosen.number == given.number and -_EARLY <= given.local - chosen.local <= _LONGEST
    return given.units < chosen.units + _SAME_U


def _same(one_u: float, other_u: float) -> bool:
    return abs(one_u - other_u) < _SAME_U


def _is_part(given: Given) -> bool:
    return "dual" in given.type and "part" in given.type


def _is_square(given: Given) -> bool:
    return "square" in given.type


def _is_estimate(wizard: Wizard, given: Given) -> bool:
    if wizard.estimate_u is None:
        return False
    amounts = [given.units + (given.extended.units if given.extended else 0.0)]
    amounts += [given.chosen.units] if given.chosen else []
    return any(_same(wizard.estimate_u, units) for units in amounts)


def _anchor(given: Given) -> datetime:
    return given.chosen.local if given.chosen else given.local


def _units(line: Line, name: str) -> float | None:
    number = _number(line, name)
    return number if number is not None and 0 <= number <= MOST_INSULIN_U else None


def _number(line: Line, name: str) -> float | None:
    try:
        return number_in(line.at(name))
    except ValueError:
        return None
