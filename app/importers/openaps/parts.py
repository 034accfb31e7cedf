"""The files of an OpenAPS rig: which of them a piece of JSON is, by what is in it, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from app.importers.bounded import BROKEN, HEAD_BYTES, Member, Opened
from app.importers.json_records import first_records
from app.importers.tables import encoding_of

MOST_BYTES = 8 << 20
"""A rig keeps a day or two in each file, some hundreds of KB; this is the most that is taken in hand of one."""

MOST_BYTES_ALTOGETHER = 32 << 20
MOST_PARTS = 2000
_LOOKED_AT = 60
_LOOKED_THROUGH = 20


class Kind(StrEnum):
    """What a file of a rig is."""

    GLUCOSE = "glucose"
    HISTORY = "pump history"
    SUGGESTED = "suggestion"
    ENACTED = "enacted"
    IOB = "insulin on board"
    PROFILE = "profile"
    BASALS = "basal rates"
    TARGETS = "targets"
    SENSITIVITIES = "sensitivities"
    RATIOS = "carb ratios"


SETTINGS = (Kind.PROFILE, Kind.BASALS, Kind.TARGETS, Kind.SENSITIVITIES, Kind.RATIOS)


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name in the zip (of the file itself where there is none), its kind and its content."""

    name: str
    kind: Kind
    value: Any


def kind_of(value: Any, name: str = "") -> Kind | None:
    """Return what a piece of JSON is, None when it is none of a rig's files. Takes anything at all."""
    if isinstance(value, list):
        return _kind_of_list([one for one in value[:_LOOKED_THROUGH] if isinstance(one, dict)])
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("basalprofile"), list):
        return Kind.PROFILE
    for key, kind in (("targets", Kind.TARGETS), ("sensitivities", Kind.SENSITIVITIES), ("schedule", Kind.RATIOS)):
        if isinstance(value.get(key), list) and "units" in value:
            return kind
    if "reason" in value and not value.keys().isdisjoint({"bg", "rate", "predBGs", "eventualBG", "deliverAt"}):
        done = "recieved" in value or "received" in value or "enacted" in name.lower()
        return Kind.ENACTED if done else Kind.SUGGESTED
    return Kind.IOB if _is_iob(value) else None


def _kind_of_list(items: Sequence[Mapping[str, Any]]) -> Kind | None:
    if not items or any("eventType" in one or "created_at" in one for one in items):
        return None
    if any(isinstance(one.get("_type"), str) and "timestamp" in one for one in items):
        return Kind.HISTORY
    if _is_iob(items[0]):
        return Kind.IOB
    if all("rate" in one and ("minutes" in one or "start" in one) for one in items):
        return Kind.BASALS
    return Kind.GLUCOSE if any(_is_rigs_reading(one) for one in items) else None


def _is_iob(value: Mapping[str, Any]) -> bool:
    return "iob" in value and not value.keys().isdisjoint({"activity", "basaliob", "netbasalinsulin", "bolussnooze"})


def _is_rigs_reading(item: Mapping[str, Any]) -> bool:
    """Tell a rig's readings from any Nightscout's: a rig adds times of the receiver, or names itself."""
    if item.keys().isdisjoint({"sgv", "glucose", "mbg"}) or item.keys().isdisjoint(
        {"date", "dateString", "display_time"}
    ):
        return False
    return "display_time" in item or "glucose" in item or str(item.get("device", "")).startswith("openaps:")


def kinds_seen(file: Opened) -> list[tuple[str, Kind]]:
    """Return which files are seen in the beginnings of what somebody brought, each by its name. Raises nothing."""
    if not file.is_zip:
        heads = [(file.name, file.unpacked_head)]
    else:
        heads = [(one.base, file.member_head(one)) for one in _members(file)[:_LOOKED_AT]]
    found = []
    for name, head in heads:
        kind = _kind_at(head, name)
        if kind:
            found.append((name, kind))
    return found


def parts(file: Opened, too_large: list[str]) -> Iterator[Part]:
    """Yield every file of a rig there is; the names of those that are none a rig writes, by size, go to the list."""
    left = MOST_BYTES_ALTOGETHER
    for member in _members(file) if file.is_zip else [None]:
        name = member.base if member else file.name
        raw = _content(file, member, min(left, MOST_BYTES))
        if raw is None:
            too_large.append(name)
            continue
        value = _parsed(raw)
        kind = kind_of(value, name)
        if kind:
            left -= len(raw)
            yield Part(name, kind, value)


def _members(file: Opened) -> list[Member]:
    members = [one for one in file.members if one.base.lower().endswith((".json", ".json.gz"))]
    return sorted(members[:MOST_PARTS], key=lambda one: (one.name.count("/"), one.name))


def _content(file: Opened, member: Member | None, most: int) -> bytes | None:
    """Return a file's bytes, None when there are too many; empty when it is damaged."""
    try:
        with file.open(member) as content:
            raw = content.read(most + 1)
    except BROKEN:
        return b""
    return None if len(raw) > most else raw


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw.decode(encoding_of(raw), errors="replace").lstrip("\ufeff"))
    except ValueError:
        return None


def _kind_at(head: bytes, name: str) -> Kind | None:
    if len(head) < HEAD_BYTES:
        return kind_of(_parsed(head), name)
    return kind_of([one.value for one in first_records(head, (), _LOOKED_THROUGH)], name)
