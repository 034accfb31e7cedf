"""Carbs: what the bolus calculator was told, joined with the bolus it led to, and food somebody logged."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.records.sources.acts import MOST_CARBS_G, Act, carb_correction
from app.records.sources.documents import HOUR_MS, BadRecord, amount_of
from app.records.sources.sameness import SAME_CARBS_G, SAME_DOSE_MS
from app.records.sources.tidepool.record import Record, part_of, text_of
from app.store.interface import Document

COMPANION_MS = HOUR_MS
"""A calculation further from a bolus than this does not belong to it, though it names it: an identifier came twice."""

GRAMS_PER_EXCHANGE = 15
"""What a pump that counts exchanges counts one as, where it does not say (Medtronic's user guides: 15 g)."""


@dataclass(slots=True)
class Meal:
    """Carbs the calculator was told at ``at_ms`` (UTC epoch ms); ``bolus_at_ms`` is known once their bolus is found."""

    at_ms: int
    carbs_g: float
    act: Act
    bolus_at_ms: int | None = None


def meal_in(record: Record) -> Meal | None:
    """Return the carbs of a calculation, None when there were none. Raises ``BadRecord`` for what is no amount."""
    units = text_of(record.get("carbUnits")) or text_of(record.get("units"))
    amount = amount_of(record.get("carbInput"), most=MOST_CARBS_G, what="carbs")
    if not amount:
        return None
    if "exch" not in units.lower():
        return Meal(record.at_ms, amount, record.act())
    notes = f"{amount:g} exchanges of {GRAMS_PER_EXCHANGE} g"
    return Meal(record.at_ms, amount * GRAMS_PER_EXCHANGE, record.act(notes=notes))


def bolus_named_in(record: Record) -> str:
    """Return the id of the bolus a calculation led to, whether it holds the id or the bolus; "" for none."""
    within = bolus_within(record)
    return text_of(within["id"] if within else record.get("bolus"))


def bolus_within(record: Record) -> Mapping[str, Any] | None:
    """Return the bolus a calculation holds itself, as older records do, completed by what they share."""
    bolus = record.get("bolus")
    if not isinstance(bolus, Mapping):
        return None
    shared = ("time", "timezoneOffset", "deviceId", "uploadId", "origin")
    told = {name: record.get(name) for name in shared if name in record.fields}
    own = {name: value for name, value in bolus.items() if value is not None}
    return {**told, **own, "id": text_of(own.get("id")) or record.key, "type": "bolus"}


class Meals:
    """The carbs of all calculations of a time, by the bolus each led to."""

    def __init__(self) -> None:
        self._by_bolus: dict[str, list[Meal]] = {}
        self._all: list[Meal] = []
        self._times: list[int] = []

    def add(self, meal: Meal, bolus_id: str) -> None:
        """Remember a meal."""
        self._all.append(meal)
        if bolus_id:
            self._by_bolus.setdefault(bolus_id, []).append(meal)

    def take(self, bolus_id: str, at_ms: int) -> Meal | None:
        """Return the meal of a bolus and give it to no other; one calculation told twice is one meal."""
        near = [
            meal
            for meal in self._by_bolus.get(bolus_id, ())
            if meal.bolus_at_ms is None and abs(meal.at_ms - at_ms) <= COMPANION_MS
        ]
        if not near:
            return None
        chosen = min(near, key=lambda meal: abs(meal.at_ms - at_ms))
        for meal in near:
            if meal.carbs_g == chosen.carbs_g:
                meal.bolus_at_ms = at_ms
        return chosen

    def has_like(self, at_ms: int, carbs_g: float) -> bool:
        """Tell whether the calculator was told as many carbs at this time."""
        if len(self._times) != len(self._all):
            self._all.sort(key=lambda meal: meal.at_ms)
            self._times = [meal.at_ms for meal in self._all]
        first, last = bisect_left(self._times, at_ms - SAME_DOSE_MS), bisect_right(self._times, at_ms + SAME_DOSE_MS)
        return any(abs(meal.carbs_g - carbs_g) < SAME_CARBS_G for meal in self._all[first:last])

    def alone(self) -> Iterator[Meal]:
        """Yield the meals whose bolus did not come."""
        return (meal for meal in self._all if meal.bolus_at_ms is None)

    def joined(self) -> Iterator[tuple[Meal, int]]:
        """Yield the meals whose bolus came, each with the moment of the bolus."""
        return ((meal, meal.bolus_at_ms) for meal in self._all if meal.bolus_at_ms is not None)


def lone_meal(meal: Meal) -> Document:
    """Return the carbs of a calculation that led to no insulin, or whose bolus is not known yet."""
    return carb_correction(carbs_g=meal.carbs_g, **meal.act)


def food(record: Record, meals: Meals) -> Document | None:
    """Return food somebody logged, None without carbs, or when the calculator was told of the same.

    Raises ``BadRecord``.
    """
    nutrition = record.part("nutrition")
    carbs_g = _nutrient(nutrition, "carbohydrate", "net", "total")
    if carbs_g is None:
        raise BadRecord("a food does not say its carbs")
    if not carbs_g or meals.has_like(record.at_ms, carbs_g):
        return None
    fat_g, protein_g = _nutrient(nutrition, "fat", "total"), _nutrient(nutrition, "protein", "total")
    notes = text_of(record.get("name"))[:100]
    return carb_correction(carbs_g=carbs_g, fat_g=fat_g, protein_g=protein_g, **record.act(notes=notes))


def _nutrient(nutrition: Mapping[str, Any], name: str, *parts: str) -> float | None:
    told = part_of(nutrition, name)
    for part in parts:
        if told.get(part) is not None:
            return amount_of(told[part], most=MOST_CARBS_G, what=name)
    return None
