"""How a pump is set: its profiles, with milli-units, minutes from midnight, and glucose in mg/dL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.records.sources.documents import BadRecord, amount_of
from app.records.sources.profile_document import PumpProfile, Step

MOST_MGDL_PER_U = 1000.0
MOST_G_PER_U = 1000.0
MOST_RATE_U_PER_H = 100.0
MOST_DIA_MIN = 24 * 60.0


def profiles_in(settings: Any) -> tuple[str, list[PumpProfile]]:
    """Return the name of the active profile and all profiles. Raises ``BadRecord`` where there is none to be read."""
    told = settings.get("details", settings) if isinstance(settings, Mapping) else None
    held = told.get("profiles") if isinstance(told, Mapping) else None
    listed = held.get("profile") if isinstance(held, Mapping) else None
    if not isinstance(held, Mapping) or not isinstance(listed, list):
        raise BadRecord("the pump's settings hold no profiles")
    by_id = {str(one.get("idp")): _profile(one) for one in listed if isinstance(one, Mapping) and one.get("name")}
    active = by_id.get(str(held.get("activeIdp")))
    if active is None:
        raise BadRecord("none of the pump's profiles is active")
    return active.name, list(by_id.values())


def _profile(told: Mapping[str, Any]) -> PumpProfile:
    segments = list(_segments(told))
    targets = _steps(segments, "targetBg", 1, 1000.0)
    dia_min = amount_of(told.get("insulinDuration"), most=MOST_DIA_MIN, what="duration of insulin")
    return PumpProfile(
        str(told["name"]),
        basal=_steps(segments, "basalRate", 1000, MOST_RATE_U_PER_H),
        carb_ratio=_steps(segments, "carbRatio", 1000, MOST_G_PER_U),
        sens=_steps(segments, "isf", 1, MOST_MGDL_PER_U),
        target_low=targets,
        target_high=targets,
        dia_h=dia_min / 60 or None,
    )


def _segments(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the segments in use: the pump keeps room for sixteen and fills the rest with zeros."""
    held = told.get("timeDependentSegments") or told.get("tDependentSegs")
    for one in held if isinstance(held, list) else ():
        if isinstance(one, Mapping) and any(one.get(name) for name in ("basalRate", "isf", "carbRatio", "targetBg")):
            yield one


def _steps(segments: list[Mapping[str, Any]], name: str, per_unit: int, most: float) -> list[Step]:
    return [
        (
            int(amount_of(one.get("startTime"), most=24 * 60 - 1, what="start of a segment")),
            amount_of(one[name], most=most * per_unit, what="setting") / per_unit,
        )
        for one in segments
        if one.get(name) is not None
    ]
