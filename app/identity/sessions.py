"""Sessions of people who signed in: a random cookie, kept as its SHA-256, that ends 90 days after its last use.

A session also remembers when a code was last shown, which is what dangerous acts ask for (``require_fresh``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.actor import Actor
from app.clock import Clock, datetime_of
from app.errors import FreshCodeNeeded
from app.identity import audit
from app.identity.last_use import note_use
from app.identity.minting import mint, sha256_of
from app.identity.peer import Peer
from app.store.interface import Collection, Document, Store

COLLECTION = "nl_sessions"
PREFIX = "nlw_"
LIFETIME_MS = 90 * 86_400_000
FRESH_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. ``id`` is the hash of its cookie and opens nothing; times are UTC epoch ms.

    Until ``fresh_until_ms`` a code was shown recently enough for a dangerous act; 0 when none was.
    """

    id: str
    account_id: str
    created_at_ms: int
    last_seen_at_ms: int
    address: str
    user_agent: str
    expires_at_ms: int
    fresh_until_ms: int = 0


def open_session(store: Store, clock: Clock, account_id: str, *, peer: Peer) -> tuple[str, Session]:
    """Begin a session, fresh at first, and return the cookie's content (told only here) and the session."""
    token, now_ms = mint(PREFIX), clock.now_ms()
    row: Document = {
        "_id": sha256_of(token),
        "account_id": account_id,
        "created_at_ms": now_ms,
        "fresh_until_ms": now_ms + FRESH_MS,
        **_seen(now_ms, peer),
    }
    row["last_seen_at_ms"] = now_ms
    _rows(store).insert_one(row)
    return token, _session_of(row)


def find_session(store: Store, clock: Clock, token: str, *, peer: Peer) -> Session | None:
    """Return the session of a cookie, or None when there is none such, or it has ended. Notes the use."""
    if not token.startswith(PREFIX):
        return None
    rows, now_ms = _rows(store), clock.now_ms()
    row = rows.find_one({"_id": sha256_of(token)})
    if row is None or row["expires_at_ms"] <= now_ms:
        return None
    seen = _seen(now_ms, peer)
    if note_use(rows, row, "last_seen_at_ms", now_ms, seen):
        row |= {"last_seen_at_ms": now_ms, **seen}
    return _session_of(row)


def list_sessions(store: Store, clock: Clock, account_id: str) -> list[Session]:
    """Return the account's open sessions, the one used last first."""
    wanted = {"account_id": account_id, "expires_at_ms": {"$gt": clock.now_ms()}}
    return [_session_of(row) for row in _rows(store).find(wanted, sort=[("last_seen_at_ms", -1)])]


def revoke_session(
    store: Store, clock: Clock, actor: Actor, session_id: str, *, peer: Peer, act: str = "session ended"
) -> bool:
    """End one session of the acting account and tell whether there was one; ``act`` goes into the audit list."""
    ended = _rows(store).delete_one({"_id": session_id, "account_id": actor.id})
    if ended:
        audit.record(store, clock, actor, act, about=actor.id, peer=peer)
    return ended


def revoke_others(store: Store, clock: Clock, actor: Actor, keep_id: str, *, peer: Peer) -> int:
    """End every session of the acting account but one, and return how many."""
    ended = _rows(store).delete_many({"account_id": actor.id, "_id": {"$ne": keep_id}})
    if ended:
        details = {"count": ended}
        audit.record(store, clock, actor, "other sessions ended", about=actor.id, peer=peer, details=details)
    return ended


def revoke_all(store: Store, account_id: str) -> int:
    """End every session of an account, and return how many; why is told in the audit list by who calls this."""
    return _rows(store).delete_many({"account_id": account_id})


def require_fresh(session: Session, clock: Clock) -> None:
    """Raise ``FreshCodeNeeded`` unless a code was shown in this session within the last five minutes."""
    if session.fresh_until_ms <= clock.now_ms():
        raise FreshCodeNeeded("This needs a code from the authenticator", hint="Enter the six digits it shows now.")


def refresh(store: Store, clock: Clock, session: Session) -> Session | None:
    """Note that a code was shown in this session just now; None when the session has ended meanwhile.

    Only ``second_factor`` has checked a code; nobody else calls this.
    """
    row = _rows(store).find_one_and_update({"_id": session.id}, {"$set": {"fresh_until_ms": clock.now_ms() + FRESH_MS}})
    return _session_of(row) if row else None


def _seen(now_ms: int, peer: Peer) -> dict[str, Any]:
    ends_ms = now_ms + LIFETIME_MS
    return {
        "address": peer.address,
        "user_agent": peer.user_agent,
        "expires_at_ms": ends_ms,
        "expires_at": datetime_of(ends_ms),
    }


def _rows(store: Store) -> Collection:
    return store.collection(COLLECTION)


def _session_of(row: Document) -> Session:
    return Session(
        id=row["_id"],
        account_id=row["account_id"],
        created_at_ms=row["created_at_ms"],
        last_seen_at_ms=row["last_seen_at_ms"],
        address=row["address"],
        user_agent=row["user_agent"],
        expires_at_ms=row["expires_at_ms"],
        fresh_until_ms=row["fresh_until_ms"],
    )
