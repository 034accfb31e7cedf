"""Bringing commands up to date with what the phone uploaded, whichever process stored it.

The outcome depends on what was uploaded when, not on when somebody looks: a sign counts when it was received within
the command's five minutes, and one treatment proves one command. Several processes may settle at once: each step is
made only where nothing moved since the look began, and who is overtaken looks anew before going on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.actor import system_actor
from app.clock import Clock, iso_of
from app.commands import keeping
from app.commands.command import CANCEL, OVERRIDE
from app.commands.evidence import (
    CLOCKS_DIFFER_MS,
    Sign,
    refusal_meant,
    refusal_naming,
    sign_in_status,
    sign_in_treatment,
    span_of,
)
from app.commands.keeping import Kept, State
from app.commands.payload import LIFETIME_MS
from app.records.devicestatus import DeviceStatus
from app.records.stamps import CHANGED
from app.records.times import instant_at, read_instant
from app.records.treatments import Treatments
from app.store.interface import Document, Store

LOOKED_AFTER_MS = 60 * 60_000
"""So long after its five minutes a command is still looked after: a phone without a network uploads later."""

_LOOKS = 20
_MOST_TREATMENTS = 500
_MOST_STATUSES = 50
_ACTOR = system_actor("commands")

_UNKNOWN = "Whether Loop did it is unknown."
_NO_SIGN = {
    "sent": f"No sign of it within five minutes. {_UNKNOWN}",
    "queued": f"It is not known to have reached Apple, and there was no sign of it within five minutes. {_UNKNOWN}",
}


def settle(store: Store, clock: Clock) -> int | None:
    """Bring every command up to date, and return when the next one expires (UTC epoch ms), None when none waits."""
    now_ms = clock.now_ms()
    for _ in range(_LOOKS):
        try:
            _look(store, clock, now_ms)
            break
        except _Overtaken:
            continue
    waiting = keeping.oldest_open(store)
    return waiting.expires_ms if waiting else None


def _look(store: Store, clock: Clock, now_ms: int) -> None:
    oldest = keeping.oldest_open(store)
    since_ms = min(now_ms, oldest.at_ms if oldest else now_ms) - LOOKED_AFTER_MS - LIFETIME_MS
    given = keeping.given_since(store, since_ms)
    if any(_is_looked_after(kept, now_ms) for kept in given):
        _Settling(store, clock, given, now_ms).run()


def _is_looked_after(kept: Kept, now_ms: int) -> bool:
    if kept.is_open:
        return True
    if kept.state == "done" or kept.delivered is False or kept.afterwards:
        return False
    return now_ms <= kept.expires_ms + LOOKED_AFTER_MS


class _Overtaken(Exception):
    """Another process moved one of the commands meanwhile: what was read is out of date."""


class _Settling:
    """One look at some commands, with what was uploaded around them."""

    def __init__(self, store: Store, clock: Clock, given: list[Kept], now_ms: int) -> None:
        self._store = store
        self._now_ms = now_ms
        self._treatments = Treatments(store, clock, _ACTOR)
        self._statuses = DeviceStatus(store, clock, _ACTOR)
        self._given = {kept.id: kept for kept in given}
        self._taken = {kept.evidence for kept in given if kept.evidence}
        self._notes: dict[str, Document] = {}

    def run(self) -> None:
        """Take the signs, the surest first; then let expire what is over; then add what came too late."""
        watched = [kept for kept in self._given.values() if _is_looked_after(kept, self._now_ms)]
        signs = [(kept.id, sign) for kept in watched for sign in self._signs_of(kept)]
        signs.sort(key=lambda one: (one[1].weight, self._given[one[0]].at_ms, one[1].at_ms))
        for id, sign in signs:
            self._take(id, sign)
        for note in self._notes.values():
            meant = refusal_meant(note, list(self._given.values()))
            if meant:
                kept, sign = meant
                signs.append((kept.id, sign))
                self._take(kept.id, sign)
        for kept in watched:
            self._let_expire(kept.id)
        for id, sign in signs:
            self._add_late(id, sign)

    def _signs_of(self, kept: Kept) -> Iterator[Sign]:
        for treatment in self._treatments_around(kept):
            if treatment.get("eventType") == "Note":
                self._notes[str(treatment["_id"])] = treatment
            for sign in (refusal_naming(kept, treatment), sign_in_treatment(kept, treatment)):
                if sign:
                    yield sign
        if kept.command.event_type in (OVERRIDE, CANCEL):
            before = self._status_before(kept)
            for status in self._dated(self._statuses, kept.at_ms, span_of(kept)[1], _MOST_STATUSES):
                sign = sign_in_status(kept, status, before)
                if sign:
                    yield sign

    def _treatments_around(self, kept: Kept) -> Iterator[Document]:
        yield from self._dated(self._treatments, *span_of(kept), _MOST_TREATMENTS)
        start = read_instant(kept.command.start) if kept.command.start else None
        if start is not None:
            from_ms, to_ms = start.at_ms - CLOCKS_DIFFER_MS, start.at_ms + CLOCKS_DIFFER_MS
            yield from self._dated(self._treatments, from_ms, to_ms, _MOST_TREATMENTS)
        if kept.command.event_type == CANCEL:
            changed = {"eventType": OVERRIDE, CHANGED: {"$gte": kept.at_ms}}
            yield from self._treatments.search(changed, limit=_MOST_TREATMENTS)

    def _dated(self, records: Treatments | DeviceStatus, from_ms: int, to_ms: int, limit: int) -> Iterator[Document]:
        first, last = instant_at(from_ms), instant_at(to_ms)
        if first and last:
            between = {"created_at": {"$gte": first.iso, "$lte": last.iso}}
            yield from records.search(between, sort=[("created_at", 1)], limit=limit)

    def _status_before(self, kept: Kept) -> Document | None:
        before = {"created_at": {"$lt": iso_of(kept.at_ms)}, "override": {"$exists": True}}
        return next(self._statuses.search(before, limit=1), None)

    def _take(self, id: str, sign: Sign) -> None:
        """Let a sign move a command on, where it came in time and its treatment proves no other command."""
        kept = self._given[id]
        if kept.state not in keeping.FROM[sign.state] or (kept.is_open and sign.at_ms > kept.expires_ms):
            return
        if (kept.state, kept.detail) == (sign.state, sign.words) or self._is_taken(sign, kept):
            return
        if kept.state == sign.state and kept.evidence != sign.evidence:
            return
        told: dict[str, Any] = {"detail": sign.words, "reason": sign.reason, "evidence": sign.evidence}
        self._move(kept, sign.state, sign.at_ms, **told)
        self._taken.add(sign.evidence)

    def _let_expire(self, id: str) -> None:
        kept = self._given[id]
        if kept.is_open and kept.expires_ms <= self._now_ms:
            self._move(kept, "expired", kept.expires_ms, detail=_NO_SIGN[kept.state])

    def _move(self, kept: Kept, to: State, at_ms: int, **told: Any) -> None:
        if not keeping.move(self._store, kept, to, at_ms, **told):
            raise _Overtaken
        self._given[kept.id] = replace(kept, state=to, **told)

    def _add_late(self, id: str, sign: Sign) -> None:
        """Add to a command whose state is final what the phone says all the same."""
        kept = self._given[id]
        final = kept.state in ("expired", "refused") and not kept.afterwards and sign.words != kept.detail
        if final and not self._is_taken(sign, kept):
            keeping.add_afterwards(self._store, id, sign.words, sign.evidence)
            self._given[id] = replace(kept, afterwards=sign.words)
            self._taken.add(sign.evidence)

    def _is_taken(self, sign: Sign, kept: Kept) -> bool:
        return bool(sign.evidence) and sign.evidence in self._taken and sign.evidence != kept.evidence
