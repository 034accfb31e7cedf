"""``simplealarms`` and ``ar2``: where glucose is and where it goes, by Nightscout's rules where they do no harm.

Nightscout judges the stored number, and takes a sensor's LOW (39 and below) and HIGH for no glucose at all. Here a
reading is judged by its rank: LOW is below every number and HIGH above, whichever rule is on; and where only the
forecast is on, glucose that is very low now is urgent whatever the forecast says.
"""

from __future__ import annotations

from typing import Any

from app.alarms.notice import Loudness, Notice, Side
from app.alarms.rules.finding import NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.glucose.nightscout_texts import js_text
from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import Sense, rank, sense_of
from app.glucose.staleness import age_ms_of
from app.glucose.thresholds import nightscout_names
from app.glucose.trend import computed_direction, direction_named
from app.glucose.units import in_unit
from app.live.measurements import Measurement
from app.live.present import CURRENT_MS, Present

_MINUTE_MS = 60_000
RAISING_MS = 10 * _MINUTE_MS
"""How old a reading may be to raise an alarm (Nightscout's); a very low one raises it for as long as it is current."""

_BEFORE_MS = 15 * _MINUTE_MS
_RECENT = 20


def simplealarms(situation: Situation) -> Finding:
    """Find the last reading beyond a limit."""
    found = _crossed(situation.present, RAISING_MS - 1)
    if found is None:
        return NOTHING
    level, side, loudness = found
    title = f"{level.display} {side.upper()}"
    sound = "persistent" if level is Level.URGENT else "falling" if side is Side.LOW else "climb"
    return Finding((_notice(situation, "simplealarms", title, level, side, loudness, sound),))


def ar2(situation: Situation) -> Finding:
    """Find a forecast that strays too far, and glucose that is very low or beyond the sensor's scale now."""
    expected, now = _expected(situation.present), _beyond_doubt(situation.present)
    if expected is None and now is None:
        return NOTHING
    level, side, loudness = max((found for found in (now, expected) if found), key=lambda found: (found[0], found[2]))
    what = "Check BG" if side is Side.EITHER else side.upper()
    title = f"{level.display}, {what}{' predicted' if _is_inside(situation.present) else ''}"
    sound = "persistent" if level is Level.URGENT else "falling" if side is Side.LOW else "climb"
    return Finding((_notice(situation, "ar2", title, level, side, loudness, sound),))


def age_ms(measured: Measurement, now_ms: int) -> int:
    """Return the age of a reading, never younger than the time since it came."""
    return age_ms_of(now_ms, measured.at_ms, measured.reading.received_ms)


Found = tuple[Level, Side, Loudness]


def _crossed(present: Present, raising_ms: int) -> Found | None:
    """Return which limit the last reading is beyond, where the alarm for it is on and the reading new enough."""
    range_, settings = _range_now(present), present.settings
    if present.last is None or range_ in (None, Range.IN_RANGE):
        return None
    age, side = age_ms(present.last, present.now_ms), Side.LOW if range_ < Range.IN_RANGE else Side.HIGH
    is_extreme = range_ in (Range.VERY_LOW, Range.VERY_HIGH)
    if is_extreme and settings[f"ALARM_URGENT_{side.upper()}"]:
        if age > (CURRENT_MS if side is Side.LOW else raising_ms):
            return None
        return Level.URGENT, side, _loudness(present.last, side)
    return (Level.WARN, side, Loudness.NONE) if settings[f"ALARM_{side.upper()}"] and age <= raising_ms else None


def _beyond_doubt(present: Present) -> Found | None:
    """Return what needs no forecast: very low glucose, and HIGH."""
    range_ = _range_now(present)
    is_off_scale = present.last is not None and sense_of(present.last.mgdl) is Sense.HIGH
    return _crossed(present, RAISING_MS) if range_ is Range.VERY_LOW or is_off_scale else None


def _expected(present: Present) -> Found | None:
    """Return where the forecast leads, from a reading that is new enough."""
    forecast, last, settings = present.forecast, present.last, present.settings
    if forecast is None or last is None or age_ms(last, present.now_ms) > RAISING_MS or forecast.level is Level.NONE:
        return None
    high, low = settings["ALARM_HIGH"], settings["ALARM_LOW"]
    name = forecast.event_name(present.person.thresholds, alarm_high=high, alarm_low=low)
    side = Side(name) if name else Side.EITHER
    is_urgent_low = forecast.level is Level.URGENT and side is Side.LOW
    return forecast.level, side, Loudness.PREDICTED if is_urgent_low else Loudness.NONE


def _loudness(last: Measurement, side: Side) -> Loudness:
    if side is Side.HIGH:
        return Loudness.NONE
    return Loudness.MEASURED if sense_of(last.mgdl) is Sense.NUMBER else Loudness.OFF_SCALE


def _range_now(present: Present) -> Range | None:
    """Return the range of the last reading; that of an error code is known only when glucose was on its way down."""
    if present.last is None:
        return None
    if sense_of(present.last.mgdl) is Sense.ERROR and not _was_falling(present):
        return None
    return range_of(present.last.mgdl, present.person.thresholds)


def _was_falling(present: Present) -> bool:
    """Tell whether glucose fell, or was low, before the error code that is the last reading."""
    last = present.sensor[-1]
    before = [
        one
        for one in present.sensor[-_RECENT:]
        if sense_of(one.mgdl) is not Sense.ERROR and last.at_ms - one.at_ms <= _BEFORE_MS
    ]
    if not before:
        return False
    directions = [direction_named(one.reading.direction) for one in (last, before[-1])]
    directions.append(computed_direction(before))
    is_low = range_of(before[-1].mgdl, present.person.thresholds) < Range.IN_RANGE
    return is_low or any(direction.steepness < 0 for direction in directions)


def _is_inside(present: Present) -> bool:
    """Tell whether the last reading lies strictly between the limits of the target."""
    limits = present.person.thresholds
    return present.last is not None and limits.bottom < rank(present.last.mgdl) < limits.top


def _notice(
    situation: Situation, plugin: str, title: str, level: Level, side: Side, loudness: Loudness, sound: str
) -> Notice:
    present = situation.present
    debug: dict[str, Any] = {"thresholds": nightscout_names(present.person.thresholds)}
    if plugin == "ar2" and present.forecast:
        points = (in_unit(point.mgdl, present.person.unit) for point in present.forecast.points)
        debug["forecast"] = {"predicted": ", ".join(map(js_text, points))}
    else:
        debug["lastSGV"] = in_unit(present.last.mgdl, present.person.unit) if present.last else None
    return Notice(
        level=level,
        plugin=plugin,
        title=title,
        message=situation.message,
        event_name="" if side is Side.EITHER else side.value,
        sound=sound,
        side=side,
        loudness=loudness,
        debug=debug,
    )
