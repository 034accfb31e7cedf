"""A day of the made-up child's life, minute by minute: body, sensor, loop, and the people around it.

Days are made one by one, each from its own plan, so that any moment can be had without all that came before. The seam
is at four in the morning: before it, glucose drifts to where the next day begins, and what insulin is left fades.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from app.demo.body import SLOW_CARBS_PEAK_MIN, Body, Depot
from app.demo.chance import wandering
from app.demo.child import BASAL, RATIOS, SENSITIVITY_MGDL, TARGET_MGDL, Child, scheduled
from app.demo.loop import Decision, Known, decide, predicted
from app.demo.plans import WARM_UP_MIN, DayPlan, Meal, Span, begins_at_mgdl, plan_of
from app.glucose.units import half_up

MINUTE_MS = 60_000
STEP_MIN = 5
READING_MS = STEP_MIN * MINUTE_MS

_LOW_MGDL, _HIGHEST_SHOWN_MGDL, _HIGH_MGDL = 39, 400, 401
_RESCUE_BELOW_MGDL, _RESCUE_G, _RESCUE_EVERY_MIN = 67, 8, 20
_CORRECT_ABOVE_MGDL, _CORRECT_EVERY_MIN = 250, 150
_SEAM_MIN, _SEAM_SHARE = 90, 0.04
_TEMP_BASAL_MIN = 30
_WORTH_A_CHANGE = 0.3  # U/h; a loop leaves a rate that is nearly right
_DIP_MGDL = 48
_SPORT_TARGET_MGDL = 150


@dataclass(frozen=True, slots=True)
class Given:
    """Something a person or the loop did: the words and numbers of a treatment, at a minute of the day."""

    at_min: int
    event_type: str
    by: str
    insulin: float = 0.0
    carbs: float = 0.0
    minutes: int = 0
    rate: float | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class LoopRun:
    """What the loop knew, decided and expected in one run."""

    at_min: int
    known: Known
    decision: Decision
    predicted: tuple[int, ...]


@dataclass(slots=True)
class LivedDay:
    """A day as it went; each minute has what the sensor's place held (``sensed``, mg/dL) and the insulin given (U)."""

    plan: DayPlan
    begin_ms: int
    minutes: int
    sensed: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    runs: list[LoopRun] = field(default_factory=list)

    @property
    def end_ms(self) -> int:
        """When the next day begins."""
        return self.begin_ms + self.minutes * MINUTE_MS

    def silent(self, minute: int) -> bool:
        """Tell whether no reading comes at a minute: nothing is received, or a new sensor warms up."""
        changed = self.plan.sensor_change_min
        warming = changed is not None and changed <= minute < changed + WARM_UP_MIN
        return warming or self.unheard(minute)

    def unheard(self, minute: int) -> bool:
        """Tell whether nothing at all is received at a minute."""
        return self.plan.gap is not None and minute in self.plan.gap


@lru_cache(maxsize=64)
def lived_day(child: Child, day: date) -> LivedDay:
    """Return a day of this child's life."""
    return _Life(child, day).live()


def sensor_glucose(child: Child, lived: LivedDay, at_ms: int) -> int:
    """Return what the sensor shows at an instant of the day (mg/dL): off by its error, cut to its scale."""
    past = (at_ms - lived.begin_ms) / MINUTE_MS
    before = min(int(past), len(lived.sensed) - 1)
    after = min(before + 1, len(lived.sensed) - 1)
    held = lived.sensed[before] + (lived.sensed[after] - lived.sensed[before]) * (past - before)
    return shown_glucose(child, lived.plan, held, at_ms, past)


def shown_glucose(child: Child, plan: DayPlan, held: float, at_ms: int, minute: float) -> int:
    """Return what a sensor shows when its place holds ``held`` mg/dL."""
    drift = wandering(child.seed, "drift", at_ms, 40 * MINUTE_MS)
    noise = wandering(child.seed, "noise", at_ms, READING_MS - 7000)
    shown = half_up(held * (1 + 0.04 * drift + 0.012 * noise) - _DIP_MGDL * _depth(plan.dip, minute))
    if shown > _HIGHEST_SHOWN_MGDL:
        return _HIGH_MGDL
    return int(max(shown, _LOW_MGDL))


