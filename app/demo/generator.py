"""The made-up child's documents between two moments, as its phone and its family would have uploaded them.

Every document carries ``app`` ``nightlight-demo`` and an identity that follows from its moment, so that asking twice,
or in pieces, gives the same documents and a store keeps each once.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from app.demo.child import (
    BASAL,
    CARBS_PER_HOUR,
    INSULIN_HOURS,
    RATIOS,
    SENSITIVITY_MGDL,
    TARGET_MGDL,
    Child,
    Schedule,
)
from app.demo.plans import SITE_DAYS
from app.demo.simulation import MINUTE_MS, READING_MS, STEP_MIN, Given, LivedDay, LoopRun, lived_day, sensor_glucose
from app.glucose.trend import Direction, direction_between
from app.glucose.units import half_up

APP = "nightlight-demo"
DEVICE = "demo-DexcomG6"
PROFILE_NAME = "Default"

_NAMESPACE = uuid.UUID("2b1f5f0e-7f0a-4a58-9f1b-0d0d5b7a6c11")
_FULL_RESERVOIR_U = 120
_PROFILE_SINCE = "2020-01-01T00:00:00.000Z"
_FINGER_SHARE = 1.04  # a meter and a sensor never agree

Document = dict[str, Any]


@dataclass(slots=True)
class Documents:
    """Documents by the service that keeps them."""

    entries: list[Document] = field(default_factory=list)
    treatments: list[Document] = field(default_factory=list)
    statuses: list[Document] = field(default_factory=list)


class _Shown(NamedTuple):
    at_ms: int
    mgdl: float


def reading_step_ms(speed: float) -> int:
    """Return how far readings lie apart: five minutes, ``speed`` times less, in whole parts or multiples of five."""
    return READING_MS // round(speed) if speed >= 1 else READING_MS * round(1 / speed)


def documents_between(child: Child, after_ms: int, until_ms: int, *, step_ms: int = READING_MS) -> Documents:
    """Return what was uploaded after ``after_ms``, up to and with ``until_ms``; readings lie ``step_ms`` apart."""
    found = Documents()
    day = child.day_of(after_ms)
    while child.begin_ms(day) <= until_ms:
        lived = lived_day(child, day)
        wanted = range(max(after_ms + 1, lived.begin_ms), min(until_ms + 1, lived.end_ms))
        found.entries += _readings(child, wanted, step_ms)
        found.entries += _finger_sticks(child, lived, wanted)
        found.treatments += _treatments(child, lived, wanted)
        found.statuses += _statuses(child, day, wanted)
        day += timedelta(days=1)
    return found


def profile_of(child: Child) -> Document:
    """Return the one profile of the child, which also says how it was made."""
    store = {
        "dia": INSULIN_HOURS,
        "timezone": child.zone,
        "units": "mg/dl",
        "carbs_hr": CARBS_PER_HOUR,
        "delay": 20,
        "basal": _schedule(BASAL),
        "carbratio": _schedule(RATIOS),
        "sens": _schedule(((0, SENSITIVITY_MGDL),)),
        "target_low": _schedule(((0, TARGET_MGDL - 10),)),
        "target_high": _schedule(((0, TARGET_MGDL + 10),)),
    }
    return {
        "_id": _id("profile", 0),
        "app": APP,
        "demoSeed": child.seed,
        "defaultProfile": PROFILE_NAME,
        "startDate": _PROFILE_SINCE,
        "created_at": _PROFILE_SINCE,
        "units": "mg/dl",
        "enteredBy": "Demo",
        "store": {PROFILE_NAME: store},
    }


def child_of(profile: Document) -> Child:
    """Return the child whose profile this is; KeyError when it is nobody's we made."""
    return Child(int(profile["demoSeed"]), profile["store"][PROFILE_NAME]["timezone"])


def _schedule(schedule: Schedule) -> list[Document]:
    return [{"time": f"{hour:02}:00", "timeAsSeconds": 3600 * hour, "value": value} for hour, value in schedule]


