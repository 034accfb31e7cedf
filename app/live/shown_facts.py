"""The small facts under the chart: what loop, pump, sensor and phone last said, as text, with what needs doing soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.glucose.units import half_up
from app.glucose.words import span_text
from app.live.amounts import grams_text, rate_text, reservoir_text, units_text
from app.live.devices import sensor_days
from app.live.picture import Fact, Picture
from app.live.sight import Sight

Level = Literal["", "soon", "now"]

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

GREY_AFTER_MS = 15 * _MINUTE_MS
LOOP_LATE_MS = 30 * _MINUTE_MS
"""Nightscout's OPENAPS_WARN and LOOP_WARN; their URGENT is twice that."""

PUMP_LATE_MS = 60 * _MINUTE_MS
"""Nightscout's PUMP_URGENT_CLOCK."""

_FORGOTTEN_MS = 2 * _HOUR_MS  # an older dose on board or rate says nothing about now
_SITE_SOON_MS, _SITE_NOW_MS = 48 * _HOUR_MS, 72 * _HOUR_MS  # CAGE_WARN, CAGE_URGENT
_SENSOR_SOON_MS, _SENSOR_NOW_MS = 24 * _HOUR_MS, 2 * _HOUR_MS  # before its end
_RESERVOIR_SOON_U, _RESERVOIR_NOW_U = 10, 5  # PUMP_WARN_RES, PUMP_URGENT_RES
_PHONE_SOON_PERCENT, _PHONE_NOW_PERCENT = 30, 20  # UPBAT_WARN, UPBAT_URGENT


@dataclass(frozen=True, slots=True)
class ShownFact:
    """A name and a text with its unit; ``level`` says how soon something needs doing, ``grey`` that it may be over."""

    name: str
    text: str
    level: Level = ""
    grey: bool = False


def shown_facts(picture: Picture, sight: Sight) -> tuple[ShownFact, ...]:
    """Return what is known of these eight, in this order: IOB, COB, basal, loop, reservoir, sensor, site, phone."""
    facts, now_ms = picture.facts, sight.now_ms
    return tuple(
        shown
        for shown in (
            _derived("IOB", facts.iob, units_text, sight),
            _derived("COB", facts.cob, _whole_grams, sight),
            _derived("Basal", facts.basal or _running_basal(picture, now_ms), rate_text, sight),
            _loop(facts.loop, now_ms),
            _reservoir(facts.reservoir, now_ms),
            _sensor(facts.sensor_started_ms, sight),
            _site(facts.site_changed_ms, now_ms),
            _phone(facts.phone_battery, now_ms),
        )
        if shown
    )


def sensor_day(started_ms: int, now_ms: int, days: int | None) -> str:
    """Return which day of the sensor's life it is, ``6 of 10``, or just ``6`` where nobody knows how many it has."""
    day = max(0, now_ms - started_ms) // _DAY_MS + 1
    return f"{day} of {days}" if days else f"{day}"


def _derived(name: str, fact: Fact | None, text: Callable[[float], str], sight: Sight) -> ShownFact | None:
    if fact is None or sight.now_ms - fact.at_ms > _FORGOTTEN_MS:
        return None
    grey = sight.now_ms - fact.at_ms > GREY_AFTER_MS or (sight.reading is not None and not sight.state.current)
    return ShownFact(name, fact.value if isinstance(fact.value, str) else text(fact.value), grey=grey)


def _whole_grams(grams: float) -> str:
    return grams_text(half_up(grams))


def _running_basal(picture: Picture, now_ms: int) -> Fact | None:
    """Return the temporary rate that runs now by the treatments, where no device reports one."""
    for treatment in reversed(picture.treatments):
        if "Temp Basal" in treatment.event_type and treatment.at_ms <= now_ms:
            until_ms = treatment.at_ms + (treatment.duration_min or 0) * _MINUTE_MS
            runs = treatment.absolute is not None and until_ms > now_ms
            return Fact(treatment.absolute, now_ms) if runs and treatment.absolute is not None else None
    return None


def _loop(fact: Fact | None, now_ms: int) -> ShownFact | None:
    if fact is None:
        return None
    age_ms = now_ms - fact.at_ms
    level = _level(age_ms >= LOOP_LATE_MS, age_ms >= 2 * LOOP_LATE_MS)
    return ShownFact("Loop", span_text(age_ms), level, grey=not level and age_ms > GREY_AFTER_MS)


def _reservoir(fact: Fact | None, now_ms: int) -> ShownFact | None:
    if fact is None:
        return None
    grey = now_ms - fact.at_ms > PUMP_LATE_MS
    if isinstance(fact.value, str):
        return ShownFact("Reservoir", fact.value, grey=grey)
    level = _level(fact.value < _RESERVOIR_SOON_U, fact.value < _RESERVOIR_NOW_U)
    return ShownFact("Reservoir", reservoir_text(fact.value), level, grey)


def _sensor(started_ms: int | None, sight: Sight) -> ShownFact | None:
    if started_ms is None:
        return None
    days = sensor_days(sight.reading.device) if sight.reading else None
    left_ms = started_ms + (days or 0) * _DAY_MS - sight.now_ms
    level = _level(left_ms < _SENSOR_SOON_MS, left_ms < _SENSOR_NOW_MS) if days else ""
    return ShownFact("Sensor", f"{sensor_day(started_ms, sight.now_ms, days)} d", level)


def _site(changed_ms: int | None, now_ms: int) -> ShownFact | None:
    if changed_ms is None:
        return None
    age_ms = now_ms - changed_ms
    return ShownFact("Site", span_text(age_ms), _level(age_ms >= _SITE_SOON_MS, age_ms >= _SITE_NOW_MS))


def _phone(fact: Fact | None, now_ms: int) -> ShownFact | None:
    if fact is None or isinstance(fact.value, str):
        return None
    level = _level(fact.value <= _PHONE_SOON_PERCENT, fact.value <= _PHONE_NOW_PERCENT)
    return ShownFact("Phone", f"{fact.value:.0f} %", level, grey=now_ms - fact.at_ms > GREY_AFTER_MS)


def _level(soon: bool, now: bool) -> Level:
    return "now" if now else "soon" if soon else ""
