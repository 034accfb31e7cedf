"""The store remembers which keys it was set up with, and refuses a process that has none of them.

Two processes with a key file each, made by themselves, would seal secrets the other cannot open and sign tokens the
other refuses. That shows at the start instead of at night.
"""

from __future__ import annotations

from app.clock import Clock
from app.errors import BadSetting
from app.keyring import KeyRing
from app.store.interface import Store

COLLECTION = "nl_keys"
RING_ID = "ring"


def check_keys(store: Store, keyring: KeyRing, clock: Clock) -> None:
    """Return when this process shares a key with the store, and have the store remember the newest.

    The first process to ask is the one that sets it up. Raises ``BadSetting`` for a key ring that shares none.
    """
    rings, ours = store.collection(COLLECTION), keyring.fingerprints
    first = {"fingerprints": ours, "made_at_ms": clock.now_ms()}
    ring = rings.find_one_and_update({"_id": RING_ID}, {"$setOnInsert": first}, upsert=True)
    known: list[str] = ring["fingerprints"] if ring else ours
    if not set(known) & set(ours):
        raise BadSetting(
            f"ENCRYPTION_KEYS: the database was set up with other keys ({', '.join(known)}) than {', '.join(ours)}",
            hint="Give every process the keys of the first one: the file `keys` in its DATA_DIR, or ENCRYPTION_KEYS.",
        )
    # $ne in the filter: of two processes with the same new key, one adds it.
    rings.update_one({"_id": RING_ID, "fingerprints": {"$ne": ours[0]}}, {"$push": {"fingerprints": ours[0]}})
