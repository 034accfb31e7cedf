"""Who a socket's client is: credentials as they come in messages, by the rules of v1, and their end."""

from __future__ import annotations

from typing import Any

from app.actor import Actor
from app.compat.credentials import Gate
from app.compat.sockets.viewers import Viewer, Viewers
from app.errors import TooManyAttempts, Unauthenticated
from app.identity.nightscout import NightscoutAccess, Presented
from app.identity.tokens import COLLECTION as DEVICE_TOKENS
from app.store.interface import Change

READS = "api:*:read"
WRITES = "api:*:create,update,delete"
WRITES_TREATMENTS = "api:treatments:create,update,delete"
ACKNOWLEDGES = "notifications:*:ack"


class Admission:
    """Turns what a client shows into an actor, and lets go whoever may no longer do what it might when it came."""

    def __init__(self, gate: Gate, access: NightscoutAccess, viewers: Viewers) -> None:
        self._gate = gate
        self._access = access
        self._viewers = viewers

    def admit(self, viewer: Viewer, *, secret: Any = None, bearer: Any = None) -> Actor | None:
        """Return who shows this, nobody with the default roles for nothing at all, None for a bad credential."""
        shown = Presented(secret=_text(secret), bearer=_text(bearer))
        try:
            actor = self._gate.admit(shown, viewer.peer)
        except (Unauthenticated, TooManyAttempts):
            return None
        viewer.be(actor)
        return actor

    def concerns(self, change: Change) -> bool:
        """Tell whether a change may have taken something from somebody."""
        if change.op == "resync" or change.collection in self._access.collections:
            return True
        return change.collection == DEVICE_TOKENS and change.op != "insert"

    def look_again(self) -> None:
        """Let go of everybody whose credential has ended or allows something else now: who may, comes back."""
        today: dict[tuple[str, str], Actor | None] = {}
        for viewer in self._viewers.everybody():
            actor = viewer.actor
            if actor is None:
                continue
            known_as = (actor.kind, actor.id)
            if known_as not in today:
                today[known_as] = self._access.renewed(actor)
            now = today[known_as]
            if now is None or set(now.grants) != set(actor.grants):
                viewer.connection.close(wait=False)


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""
