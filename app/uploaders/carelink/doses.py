"""CareLink's boluses and meals as treatments: what was delivered, each meal with the bolus given for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.glucose.wall_clock import Placed
from app.records.sources.acts import MOST_CARBS_G, MOST_INSULIN_U, carb_correction, combo_bolus
from app.records.sources.documents import MINUTE_MS, BadRecord, amount_of
from app.store.interface import Document
from app.uploaders.carelink.payload import Marker, word_of
from app.uploaders.carelink.scope import Scope

TOGETHER_MS = MINUTE_MS
"""A meal and the bolus given for it can differ by a second; apart by more than this they are two events."""

_AMOUNTS = ("deliveredFastAmount", "programmedFastAmount", "deliveredExtendedAmount", "programmedExtendedAmount")
_AUTOMATIC = "AUTOCORRECTION"
_LONGEST_MIN = 8 * 60  # of a square or dual wave bolus on every pump of Medtronic


@dataclass(frozen=True, slots=True)
class Dose:
    """One bolus: units given at once and over ``duration_min``, what was wanted, whether the pump decided by itself."""

    at: Placed
    now_u: float
    extended_u: float
    duration_min: float
    programmed_u: float
    automatic: bool

    @property
    def delivered_u(self) -> float:
        """Return what was given in all."""
        return round(self.now_u + self.extended_u, 3)


@dataclass(frozen=True, slots=True)
class Meal:
    """Carbs in grams."""

    at: Placed
    carbs_g: float


def dose_of(marker: Marker, at: Placed) -> Dose:
    """Return the bolus of a marker. Raises ``BadRecord``."""
    if marker.number(*_AMOUNTS) is None:
        raise BadRecord("a bolus has no amount")
    programmed = [_units(marker, "programmedFastAmount"), _units(marker, "programmedExtendedAmount")]
    now_u = _units(marker, "deliveredFastAmount", "programmedFastAmount")
    extended_u = _units(marker, "deliveredExtendedAmount", "programmedExtendedAmount")
    duration_min = _minutes(marker.number("effectiveDuration", "programmedDuration") or 0)
    if not duration_min:
        # Nobody knows over which time, and it is not to be lost.
        now_u, extended_u = round(now_u + extended_u, 3), 0.0
    return Dose(
        at=at,
        now_u=now_u,
        extended_u=extended_u,
        duration_min=duration_min,
        programmed_u=round(sum(programmed), 3),
        automatic=word_of(marker.values.get("activationType")) == _AUTOMATIC,
    )


def meal_of(marker: Marker, at: Placed) -> Meal:
    """Return the meal of a marker. Raises ``BadRecord``."""
    carbs_g = marker.number("amount", "carbs")
    if carbs_g is None:
        raise BadRecord("a meal has no amount")
    return Meal(at, amount_of(carbs_g, most=MOST_CARBS_G, what="meal"))


def treatments_of(doses: Iterable[Dose], meals: Sequence[Meal], scope: Scope) -> tuple[list[Document], list[str]]:
    """Return the treatments, and the identifiers of meals that stand alone no longer since a bolus was told for them.

    Of two records of one second the one that says more was delivered counts: a bolus cannot begin twice in it.
    """
    given = _one_each_second(one for one in doses if one.delivered_u)
    eaten = list({one.at.at_ms: one for one in reversed(meals) if one.carbs_g}.values())
    meal_with = _paired(given, eaten)
    made = [_bolus(dose, meal_with.get(dose.at.at_ms), scope) for dose in given]
    together = {meal.at.at_ms for meal in meal_with.values()}
    alone = [one for one in eaten if one.at.at_ms not in together]
    made += [carb_correction(carbs_g=one.carbs_g, **scope.act("meal", one.at)) for one in alone]
    return made, [scope.name("meal", at_ms) for at_ms in sorted(together)]


def _bolus(dose: Dose, meal: Meal | None, scope: Scope) -> Document:
    notes = ""
    if dose.programmed_u and abs(dose.programmed_u - dose.delivered_u) > 0.0005:
        notes = f"Programmed {dose.programmed_u:g} U, delivered {dose.delivered_u:g} U"
    return combo_bolus(
        now_u=dose.now_u,
        extended_u=dose.extended_u,
        duration_min=dose.duration_min,
        carbs_g=meal.carbs_g if meal else 0,
        automatic=dose.automatic,
        **scope.act("bolus", dose.at, notes),
    )


def _paired(doses: Sequence[Dose], meals: Sequence[Meal]) -> dict[int, Meal]:
    """Return the meal of each bolus that has one, by the bolus's instant: the closest pairs first, each once.

    What the pump gave by itself was not given for a meal.
    """
    near = sorted(
        (apart_ms, dose.at.at_ms, meal.at.at_ms, meal)
        for dose in doses
        for meal in meals
        if not dose.automatic and (apart_ms := abs(dose.at.at_ms - meal.at.at_ms)) <= TOGETHER_MS
    )
    found: dict[int, Meal] = {}
    taken: set[int] = set()
    for _, dose_ms, meal_ms, meal in near:
        if dose_ms not in found and meal_ms not in taken:
            found[dose_ms] = meal
            taken.add(meal_ms)
    return found


def _one_each_second(doses: Iterable[Dose]) -> list[Dose]:
    found: dict[int, Dose] = {}
    for dose in doses:
        known = found.get(dose.at.at_ms)
        if known is None or dose.delivered_u >= known.delivered_u:
            found[dose.at.at_ms] = dose
    return list(found.values())


def _units(marker: Marker, *names: str) -> float:
    return amount_of(marker.number(*names), most=MOST_INSULIN_U, what="insulin")


def _minutes(told: float) -> float:
    """Return a length in minutes: a number no bolus can last is in seconds, and one no such number can be in ms."""
    if told <= 0:
        return 0.0
    for per_minute in (1, 60, 60_000):
        if told / per_minute <= _LONGEST_MIN:
            return round(told / per_minute, 3)
    return 0.0
