"""Leases of the embedded backend: a document each, changed under the write lock, timed by this machine's clock."""

from __future__ import annotations

from typing import Any

from app.store.interface import Collection, Lease

COLLECTION = "nl_leases"


def take(leases: Collection, name: str, owner: str, now_ms: int, ttl_ms: int) -> Lease | None:
    """Take or renew a lease, or return None while another owner holds it."""
    fresh: dict[str, Any] = {"owner": owner, "expires_at_ms": now_ms + ttl_ms}
    kept = leases.find_one_and_update({"_id": name, "owner": owner, "expires_at_ms": {"$gt": now_ms}}, {"$set": fresh})
    if kept is None:
        leases.update_one({"_id": name}, {"$setOnInsert": {"owner": "", "fence": 0, "expires_at_ms": 0}}, upsert=True)
        kept = leases.find_one_and_update(
            {"_id": name, "expires_at_ms": {"$lte": now_ms}}, {"$set": fresh, "$inc": {"fence": 1}}
        )
    return None if kept is None else Lease(name, owner, kept["fence"], kept["expires_at_ms"])


def drop(leases: Collection, name: str, owner: str) -> None:
    """Give a lease back, if ``owner`` holds it. The document stays, so that the fence goes on growing."""
    leases.update_one({"_id": name, "owner": owner}, {"$set": {"owner": "", "expires_at_ms": 0}})
