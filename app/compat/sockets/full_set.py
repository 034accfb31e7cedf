"""What a socket is sent of the present: everything at first, and later what is new in it. Pure.

Lists hold records in the shapes of Nightscout's runtime data, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.compat.runtime_set import runtime_set
from app.compat.wire import on_wire
from app.live.present import Present

Record = dict[str, Any]

STATUSES_OF_A_KIND = 10
KINDS = ("uploader", "pump", "openaps", "loop", "xdripjs")
_SWITCHED = "@@@@@"
"""In the name of a profile that was put together for a switch and is nobody's to choose."""

_LISTS = ("sgvs", "treatments", "mbgs", "cals", "profiles")
_KEYED_BY: Mapping[str, tuple[str, ...]] = {
    "sgvs": ("mills", "mgdl"),
    "mbgs": ("mills", "mgdl"),
    "cals": ("mills", "scale", "intercept", "slope"),
    "devicestatus": ("mills", "_id"),
}
_WHERE_DRAWN = ("mgdl", "mmol")
"""Where a treatment stands on the curve changes with every reading, and makes it no other treatment."""


class FullSet:
    """Everything a socket may see of one present."""

    def __init__(self, present: Present) -> None:
        self.present = present
        found = runtime_set(present)
        self.lists: dict[str, list[Record]] = {name: on_wire(found[name]) for name in _LISTS}
        # A status can be long, and food is told but once: these are put into words when they are sent.
        self.lists["devicestatus"] = found["devicestatus"]
        self._food = found["food"]
        self.lists["profiles"] = [without_switched(profile) for profile in self.lists["profiles"]]
        self.stats: Record = found["dbstats"]
        self.active_profile: str | None = found["lastProfileFromSwitch"]

    @property
    def at_ms(self) -> int:
        """The moment of the present, UTC epoch ms."""
        return self.present.now_ms

    def body(self) -> Record:
        """Return the first ``dataUpdate`` of a socket, without ``status``."""
        recent = on_wire(recent_statuses(self.lists["devicestatus"], self.at_ms))
        return {**self.lists, "devicestatus": recent, "food": on_wire(self._food), "dbstats": self.stats}


def without_switched(profile: Record) -> Record:
    """Return a profile without the ones in it that were made for a switch."""
    kept = profile.get("store")
    if not isinstance(kept, dict):
        return profile
    return profile | {"store": {name: value for name, value in kept.items() if _SWITCHED not in name}}


def recent_statuses(statuses: Sequence[Record], now_ms: int) -> list[Record]:
    """Return the latest ten of each device and kind, oldest first."""
    counted: dict[tuple[str, str], int] = {}
    chosen = []
    for status in reversed(statuses):
        if status["mills"] > now_ms:
            continue
        kinds = [(str(status.get("device")), kind) for kind in KINDS if kind in status]
        if any(counted.get(kind, 0) < STATUSES_OF_A_KIND for kind in kinds):
            chosen.append(status)
            counted |= {kind: counted.get(kind, 0) + 1 for kind in kinds}
    return chosen[::-1]


def delta_between(before: FullSet, after: FullSet, gone: Callable[[Sequence[str]], Iterable[str]]) -> Record | None:
    """Return the delta that brings who knows ``before`` to ``after``, None when nothing changed.

    ``gone`` returns those of some treatments' ids that no longer exist: the others only became too old.
    """
    delta: Record = {}
    for name, fields in _KEYED_BY.items():
        known = {_key(record, fields) for record in before.lists[name]}
        new = [record for record in after.lists[name] if _key(record, fields) not in known]
        if new:
            delta[name] = on_wire(new) if name == "devicestatus" else new
    treatments = _changed_treatments(before.lists["treatments"], after.lists["treatments"], gone)
    if treatments:
        delta["treatments"] = treatments
    if before.lists["profiles"] != after.lists["profiles"]:
        delta["profiles"] = after.lists["profiles"]
    if not delta and before.active_profile == after.active_profile:
        return None
    return {"delta": True, "lastUpdated": after.at_ms, **delta}


def _changed_treatments(
    before: Sequence[Record], after: Sequence[Record], gone: Callable[[Sequence[str]], Iterable[str]]
) -> list[Record]:
    known = {record["_id"]: record for record in before}
    changed = []
    for record in after:
        earlier = known.pop(record["_id"], None)
        if earlier is None:
            changed.append(record)
        elif earlier is not record and _said(earlier) != _said(record):
            changed.append(record | {"action": "update"})
    removed = set(gone(list(known))) if known else set()
    changed += [{"_id": id, "mills": known[id]["mills"], "action": "remove"} for id in known if id in removed]
    return sorted(changed, key=lambda record: record["mills"])


def _said(treatment: Record) -> Record:
    return {name: value for name, value in treatment.items() if name not in _WHERE_DRAWN}


def _key(record: Record, fields: Iterable[str]) -> tuple[Any, ...]:
    # An id counts as itself, not as what it is written as.
    return tuple(str(value) if not isinstance(value := record.get(name), int | float) else value for name in fields)
