"""Pictures, readings and treatments for tests, told by how many minutes before NOW_MS they were."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from zoneinfo import ZoneInfo

from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.chain import Trouble
from app.live.glance import Glance, glance
from app.live.kinds import ALL_KINDS
from app.live.picture import Fact, Facts, Picture, Reading, Treatment

NOW_MS = 1_795_223_640_000  # 2026-11-21T02:14:00+01:00
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
BERLIN = ZoneInfo("Europe/Berlin")

_ids = count(1)


def before(minutes: float) -> int:
    return NOW_MS - round(minutes * MINUTE_MS)


def reading(
    minutes: float,
    mgdl: float,
    direction: str = "",
    *,
    received: float | None = None,
    device: str = "xDrip-DexcomG6",
    kind: str = "sgv",
) -> Reading:
    received_ms = None if received is None else before(received)
    return Reading(f"{next(_ids):024x}", before(minutes), received_ms, mgdl, direction, device, kind)


def treatment(minutes: float, event_type: str = "Meal Bolus", **fields: object) -> Treatment:
    return Treatment(f"{next(_ids):024x}", before(minutes), event_type, **fields)  # type: ignore[arg-type]


def fact(value: float | str, minutes: float = 3) -> Fact:
    return Fact(value, before(minutes))


def picture(
    *readings: Reading,
    treatments: Sequence[Treatment] = (),
    facts: Facts | None = None,
    last_before: Reading | None = None,
) -> Picture:
    in_order = sorted(readings, key=lambda one: one.at_ms)
    done = sorted(treatments, key=lambda one: one.at_ms)
    return Picture(1, tuple(in_order), tuple(done), facts or Facts(), last_before)


def falling(last_mgdl: float = 62, *, minutes: float = 2, step: float = 6) -> list[Reading]:
    """Two hours of readings every five minutes that end so many minutes ago, falling as a sensor tells."""
    return [reading(minutes + 5 * n, last_mgdl + step * n, "FortyFiveDown") for n in range(24)]


def seen(
    shown: Picture,
    *,
    unit: Unit = Unit.MGDL,
    kinds: frozenset[str] = ALL_KINDS,
    troubles: Sequence[Trouble] = (),
    now_ms: int = NOW_MS,
) -> Glance:
    return glance(shown, now_ms, Thresholds(), unit, BERLIN, kinds=kinds, troubles=troubles)
