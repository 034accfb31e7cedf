"""What will happen on a day: meals, sport, changes of site and sensor, what goes wrong; in minutes from its begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from app.demo.chance import chance
from app.demo.child import DAY_BEGINS_HOUR, Child

SITE_DAYS = 3
SENSOR_DAYS = 10
WARM_UP_MIN = 120
GAP_MIN = 40
FORTNIGHT = 14

_DIP_DAY, _GAP_DAY = 5, 9  # of each fortnight
_FOOTBALL_DAYS, _SWIMMING_DAY = (1, 3), 5  # Tuesday and Thursday; Saturday
_NOTES = (
    "Birthday party at school",
    "Slept badly, a bit of a cold",
    "Grandma cooked, carbs guessed",
    "Long walk in the afternoon",
    "Pump off for the bath",
)


@dataclass(frozen=True, slots=True)
class Meal:
    """What was eaten and what was counted (g), and how many minutes after the first bite (or before) the bolus came."""

    at_min: int
    name: str
    carbs: float
    counted: int
    bolus_after_min: int
    by: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the day."""

    from_min: int
    until_min: int
    name: str = ""

    def __contains__(self, minute: int) -> bool:
        return self.from_min <= minute < self.until_min


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A day before it happens; ``None`` and empty where something does not happen on it.

    ``dip`` is a false low while the child lies on the sensor, ``gap`` a stretch in which nothing is received. ``need``
    is the basal the body wants as a share of the scheduled one.
    """

    meals: tuple[Meal, ...]
    sport: Span | None
    site_change_min: int | None
    sensor_change_min: int | None
    dip: Span | None
    gap: Span | None
    finger_stick_min: int
    note: tuple[int, str] | None
    need: float
    begins_at_mgdl: float


def plan_of(child: Child, day: date) -> DayPlan:
    """Return the plan of a day of this child's life."""
    draw = chance(child.seed, "plan", day)
    number = day.toordinal()
    return DayPlan(
        meals=tuple(_meals(draw, day)),
        sport=_sport(draw, day),
        site_change_min=_clock(17, draw.randint(0, 50)) if number % SITE_DAYS == 0 else None,
        sensor_change_min=_clock(18, draw.randint(0, 50)) if number % SENSOR_DAYS == 0 else None,
        dip=Span(_clock(26, 20), _clock(26, 58)) if number % FORTNIGHT == _DIP_DAY else None,
        gap=Span(_clock(13, 46), _clock(13, 46) + GAP_MIN) if number % FORTNIGHT == _GAP_DAY else None,
        finger_stick_min=_clock(6, 40 + draw.randint(0, 19)),
        note=(_clock(14, draw.randint(0, 59)), draw.choice(_NOTES)) if number % 3 == 1 else None,
        need=draw.uniform(0.75, 1.2),
        begins_at_mgdl=begins_at_mgdl(child, day),
    )


def begins_at_mgdl(child: Child, day: date) -> float:
    """Return where glucose is at the begin of a day, which the night before leads to."""
    return chance(child.seed, "begin", day).uniform(95, 130)


def _clock(hour: int, minute: int) -> int:
    return 60 * (hour - DAY_BEGINS_HOUR) + minute


def _meals(draw: Random, day: date) -> list[Meal]:
    school = day.weekday() < 5
    late = 0 if school else 75
    forgotten = day.toordinal() % 5 == 2
    away = "School" if school else "Dad"
    meals = [
        _meal(draw, _clock(7, 5) + late, "Breakfast", 45, (-15, 5), "Mum"),
        _meal(draw, _clock(10, 15) + late // 2, "Snack", 15, (0, 10), away),
        _meal(draw, _clock(12, 35), "Lunch", 55, (-10, 15), away),
        _meal(draw, _clock(15, 45), "Snack", 20, (0, 15), "Mum"),
        _meal(draw, _clock(18, 40), "Dinner", 60, (40, 50) if forgotten else (-15, 10), "Dad"),
    ]
    if draw.random() < 0.25:
        meals.append(_meal(draw, _clock(20, 30), "Before bed", 12, (0, 5), "Mum"))
    return meals


def _meal(draw: Random, around_min: int, name: str, usual: float, bolus: tuple[int, int], by: str) -> Meal:
    carbs = usual * draw.uniform(0.75, 1.3)
    counted = max(5, 5 * round(carbs * draw.uniform(0.75, 1.4) / 5))
    return Meal(around_min + draw.randint(-12, 25), name, carbs, counted, draw.randint(*bolus), by)


def _sport(draw: Random, day: date) -> Span | None:
    if day.weekday() in _FOOTBALL_DAYS:
        start = _clock(16, draw.randint(20, 40))
        return Span(start, start + 50, "Football")
    if day.weekday() == _SWIMMING_DAY:
        start = _clock(10, draw.randint(50, 59))
        return Span(start, start + 60, "Swimming")
    return None
