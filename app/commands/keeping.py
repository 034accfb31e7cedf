"""Commands as they are kept, and the only ways one gets from a state to the next.

``queued`` is stored before anything is pushed; ``sent`` means that Apple took it; ``seen``, ``done`` and ``refused`` by
Loop rest on an upload of the phone; ``expired`` is five minutes without a sign. ``done``, ``refused`` and ``expired``
are final: what comes to light later is added to them as ``afterwards``, and never changes them.

The same command submitted again within five minutes is the one that is there already. Its id is a keyed hash of what
was submitted, so that two submissions at once end as one; the one-time password goes into the hash and nowhere else.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal

import orjson

from app.actor import Actor
from app.clock import Clock
from app.commands.command import Command
from app.commands.payload import LIFETIME_MS
from app.errors import Conflict, DuplicateKey
from app.keyring import KeyRing
from app.store.interface import Collection, Document, Filter, Store

COLLECTION = "nl_commands"
A_DAY_MS = 86_400_000
MOST_LISTED = 100

State = Literal["queued", "sent", "seen", "done", "refused", "expired"]

FROM: Mapping[State, tuple[State, ...]] = {
    "sent": ("queued",),
    "seen": ("queued", "sent", "seen"),
    "done": ("queued", "sent", "seen"),
    "refused": ("queued", "sent", "seen"),
    "expired": ("queued", "sent"),
}
"""The states each state can follow; ``queued`` is only ever the first."""

OPEN: tuple[State, ...] = ("queued", "sent")
"""The states that end by themselves when no sign comes."""

_KEY = "remote commands"
_LABEL = "commands"
_MOST_SUBMISSIONS = 20
_SEES_ALL = frozenset({"account", "secret", "system"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored command. ``times`` holds when each state was reached (UTC epoch ms), ``detail`` what that means.

    ``reason`` is Apple's or Loop's own word for a refusal. ``delivered`` is false where Apple certainly does not have
    it. ``evidence`` is the id of the treatment that the state rests on, ``afterwards`` what was learnt too late.
    """

    id: str
    command: Command
    actor_kind: str
    actor: str
    actor_id: str
    at_ms: int
    state: State = "queued"
    times: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""
    reason: str = ""
    delivered: bool | None = None
    evidence: str = ""
    afterwards: str = ""

    @property
    def expires_ms(self) -> int:
        """Return when Loop does not do it any more."""
        return self.at_ms + LIFETIME_MS

    @property
    def is_open(self) -> bool:
        """Tell whether anything may still come of it."""
        return self.state in OPEN


def keep(store: Store, clock: Clock, keyring: KeyRing, actor: Actor, command: Command) -> tuple[Kept, bool]:
    """Store a command as queued, and tell whether it is new: the same one submitted just now is returned instead."""
    now_ms = clock.now_ms()
    slot = now_ms // LIFETIME_MS
    for id in _ids(keyring, actor, command, slot - 1):
        found = find(store, id)
        if found is None:
            break
        if _is_same(found, now_ms):
            return found, False
    for id in _ids(keyring, actor, command, slot):
        queued = Kept(id, command, actor.kind, actor.label, actor.id, now_ms, times={"queued": now_ms})
        try:
            _rows(store).insert_one(_document_of(queued))
        except DuplicateKey:
            found = find(store, id)
            if found is not None and _is_same(found, now_ms):
                return found, False
        else:
            return queued, True
    raise Conflict("The same command failed too often just now", hint="Wait five minutes.")


def move(store: Store, kept: Kept, to: State, at_ms: int, **told: str | bool) -> bool:
    """Take a command to its next state, and tell whether it got there; ``told`` are fields of ``Kept``.

    It does not where no way leads there, or where somebody else moved it since ``kept`` was read.
    """
    if kept.state not in FROM[to]:
        return False
    as_read = {"_id": kept.id, "state": kept.state, "evidence": kept.evidence}
    changed = {"state": to, f"times.{to}": at_ms, **told}
    return _rows(store).update_one(as_read, {"$set": changed}).matched


def leave_unknown(store: Store, command_id: str, reason: str) -> None:
    """Say of a command that is still queued why nobody knows whether Apple has it."""
    told = {"reason": reason, "detail": f"Whether Apple has it is unknown: {reason}."}
    _rows(store).update_one({"_id": command_id, "state": "queued"}, {"$set": told})


def add_afterwards(store: Store, command_id: str, words: str, evidence: str) -> None:
    """Add, once, what was learnt of a command whose state is final."""
    told = {"afterwards": words, "evidence": evidence}
    _rows(store).update_one({"_id": command_id, "afterwards": ""}, {"$set": told})


def find(store: Store, command_id: str) -> Kept | None:
    """Return the command of an id, or None."""
    row = _rows(store).find_one({"_id": command_id})
    return _kept_of(row) if row else None


def oldest_open(store: Store) -> Kept | None:
    """Return the command that has waited longest for a sign, or None."""
    row = _rows(store).find_one({"state": {"$in": [*OPEN]}}, sort=[("at_ms", 1)])
    return _kept_of(row) if row else None


def given_since(store: Store, since_ms: int) -> list[Kept]:
    """Return every command given since then, the oldest first."""
    rows = _rows(store).find({"at_ms": {"$gte": since_ms}}, sort=[("at_ms", 1), ("_id", 1)])
    return [_kept_of(row) for row in rows]


def listed(store: Store, actor: Actor, *, since_ms: int = 0, limit: int = MOST_LISTED) -> list[Kept]:
    """Return the newest commands first: the owner's eyes see all, an app only its own."""
    wanted: Filter = {"at_ms": {"$gte": since_ms}}
    if actor.kind not in _SEES_ALL:
        wanted = {**wanted, "actor_kind": actor.kind, "actor_id": actor.id}
    return [_kept_of(row) for row in _rows(store).find(wanted, sort=[("at_ms", -1), ("_id", -1)], limit=limit)]


def _is_same(earlier: Kept, now_ms: int) -> bool:
    """Tell whether a submission is a repetition: not when Apple certainly never had the earlier one."""
    return earlier.at_ms > now_ms - LIFETIME_MS and earlier.delivered is not False


def _ids(keyring: KeyRing, actor: Actor, command: Command, slot: int) -> Iterator[str]:
    """Yield the ids this command has when it is submitted within these five minutes for the first time, the second …"""
    key, said = keyring.derived(_KEY)[0], orjson.dumps([actor.kind, actor.id, slot, asdict(command)])
    for number in range(_MOST_SUBMISSIONS):
        digest = hmac.digest(key, said + b"%d" % number, sha256)
        yield str(uuid.UUID(bytes=digest[:16], version=4))


def _rows(store: Store) -> Collection:
    return store.collection(COLLECTION, actor=_LABEL)


def _document_of(kept: Kept) -> Document:
    document = asdict(kept)
    document["_id"] = document.pop("id")
    del document["command"]["otp"]
    return document


def _kept_of(row: Document) -> Kept:
    told: dict[str, Any] = {name: value for name, value in row.items() if name not in ("_id", "command")}
    return Kept(id=row["_id"], command=Command(**row["command"]), **told)
