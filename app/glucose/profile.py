"""What a person's therapy is set to: one named profile, and its values at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from app.glucose.numbers import positive
from app.glucose.schedule import Schedule, schedule_of
from app.glucose.units import MGDL_PER_MMOLL, Unit, half_up, unit_named

DEFAULT_DIA_H = 3.0
"""How long insulin acts (hours) when a profile does not say: Nightscout's fallback."""

_MINUTE_MS = 60_000
_HIGHEST_MMOLL_TARGET = 30  # no target in mg/dL is as low, none in mmol/L as high


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as stored: schedules by the clock of ``zone_name`` (empty: the server's), glucose values in ``unit``.

    ``basal`` U/h, ``carb_ratio`` g/U, ``sens`` and targets in ``unit`` (None: nobody said), ``carbs`` absorbed g/h,
    ``dia`` hours.
    """

    name: str
    unit: Unit | None
    zone_name: str
    dia: Schedule | None
    carbs: Schedule | None
    basal: Schedule | None
    carb_ratio: Schedule | None
    sens: Schedule | None
    target_low: Schedule | None
    target_high: Schedule | None

    def at(self, at_ms: int, zone: tzinfo) -> ProfileAt:
        """Return the values at a moment (to the minute) by the clock on the wall in ``zone``, on days of any length."""
        second = _second_of_day(at_ms, zone)

        def value(schedule: Schedule | None) -> float | None:
            return None if schedule is None or second is None else schedule.at(second)

        return ProfileAt(
            name=self.name,
            unit=self.unit,
            zone=zone,
            dia_h=positive(value(self.dia)) or DEFAULT_DIA_H,
            carbs_g_per_h=value(self.carbs),
            basal_u_per_h=value(self.basal),
            carb_ratio_g_per_u=value(self.carb_ratio),
            sens=value(self.sens),
            target_low=value(self.target_low),
            target_high=value(self.target_high),
        )


@dataclass(frozen=True, slots=True)
class ProfileAt:
    """The values of a profile at a moment, None where unknown; ``sens`` and targets in the profile's own ``unit``.

    ``timeshift_h`` is what a switch asked the schedules to be moved by. It is told, not applied: see
    ``profile_history``.
    """

    name: str
    unit: Unit | None
    zone: tzinfo
    dia_h: float
    carbs_g_per_h: float | None
    basal_u_per_h: float | None
    carb_ratio_g_per_u: float | None
    sens: float | None
    target_low: float | None
    target_high: float | None
    timeshift_h: float = 0.0

    def in_unit(self, unit: Unit) -> ProfileAt:
        """Return the same with glucose values in ``unit``; what has no unit of its own is taken to be in it."""
        if self.unit in (None, unit):
            return replace(self, unit=unit)
        factor = MGDL_PER_MMOLL if unit is Unit.MGDL else 1 / MGDL_PER_MMOLL

        def converted(number: float | None) -> float | None:
            return None if number is None else number * factor

        return replace(
            self,
            unit=unit,
            sens=converted(self.sens),
            target_low=converted(self.target_low),
            target_high=converted(self.target_high),
        )

    def scaled(self, percentage: float | None) -> ProfileAt:
        """Return the same at so many percent of insulin: more basal, and more insulin for the same glucose and carbs.

        A percentage that makes no sense (None, 0, negative) leaves these three unknown.
        """
        share = positive(percentage)

        def times(number: float | None, numerator: float | None, denominator: float | None) -> float | None:
            return None if number is None or not numerator or not denominator else number * numerator / denominator

        return replace(
            self,
            basal_u_per_h=times(self.basal_u_per_h, share, 100),
            sens=times(self.sens, 100, share),
            carb_ratio_g_per_u=times(self.carb_ratio_g_per_u, 100, share),
        )


def profile_of(name: str, written: Mapping[str, object]) -> Profile:
    """Return the profile of this name as an uploader or Nightscout's editor stored it."""
    low, high = schedule_of(written.get("target_low")), schedule_of(written.get("target_high"))
    zone_name = written.get("timezone")
    return Profile(
        name=name,
        unit=_unit_of(written.get("units"), high or low),
        zone_name=zone_name.strip() if isinstance(zone_name, str) else "",
        dia=schedule_of(written.get("dia")),
        carbs=schedule_of(written.get("carbs_hr")),
        basal=schedule_of(written.get("basal")),
        carb_ratio=schedule_of(written.get("carbratio")),
        sens=schedule_of(written.get("sens")),
        target_low=low,
        target_high=high,
    )


def _unit_of(label: object, targets: Schedule | None) -> Unit | None:
    """Return the unit the targets can only be in, else the one the label names.

    Profiles made in mmol/L are often labelled mg/dL, and a bolus worked out in the wrong unit is eighteen times off.
    """
    values = [value for value in targets.values if value > 0] if targets else []
    if values and max(values) < _HIGHEST_MMOLL_TARGET:
        return Unit.MMOLL
    if values and min(values) >= _HIGHEST_MMOLL_TARGET:
        return Unit.MGDL
    return unit_named(label) if isinstance(label, str) and label.strip() else None


def _second_of_day(at_ms: int, zone: tzinfo) -> int | None:
    """Return how late it is on the wall in ``zone`` (to the minute), None for moments no calendar holds."""
    try:
        minute_s = half_up(at_ms / _MINUTE_MS) * 60
        local = datetime.fromtimestamp(minute_s, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return local.hour * 3600 + local.minute * 60 + local.second
