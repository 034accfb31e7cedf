"""Silences: who has heard the alarms of a level and group, when, and until when these keep quiet.

An alarm has a group ("default", "Time Ago") and a level. Whoever acknowledges an urgent alarm has heard the warning of
the same group too; who heard a warning has not heard what becomes urgent later. A silence that runs is never made
longer: acknowledging again while it runs does nothing, so that no tap and no repeating program can keep an alarm quiet
for good. A rule may ask for quiet too; that gives way to whoever acknowledges. What turns out not to have been meant by
a silence is heard again once the silence is lifted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.actor import Actor
from app.clock import Clock
from app.errors import BadRequest, DuplicateKey
from app.glucose.levels import Level
from app.identity import audit
from app.identity.peer import NO_PEER, Peer
from app.store.interface import Collection, Document, Filter, Store

COLLECTION = "nl_silences"
USUAL_MS = 30 * 60_000
LONGEST_MS = 24 * 3_600_000
LONGEST_GROUP = 80
DEFAULT_GROUP = "default"

CLOCKS_APART_MS = 60_000
"""How far the clocks of two processes may differ. A silence from further ahead was begun while a clock was wrong."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The alarms of one level and group keep quiet from ``since_ms`` to ``until_ms`` (UTC epoch ms).

    ``by`` is the label of who acknowledged ("account:mum"), or names the rule that asked for quiet (``by_rule``).
    """

    level: Level
    group: str
    by: str
    since_ms: int
    until_ms: int
    by_rule: bool = False


class Silences:
    """The silences of one person's alarms, kept in the store for every process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def acknowledge(
        self, level: Level, group: str, duration_ms: int, actor: Actor, peer: Peer = NO_PEER
    ) -> tuple[Silence, ...]:
        """Begin to keep these alarms quiet and return the silences that began: none while somebody's of it runs.

        It is told in the audit list first. Raises ``BadRequest`` for what is no alarm, no group or no time to be quiet.
        """
        _check(level, group, duration_ms)
        running = self.of(level, group)
        if running and not running.by_rule:
            return ()
        details: dict[str, audit.Detail] = {"level": level.display.lower(), "minutes": -(-duration_ms // 60_000)}
        audit.record(self._store, self._clock, actor, "alarm silenced", about=group, peer=peer, details=details)
        return tuple(self._begun(level, group, duration_ms, actor.label))

    def snooze(self, level: Level, group: str, duration_ms: int, rule: str) -> tuple[Silence, ...]:
        """Keep these alarms quiet because a rule asks for it, and return the silences that began.

        None while any of it runs. Nobody did it: it is in no audit list.
        """
        _check(level, group, duration_ms)
        return tuple(self._begun(level, group, duration_ms, f"rule:{rule}", by_rule=True))

    def lift(self, silence: Silence) -> None:
        """End a silence now, unless another has taken its place."""
        ended = {"_id": _row_id(silence.level, silence.group), "since_ms": silence.since_ms, "by": silence.by}
        self._rows().update_one(ended, {"$set": {"until_ms": self._clock.now_ms()}})

    def of(self, level: Level, group: str) -> Silence | None:
        """Return the silence that runs for a level and group, or None: its alarms are to be heard."""
        row = self._rows().find_one({"_id": _row_id(level, group), **_running(self._clock.now_ms())})
        return _silence_of(row) if row else None

    def running(self) -> list[Silence]:
        """Return all silences that run, the urgent ones first, then by group."""
        found = [_silence_of(row) for row in self._rows().find(_running(self._clock.now_ms()))]
        return sorted(found, key=lambda silence: (-silence.level, silence.group))

    def _begun(
        self, level: Level, group: str, duration_ms: int, by: str, *, by_rule: bool = False
    ) -> Iterator[Silence]:
        now_ms = self._clock.now_ms()
        for heard in (level, Level.WARN) if level is Level.URGENT else (level,):
            silence = Silence(heard, group, by, now_ms, now_ms + duration_ms, by_rule)
            if _begin(self._rows(by), silence, now_ms):
                yield silence
            elif heard is level:
                return  # somebody else acknowledged it in this very moment

    def _rows(self, actor: str = "") -> Collection:
        return self._store.collection(COLLECTION, actor=actor)


def _check(level: Level, group: str, duration_ms: int) -> None:
    if level not in (Level.URGENT, Level.WARN):
        raise BadRequest("Only alarms can be acknowledged", hint="Level 2 is urgent, level 1 a warning.")
    if not group or len(group) > LONGEST_GROUP or not group.isprintable():
        raise BadRequest(f"A group is a name of at most {LONGEST_GROUP} characters")
    if not 0 < duration_ms <= LONGEST_MS:
        raise BadRequest(f"An alarm can be silenced for 1 to {LONGEST_MS} ms")


def _begin(rows: Collection, silence: Silence, now_ms: int) -> bool:
    """Keep a silence unless one of its level and group runs that does not give way; tell which it was. Atomic."""
    row_id = _row_id(silence.level, silence.group)
    kept = {
        "level": int(silence.level),
        "group": silence.group,
        "by": silence.by,
        "since_ms": silence.since_ms,
        "until_ms": silence.until_ms,
        "by_rule": silence.by_rule,
    }
    in_the_way = _running(now_ms) if silence.by_rule else {**_running(now_ms), "by_rule": {"$ne": True}}
    if rows.find_one_and_update({"_id": row_id, "$nor": [in_the_way]}, {"$set": kept}):
        return True
    try:
        rows.insert_one({"_id": row_id, **kept})
    except DuplicateKey:
        return False
    return True


def _running(now_ms: int) -> Filter:
    return {"until_ms": {"$gt": now_ms}, "since_ms": {"$lte": now_ms + CLOCKS_APART_MS}}


def _row_id(level: Level, group: str) -> str:
    return f"{int(level)}:{group}"


def _silence_of(row: Document) -> Silence:
    told: dict[str, Any] = {name: row[name] for name in ("group", "by", "since_ms", "until_ms")}
    return Silence(Level(row["level"]), **told, by_rule=row.get("by_rule", False))
