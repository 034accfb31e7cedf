"""How old cannula, insulin, pump battery and sensor are, from the treatments that changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.config import Settings
from app.glucose.ages import Age, AgeLimits, SensorAges, age_of, sensor_ages
from app.glucose.levels import Level
from app.live.setting_values import number_set, switched_on
from app.live.treated import Treated

CANNULA, INSULIN, BATTERY = "Site Change", "Insulin Change", "Pump Battery Change"
SENSOR_START, SENSOR_CHANGE = "Sensor Start", "Sensor Change"


@dataclass(frozen=True, slots=True)
class Worn:
    """The age of something, None where nobody recorded the change, how much it matters, and what to say of it now.

    ``alert`` is the level to announce, within 20 minutes of reaching it and where alerts are on.
    """

    age: Age[Treated] | None
    level: Level = Level.NONE
    alert: Level | None = None


def worn(treatments: Sequence[Treated], change: str, now_ms: int, settings: Settings, feature: str) -> Worn:
    """Return the age since the newest treatment that is about ``change``, by the settings of a feature (``CAGE``)."""
    events = [treated for treated in treatments if treated.is_about(change)]
    return _judged(age_of(events, now_ms), settings, feature)


def sensor_worn(treatments: Sequence[Treated], now_ms: int, settings: Settings) -> tuple[SensorAges[Treated], Worn]:
    """Return the ages since a sensor was started and changed, and the one that counts, judged."""
    ages = sensor_ages(
        [treated for treated in treatments if treated.event_type == SENSOR_START],
        [treated for treated in treatments if treated.event_type == SENSOR_CHANGE],
        now_ms,
    )
    return ages, _judged(ages.newest, settings, "SAGE")


def _judged(age: Age[Treated] | None, settings: Settings, feature: str) -> Worn:
    if age is None:
        return Worn(None)
    limits = AgeLimits(*(number_set(settings, f"{feature}_{name}") for name in ("INFO", "WARN", "URGENT")))
    alerts = switched_on(settings, f"{feature}_ENABLE_ALERTS")
    return Worn(age, age.level(limits), age.alert(limits) if alerts else None)