def _depth(dip: Span | None, minute: float) -> float:
    """Return how deep in a false low the sensor is, 0 to 1: it sets in within ten minutes and leaves in fifteen."""
    if dip is None:
        return 0.0
    return max(0.0, min(1.0, (minute - dip.from_min) / 10, (dip.until_min - minute) / 15))


class _Life:
    """The day while it is lived."""

    def __init__(self, child: Child, day: date) -> None:
        self._child = child
        self._plan = plan_of(child, day)
        self._next_begins_at = begins_at_mgdl(child, day + timedelta(days=1))
        begin_ms = child.begin_ms(day)
        minutes = (child.begin_ms(day + timedelta(days=1)) - begin_ms) // MINUTE_MS
        self._lived = LivedDay(self._plan, begin_ms, minutes)
        start = self._plan.begins_at_mgdl
        self._body = Body(start, start, SENSITIVITY_MGDL)
        self._on_board = Depot(self._body.insulin.peak_min)
        self._counted_carbs = Depot(SLOW_CARBS_PEAK_MIN)
        self._temp: tuple[int, float] | None = None
        self._dose = 0.0
        self._last_shown: int | None = None
        self._last_rescue_min = self._last_correction_min = -1000

    def live(self) -> LivedDay:
        for minute in range(self._lived.minutes):
            self._minute(minute)
        self._end_temp(self._lived.minutes)
        self._lived.given.sort(key=lambda given: given.at_min)
        return self._lived

    def _minute(self, minute: int) -> None:
        hour = self._child.local(self._lived.begin_ms + minute * MINUTE_MS).hour
        scheduled_rate = scheduled(BASAL, hour)
        self._dose = 0.0
        self._people(minute, hour)
        if minute % STEP_MIN == 0:
            self._loop(minute, hour, scheduled_rate)
        rate = self._rate(minute, scheduled_rate)
        self._lived.delivered.append(self._dose + rate / 60)
        net = self._dose + (rate - scheduled_rate) / 60
        self._on_board.take(net)
        self._on_board.minute()
        self._counted_carbs.minute()
        self._pass(minute, net, scheduled_rate, SENSITIVITY_MGDL / scheduled(RATIOS, hour))
        self._lived.sensed.append(self._body.sensed)

    def _pass(self, minute: int, net_insulin: float, scheduled_rate: float, carb_rise_mgdl: float) -> None:
        mood = wandering(self._child.seed, "need", self._lived.begin_ms + minute * MINUTE_MS, 150 * MINUTE_MS)
        need = scheduled_rate * (self._plan.need + 0.6 * mood - 1)
        drift = SENSITIVITY_MGDL * need / 60
        if self._lived.minutes - minute <= _SEAM_MIN:
            drift += (self._next_begins_at - self._body.glucose) * _SEAM_SHARE
            for depot in (self._body.insulin, self._on_board):
                depot.fade(_SEAM_SHARE)
        exercising = self._plan.sport is not None and minute in self._plan.sport
        self._body.minute(
            net_insulin=net_insulin, carb_rise_mgdl=carb_rise_mgdl, exercising=exercising, drift_mgdl=drift
        )

    def _people(self, minute: int, hour: int) -> None:
        plan = self._plan
        for meal in plan.meals:
            self._meal(meal, minute, hour)
        if minute == plan.site_change_min:
            self._give(Given(minute, "Site Change", "Dad"))
            self._give(Given(minute, "Insulin Change", "Dad"))
        if minute == plan.sensor_change_min:
            self._give(Given(minute, "Sensor Start", "Mum"))
        if plan.sport and minute == plan.sport.from_min:
            length = plan.sport.until_min - plan.sport.from_min
            self._give(Given(minute, "Exercise", "Mum", minutes=length, notes=plan.sport.name))
        if plan.note and minute == plan.note[0]:
            self._give(Given(minute, "Note", "Mum", notes=plan.note[1]))
        if self._last_shown is not None:
            self._rescue(minute, hour, self._last_shown)
            self._correct(minute, hour, self._last_shown)

    def _meal(self, meal: Meal, minute: int, hour: int) -> None:
        if minute == meal.at_min:
            self._body.slow_carbs.take(meal.carbs)
        if minute == meal.at_min + meal.bolus_after_min:
            dose = half_up(meal.counted / scheduled(RATIOS, hour) / 0.05) * 0.05
            self._dose += dose
            self._counted_carbs.take(meal.counted)
            self._give(Given(minute, "Meal Bolus", meal.by, insulin=dose, carbs=meal.counted, notes=meal.name))

    def _rescue(self, minute: int, hour: int, shown: int) -> None:
        """Give fast sugar against a low; at night somebody has to wake up first."""
        asleep = hour < 6 or hour >= 22
        wait = 15 if asleep else 5
        low_long_enough = shown < _RESCUE_BELOW_MGDL and minute % 20 == wait
        false_low = self._plan.dip is not None and minute in self._plan.dip
        if low_long_enough and not false_low and minute - self._last_rescue_min >= _RESCUE_EVERY_MIN:
            self._last_rescue_min = minute
            self._body.fast_carbs.take(_RESCUE_G)
            by = "Dad" if asleep else "School" if 8 <= hour < 13 else "Mum"
            self._give(Given(minute, "Carb Correction", by, carbs=_RESCUE_G, notes="Glucose tabs"))

    def _correct(self, minute: int, hour: int, shown: int) -> None:
        """Correct a high by hand, in the day, when the loop alone has not got it down."""
        waited = minute - self._last_correction_min >= _CORRECT_EVERY_MIN
        if shown > _CORRECT_ABOVE_MGDL and waited and 7 <= hour < 22 and self._on_board.left < 1.2:
            self._last_correction_min = minute
            dose = half_up((shown - 1.3 * TARGET_MGDL) / SENSITIVITY_MGDL * 0.6 / 0.05) * 0.05
            self._dose += dose
            self._give(Given(minute, "Correction Bolus", "Mum", insulin=dose))

    def _loop(self, minute: int, hour: int, scheduled_rate: float) -> None:
        if self._lived.silent(minute):
            self._last_shown = None
            return
        at_ms = self._lived.begin_ms + minute * MINUTE_MS
        shown = shown_glucose(self._child, self._plan, self._body.sensed, at_ms, minute)
        change = shown - self._last_shown if self._last_shown is not None else 0
        self._last_shown = shown
        around_sport = self._plan.sport and self._plan.sport.from_min - 30 <= minute < self._plan.sport.until_min + 30
        known = Known(
            glucose_mgdl=shown,
            change_mgdl=change,
            iob=self._on_board.left + self._dose,
            cob=self._counted_carbs.left,
            carb_rise_mgdl=SENSITIVITY_MGDL / scheduled(RATIOS, hour),
            scheduled_rate=scheduled_rate,
            target_mgdl=_SPORT_TARGET_MGDL if around_sport else TARGET_MGDL,
        )
        decision = decide(known)
        self._lived.runs.append(LoopRun(minute, known, decision, tuple(predicted(known))))
        self._enact(minute, decision)

    def _enact(self, minute: int, decision: Decision) -> None:
        if decision.micro_bolus:
            self._dose += decision.micro_bolus
            self._give(Given(minute, "Correction Bolus", "Loop", insulin=decision.micro_bolus))
        if self._temp:
            started, rate = self._temp
            good_enough = rate == decision.rate or (decision.rate > 0 and abs(rate - decision.rate) < _WORTH_A_CHANGE)
            if good_enough and minute - started < _TEMP_BASAL_MIN:
                return
        self._end_temp(minute)
        self._temp = (minute, decision.rate)

    def _rate(self, minute: int, scheduled_rate: float) -> float:
        if self._temp and minute - self._temp[0] >= _TEMP_BASAL_MIN:
            self._end_temp(minute)
        return self._temp[1] if self._temp else scheduled_rate

    def _end_temp(self, minute: int) -> None:
        if self._temp:
            started, rate = self._temp
            length = min(minute - started, _TEMP_BASAL_MIN)
            self._give(Given(started, "Temp Basal", "Loop", minutes=length, rate=rate))
            self._temp = None

    def _give(self, given: Given) -> None:
        self._lived.given.append(given)
