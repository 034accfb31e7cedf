"""Pump settings as a profile in Nightscout's shape, written anew only when they really changed.

A vendor tells the settings with each visit. What is written is normalised first, and its fingerprint compared with the
one that was seen last: the same settings are the same document, with the start of their first sight.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.clock import iso_of
from app.records.sources.documents import BadRecord, identifier_of
from app.store.interface import Document

DAY_MIN = 24 * 60

Step = tuple[int, float]
"""From a minute of the day on, this value."""


@dataclass(frozen=True, slots=True)
class PumpProfile:
    """One named set of settings; what the pump does not tell is empty or None.

    ``basal`` U/h, ``carb_ratio`` g/U, ``sens`` mg/dL per U, targets mg/dL, ``dia_h`` hours.
    """

    name: str
    basal: Sequence[Step] = ()
    carb_ratio: Sequence[Step] = ()
    sens: Sequence[Step] = ()
    target_low: Sequence[Step] = ()
    target_high: Sequence[Step] = ()
    dia_h: float | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Some settings, by their fingerprint, and when they were seen first (UTC epoch ms)."""

    fingerprint: str
    since_ms: int

    def as_document(self) -> Document:
        """Return it as a session keeps it."""
        return {"fingerprint": self.fingerprint, "since_ms": self.since_ms}


def schedule(steps: Iterable[Step]) -> list[Document]:
    """Return a day's schedule that begins at midnight, equal neighbours joined; empty for no steps.

    What holds before the first step is what the day before ended with. Raises ``BadRecord`` for a minute that is in no
    day and a value that is no number of something.
    """
    by_minute: dict[int, float] = {}
    for minute, value in steps:
        if not 0 <= minute < DAY_MIN or not 0 <= value < float("inf"):
            raise BadRecord("a setting has an impossible time or value")
        by_minute[minute] = round(value, 4)
    if not by_minute:
        return []
    by_minute.setdefault(0, by_minute[max(by_minute)])
    made: list[Document] = []
    for minute in sorted(by_minute):
        if not made or made[-1]["value"] != by_minute[minute]:
            at = f"{minute // 60:02}:{minute % 60:02}"
            made.append({"time": at, "timeAsSeconds": minute * 60, "value": by_minute[minute]})
    return made


def profile_store(profiles: Iterable[PumpProfile], zone_name: str) -> dict[str, Document]:
    """Return the ``store`` of a profile document, by ``store_name``; glucose in mg/dL. Raises ``BadRecord``."""
    return {store_name(profile.name): _stored(profile, zone_name) for profile in profiles}


def store_name(name: str) -> str:
    """Return the name a profile goes by in a store: as people gave it, less what a database cannot have in a key."""
    return name.replace("\x00", "").strip().lstrip("$").strip() or "Default"


def sight_of(default_profile: str, store: Mapping[str, Any], known: Any, now_ms: int) -> Sight:
    """Return since when these settings are known; ``known`` is what ``Sight.as_document`` gave last, or None."""
    content = json.dumps([default_profile, store], sort_keys=True, separators=(",", ":"))
    fingerprint = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if isinstance(known, Mapping) and known.get("fingerprint") == fingerprint:
        return Sight(fingerprint, int(known["since_ms"]))
    return Sight(fingerprint, now_ms)


def profile_document(
    vendor: str, account: str, default_profile: str, store: Mapping[str, Document], sight: Sight, entered_by: str
) -> Document:
    """Return the profile document for settings that are in force since ``sight``."""
    at = iso_of(sight.since_ms)
    return {
        "defaultProfile": default_profile,
        "startDate": at,
        "created_at": at,
        "units": "mg/dl",
        "store": dict(store),
        "enteredBy": entered_by,
        "identifier": identifier_of(vendor, account, "profile", f"{sight.fingerprint}|{sight.since_ms}"),
    }


def _stored(profile: PumpProfile, zone_name: str) -> Document:
    made: Document = {"units": "mg/dl"}
    if profile.dia_h:
        made["dia"] = profile.dia_h
    if zone_name:
        made["timezone"] = zone_name
    made["basal"] = schedule(profile.basal)
    for name, steps in (
        ("carbratio", profile.carb_ratio),
        ("sens", profile.sens),
        ("target_low", profile.target_low),
        ("target_high", profile.target_high),
    ):
        # A ratio or a target of 0 says that the pump does not use it.
        if steps and all(value > 0 for _, value in steps):
            made[name] = schedule(steps)
    return {name: value for name, value in made.items() if value != []}
