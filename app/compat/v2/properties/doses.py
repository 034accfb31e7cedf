"""``iob``, ``cob``, ``bwp``, ``basal``: insulin and carbs, as devices report them or as treatments come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.compat.wire import given, iso
from app.glucose.carbs import CarbsOnBoard, recent_meal
from app.glucose.insulin import InsulinOnBoard
from app.glucose.nightscout_texts import insulin_text, iob_text
from app.glucose.units import Unit, half_up
from app.live.cob import ReportedCarbs
from app.live.enrichment import timed
from app.live.iob import ReportedInsulin, Source
from app.live.lines import cob_line, iob_line
from app.live.present import Present
from app.live.treated import Treated

Property = dict[str, Any]


def iob(present: Present) -> Property:
    """Return insulin on board; what the treatments come to stands beside what a device reports."""
    insulin = present.insulin
    if insulin.units is None:
        return {}
    done = insulin.treatments
    if insulin.reported:
        treatment_iob = half_up(done.units, 3) if done and done.units else None
        said = _reported_iob(insulin.reported) | given(treatmentIob=treatment_iob)
    else:
        said = _done_iob(done)
    return said | {"display": iob_text(said["iob"]), "displayLine": iob_line(said["iob"])}


def cob(present: Present) -> Property:
    """Return carbs on board."""
    carbs = present.carbs
    if carbs.grams is None:
        return {}
    said = _reported_cob(carbs.reported) if carbs.reported else _done_cob(carbs.treatments)
    return said | {"display": half_up(carbs.grams, 1), "displayLine": cob_line(carbs.grams)}


def bwp(present: Present, unit: Unit, offered: Mapping[str, Any]) -> Property:
    """Return the bolus wizard preview in ``unit`` with the IOB that was ``offered``, or why there is none."""
    iob_u = offered["iob"].get("iob", 0) if "iob" in offered else None
    found = present.bolus_preview(unit, iob_u)
    property = {"effect": found.effect, "outcome": found.outcome, "bolusEstimate": found.bolus_u}
    property |= given(scaledSGV=found.glucose)
    if found.errors:
        return property | {"errors": [str(error) for error in found.errors]}
    adjustment, carbs = found.basal_adjustment, recent_meal(present.treatments, present.now_ms)
    profile = present.profile.in_unit(unit) if present.profile else None
    return property | given(
        iob=found.iob_u,
        targetHigh=profile.target_high if profile else None,
        targetLow=profile.target_low if profile else None,
        aimTarget=found.aim,
        aimTargetString=found.aim_text or None,
        belowLowTarget=found.below_low_target,
        recentCarbs=timed(carbs) if carbs else None,
        tempBasalAdjustment={"thirtymin": adjustment.thirty_min_percent, "onehour": adjustment.one_hour_percent}
        if adjustment
        else None,
        bolusEstimateDisplay=insulin_text(found.bolus_u),
        outcomeDisplay=found.outcome_shown,
        displayIOB=insulin_text(found.iob_u),
        effectDisplay=found.effect_shown,
        displayLine=found.text(),
    )


def basal(present: Present) -> Property | None:
    """Return the basal rate that runs, and the treatments it comes from."""
    found = present.basal
    if found.scheduled_u_per_h is None:
        return None
    current = given(
        basal=found.scheduled_u_per_h,
        treatment=_timed(found.temp),
        combobolustreatment=_timed(found.combo),
        tempbasal=found.temp_u_per_h,
        combobolusbasal=found.combo_u_per_h,
        totalbasal=found.total_u_per_h,
    )
    return {"display": found.text, "current": current}


def _reported_iob(reported: ReportedInsulin) -> Property:
    return given(
        iob=half_up(reported.units, 3),
        basaliob=reported.basal_units,
        activity=reported.activity,
        source=reported.source.value or None,
        device=reported.device or None,
        mills=reported.said_ms,
    )


def _done_iob(done: InsulinOnBoard[Treated] | None) -> Property:
    return given(
        iob=half_up(done.units, 3) if done else None,
        activity=done.activity if done else None,
        lastBolus=_timed(done.last) if done else None,
        source=Source.TREATMENTS.value,
    )


def _reported_cob(reported: ReportedCarbs) -> Property:
    return given(
        cob=reported.grams, source=reported.source.value, device=reported.device or None, mills=reported.said_ms
    )


def _done_cob(done: CarbsOnBoard[Treated] | None) -> Property:
    if done is None:
        return {}
    worked_out = given(
        decayedBy=iso(done.decayed_by_ms) if done.last else None,
        isDecaying=int(done.is_decaying),
        carbs_hr=done.carbs_g_per_h,
        rawCarbImpact=done.raw_carb_impact,
        cob=done.grams,
        lastCarbs=_timed(done.last),
    )
    return worked_out | {"source": Source.TREATMENTS.value, "treatmentCOB": worked_out}


def _timed(treated: Treated | None) -> Property | None:
    return timed(treated) if treated else None
