"""Treatments in Nightscout's shape, as every mapper writes them: boluses, carbs, rates, changes, notes.

Each function takes ``identifier`` (one for each record of the vendor), ``at_ms`` (UTC epoch ms), ``entered_by`` (the
name of the source) and ``offset_min`` (of local time from UTC, None when the vendor does not tell). Insulin is in
units, rates are in units per hour, carbs in grams, lengths in minutes, glucose in mg/dL. Basal insulin is never written
as ``insulin``: it would count twice in insulin on board.
"""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from app.clock import iso_of
from app.store.interface import Document

MOST_INSULIN_U = 200.0  # a cartridge holds 300; no pump gives more than 75 at once
MOST_CARBS_G = 1000.0
MOST_RATE_U_PER_H = 100.0
LONGEST_MIN = 60.0 * 24 * 7
_DIGITS = 3


class Act(TypedDict, total=False):
    """What every treatment says of itself."""

    identifier: str
    at_ms: int
    entered_by: str
    offset_min: int | None
    notes: str


def treatment(event_type: str, act: Act, **fields: Any) -> Document:
    """Return a treatment with the fields that are not None; numbers lose what floating point added to them."""
    made: Document = {
        "eventType": event_type,
        "created_at": iso_of(act["at_ms"]),
        "enteredBy": act["entered_by"],
        "identifier": act["identifier"],
    }
    if act.get("offset_min") is not None:
        made["utcOffset"] = act["offset_min"]
    if act.get("notes"):
        made["notes"] = act["notes"]
    return made | {name: _tidy(value) for name, value in fields.items() if value is not None}


def bolus(
    *, insulin_u: float, carbs_g: float = 0, automatic: bool = False, more: Document | None = None, **act: Unpack[Act]
) -> Document:
    """Return a Meal Bolus where carbs come with it, else a Correction Bolus; ``automatic`` when the pump decided."""
    amounts: Document = {"insulin": insulin_u, **({"carbs": carbs_g} if carbs_g else {})}
    made = treatment("Meal Bolus" if carbs_g else "Correction Bolus", act, **amounts, **(more or {}))
    return made | {"automatic": True} if automatic else made


def combo_bolus(
    *,
    now_u: float,
    extended_u: float,
    duration_min: float,
    carbs_g: float = 0,
    automatic: bool = False,
    **act: Unpack[Act],
) -> Document:
    """Return a Combo Bolus: ``now_u`` at once and ``extended_u`` over ``duration_min``; a plain bolus without these."""
    if not extended_u or not duration_min:
        return bolus(insulin_u=now_u, carbs_g=carbs_g, automatic=automatic, **act)
    whole_u = now_u + extended_u
    now_percent = round(100 * now_u / whole_u)
    return treatment(
        "Combo Bolus",
        act,
        enteredinsulin=whole_u,
        insulin=now_u,
        splitNow=now_percent,
        splitExt=100 - now_percent,
        relative=extended_u / (duration_min / 60),
        duration=duration_min,
        carbs=carbs_g or None,
        automatic=True if automatic else None,
    )


def carb_correction(
    *, carbs_g: float, fat_g: float | None = None, protein_g: float | None = None, **act: Unpack[Act]
) -> Document:
    """Return carbs that came with no insulin."""
    return treatment("Carb Correction", act, carbs=carbs_g, fat=fat_g, protein=protein_g)


def temp_basal(*, rate_u_per_h: float, duration_min: float, **act: Unpack[Act]) -> Document:
    """Return a basal rate that was given for a time: by a loop, by hand, or 0 for a pump that was suspended."""
    return treatment("Temp Basal", act, absolute=rate_u_per_h, rate=rate_u_per_h, duration=duration_min)


def bg_check(*, glucose_mgdl: int, by_sensor: bool = False, **act: Unpack[Act]) -> Document:
    """Return a finger stick as people see it in the list of treatments."""
    kind = "Sensor" if by_sensor else "Finger"
    return treatment("BG Check", act, glucose=glucose_mgdl, glucoseType=kind, units="mg/dl")


def exercise(*, duration_min: float | None = None, **act: Unpack[Act]) -> Document:
    """Return an activity."""
    return treatment("Exercise", act, duration=duration_min)


def long_acting(*, insulin_u: float, **act: Unpack[Act]) -> Document:
    """Return an injection of long-acting insulin: a Note that says so, for its units are no bolus."""
    says = f"Long-acting insulin {_tidy(insulin_u):g} U"
    notes = f"{says}. {act['notes']}" if act.get("notes") else says
    return treatment("Note", act | {"notes": notes})


def event(event_type: str, *, more: Document | None = None, **act: Unpack[Act]) -> Document:
    """Return any other treatment: Site Change, Sensor Start, Note, Announcement and the like."""
    return treatment(event_type, act, **(more or {}))


def _tidy(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    rounded = round(value, _DIGITS)
    return int(rounded) if rounded.is_integer() else rounded