def _readings(child: Child, wanted: range, step_ms: int) -> Iterator[Document]:
    for at_ms in range(-(-wanted.start // step_ms) * step_ms, wanted.stop, step_ms):
        shown = _shown(child, at_ms)
        if shown is None:
            continue
        before = _shown(child, at_ms - READING_MS)
        direction = direction_between(before, shown) if before else Direction.NONE
        yield {
            "type": "sgv",
            "sgv": shown.mgdl,
            "date": at_ms,
            "dateString": _local_iso(child, at_ms),
            "direction": direction.value,
            "device": DEVICE,
            "noise": 1,
            "app": APP,
        }


def _shown(child: Child, at_ms: int) -> _Shown | None:
    lived = lived_day(child, child.day_of(at_ms))
    if lived.silent((at_ms - lived.begin_ms) // MINUTE_MS):
        return None
    return _Shown(at_ms, sensor_glucose(child, lived, at_ms))


def _finger_sticks(child: Child, lived: LivedDay, wanted: range) -> Iterator[Document]:
    minute = lived.plan.finger_stick_min
    at_ms = lived.begin_ms + minute * MINUTE_MS + 31_000
    if at_ms in wanted:
        mgdl = int(half_up(lived.sensed[minute] * _FINGER_SHARE))
        when = {"date": at_ms, "dateString": _local_iso(child, at_ms)}
        yield {"type": "mbg", "mbg": mgdl, **when, "device": "demo-meter", "app": APP}


def _treatments(child: Child, lived: LivedDay, wanted: range) -> Iterator[Document]:
    for given in lived.given:
        at_ms = lived.begin_ms + given.at_min * MINUTE_MS + (5000 if given.by == "Loop" else 20_000)
        if at_ms not in wanted:
            continue
        by = "loop://iPhone" if given.by == "Loop" else given.by
        document = {
            "eventType": given.event_type,
            "created_at": _local_iso(child, at_ms),
            "enteredBy": by,
            "identifier": str(uuid.uuid5(_NAMESPACE, f"{given.event_type} {at_ms}")),
            "app": APP,
        }
        yield {**document, **_amounts(given)}


def _amounts(given: Given) -> Document:
    amounts: Document = {}
    if given.insulin:
        amounts["insulin"] = round(given.insulin, 2)
    if given.carbs:
        amounts["carbs"] = round(given.carbs)
    if given.minutes:
        amounts["duration"] = given.minutes
    if given.rate is not None:
        amounts |= {"rate": given.rate, "absolute": given.rate, "temp": "absolute"}
    if given.notes:
        amounts["notes"] = given.notes
    return amounts | ({"automatic": True} if given.by == "Loop" else {})


def _statuses(child: Child, day: date, wanted: range) -> Iterator[Document]:
    lived = lived_day(child, day)
    minutes = [minute for minute in range(0, lived.minutes, STEP_MIN) if _status_ms(lived, minute) in wanted]
    if not minutes:
        return
    runs = {run.at_min: run for run in lived.runs}
    reservoir = _reservoir(child, day)
    for minute in minutes:
        if not lived.unheard(minute):
            yield _status(child, _status_ms(lived, minute), reservoir[minute], runs.get(minute))


def _status_ms(lived: LivedDay, minute: int) -> int:
    return lived.begin_ms + minute * MINUTE_MS + 2000


def _status(child: Child, at_ms: int, reservoir: float, run: LoopRun | None) -> Document:
    at = _local_iso(child, at_ms)
    status: Document = {
        "_id": _id("status", at_ms),
        "device": "loop://iPhone",
        "created_at": at,
        "app": APP,
        "pump": {
            "clock": at,
            "pumpID": "DEMO",
            "manufacturer": "Insulet",
            "model": "Dash",
            "reservoir": round(reservoir, 1),
            "suspended": False,
            "bolusing": False,
        },
        "uploader": {"name": "iPhone", "timestamp": at, "battery": _phone_battery(child, at_ms)},
    }
    if run:
        status["loop"] = _loop(run, at)
    return status


def _loop(run: LoopRun, at: str) -> Document:
    enacted: Document = {"timestamp": at, "rate": run.decision.rate, "duration": 30, "received": True}
    if run.decision.micro_bolus:
        enacted["bolusVolume"] = run.decision.micro_bolus
    return {
        "name": "Loop",
        "version": "3.4.0",
        "timestamp": at,
        "iob": {"timestamp": at, "iob": round(run.known.iob, 3)},
        "cob": {"timestamp": at, "cob": round(run.known.cob, 1)},
        "predicted": {"startDate": at, "values": list(run.predicted)},
        "enacted": enacted,
    }


def _reservoir(child: Child, day: date) -> list[float]:
    """Return what is left in the reservoir at each minute of a day: all but what was given since the last change."""
    lived = lived_day(child, day)
    before = _used_before(child, day)
    change_min = lived.plan.site_change_min
    used = list(accumulate(lived.delivered))
    return [
        _FULL_RESERVOIR_U - (gone + before if change_min is None or minute < change_min else gone - used[change_min])
        for minute, gone in enumerate(used)
    ]


def _used_before(child: Child, day: date) -> float:
    """Return the insulin (U) given from the last change before a day until its begin."""
    used = 0.0
    for back in range(1, SITE_DAYS + 1):
        lived = lived_day(child, day - timedelta(days=back))
        used += sum(lived.delivered[lived.plan.site_change_min or 0 :])
        if lived.plan.site_change_min is not None:
            break
    return used


def _phone_battery(child: Child, at_ms: int) -> int:
    """Return the phone's charge: full when the child gets up, down to a third at night, charged while it sleeps."""
    local = child.local(at_ms)
    hour = local.hour + local.minute / 60
    if hour < 6:
        return min(100, round(48 + 14 * hour))
    if hour >= 22:
        return round(35 + 7 * (hour - 22))
    return round(100 - 65 * (hour - 6) / 16)


def _local_iso(child: Child, at_ms: int) -> str:
    return child.local(at_ms).isoformat(timespec="milliseconds")


def _id(kind: str, at_ms: int) -> str:
    """Return 24 hex characters that follow from what it is and when."""
    return f"{at_ms // 1000:08x}{hashlib.sha256(f'{kind} {at_ms}'.encode()).hexdigest()[:16]}"
