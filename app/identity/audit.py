"""The list of what happened that a family may want to look up: who did what, when and from where. Rows are only
added.

An act is a few constant words in the past tense ("signed in", "share opened", "treatment deleted"); what it was done
to is ``about`` (an id or a name), and what varies goes into ``details``. A row is written *before* the door it tells
about opens: when it cannot be kept, the act does not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.actor import Actor
from app.clock import Clock
from app.identity.peer import NO_PEER, Peer
from app.logs import without_secrets
from app.store import ObjectId
from app.store.interface import Document, Store

COLLECTION = "nl_audit"
MOST_ROWS = 500

Detail = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. ``actor`` is a label ("account:mum"), ``actor_kind`` its kind, ``at_ms`` UTC epoch ms."""

    id: str
    at_ms: int
    act: str
    actor_kind: str
    actor: str
    actor_id: str
    about: str
    address: str
    user_agent: str
    details: Mapping[str, Detail] = field(default_factory=dict)


def record(
    store: Store,
    clock: Clock,
    actor: Actor,
    act: str,
    *,
    about: str = "",
    peer: Peer = NO_PEER,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Add a row. Callers keep secrets out; whatever still looks like one inside a text is struck out."""
    store.collection(COLLECTION, actor=actor.label).insert_one(
        {
            "at_ms": clock.now_ms(),
            "act": act,
            "actor_kind": actor.kind,
            "actor": actor.label,
            "actor_id": actor.id,
            "about": without_secrets(about),
            "address": peer.address,
            "user_agent": without_secrets(peer.user_agent),
            "details": {
                name: without_secrets(told) if isinstance(told, str) else told for name, told in (details or {}).items()
            },
        }
    )


def search(store: Store, *, limit: int = 100, before: str = "", about: str = "") -> list[Row]:
    """Return the newest rows first, at most 500; ``before`` is the id of the last row already seen.

    ``about`` keeps the rows about one thing, for instance a share's id. An unknown ``before`` finds nothing.
    """
    rows = store.collection(COLLECTION)
    wanted: Document = {"about": about} if about else {}
    if before:
        seen = rows.find_one({"_id": ObjectId(before)}) if ObjectId.is_valid(before) else None
        if seen is None:
            return []
        older = {"at_ms": {"$lt": seen["at_ms"]}}
        wanted["$or"] = [older, {"at_ms": seen["at_ms"], "_id": {"$lt": seen["_id"]}}]
    found = rows.find(wanted, sort=[("at_ms", -1), ("_id", -1)], limit=max(1, min(limit, MOST_ROWS)))
    return [_row_of(document) for document in found]


def _row_of(document: Document) -> Row:
    return Row(id=str(document["_id"]), **{name: value for name, value in document.items() if name != "_id"})
