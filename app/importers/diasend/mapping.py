"""Turns rows of Diasend's sheets into documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from app.glucose.units import Unit, mmoll_of
from app.glucose.wall_clock import Placed
from app.importers.diasend.layout import ALARMS, CGM, DOSES, METER, Row
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
    temp_basal,
)
from app.records.sources.documents import (
    DAY_MS,
    MINUTE_MS,
    BadRecord,
    amount_of,
    checked_instant,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.sources.pump_words import changes_in
from app.store.interface import Document

VENDOR = "diasend"
SOURCE = "nightlight-import Diasend"
LONGEST_RATE_MS = 7 * DAY_MS
"""A rate that no other follows for longer is one of a pump that was put away."""

_LONGEST_NOTE = 2000

Collected = Iterator[tuple[str, Document]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A basal rate from an instant on (UTC epoch ms), and the row that tells it."""

    at_ms: int
    rate_u_per_h: float
    offset_min: int
    key: str
    place: str


class Mapper:
    """Maps row after row; ``unit`` is that of glucose where somebody said one, else the sheets' own count.

    ``rates`` gathers the changes of the basal rate, which hold until the next and are told at the end.
    """

    def __init__(self, unit: Unit | None, now_ms: int) -> None:
        self._unit = unit
        self._now_ms = now_ms
        self._minutes = {CGM: Minutes(), METER: Minutes()}
        self._counts: dict[str, int] = {}
        self.rates: list[Rate] = []
        self.last_ms = 0

    def documents(self, row: Row, local: datetime, placed: Placed) -> list[tuple[str, Document]]:
        """Return the documents of a row. Raises ``ValueError``."""
        checked_instant(placed.at_ms, self._now_ms)
        one = _One(row, placed, local_key(local, placed))
        kind = row.part.kind
        if kind in (CGM, METER):
            return list(self._reading(one, kind))
        if kind == DOSES:
            made = [*_doses(one)]
            self._see_rate(one)
            return [("treatments", self._numbered(document)) for document in made]
        return list(_alarms(one)) if kind == ALARMS else []

    def _reading(self, one: _One, kind: str) -> Collected:
        mgdl = glucose_in(one.row.text("glucose"), self._unit or one.row.part.unit or Unit.MGDL)
        if not mgdl:
            return
        make = sensor_entry if kind == CGM else meter_entry
        yield (
            "entries",
            make(
                identifier=one.identifier(kind, mmoll_of(mgdl)),
                at_ms=self._minutes[kind].apart(one.placed.at_ms, mgdl),
                glucose_mgdl=mgdl,
                device=SOURCE,
                offset_min=one.placed.offset_min,
            ),
        )
        if kind == METER:
            yield "treatments", bg_check(glucose_mgdl=mgdl, **one.act("bg-check", mmoll_of(mgdl)))

    def _see_rate(self, one: _One) -> None:
        self.last_ms = max(self.last_ms, one.placed.at_ms)
        rate = number_in(one.row.text("basal"))
        if rate is not None:
            rate = amount_of(rate, most=MOST_RATE_U_PER_H, what="basal rate")
            self.rates.append(Rate(one.placed.at_ms, rate, one.placed.offset_min, one.key, one.row.place))

    def _numbered(self, document: Document) -> Document:
        """Give the second of two equal doses of one minute a name of its own."""
        name = document["identifier"]
        self._counts[name] = count = self._counts.get(name, 0) + 1
        if count > 1:
            document["identifier"] = identifier_of(VENDOR, "", name, count)
        return document


def held(rates: Sequence[Rate], last_ms: int) -> Iterator[tuple[str, Document]]:
    """Yield, each with its place, the temp basals of rates that hold until the next; the last until ``last_ms``.

    What holds for days is told day by day.
    """
    in_order = sorted(rates, key=lambda rate: rate.at_ms)
    for rate, following in zip_longest(in_order, in_order[1:]):
        next_ms = last_ms if following is None else following.at_ms
        end_ms = min(next_ms, rate.at_ms + LONGEST_RATE_MS)
        for number, first_ms in enumerate(range(rate.at_ms, end_ms, DAY_MS)):
            act = Act(
                identifier=identifier_of(VENDOR, "", "basal", f"{rate.key}|{rate.rate_u_per_h:g}|{number}"),
                at_ms=first_ms,
                entered_by=SOURCE,
                offset_min=rate.offset_min,
            )
            duration_min = round((min(end_ms, first_ms + DAY_MS) - first_ms) / MINUTE_MS, 2)
            yield rate.place, temp_basal(rate_u_per_h=rate.rate_u_per_h, duration_min=duration_min, **act)


@dataclass(frozen=True, slots=True)
class _One:
    """A row that has found its place in time."""

    row: Row
    placed: Placed
    key: str

    def identifier(self, kind: str, value: object) -> str:
        return identifier_of(VENDOR, "", kind, f"{self.key}|{value}")

    def act(self, kind: str, value: object, notes: str = "") -> Act:
        return Act(
            identifier=self.identifier(kind, value),
            at_ms=self.placed.at_ms,
            entered_by=SOURCE,
            offset_min=self.placed.offset_min,
            notes=notes,
        )

    def insulin_u(self, name: str) -> float | None:
        number = number_in(self.row.text(name))
        return None if number is None else amount_of(number, most=MOST_INSULIN_U, what="insulin")


def _doses(one: _One) -> Iterator[Document]:
    whole, now, later = (one.insulin_u(name) for name in ("volume", "now", "later"))
    later_u = later or 0.0
    whole_u = round((now or 0.0) + later_u, 3) if whole is None else whole
    carbs_g = amount_of(number_in(one.row.text("carbs")), most=MOST_CARBS_G, what="carbohydrate")
    duration_min = amount_of(number_in(one.row.text("duration")), most=LONGEST_MIN, what="duration")
    words = one.row.text("notes")[:_LONGEST_NOTE]
    act = one.act("dose", f"{whole_u:g}|{carbs_g:g}", words)
    automatic = "auto" in one.row.text("type").lower()
    if not whole_u:
        if carbs_g:
            yield carb_correction(carbs_g=carbs_g, **act)
        elif words:
            yield event("Note", **act)
        return
    if later_u and duration_min:
        now_u = max(0.0, round(whole_u - later_u, 3))
        yield combo_bolus(
            now_u=now_u, extended_u=later_u, duration_min=duration_min, carbs_g=carbs_g, automatic=automatic, **act
        )
    else:
        yield bolus(insulin_u=whole_u, carbs_g=carbs_g, automatic=automatic, **act)


def _alarms(one: _One) -> Collected:
    words = one.row.text("words")[:_LONGEST_NOTE]
    if not words:
        raise BadRecord("an alarm does not say what for")
    changes = changes_in(words)
    for kind, name in changes:
        yield "treatments", event(kind, **one.act(name, words))
    if not changes:
        yield "treatments", event("Note", **one.act("alarm", words, f"Pump alarm: {words}"))
