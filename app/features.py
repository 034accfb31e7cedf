"""Nightscout's features: which are on, by the settings alone."""

from __future__ import annotations

from dataclasses import dataclass

from app.config import Settings

# fmt: off
DEFAULT_FEATURES = (
    "bgnow", "delta", "direction", "timeago", "devicestatus", "upbat", "errorcodes", "profile", "bolus", "dbsize",
    "runtimestate", "basal", "careportal",
)
# fmt: on
_ALARM_FEATURES = {"simple": "simplealarms", "predict": "ar2"}
_THRESHOLDS = ("BG_HIGH", "BG_TARGET_TOP", "BG_TARGET_BOTTOM", "BG_LOW")


@dataclass(frozen=True, slots=True)
class Features:
    """What is on: ``enabled`` in Nightscout's order, ``alarm_types`` ``simple`` or ``predict`` or both."""

    enabled: tuple[str, ...]
    alarm_types: tuple[str, ...]

    def on(self, feature: str) -> bool:
        """Tell whether a feature is on."""
        return feature in self.enabled


def features_of(settings: Settings) -> Features:
    """Return what ``ENABLE``, ``DISABLE`` and ``ALARM_TYPES`` come to."""
    alarm_types = tuple(kind for kind in settings["ALARM_TYPES"] if kind in _ALARM_FEATURES)
    if not alarm_types:
        alarm_types = ("simple",) if settings.given & set(_THRESHOLDS) else ("predict",)
    wanted = [*settings["ENABLE"]]
    if settings["PUSHOVER_API_TOKEN"]:
        wanted.append("pushover")
    if {"careportal", "pushover", "maker"} & set(settings["ENABLE"]):
        wanted.append("treatmentnotify")
    wanted += DEFAULT_FEATURES
    wanted += [_ALARM_FEATURES[kind] for kind in alarm_types]
    enabled = tuple(name for name in dict.fromkeys(wanted) if name not in settings["DISABLE"])
    return Features(enabled, alarm_types)
