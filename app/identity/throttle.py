"""Limits on trying: counted in the store, so that every process sees every try and a restart forgets none.

Count first, then do what is limited, then ``clear`` on success:

    hit(store, clock, CODES, account_id)      # raises LimitReached, a TooManyAttempts
    ... compare ...
    clear(store, CODES, account_id)

Counting first is what makes a hundred guesses at once no better than a hundred in a row. Use a limit for whatever can
be guessed (passwords, codes, passcodes, link tokens). Never ask one on the way to *reading* with a session: who has
signed in keeps seeing the glucose, however hard a stranger tries to sign in.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock, datetime_of
from app.errors import DuplicateKey, TooManyAttempts, Unavailable
from app.store.interface import Collection, Document, Store, Update

COLLECTION = "nl_throttle"
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in a window that opens with the first of them; ``name`` keeps its counts apart from others'."""

    name: str
    tries: int
    window_s: int


class LimitReached(TooManyAttempts):
    """A limit's last try is used up; ``first`` is true for the one attempt that found out, for telling it once."""

    def __init__(self, *, retry_after_s: float, first: bool = False) -> None:
        super().__init__("Too many attempts", retry_after_s=retry_after_s, hint="Wait, then try again.")
        self.first = first


def hit(store: Store, clock: Clock, limit: Limit, key: str) -> int:
    """Count one try and return how many it makes in this window. Raises ``LimitReached`` beyond the limit.

    ``key`` is an account, a link or a neighbourhood of addresses: no secret, for it is stored as it is.
    """
    now_ms, window_ms = clock.now_ms(), limit.window_s * 1000
    ends_ms = now_ms + window_ms
    row = lengthen(
        store.collection(COLLECTION),
        f"{limit.name}:{key}",
        now_ms,
        longest_ms=window_ms,
        more={"$inc": {"count": 1}},
        anew={"count": 1, "ends_ms": ends_ms, "expires_at": datetime_of(ends_ms)},
    )
    if row["count"] > limit.tries:
        raise LimitReached(retry_after_s=(row["ends_ms"] - now_ms) / 1000, first=row["count"] == limit.tries + 1)
    return int(row["count"])


def clear(store: Store, limit: Limit, key: str) -> None:
    """Forget the tries of this key: after a success."""
    store.collection(COLLECTION).delete_one({"_id": f"{limit.name}:{key}"})


def lengthen(rows: Collection, row_id: str, now_ms: int, *, longest_ms: int, more: Update, anew: Document) -> Document:
    """Apply ``more`` to a row whose ``ends_ms`` is yet to come, else let it begin as ``anew``; return it. Atomic.

    An end further away than ``longest_ms`` was written while the clock was wrong, and does not count.
    """
    present, past, absurd = (
        {"$gt": now_ms, "$lte": now_ms + longest_ms},
        {"$lte": now_ms},
        {"$gt": now_ms + longest_ms},
    )
    over = {"_id": row_id, "$or": [{"ends_ms": past}, {"ends_ms": absurd}]}
    for _ in range(ROUNDS):
        row = rows.find_one_and_update({"_id": row_id, "ends_ms": present}, more)
        row = row or rows.find_one_and_update(over, {"$set": anew})
        if row:
            return row
        try:
            rows.insert_one({"_id": row_id, **anew})
        except DuplicateKey:
            continue  # somebody began in this very moment: add to theirs
        return {"_id": row_id, **anew}
    raise Unavailable("The store is too busy to count attempts")
