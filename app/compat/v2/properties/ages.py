"""``cage``, ``sage``, ``iage``, ``bage``: how old what a person wears is."""

from __future__ import annotations

from typing import Any

from app.alarms.rules.ages import age_notice
from app.compat.v2.properties.notification import notification
from app.compat.wire import given
from app.glucose.ages import NOT_FOUND_TEXT, Age
from app.live.ages import BATTERY, CANNULA, INSULIN, SENSOR_CHANGE, SENSOR_START, Worn, sensor_worn, worn
from app.live.present import Present
from app.live.treated import Treated

Property = dict[str, Any]


def cage(present: Present) -> Property:
    """Return the age of the cannula."""
    found = worn(present.treatments, CANNULA, present.now_ms, present.settings, "CAGE")
    shown = _text(found.age, in_hours=present.settings["CAGE_DISPLAY"] != "days")
    return _told(found) | {"checkForAlert": False, "display": shown} | notification(age_notice("cage", found))


def iage(present: Present) -> Property:
    """Return the age of the insulin in the reservoir."""
    found = worn(present.treatments, INSULIN, present.now_ms, present.settings, "IAGE")
    shown = given(display=found.age.days_text if found.age else None)
    return _told(found) | shown | notification(age_notice("iage", found))


def bage(present: Present) -> Property:
    """Return the age of the pump's battery."""
    found = worn(present.treatments, BATTERY, present.now_ms, present.settings, "BAGE")
    shown = _text(found.age, in_hours=present.settings["BAGE_DISPLAY"] == "hours")
    told = _told(found) | {"checkForAlert": False, "display": shown}
    return told | notification(age_notice("bage", found))


def sage(present: Present) -> Property:
    """Return the ages since a sensor was started and since it was changed; ``min`` names the one that counts."""
    ages, found = sensor_worn(present.treatments, present.now_ms, present.settings)
    property: Property = {SENSOR_START: _sensor(ages.start), SENSOR_CHANGE: _sensor(ages.change)}
    property[ages.newest_name] |= {"level": found.level}
    property[ages.newest_name] |= notification(age_notice("sage", found))
    return property | {"min": ages.newest_name}


def _told(found: Worn) -> Property:
    age = found.age
    if age is None:
        return {"found": False, "age": 0, "treatmentDate": None, "level": found.level}
    return _found(age) | {"level": found.level}


def _found(age: Age[Treated]) -> Property:
    return {
        "found": True,
        "age": age.age_h,
        "treatmentDate": age.at_ms,
        "days": age.days,
        "hours": age.hours,
        "minFractions": age.min_fractions,
    } | given(notes=age.event.document.get("notes"))


def _sensor(age: Age[Treated] | None) -> Property:
    if age is None:
        return {"found": False}
    return _found(age) | {"display": age.days_text, "displayLong": age.long_text}


def _text(age: Age[Treated] | None, *, in_hours: bool) -> str:
    if age is None:
        return NOT_FOUND_TEXT
    return age.hours_text if in_hours else age.days_text
