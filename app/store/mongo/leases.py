"""Leases in MongoDB, timed by the database's own clock: one update decides, by ``$$NOW``."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from app.store.encoding import milliseconds
from app.store.interface import Document, Lease

COLLECTION = "nl_leases"


def take(leases: Collection[Document], name: str, owner: str, ttl_ms: int) -> Lease | None:
    """Take or renew a lease, or return None while another owner holds it. Raises the driver's errors."""
    literal = {"$literal": owner}
    running: dict[str, Any] = {"$gt": ["$expires_at", "$$NOW"]}
    ours = {"$and": [{"$eq": ["$owner", literal]}, running]}
    free = {"$not": [running]}

    def changed(field: str, new: Any) -> dict[str, Any]:
        return {"$cond": [{"$or": [ours, free]}, new, f"${field}"]}

    fence = {"$cond": [ours, "$fence", {"$add": [{"$ifNull": ["$fence", 0]}, 1]}]}
    fresh = {
        "owner": changed("owner", literal),
        "fence": changed("fence", fence),
        "expires_at": changed("expires_at", {"$add": ["$$NOW", ttl_ms]}),
    }
    try:
        kept = leases.find_one_and_update(
            {"_id": name}, [{"$set": fresh}], upsert=True, return_document=ReturnDocument.AFTER
        )
    except DuplicateKeyError:  # another process made the document at the same moment, and so holds the lease
        return None
    if kept is None or kept["owner"] != owner:
        return None
    return Lease(name, owner, kept["fence"], milliseconds(kept["expires_at"]))


def drop(leases: Collection[Document], name: str, owner: str) -> None:
    """Give a lease back, if ``owner`` holds it. The document stays, so that the fence goes on growing."""
    leases.update_one({"_id": name, "owner": owner}, [{"$set": {"owner": "", "expires_at": "$$NOW"}}])
