"""What ``status.json`` publishes about settings and features."""

from __future__ import annotations

import re
from typing import Any

from app.config import BY_NAME, TABLE, Settings
from app.features import DEFAULT_FEATURES, Features
from app.glucose.thresholds import nightscout_names
from app.glucose.units import Unit
from app.identity.roles import default_role_names
from app.records.numbers import whole
from app.records.person import Person

# fmt: off
# What Nightscout's own pages can show, and whose settings they therefore get.
_CLIENT_FEATURES = frozenset((
    "bgnow", "rawbg", "direction", "timeago", "upbat", "ar2", "errorcodes", "iob", "cob", "careportal", "pump",
    "openaps", "xdripjs", "loop", "override", "bwp", "cage", "sage", "iage", "bage", "basal", "bolus", "boluscalc",
    "profile", "speech", "dbsize", "devicestatus",
))
# fmt: on
_ALWAYS_SHOWN = "delta direction upbat"
_NEVER_PUBLISHED = frozenset({"obscured", "obscureDeviceProvenance", "pushServerEnvironment"})


def published_settings(settings: Settings, features: Features, person: Person) -> dict[str, Any]:
    """Return ``settings`` of ``status.json``: nothing secret, limits in mg/dL."""
    limits = person.thresholds
    published: dict[str, Any] = {
        row.published: _plain(settings[row.name])
        for row in TABLE
        if row.published and not row.secret and row.published not in _NEVER_PUBLISHED
    }
    show = f"{settings['SHOW_PLUGINS']} {_ALWAYS_SHOWN}"
    return published | {
        "units": "mmol" if person.unit is Unit.MMOLL else "mg/dl",
        "authDefaultRoles": " ".join(default_role_names(settings)),
        "timeFormat": int(settings["TIME_FORMAT"]),
        "showPlugins": show + " rawbg" if settings["SHOW_RAWBG"] in ("always", "noise") else show,
        "alarmTypes": features.alarm_types,
        "thresholds": nightscout_names(limits),
        "enable": [name for name in features.enabled if name not in settings["OBSCURED"]],
        "DEFAULT_FEATURES": DEFAULT_FEATURES,
    }


def extended_settings(settings: Settings, features: Features) -> dict[str, dict[str, Any]]:
    """Return ``extendedSettings`` of ``status.json``: what somebody set for the features its pages show."""
    extended: dict[str, dict[str, Any]] = {"devicestatus": {"advanced": True, "days": 1}}
    for feature in features.enabled:
        if feature in _CLIENT_FEATURES:
            given = _given_for(feature, settings)
            if given:
                extended[feature] = extended.get(feature, {}) | given
    return extended


def _plain(value: Any) -> Any:
    return whole(value) if isinstance(value, float) else value


def _given_for(feature: str, settings: Settings) -> dict[str, Any]:
    prefix = f"{feature.upper()}_"
    given = {
        _camel_case(name.removeprefix(prefix)): _plain(settings[name])
        for name in sorted(settings.given)
        if name.startswith(prefix) and not BY_NAME[name].secret and not BY_NAME[name].published
    }
    return {name: value for name, value in given.items() if name not in _NEVER_PUBLISHED}


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name.lower())
