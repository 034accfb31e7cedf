"""The course of the basal rate over some hours: the temporary rates, and between them what the profile schedules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

from app.clock import datetime_of
from app.glucose.schedule import schedule_of
from app.live.present import Present
from app.live.treated import profile_switches

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the rate (U/h) is the same; ``scheduled`` tells that the profile sets it."""

    from_ms: int
    until_ms: int
    u_per_h: float
    scheduled: bool


def basal_course(present: Present, from_ms: int) -> tuple[Stretch, ...]:
    """Return the stretches from a moment until now, a temporary rate that runs now to its end.

    Neighbours of one rate and kind are one. Where neither a treatment nor a profile tells the rate there is none.
    """
    spans = [span for span in present.running_basal.temps if span.from_ms <= present.now_ms]
    until_ms = max([present.now_ms, *(span.until_ms for span in spans[-1:])])
    edges = {from_ms, until_ms, present.now_ms, *_schedule_edges(present, from_ms), *_switch_edges(present)}
    edges |= {edge for span in spans for edge in (span.from_ms, span.until_ms)}
    within = sorted(edge for edge in edges if from_ms <= edge <= until_ms)
    return tuple(_joined(filter(None, (_stretch(present, *pair) for pair in pairwise(within)))))


def _stretch(present: Present, from_ms: int, until_ms: int) -> Stretch | None:
    """Return the stretch between two neighbouring edges, as it is in its middle."""
    middle_ms = (from_ms + until_ms) // 2
    profile = present.profiles.at(middle_ms)
    found = present.running_basal.at(middle_ms, profile.basal_u_per_h if profile else None)
    if found.temp_u_per_h is None or (found.temp is None and from_ms >= present.now_ms):
        return None
    return Stretch(from_ms, until_ms, found.temp_u_per_h, scheduled=found.temp is None)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    held: Stretch | None = None
    for stretch in stretches:
        follows = held is not None and held.until_ms == stretch.from_ms
        if held and follows and (held.u_per_h, held.scheduled) == (stretch.u_per_h, stretch.scheduled):
            held = replace(held, until_ms=stretch.until_ms)
            continue
        if held:
            yield held
        held = stretch
    if held:
        yield held


def _switch_edges(present: Present) -> Iterator[int]:
    for treated in present.treatments:
        if treated.event_type == "Profile Switch":
            yield from (treated.at_ms, treated.until_ms)


def _schedule_edges(present: Present, from_ms: int) -> Iterator[int]:
    """Yield every moment at which a schedule of any known profile may step, by the clock of the profile in force."""
    seconds = {0, *_steps(present)}
    zone = present.profile.zone if present.profile else present.zone
    day = datetime_of(from_ms).astimezone(zone).date()
    last = datetime_of(present.now_ms).astimezone(zone).date()
    while day <= last:
        for second in seconds:
            at = datetime.combine(day, time(), zone) + timedelta(seconds=second)
            yield int(at.timestamp() * 1000)
        day += timedelta(days=1)


def _steps(present: Present) -> Iterator[int]:
    for written in _written_profiles(present):
        schedule = schedule_of(written.get("basal"))
        if schedule:
            yield from (second for second, _ in schedule.steps if 0 <= second < _DAY_S)


def _written_profiles(present: Present) -> Iterator[Mapping[str, Any]]:
    for document in present.documents.profiles:
        store = document.get("store")
        yield from (one for one in (store.values() if isinstance(store, Mapping) else [document]) if _is_object(one))
    for switch in profile_switches(present.treatments):
        try:
            brought = json.loads(switch.profile_json or "null")
        except (ValueError, RecursionError):
            continue
        if _is_object(brought):
            yield brought


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)
