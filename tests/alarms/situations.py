"""What the rules look at, told by hand, at the moment the tests' clock starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.alarms.notice import Notice
from app.alarms.rules.finding import Finding
from app.alarms.rules.table import RULES
from app.alarms.situation import Situation, Troubles, no_troubles
from app.config import load_settings
from app.features import features_of
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.building import reading_of
from app.live.picture import Facts, Picture, Reading
from app.live.present import Present
from app.records.person import Person
from tests.clocks import START_MS
from tests.live.presents import Uploads, documents
from tests.live.uploads import sgv

EVERYTHING = "bgnow rawbg ar2 iob cob bwp pump openaps loop xdripjs cage sage iage bage treatmentnotify careportal"
ALL_ALERTS = {
    f"{feature}_ENABLE_ALERTS": "on"
    for feature in ("UPBAT", "TIMEAGO", "CAGE", "SAGE", "IAGE", "BAGE", "PUMP", "OPENAPS", "LOOP", "XDRIPJS", "DBSIZE")
}


def situation(
    entries: Uploads = (),
    treatments: Uploads = (),
    statuses: Uploads = (),
    profiles: Uploads = (),
    *,
    now_ms: int = START_MS,
    unit: Unit = Unit.MGDL,
    zone: str = "UTC",
    facts: Facts | None = None,
    last_before: Reading | None = None,
    troubles: Troubles = no_troubles,
    watched_since_ms: int | None = None,
    stats: Mapping[str, int] | None = None,
    **environment: str,
) -> Situation:
    """Return the situation of a person over these uploads, with these settings."""
    found = documents(entries, treatments, statuses, profiles, stats=stats or {})
    settings = load_settings(environment)
    person = Person("", zone, unit, Thresholds(55, 80, 180, 260))
    readings = tuple(reading for entry in found.entries if (reading := reading_of(entry)))
    picture = Picture(1, readings, (), facts or Facts(), last_before, found)
    present = Present(found, now_ms, person, settings)
    features = features_of(settings)
    return Situation(present, picture, features, troubles=troubles, watched_since_ms=watched_since_ms)


def readings(*mgdl: float, apart_min: float = 5, ago_min: float = 0, **fields: Any) -> list[dict[str, Any]]:
    """Return entries of these values, the last ``ago_min`` minutes ago."""
    count = len(mgdl)
    return [sgv(ago_min + apart_min * (count - 1 - place), one, **fields) for place, one in enumerate(mgdl)]


def found_by(plugin: str, *arguments: Any, **named: Any) -> Finding:
    """Return what one rule finds in a situation in which all features and alerts are on."""
    return RULES[plugin](situation(*arguments, **{"ENABLE": EVERYTHING, **ALL_ALERTS, **named}))


def only(finding: Finding) -> Notice:
    """Return the one notice there is."""
    [notice] = finding.notices
    return notice
