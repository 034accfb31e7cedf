"""Turns a row of mySugr's table into documents: what was entered together stays together as far as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.glucose.units import Unit
from app.glucose.wall_clock import Placed
from app.importers.placing import Minutes
from app.importers.readings import glucose_in
from app.importers.tables import number_in
from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    Act,
    bg_check,
    bolus,
    carb_correction,
    event,
    exercise,
    long_acting,
    treatment,
)
from app.records.sources.documents import BadRecord, amount_of, identifier_of, meter_entry
from app.store.interface import Document

VENDOR = "mysugr"
SOURCE = "nightlight-import mySugr"
_LONGEST_NOTE = 2000
_MOST_PERCENT = 500.0

At = Callable[[str], str]
"""A row: returns a field by what it is."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """In what a file counts: the unit of glucose, and the grams of one of its carbs (None where nobody knows)."""

    unit: Unit
    carb_g: float | None


def documents_of(at: At, amounts: Amounts, placed: Placed, key: str, minutes: Minutes) -> list[tuple[str, Document]]:
    """Return the documents of a row; ``key`` names it among all others. Raises ``ValueError``."""
    one = _Row(at, placed, key)
    mgdl = glucose_in(at("glucose"), amounts.unit)
    made = [*_doses(one, amounts.carb_g), *_temp_basal(one), *_activity(one)]
    if mgdl:
        made.append(bg_check(glucose_mgdl=mgdl, **one.act("bg-check")))
    words = _words(at)
    if words and made:
        made[0]["notes"] = f"{made[0]['notes']}. {words}" if made[0].get("notes") else words
    elif words:
        made.append(event("Note", **one.act("note", words)))
    found = [("treatments", document) for document in made]
    if mgdl:
        entry = meter_entry(
            identifier=one.identifier("mbg"),
            at_ms=minutes.apart(placed.at_ms, mgdl),
            glucose_mgdl=mgdl,
            device=SOURCE,
            offset_min=placed.offset_min,
        )
        found.insert(0, ("entries", entry))
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    at: At
    placed: Placed
    key: str

    def identifier(self, kind: str) -> str:
        return identifier_of(VENDOR, "", kind, self.key)

    def act(self, kind: str, notes: str = "") -> Act:
        made = Act(
            identifier=self.identifier(kind),
            at_ms=self.placed.at_ms,
            entered_by=SOURCE,
            offset_min=self.placed.offset_min,
        )
        if notes:
            made["notes"] = notes
        return made

    def insulin(self, name: str) -> float:
        return amount_of(number_in(self.at(name)), most=MOST_INSULIN_U, what="insulin")


def _doses(one: _Row, carb_g: float | None) -> Iterator[Document]:
    fast_u = one.insulin("pen") + one.insulin("pump")
    # The parts for meal and correction are of the same dose, and stand alone where neither pen nor pump is named.
    fast_u = round(fast_u or one.insulin("meal") + one.insulin("correction"), 3)
    counted = amount_of(number_in(one.at("carbs")), most=MOST_CARBS_G, what="carbohydrate")
    if counted and carb_g is None:
        raise BadRecord("it is not known how many grams an exchange is")
    carbs_g = amount_of(round(counted * (carb_g or 0), 1), most=MOST_CARBS_G, what="carbohydrate")
    if fast_u:
        yield bolus(insulin_u=fast_u, carbs_g=carbs_g, **one.act("bolus"))
    elif carbs_g:
        yield carb_correction(carbs_g=carbs_g, **one.act("carbs"))
    long_u = one.insulin("long")
    if long_u:
        yield long_acting(insulin_u=long_u, **one.act("long-acting"))


def _temp_basal(one: _Row) -> Iterator[Document]:
    """Yield the temporary basal rate: 120 % of the usual rate is written as 20 % more of it."""
    percent = number_in(one.at("temp_percent"))
    length_min = number_in(one.at("temp_min"))
    if percent is None or not length_min:
        return
    if not -100 <= percent <= _MOST_PERCENT or not 0 < length_min <= LONGEST_MIN:
        raise BadRecord("the temporary basal rate is none")
    more = percent - 100 if percent >= 0 else percent
    yield treatment("Temp Basal", one.act("temp-basal"), percent=more, duration=length_min)


def _activity(one: _Row) -> Iterator[Document]:
    length_min = amount_of(number_in(one.at("activity_min")), most=LONGEST_MIN, what="activity")
    text = one.at("activity_words")[:_LONGEST_NOTE]
    if length_min or text:
        yield exercise(duration_min=length_min or None, **one.act("exercise", text))


def _words(at: At) -> str:
    parts = [at("note"), at("meal_words"), at("food")]
    parts += [f"Medication: {at('medication')}"] if at("medication") else []
    parts += [f"Ketones {at('ketones')}"] if at("ketones") else []
    parts += [f"Tags: {at('tags')}"] if at("tags") else []
    return ". ".join(part for part in parts if part)[:_LONGEST_NOTE]
