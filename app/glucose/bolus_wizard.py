"""Bolus wizard preview: what insulin on board will do to glucose, and what bolus that leaves to the target.

It is Nightscout's: glucose less insulin on board times sensitivity, and the difference to the target over sensitivity.
It leaves carbs out and is a hint, no advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.glucose.nightscout_texts import insulin_text
from app.glucose.numbers import figure, positive
from app.glucose.profile import ProfileAt
from app.glucose.sentinels import LOW_MGDL
from app.glucose.units import Unit, half_up, in_unit

_HIGHEST_MGDL = 600  # no sensor and no meter measures more


class Absence(StrEnum):
    """Why there is no preview; the value is what Nightscout's clients are told."""

    NO_PROFILE = "Missing need a treatment profile"
    NO_PROFILE_FIELDS = "Missing sens, target_high, or target_low treatment profile fields"
    NO_IOB = "Missing IOB property"
    NOT_CURRENT = "Data isn't current"


@dataclass(frozen=True, slots=True)
class BasalAdjustment:
    """Which temporary basal (percent of the scheduled rate) does what the bolus would, over half an hour or one."""

    thirty_min_percent: int
    one_hour_percent: int


@dataclass(frozen=True, slots=True)
class BolusPreview:
    """The preview; glucose values are in ``unit``. With ``errors`` there is none, and its numbers are 0.

    ``effect`` is how far insulin on board will lower ``glucose``, ``outcome`` where that leads; ``bolus_u`` is what
    leads to ``aim`` from there, negative when there is too much insulin, 0 when nothing is to be done.
    """

    unit: Unit
    glucose: float | None
    errors: tuple[Absence, ...] = ()
    iob_u: float = 0.0
    effect: float = 0.0
    outcome: float = 0.0
    bolus_u: float = 0.0
    aim: float | None = None
    aim_text: str = ""
    below_low_target: bool = False
    basal_adjustment: BasalAdjustment | None = None

    @property
    def outcome_shown(self) -> float:
        """The outcome rounded as glucose is shown."""
        return half_up(self.outcome, self.unit.digits)

    @property
    def effect_shown(self) -> float:
        """The effect rounded as glucose is shown."""
        return half_up(self.effect, self.unit.digits)

    def text(self, *, medtronic: bool = False) -> str:
        """Return the bolus in Nightscout's line, ``BWP: 0.50U``."""
        return f"BWP: {insulin_text(self.bolus_u, medtronic=medtronic)}U"


def preview_of(
    mgdl: float | None, unit: Unit, *, current: bool, profile: ProfileAt | None, iob_u: float | None
) -> BolusPreview:
    """Return the preview for the last reading, in ``unit``; ``current`` tells whether it is fresh enough.

    Nightscout counts with the profile's numbers whatever their unit; here they are first turned into ``unit``.
    """
    reading, iob = figure(mgdl), figure(iob_u)
    glucose = None if reading is None else in_unit(reading, unit)
    settings = profile.in_unit(unit) if profile else None
    errors = list(_missing_of(settings))
    if iob is None:
        errors.append(Absence.NO_IOB)
    if not current or reading is None or not LOW_MGDL <= reading <= _HIGHEST_MGDL:
        errors.append(Absence.NOT_CURRENT)
    if errors or settings is None or glucose is None or iob is None:
        return BolusPreview(unit, glucose, tuple(errors))
    return _worked_out(unit, glucose, iob, settings)


def _missing_of(settings: ProfileAt | None) -> tuple[Absence, ...]:
    if settings is None:
        return (Absence.NO_PROFILE,)
    whole = positive(settings.sens) and positive(settings.target_high) and positive(settings.target_low)
    return () if whole else (Absence.NO_PROFILE_FIELDS,)


def _worked_out(unit: Unit, glucose: float, iob_u: float, settings: ProfileAt) -> BolusPreview:
    sens, low, high = settings.sens or 0.0, settings.target_low or 0.0, settings.target_high or 0.0
    effect = iob_u * sens
    outcome = glucose - effect
    bolus_u, aim, aim_text = 0.0, None, ""
    if outcome > high:
        bolus_u, aim, aim_text = (outcome - high) / sens, high, "above high"
    if outcome < low:
        bolus_u, aim, aim_text = (outcome - low) / sens, low, "below low"
    return BolusPreview(
        unit=unit,
        glucose=glucose,
        iob_u=iob_u,
        effect=effect,
        outcome=outcome,
        bolus_u=bolus_u,
        aim=aim,
        aim_text=aim_text,
        below_low_target=glucose < low,
        basal_adjustment=_adjustment(bolus_u, positive(settings.basal_u_per_h)),
    )


def _adjustment(bolus_u: float, basal_u_per_h: float | None) -> BasalAdjustment | None:
    if not bolus_u or basal_u_per_h is None:
        return None

    def percent(basal_u: float) -> int:
        return int(half_up((basal_u + bolus_u) / basal_u * 100))

    return BasalAdjustment(percent(basal_u_per_h / 2), percent(basal_u_per_h))
