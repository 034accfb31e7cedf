"""What a rule wants said, and what it wants kept quiet, in the terms of Nightscout's notifications."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import Any

from app.alarms.silences import DEFAULT_GROUP
from app.glucose.levels import Level
from app.store.interface import Document

USUAL_SOUND = "gamelan"
"""Pushover's sound where a rule has no wish: the one Nightscout falls back to."""


class Side(StrEnum):
    """What an alarm of glucose is about: too low, too high, or that it goes astray."""

    LOW = "low"
    HIGH = "high"
    EITHER = "either"


class Loudness(IntEnum):
    """How loud an urgent low is: what is expected, what was measured, what lies below all that can be measured."""

    NONE = 0
    PREDICTED = 1
    MEASURED = 2
    OFF_SCALE = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to say. From WARN on it is an alarm of its ``group``, of which the loudest is heard.

    ``side`` is None unless it is about glucose. ``notifyhash`` names what is said once; ``repeat_ms`` is after how long
    it is said again while nothing changes (None: as usual). ``debug`` is for whoever reads the event.
    """

    level: Level
    plugin: str
    title: str
    message: str
    group: str = DEFAULT_GROUP
    event_name: str = ""
    sound: str = USUAL_SOUND
    is_announcement: bool = False
    notifyhash: str = ""
    side: Side | None = None
    loudness: Loudness = Loudness.NONE
    repeat_ms: int | None = None
    debug: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_alarm(self) -> bool:
        """Tell whether it stands until it is over; all else is said once."""
        return self.level >= Level.WARN and not self.is_announcement

    @property
    def is_urgent_low(self) -> bool:
        """Tell whether no rule and no earlier silence may keep it quiet."""
        return self.level is Level.URGENT and self.side is Side.LOW

    @property
    def rank(self) -> tuple[Level, Loudness]:
        """The place in the order of loudness."""
        return self.level, self.loudness

    @property
    def key(self) -> str:
        """The name under which receivers know it again."""
        if self.notifyhash:
            return self.notifyhash
        if self.is_alarm:
            return f"{self.plugin}_{int(self.level)}"
        return hash_of({"title": self.title, "message": self.message})


@dataclass(frozen=True, slots=True)
class Snooze:
    """A wish of a rule to keep the alarms of a group quiet, up to ``level``, for a while."""

    level: Level
    plugin: str
    title: str
    message: str
    length_ms: int
    group: str = DEFAULT_GROUP


def hash_of(told: Mapping[str, Any]) -> str:
    """Return the SHA-1 of something as JavaScript writes it in JSON: a name, no secret."""
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha1(written.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def document_of(notice: Notice) -> Document:
    """Return a notice as it is stored."""
    stored = asdict(notice)
    return stored | {
        "level": int(notice.level),
        "loudness": int(notice.loudness),
        "side": notice.side.value if notice.side else None,
    }


def notice_in(stored: Document) -> Notice:
    """Return the notice that was stored; what another version stored beside it is left out.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is none.
    """
    known = {one.name: stored[one.name] for one in fields(Notice) if one.name in stored}
    side = stored["side"]
    return Notice(
        **{
            **known,
            "level": Level(stored["level"]),
            "loudness": Loudness(stored["loudness"]),
            "side": Side(side) if side else None,
        }
    )
