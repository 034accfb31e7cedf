"""``cage``, ``sage``, ``iage``, ``bage``: what a person wears has reached an age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.alarms.notice import Notice, hash_of
from app.alarms.rules.finding import NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.live.ages import BATTERY, CANNULA, INSULIN, Worn, sensor_worn, worn
from app.live.present import Present


@dataclass(frozen=True, slots=True)
class _Words:
    """How a thing is called, and what is to be done about it."""

    name: str
    by_level: Mapping[Level, str]


_SAID = {
    "cage": _Words(
        "Cannula",
        {
            Level.URGENT: "Cannula change overdue!",
            Level.WARN: "Time to change cannula",
            Level.INFO: "Change cannula soon",
        },
    ),
    "iage": _Words(
        "Insulin reservoir",
        {
            Level.URGENT: "Insulin reservoir change overdue!",
            Level.WARN: "Time to change insulin reservoir",
            Level.INFO: "Change insulin reservoir soon",
        },
    ),
    "bage": _Words(
        "Pump battery",
        {
            Level.URGENT: "Pump Battery change overdue!",
            Level.WARN: "Time to change pump battery",
            Level.INFO: "Change pump battery soon",
        },
    ),
    "sage": _Words(
        "Sensor",
        {
            Level.URGENT: "Sensor change/restart overdue!",
            Level.WARN: "Time to change/restart sensor",
            Level.INFO: "Change/restart sensor soon",
        },
    ),
}


def cage(situation: Situation) -> Finding:
    """Find a cannula that has reached an age."""
    return _found("cage", _worn(situation.present, CANNULA, "CAGE"))


def iage(situation: Situation) -> Finding:
    """Find insulin in the reservoir that has reached an age."""
    return _found("iage", _worn(situation.present, INSULIN, "IAGE"))


def bage(situation: Situation) -> Finding:
    """Find a pump battery that has reached an age."""
    return _found("bage", _worn(situation.present, BATTERY, "BAGE"))


def sage(situation: Situation) -> Finding:
    """Find a sensor that has reached an age since it was started or changed."""
    present = situation.present
    return _found("sage", sensor_worn(present.treatments, present.now_ms, present.settings)[1])


def age_notice(plugin: str, found: Worn) -> Notice | None:
    """Return what is to be said of an age by ``cage`` or one of its like; None while there is nothing to say."""
    age, level, said = found.age, found.alert, _SAID[plugin]
    if age is None or level is None:
        return None
    how_old = f"{age.days} days {age.hours} hours" if plugin == "sage" else f"{age.age_h} hours"
    title = f"{said.name} age {how_old}"
    return Notice(
        level=level,
        plugin=plugin,
        title=title,
        message=said.by_level[level],
        group=plugin.upper(),
        sound="persistent" if level is Level.URGENT else "incoming",
        notifyhash="" if level >= Level.WARN else hash_of({"eventType": title, "timestamp": age.at_ms}),
    )


def _worn(present: Present, change: str, feature: str) -> Worn:
    return worn(present.treatments, change, present.now_ms, present.settings, feature)


def _found(plugin: str, found: Worn) -> Finding:
    notice = age_notice(plugin, found)
    return Finding((notice,)) if notice else NOTHING
