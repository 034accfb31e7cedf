"""A rig's settings as a profile, and its decisions as device statuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.glucose.units import MGDL_PER_MMOLL
from app.importers.format import Found, Item, Rejected
from app.importers.openaps.history import SOURCE, VENDOR
from app.importers.openaps.parts import Kind, Part
from app.records.sources.documents import MINUTE_MS, BadRecord, checked_instant, identifier_of, ms_of
from app.records.sources.profile_document import (
    DAY_MIN,
    PumpProfile,
    Step,
    profile_document,
    profile_store,
    sight_of,
)
from app.records.sources.pump_status import status_document
from app.store.interface import Document

NAME = "OpenAPS"
DEVICE = "openaps://nightlight-import"
_ONE_LOOP_MS = 10 * MINUTE_MS
_NO_TARGET_MGDL = 30
_START = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_TIMES = {
    Kind.SUGGESTED: ("timestamp", "deliverAt"),
    Kind.ENACTED: ("timestamp", "deliverAt"),
    Kind.IOB: ("time", "timestamp"),
}
_NAMES = {Kind.SUGGESTED: "suggested", Kind.ENACTED: "enacted", Kind.IOB: "iob"}


def profile_in(parts: Sequence[Part]) -> PumpProfile | None:
    """Return the profile the settings make together, None unless basal rates, ratios and sensitivities are known.

    Raises ``BadRecord``.
    """
    by_kind: dict[Kind, Any] = {}
    for part in parts:
        by_kind.setdefault(part.kind, part.value)
    whole = by_kind.get(Kind.PROFILE, {})
    basal = _steps(whole.get("basalprofile") or by_kind.get(Kind.BASALS), "rate")
    targets = whole.get("bg_targets") or by_kind.get(Kind.TARGETS)
    sens = whole.get("isfProfile") or by_kind.get(Kind.SENSITIVITIES)
    ratios = whole.get("carb_ratios") or by_kind.get(Kind.RATIOS)
    carb_ratio = _steps(_listed(ratios, "schedule"), "ratio") or _single(whole.get("carb_ratio"))
    sensitivity = _in_mgdl(sens, _steps(_listed(sens, "sensitivities"), "sensitivity")) or _single(whole.get("sens"))
    if not basal or not carb_ratio or not sensitivity or "exchange" in _unit(ratios):
        return None
    dia_h = whole.get("dia")
    return PumpProfile(
        NAME,
        basal,
        carb_ratio,
        sensitivity,
        _in_mgdl(targets, _steps(_listed(targets, "targets"), "low")),
        _in_mgdl(targets, _steps(_listed(targets, "targets"), "high")),
        dia_h if isinstance(dia_h, int | float) and 0 < dia_h <= 24 else None,
    )


def profile_of(profile: PumpProfile, since_ms: int, zone_name: str) -> Document:
    """Return the profile document for settings in force since an instant (UTC epoch ms). Raises ``BadRecord``."""
    store = profile_store([profile], zone_name)
    return profile_document(VENDOR, "", NAME, store, sight_of(NAME, store, None, since_ms), SOURCE)


def statuses(parts: Iterable[Part], now_ms: int, offset_min: Callable[[int], int]) -> Iterator[Item]:
    """Yield a device status for each run of the loop: what was suggested and enacted, and the insulin on board."""
    runs: list[tuple[int, dict[str, Any], str]] = []
    dated: list[tuple[int, Part, Any]] = []
    for part in parts:
        listed = part.value if isinstance(part.value, list) else [part.value]
        said = next(one for one in listed if isinstance(one, dict))
        at_ms = next((at for name in _TIMES[part.kind] if (at := ms_of(said.get(name))) is not None), None)
        if at_ms is None:
            yield Rejected(part.name, "it does not say when it was")
            continue
        try:
            dated.append((checked_instant(at_ms, now_ms), part, said))
        except BadRecord as problem:
            yield Rejected(part.name, str(problem))
    for at_ms, part, said in sorted(dated, key=lambda one: one[0]):
        name = _NAMES[part.kind]
        if not runs or at_ms - runs[-1][0] > _ONE_LOOP_MS or name in runs[-1][1]:
            runs.append((at_ms, {}, part.name))
        runs[-1][1][name] = said if said.get("timestamp") or name == "iob" else said | {"timestamp": said["deliverAt"]}
    for at_ms, openaps, place in runs:
        made = status_document(
            identifier=identifier_of(VENDOR, "", "status", f"{at_ms}|{'|'.join(sorted(openaps))}"),
            at_ms=at_ms,
            device=DEVICE,
            offset_min=offset_min(at_ms),
            more={"openaps": openaps},
        )
        yield Found("devicestatus", made, place)


def _listed(section: Any, name: str) -> Any:
    return section.get(name) if isinstance(section, Mapping) else None


def _single(value: Any) -> list[Step]:
    return [(0, float(value))] if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else []


def _steps(items: Any, name: str) -> list[Step]:
    """Return a day's schedule as steps. Raises ``BadRecord`` for one that has no time or no value."""
    found = []
    for item in items if isinstance(items, list) else []:
        value = item.get(name) if isinstance(item, Mapping) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise BadRecord("a setting has no value")
        found.append((_minute(item), float(value)))
    return found


def _minute(item: Mapping[str, Any]) -> int:
    start = _START.fullmatch(str(item.get("start", "")))
    if start:
        return 60 * int(start[1]) + int(start[2])
    for name in ("minutes", "offset"):
        minute = item.get(name)
        if isinstance(minute, int) and not isinstance(minute, bool) and 0 <= minute < DAY_MIN:
            return minute
    raise BadRecord("a setting has no time")


def _in_mgdl(section: Any, steps: Sequence[Step]) -> list[Step]:
    is_mmol = "mmol" in _unit(section) and all(value < _NO_TARGET_MGDL for _, value in steps)
    return [(minute, round(value * MGDL_PER_MMOLL, 1) if is_mmol else value) for minute, value in steps]


def _unit(section: Any) -> str:
    return str(section.get("units", "")).lower() if isinstance(section, Mapping) else ""
