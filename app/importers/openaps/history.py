"""Turns a pump's history into treatments: what the pump wrote as several records is one act again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.glucose.units import Unit, from_unit
from app.importers.format import Found, Item, Rejected, Said
from app.importers.openaps.events import Event
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
    treatment,
)
from app.records.sources.documents import (
    HIGHEST_MGDL,
    HOUR_MS,
    MINUTE_MS,
    BadRecord,
    amount_of,
    glucose_of,
    identifier_of,
    meter_entry,
)

VENDOR = "openaps"
SOURCE = "nightlight-import openaps"

_TOGETHER_MS = MINUTE_MS
_SAME_STICK_MS = 5 * MINUTE_MS
STICKS = ("CalBGForPH", "BGReceived")
_READ_WITH_ANOTHER = frozenset({"TempBasalDuration", "PumpResume", "Prime"})


class History:
    """All events of a file's pump histories, in order of time."""

    def __init__(self, events: Sequence[Event], unit: Unit) -> None:
        unique = {event.key: event for event in events}
        self._events = sorted(unique.values(), key=lambda event: (event.at_ms, event.key[0] != "BolusWizard"))
        self._unit = unit
        self._by_type: dict[str, list[Event]] = {}
        for one in self._events:
            self._by_type.setdefault(one.type, []).append(one)
        self._meals = self._meals_by_bolus()
        self._stick_before: tuple[int, int] | None = None
        self._of: Mapping[str, Callable[[Event], Iterator[Found]]] = {
            "Bolus": self._bolus,
            "BolusWizard": self._meal_alone,
            "JournalEntryMealMarker": self._meal_alone,
            "TempBasal": self._temp_basal,
            "PumpSuspend": self._suspend,
            "Rewind": self._rewind,
            **dict.fromkeys(STICKS, self._stick),
        }

    def items(self) -> Iterator[Item]:
        """Yield a document for every act, and say what is left out."""
        unread = set()
        for one in self._events:
            make = self._of.get(one.type)
            if make is None:
                unread |= {one.type} - _READ_WITH_ANOTHER
                continue
            try:
                yield from make(one)
            except BadRecord as problem:
                yield Rejected(one.place, str(problem))
        yield from self._primes_alone()
        if unread:
            yield Said(f"Records of the pump that are not imported: {', '.join(sorted(unread))[:300]}.")

    def _meals_by_bolus(self) -> dict[int, float]:
        """Return the grams eaten with a bolus, by the bolus: each meal goes to the nearest within a minute."""
        found: dict[int, float] = {}
        for meal in self._by_type.get("BolusWizard", ()):
            grams = _carbs(meal)
            near = [
                one for one in self._near("Bolus", meal.at_ms, _TOGETHER_MS) if _insulin(one) and id(one) not in found
            ]
            if grams and near:
                found[id(min(near, key=lambda one: abs(one.at_ms - meal.at_ms)))] = grams
                found[id(meal)] = 0.0
        return found

    def _bolus(self, one: Event) -> Iterator[Found]:
        units = amount_of(one.record.get("amount"), most=MOST_INSULIN_U, what="insulin")
        if not units:
            return
        length_min = amount_of(one.record.get("duration"), most=LONGEST_MIN, what="duration")
        grams, act = self._meals.get(id(one), 0.0), _act(one, "bolus", f"{units:g}")
        if length_min:
            made = combo_bolus(now_u=0, extended_u=units, duration_min=length_min, carbs_g=grams, **act)
        else:
            made = bolus(insulin_u=units, carbs_g=grams, **act)
        yield Found("treatments", made, one.place)

    def _meal_alone(self, one: Event) -> Iterator[Found]:
        grams = amount_of(one.record.get("carb_input"), most=MOST_CARBS_G, what="carbohydrate")
        if grams and id(one) not in self._meals:
            yield Found("treatments", carb_correction(carbs_g=grams, **_act(one, "carbs", f"{grams:g}")), one.place)

    def _temp_basal(self, one: Event) -> Iterator[Found]:
        lengths = self._near("TempBasalDuration", one.at_ms, 1000)
        if not lengths:
            raise BadRecord("a temporary basal rate without its duration")
        length_min = amount_of(lengths[0].record.get("duration (min)"), most=LONGEST_MIN, what="duration")
        rate = amount_of(one.record.get("rate"), most=1000, what="rate")
        act = _act(one, "temp-basal", "")
        if not length_min:
            made = treatment("Temp Basal", act, duration=0)
        elif one.record.get("temp") == "percent":
            made = treatment("Temp Basal", act, percent=rate - 100, duration=length_min)
        elif rate > MOST_RATE_U_PER_H:
            raise BadRecord("the rate is no amount")
        else:
            made = temp_basal(rate_u_per_h=rate, duration_min=length_min, **act)
        yield Found("treatments", made, one.place)

    def _suspend(self, one: Event) -> Iterator[Found]:
        resumed, again = self._next("PumpResume", one.at_ms), self._next("PumpSuspend", one.at_ms)
        if resumed is None or (again and again.at_ms < resumed.at_ms):
            act = _act(one, "suspend", "")
            act["notes"] = "Pump suspended"
            yield Found("treatments", event("Note", **act), one.place)
            return
        length_min = (resumed.at_ms - one.at_ms) / MINUTE_MS
        made = temp_basal(rate_u_per_h=0, duration_min=length_min, **_act(one, "suspend", ""))
        yield Found("treatments", made, one.place)

    def _rewind(self, one: Event) -> Iterator[Found]:
        """Yield an Insulin Change for a rewind, and one Site Change for the primes that follow it."""
        earlier = self._near("Rewind", one.at_ms - HOUR_MS // 2, HOUR_MS // 2 - 1)
        if earlier:
            return
        yield Found("treatments", event("Insulin Change", **_act(one, "insulin-change", "")), one.place)
        primes = self._near("Prime", one.at_ms + HOUR_MS // 2, HOUR_MS // 2)
        if primes:
            last = next((each for each in reversed(primes) if each.record.get("type") == "fixed"), primes[-1])
            yield Found("treatments", event("Site Change", **_act(last, "site-change", "")), last.place)

    def _primes_alone(self) -> Iterator[Item]:
        """Yield a Site Change where a cannula was filled without a rewind."""
        before_ms = 0
        for one in self._by_type.get("Prime", ()):
            if one.record.get("type") != "fixed" or one.at_ms - before_ms < HOUR_MS:
                continue
            if not self._near("Rewind", one.at_ms - HOUR_MS // 2, HOUR_MS // 2):
                before_ms = one.at_ms
                yield Found("treatments", event("Site Change", **_act(one, "site-change", "")), one.place)

    def _stick(self, one: Event) -> Iterator[Found]:
        """Yield a finger stick; the meter and the pump both write it down."""
        amount = one.record.get("amount")
        if not isinstance(amount, int | float) or not 0 < amount <= HIGHEST_MGDL:
            return
        mgdl = glucose_of(from_unit(amount, self._unit))
        before = self._stick_before
        if before and before[1] == mgdl and one.at_ms - before[0] <= _SAME_STICK_MS:
            return
        self._stick_before = (one.at_ms, mgdl)
        entry = meter_entry(
            identifier=identifier_of(VENDOR, "", "mbg", one.at_ms),
            at_ms=one.at_ms,
            glucose_mgdl=mgdl,
            device=SOURCE,
            offset_min=one.offset_min,
        )
        yield Found("entries", entry, one.place)
        yield Found("treatments", bg_check(glucose_mgdl=mgdl, **_act(one, "bg-check", "")), one.place)

    def _next(self, type: str, at_ms: int) -> Event | None:
        events = self._by_type.get(type, [])
        place = bisect_right(events, at_ms, key=lambda each: each.at_ms)
        return events[place] if place < len(events) else None

    def _near(self, type: str, at_ms: int, reach_ms: int) -> Sequence[Event]:
        events = self._by_type.get(type, [])
        first = bisect_left(events, at_ms - reach_ms, key=lambda each: each.at_ms)
        return events[first : bisect_right(events, at_ms + reach_ms, key=lambda each: each.at_ms)]


def _act(one: Event, kind: str, value: str) -> Act:
    return Act(
        identifier=identifier_of(VENDOR, "", kind, f"{one.at_ms}|{value}"),
        at_ms=one.at_ms,
        entered_by=SOURCE,
        offset_min=one.offset_min,
    )


def _insulin(one: Event) -> float:
    return _or_none(one.record.get("amount"), MOST_INSULIN_U)


def _carbs(one: Event) -> float:
    return _or_none(one.record.get("carb_input"), MOST_CARBS_G)


def _or_none(value: object, most: float) -> float:
    try:
        return amount_of(value, most=most, what="amount")
    except BadRecord:
        return 0.0
