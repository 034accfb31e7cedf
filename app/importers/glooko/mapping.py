"""Turns rows of Glooko's tables into documents; the counterpart of what its uploader makes of the same records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from app.glucose.units import Unit, mmoll_of
from app.glucose.wall_clock import Placed
from app.importers.glooko.tables import (
    ALARMS,
    BASAL,
    BOLUS,
    CARBS,
    CGM,
    EXERCISE,
    FOOD,
    INJECTIONS,
    MEDICATION,
    METER,
    NOTES,
    Line,
    Table,
)
from app.importers.placing import Minutes, local_key
from app.importers.readings import glucose_in
from app.importers.tables import number_in
from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    MOST_RATE_U_PER_H,
    Act,
    bg_check,
    bolus,
    carb_correction,
    combo_bolus,
    event,
    exercise,
    long_acting,
    temp_basal,
)
from app.records.sources.documents import (
    MINUTE_MS,
    BadRecord,
    amount_of,
    checked_instant,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.sources.layers import SCHEDULED, SUSPENDED, TEMPORARY, Layers, Span
from app.records.sources.pump_words import changes_in
from app.store.interface import Document

VENDOR = "glooko"
SOURCE = "nightlight-import Glooko"
SAME_MS = 2 * MINUTE_MS
"""Carbs of a food table this close to a bolus of as many carbs are that meal, told twice."""

_SAME_G = 0.5
_LONGEST_NOTE = 2000
_LONG_KINDS = ("long", "basal", "intermediate", "langwirk", "verzoger", "depot", "lente", "slow", "lantus", "levemir")
_LONG_NAMES = ("glargin", "detemir", "degludec", "tresiba", "toujeo", "basaglar", "abasaglar", "semglee", "nph")
_FAST_KINDS = ("rapid", "fast", "short", "bolus", "schnell", "rapide", "rapido", "snabb", "hurtig", "snel", "aspart")
_FAST_NAMES = ("lispro", "glulisin", "novorapid", "novolog", "humalog", "apidra", "fiasp", "lyumjev", "admelog")

Collected = Iterator[tuple[str, Document]]


@dataclass(slots=True)
class Overview:
    """What has to be known of all tables first: carbs on boluses (by the minute of UTC), rates that lie over others.

    ``told_delivered`` names the basal tables that say what was delivered: one that says 0 everywhere says nothing.
    """

    carbs_g: dict[int, list[float]] = field(default_factory=dict)
    layers: Layers = field(default_factory=Layers)
    told_delivered: set[str] = field(default_factory=set)

    def see_meal(self, at_ms: int, carbs_g: float) -> None:
        """Take note of the carbs on a bolus."""
        self.carbs_g.setdefault(at_ms // MINUTE_MS, []).append(carbs_g)

    def holds_meal(self, at_ms: int, carbs_g: float) -> bool:
        """Tell whether a bolus of about this time has as many carbs."""
        reach = SAME_MS // MINUTE_MS
        minutes = range(at_ms // MINUTE_MS - reach, at_ms // MINUTE_MS + reach + 1)
        return any(abs(one - carbs_g) < _SAME_G for minute in minutes for one in self.carbs_g.get(minute, ()))


class Mapper:
    """Maps row after row of the tables of one file.

    ``unit`` counts for glucose in tables whose header names none, and in all of them where ``overrules`` is set.
    """

    def __init__(self, unit: Unit, now_ms: int, overview: Overview, *, overrules: bool = False) -> None:
        self._unit = unit
        self._overrules = overrules
        self._now_ms = now_ms
        self._overview = overview
        self._minutes = {CGM: Minutes(), METER: Minutes()}
        self._counts: dict[str, int] = {}
        self._table: Table | None = None

    def documents(self, line: Line, local: datetime, placed: Placed) -> list[tuple[str, Document]]:
        """Return the documents of a row. Raises ``ValueError``."""
        if line.table is not self._table:
            # What comes again in another table is the same record; what comes twice in one is two.
            self._table, self._counts = line.table, {}
        checked_instant(placed.at_ms, self._now_ms)
        one = _Row(line, placed, local_key(local, placed))
        kind = line.table.kind
        if kind in (CGM, METER):
            return list(self._reading(one, kind))
        if kind == BASAL:
            return [("treatments", made) for made in self._basals(one)]
        made = list(self._acts(one, kind))
        return [("treatments", document) for document in self._numbered(made)]

    def _acts(self, one: _Row, kind: str) -> Iterator[Document]:
        if kind == BOLUS:
            yield from _boluses(one)
        elif kind in (CARBS, FOOD):
            yield from self._carbs(one)
        elif kind == INJECTIONS:
            yield from _injections(one)
        elif kind == ALARMS:
            yield from _alarms(one)
        elif kind == EXERCISE:
            yield from _exercises(one)
        elif kind == MEDICATION:
            yield from _medications(one)
        elif kind == NOTES and one.text("words"):
            yield event("Note", **one.act("note", one.text("words"), one.text("words")))

    def _numbered(self, made: Iterable[Document]) -> Iterator[Document]:
        """Yield documents under names of their own: two equal doses of one minute are two doses, two notes are one."""
        for document in made:
            name = document["identifier"]
            self._counts[name] = count = self._counts.get(name, 0) + 1
            if count > 1 and (document.get("insulin") or document.get("carbs")):
                document["identifier"] = identifier_of(VENDOR, "file", name, count)
            yield document

    def _reading(self, one: _Row, kind: str) -> Collected:
        named = None if self._overrules else one.line.table.unit
        mgdl = glucose_in(one.line.at("glucose"), named or self._unit)
        if not mgdl:
            return
        at_ms = self._minutes[kind].apart(one.placed.at_ms, mgdl)
        make = sensor_entry if kind == CGM else meter_entry
        yield (
            "entries",
            make(
                identifier=one.identifier(kind, mmoll_of(mgdl)),
                at_ms=at_ms,
                glucose_mgdl=mgdl,
                device=SOURCE,
                offset_min=one.placed.offset_min,
            ),
        )
        if kind == METER:
            yield "treatments", bg_check(glucose_mgdl=mgdl, **one.act("bg-check", mmoll_of(mgdl)))

    def _carbs(self, one: _Row) -> Iterator[Document]:
        carbs_g = one.carbs_g()
        if not carbs_g or self._overview.holds_meal(one.placed.at_ms, carbs_g):
            return
        fat_g, protein_g = one.nutrient("fat"), one.nutrient("protein")
        # The food table tells what the carbs table counts: both name a meal by its time and grams.
        act = one.act("carbs", carbs_g, one.text("name"))
        yield carb_correction(carbs_g=carbs_g, fat_g=fat_g, protein_g=protein_g, **act)

    def _basals(self, one: _Row) -> Iterator[Document]:
        layer, span = basal_span(one.line, one.placed)
        if layer != SUSPENDED and not one.line.at("duration"):
            raise BadRecord("a basal rate does not say how long it was given")
        if span[0] == span[1]:
            if layer == SUSPENDED:
                yield event("Note", **one.act(layer, "", "Pump suspended"))
            return
        rate_u_per_h = 0.0 if layer == SUSPENDED else self._rate(one.line, span)
        if rate_u_per_h is None:
            yield _percent_note(one, layer, span)
            return
        told = f"{rate_u_per_h:g}|{span[1] - span[0]}"
        for place, (first_ms, end_ms) in enumerate(self._overview.layers.left_of(layer, span)):
            act = one.act(layer, f"{told}|{place}")
            act["at_ms"] = first_ms
            yield temp_basal(rate_u_per_h=rate_u_per_h, duration_min=round((end_ms - first_ms) / MINUTE_MS, 2), **act)

    def _rate(self, line: Line, span: Span) -> float | None:
        hours = (span[1] - span[0]) / MINUTE_MS / 60
        given = number_in(line.at("delivered")) if line.table.name in self._overview.told_delivered else None
        rate = number_in(line.at("rate")) if given is None else given / hours
        return None if rate is None else amount_of(rate, most=MOST_RATE_U_PER_H, what="rate")


@dataclass(frozen=True, slots=True)
class _Row:
    line: Line
    placed: Placed
    key: str

    def identifier(self, kind: str, value: object) -> str:
        return identifier_of(VENDOR, "file", kind, f"{self.key}|{value}")

    def act(self, kind: str, value: object, notes: str = "") -> Act:
        return Act(
            identifier=self.identifier(kind, value),
            at_ms=self.placed.at_ms,
            entered_by=SOURCE,
            offset_min=self.placed.offset_min,
            notes=notes,
        )

    def text(self, name: str) -> str:
        return " ".join(self.line.at(name).split())[:_LONGEST_NOTE]

    def insulin_u(self, name: str) -> float | None:
        number = number_in(self.line.at(name))
        return None if number is None else amount_of(number, most=MOST_INSULIN_U, what="insulin")

    def carbs_g(self) -> float:
        return amount_of(number_in(self.line.at("carbs")), most=MOST_CARBS_G, what="carbohydrate")

    def nutrient(self, name: str) -> float | None:
        try:
            return amount_of(number_in(self.line.at(name)), most=MOST_CARBS_G, what=name) or None
        except ValueError:
            return None


def basal_span(line: Line, placed: Placed) -> tuple[str, Span]:
    """Return the layer and the time of a row of a basal table. Raises ``ValueError``."""
    kind = line.at("type").lower()
    layer = SUSPENDED if "susp" in kind or "stop" in kind else TEMPORARY if "temp" in kind else SCHEDULED
    duration_min = amount_of(number_in(line.at("duration")), most=LONGEST_MIN, what="duration")
    return layer, (placed.at_ms, placed.at_ms + int(duration_min * MINUTE_MS))


def meal_g(line: Line) -> float:
    """Return the carbs on a row of a bolus table, 0 where they cannot be read."""
    try:
        return amount_of(number_in(line.at("carbs")), most=MOST_CARBS_G, what="carbohydrate")
    except ValueError:
        return 0.0


def _percent_note(one: _Row, layer: str, span: Span) -> Document:
    percent = number_in(one.line.at("percent"))
    if percent is None:
        raise BadRecord("a basal rate has no rate")
    minutes = round((span[1] - span[0]) / MINUTE_MS)
    return event("Note", **one.act(layer, "", f"Temporary basal {percent:g} % for {minutes} min"))


def _boluses(one: _Row) -> Iterator[Document]:
    total, initial, extended = (one.insulin_u(name) for name in ("delivered", "initial", "extended"))
    if total is None and initial is None and extended is None:
        raise BadRecord("a bolus does not say how much was given")
    carbs_g, automatic = one.carbs_g(), "auto" in one.line.at("type").lower()
    later_u = extended or 0.0
    whole_u = round((initial or 0.0) + later_u, 3) if total is None else total
    now_u = max(0.0, round(whole_u - later_u, 3))
    act = one.act("bolus", f"{whole_u:g}|{carbs_g:g}")
    if not whole_u:
        if carbs_g:
            yield carb_correction(carbs_g=carbs_g, **act)
        return
    duration_min = amount_of(number_in(one.line.at("duration")), most=LONGEST_MIN, what="duration")
    if later_u and duration_min:
        yield combo_bolus(
            now_u=now_u,
            extended_u=later_u,
            duration_min=duration_min,
            carbs_g=carbs_g,
            automatic=automatic,
            **act,
        )
        return
    if later_u:
        act["notes"] = f"{now_u:g} U at once, {later_u:g} U extended over a time the file does not tell"
    yield bolus(insulin_u=whole_u, carbs_g=carbs_g, automatic=automatic, **act)


def _injections(one: _Row) -> Iterator[Document]:
    insulin_u = one.insulin_u("amount")
    if not insulin_u:
        return
    name = one.text("name")
    kind = f"{one.line.at('type')} {name}".lower()
    act = one.act("injection", f"{insulin_u:g}|{name}", name)
    if any(word in kind for word in (*_LONG_KINDS, *_LONG_NAMES)):
        yield long_acting(insulin_u=insulin_u, **act)
    elif any(word in kind for word in (*_FAST_KINDS, *_FAST_NAMES)):
        yield bolus(insulin_u=insulin_u, **act)
    else:
        # A dose of unknown kind must not count as a bolus.
        act["notes"] = f"Insulin {insulin_u:g} U{f' ({name})' if name else ''}"
        yield event("Note", **act)


def _alarms(one: _Row) -> Iterator[Document]:
    words = one.text("words")
    if not words:
        raise BadRecord("an alarm does not say what for")
    changes = changes_in(words)
    for kind, name in changes:
        yield event(kind, **one.act(name, words))
    if not changes:
        yield event("Note", **one.act("alarm", words, f"Pump alarm: {words}"))


def _exercises(one: _Row) -> Iterator[Document]:
    length_min = amount_of(number_in(one.line.at("duration")), most=LONGEST_MIN, what="duration")
    words = ", ".join(filter(None, (one.text("name"), one.text("intensity"))))
    if length_min or words:
        yield exercise(duration_min=length_min or None, **one.act("exercise", words, words))


def _medications(one: _Row) -> Iterator[Document]:
    words = " ".join(filter(None, (one.text("name"), one.text("amount"), one.text("type"))))
    if words:
        yield event("Note", **one.act("medication", words, f"Medication: {words}"))
