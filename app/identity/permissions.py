"""Nightscout's permission strings as lists: those known from the start, and their nested form.

How one covers another is decided in ``app.actor`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CRUD = ("create", "delete", "read", "update")
_COLLECTIONS = ("activity", "food", "profile", "treatments")

KNOWN: tuple[str, ...] = tuple(
    sorted(
        {
            "admin:api:permissions:read",
            *(f"admin:api:roles:{act}" for act in ("create", "delete", "list", "update")),
            *(f"admin:api:subjects:{act}" for act in _CRUD),
            "api:*:read",
            *(f"api:{collection}:{act}" for collection in _COLLECTIONS for act in _CRUD),
            *(
                f"api:{collection}:{act}"
                for collection in ("devicestatus", "entries")
                for act in ("create", "delete", "read")
            ),
            "api:pebble,entries:read",
            "api:status:read",
            "authorization:debug:test",
            "notifications:*:ack",
            "notifications:loop:push",
        }
    )
)
"""Every permission Nightscout's routes ask for, sorted: what its ``/authorization/permissions`` answers after a
start."""


def listed(stored: object) -> tuple[str, ...]:
    """Return stored permissions or role names, normally a list but sometimes a plain string or null, as a tuple."""
    if isinstance(stored, str):
        return (stored,) if stored else ()
    if isinstance(stored, list):
        return tuple(item for item in stored if isinstance(item, str))
    return ()


def trie_of(permissions: Iterable[str]) -> dict[str, Any]:
    """Return permissions as nested objects keyed by part, each ending in ``{"*": {}}``; a comma list gives a branch
    each.
    """
    trie: dict[str, Any] = {}
    for permission in permissions:
        branches = [trie]
        for part in permission.split(":"):
            branches = [branch.setdefault(word, {}) for branch in branches for word in part.split(",")]
        for branch in branches:
            branch["*"] = {}
    return trie
