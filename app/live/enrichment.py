"""Treatments made complete for drawing and calculating, and sorted by what they are about: Nightscout's runtime data.

The documents in here are copies; their added fields are those every client of Nightscout's runtime data knows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.glucose.numbers import figure
from app.glucose.sentinels import LOW_MGDL
from app.glucose.spans import Span, cut_spans
from app.glucose.units import MGDL_PER_MMOLL, Unit, half_up, unit_named
from app.live.fields import text
from app.live.measurements import Measurement
from app.live.treated import Treated

Made = dict[str, Any]

_DRAWN_WITHOUT_READINGS_MGDL = 180
_HIGHEST_DRAWN_MMOLL = 22
_HIGHEST_DRAWN_MGDL = 396.34
_HIGHEST_MMOLL_TARGET = 20
_MOMENTARY = {
    "site_changes": "Site Change",
    "insulin_changes": "Insulin Change",
    "battery_changes": "Pump Battery Change",
    "sensor": "Sensor",
}


@dataclass(frozen=True, slots=True)
class Enriched:
    """All treatments, oldest first, and among them those about one thing; what lasts ends when its next one begins."""

    treatments: tuple[Made, ...]
    site_changes: tuple[Made, ...]
    insulin_changes: tuple[Made, ...]
    battery_changes: tuple[Made, ...]
    sensor: tuple[Made, ...]
    profile_switches: tuple[Made, ...]
    combo_boluses: tuple[Made, ...]
    temp_basals: tuple[Made, ...]
    temp_targets: tuple[Made, ...]


def enriched(treatments: Sequence[Treated], sensor: Sequence[Measurement], unit: Unit) -> Enriched:
    """Return treatments made complete; ``unit`` is what a glucose value without one is in."""
    place = _Curve(sensor).mgdl_at
    made = {id(treated): complete(treated, place, unit) for treated in treatments}

    def lasting(chosen: Callable[[Treated], bool], *, keep_endless: bool = False) -> tuple[Made, ...]:
        spans = cut_spans(filter(chosen, treatments), keep_endless=keep_endless)
        return tuple(_as_it_ran(made[id(span.item)], span) for span in spans)

    return Enriched(
        treatments=tuple(made.values()),
        **{
            name: tuple(made[id(treated)] for treated in treatments if treated.is_about(words))
            for name, words in _MOMENTARY.items()
        },
        profile_switches=lasting(lambda treated: treated.event_type == "Profile Switch", keep_endless=True),
        combo_boluses=lasting(lambda treated: treated.event_type == "Combo Bolus"),
        temp_basals=lasting(lambda treated: treated.is_about("Temp Basal")),
        temp_targets=tuple(map(in_mgdl, lasting(lambda treated: treated.is_about("Temporary Target")))),
    )


def complete(treated: Treated, mgdl_at: Callable[[int], int], unit: Unit) -> Made:
    """Return a copy of a treatment's document with its times, and where it is drawn on the curve."""
    return timed(treated) | _drawn(treated, mgdl_at, unit)


def drawn_mgdl(treated: Treated, sensor: Sequence[Measurement], unit: Unit) -> float:
    """Return glucose (mg/dL) at a treatment: as it says itself, else by the readings around it."""
    drawn = _drawn(treated, _Curve(sensor).mgdl_at, unit)
    return float(drawn["mgdl"] if "mgdl" in drawn else drawn["mmol"] * MGDL_PER_MMOLL)


def timed(treated: Treated) -> Made:
    """Return a copy of a treatment's document with its moment, its duration and its end."""
    made: Made = {**treated.document, "eventType": treated.document.get("eventType") or "", "mills": treated.at_ms}
    if treated.duration_min is not None:
        made["duration"] = treated.duration_min
        if treated.duration_min and figure(made.get("endmills")) is None:
            made["endmills"] = treated.until_ms
    if treated.absolute_u_per_h is not None:
        made["absolute"] = treated.absolute_u_per_h
    return made


def in_mgdl(target: Made) -> Made:
    """Return a temporary target in mg/dL: no bound in mg/dL is below 20."""
    bounds = {name: found for name in ("targetTop", "targetBottom") if (found := figure(target.get(name))) is not None}
    in_mmol = unit_named(text(target.get("units"))) is Unit.MMOLL
    if not in_mmol and all(bound >= _HIGHEST_MMOLL_TARGET for bound in bounds.values()):
        return target | bounds
    return target | {name: bound * MGDL_PER_MMOLL for name, bound in bounds.items()} | {"units": "mg/dl"}


class _Curve:
    """The curve of glucose, for placing things on it."""

    def __init__(self, sensor: Iterable[Measurement]) -> None:
        drawn = [one for one in sensor if one.mgdl >= LOW_MGDL]
        self._at_ms = [one.at_ms for one in drawn]
        self._mgdl = [one.mgdl for one in drawn]

    def mgdl_at(self, at_ms: int) -> int:
        """Return the mean of the readings just before and after a moment."""
        before, after = bisect_right(self._at_ms, at_ms) - 1, bisect_left(self._at_ms, at_ms)
        found = [self._mgdl[place] for place in (before, after) if 0 <= place < len(self._mgdl)]
        return int(half_up(sum(found) / len(found))) if found else _DRAWN_WITHOUT_READINGS_MGDL


def _drawn(treated: Treated, mgdl_at: Callable[[int], int], unit: Unit) -> Made:
    glucose, written = figure(treated.document.get("glucose")), text(treated.document.get("units"))
    if not glucose:
        return {"mgdl": mgdl_at(treated.at_ms)}
    if (unit_named(written) if written else unit) is Unit.MMOLL:
        return {"mmol": min(glucose, _HIGHEST_DRAWN_MMOLL)}
    return {"mgdl": min(glucose, _HIGHEST_DRAWN_MGDL)}


def _as_it_ran(made: Made, span: Span[Treated]) -> Made:
    ran: Made = {"duration": span.duration_min, "endmills": span.until_ms}
    for name, other in (("cuttedby", span.cut_by), ("cutting", span.cuts)):
        profile = text(other.document.get("profile")) if other else ""
        if profile:
            ran[name] = profile
    return made | ran
