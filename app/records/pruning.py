"""Letting go of old documents, where the household asked for it (``API3_AUTOPRUNE_…``)."""

from __future__ import annotations

from collections.abc import Mapping

from app.actor import Actor
from app.clock import Clock, iso_of
from app.records.profiles import Profiles
from app.records.stamps import RECEIVED
from app.records.times import MS_2000
from app.store.interface import Document, Store

_DAY_MS = 86_400_000
_LONGEST_DAYS = 10_000


def prune_old(store: Store, clock: Clock, actor: Actor, kept_days: Mapping[str, float]) -> dict[str, int]:
    """Remove for good what is older than so many days, by collection, and return how many documents went from each.

    A document is as old as the oldest of when we received it, its ``created_at`` and its ``date``. The profile that is
    in force stays, however old it is: without it nothing could be worked out any more. 0 days or fewer keep everything.
    """
    gone: dict[str, int] = {}
    for collection, days in kept_days.items():
        if days > 0:
            end_ms = clock.now_ms() - int(min(days, _LONGEST_DAYS) * _DAY_MS)
            old = _older_than(end_ms) | _in_force(store, clock, actor, collection)
            gone[collection] = store.collection(collection, actor=actor.label).prune(old)
    return gone


def _older_than(end_ms: int) -> Document:
    # A number before 2000 is no moment in milliseconds, and a text that does not begin with a year none at all.
    past = {"$gt": MS_2000, "$lt": end_ms}
    return {
        "$or": [
            {RECEIVED: past},
            {"created_at": {"$gt": iso_of(MS_2000), "$lt": iso_of(max(end_ms, MS_2000))}},
            {"date": past},
        ]
    }


def _in_force(store: Store, clock: Clock, actor: Actor, collection: str) -> Document:
    current = Profiles(store, clock, actor).current() if collection == Profiles.collection else None
    return {"_id": {"$ne": current["_id"]}} if current else {}
