"""The wait of an address whose credentials were bad: ``AUTH_FAIL_DELAY`` for each failure, one on top of another.

The wait is kept in the store and counts in every process. To ask costs nothing: each process keeps a copy and reads it
anew at most once a second. Holding a request until the wait is over is the surface's business; ours is only how long.
"""

from __future__ import annotations

import logging
import math
import threading

from app.clock import Clock, datetime_of
from app.errors import Unavailable
from app.identity.peer import Peer
from app.identity.throttle import COLLECTION, lengthen
from app.logs import told
from app.store.interface import Store

log = logging.getLogger(__name__)

PREFIX, AFTER_PREFIX = "penalty:", "penalty;"
AS_OLD_AS_S = 1.0
KEPT_MS = 3_600_000
LONGEST_MS = 86_400_000


class Penalties:
    """Waits by neighbourhood of addresses (see ``Peer.neighbourhood``). Safe to use from many threads."""

    def __init__(self, store: Store, clock: Clock, fail_delay_ms: int) -> None:
        self._store, self._clock, self._fail_delay_ms = store, clock, fail_delay_ms
        self._lock = threading.Lock()
        self._ends_ms: dict[str, int] = {}
        self._read_at_s = -math.inf

    def remaining_ms(self, peer: Peer) -> int:
        """Return how long a request from there has to wait yet; 0 for most."""
        # Nearly always nobody waits at all, and the address needs no reading.
        if not self._fail_delay_ms or not self._known():
            return 0
        return max(0, self._known().get(_row_id(peer), 0) - self._clock.now_ms())

    def failed(self, peer: Peer) -> int:
        """Add one failure and return the wait in ms that there is now.

        A store that takes no writes is only logged: then the wait counts here, until the copy is read anew.
        """
        if not self._fail_delay_ms:
            return 0
        row_id, now_ms, known = _row_id(peer), self._clock.now_ms(), self._known()
        try:
            ends_ms = self._lengthen(row_id, now_ms)
        except Unavailable as problem:
            log.warning("a penalty is kept in this process alone", extra=told(problem=problem.code))
            ends_ms = max(now_ms, known.get(row_id, 0)) + self._fail_delay_ms
        with self._lock:  # not into a dict that is being replaced
            self._ends_ms[row_id] = ends_ms
        return ends_ms - now_ms

    def cleared(self, peer: Peer) -> None:
        """Forget the failures from there: a good credential was shown."""
        if not self._fail_delay_ms or not self._known():
            return
        row_id = _row_id(peer)
        with self._lock:
            if self._ends_ms.pop(row_id, None) is None:
                return
        try:
            self._store.collection(COLLECTION).delete_one({"_id": row_id})
        except Unavailable as problem:
            log.warning("a penalty was forgotten in this process alone", extra=told(problem=problem.code))

    def _known(self) -> dict[str, int]:
        """Return the ends of the waits that are on (UTC epoch ms), as the store had them a second ago or later."""
        if self._clock.monotonic_s() - self._read_at_s < AS_OLD_AS_S:
            return self._ends_ms
        with self._lock:
            self._read_at_s = self._clock.monotonic_s()
            now_ms = self._clock.now_ms()
            waits = {"$gt": now_ms, "$lte": now_ms + LONGEST_MS}
            wanted = {"_id": {"$gte": PREFIX, "$lt": AFTER_PREFIX}, "ends_ms": waits}
            self._ends_ms = {row["_id"]: row["ends_ms"] for row in self._store.collection(COLLECTION).find(wanted)}
        return self._ends_ms

    def _lengthen(self, row_id: str, now_ms: int) -> int:
        """Add the delay to the later of now and the present end of the wait, and return the new end."""
        gone = {"expires_at": datetime_of(now_ms + self._fail_delay_ms + KEPT_MS)}
        row = lengthen(
            self._store.collection(COLLECTION),
            row_id,
            now_ms,
            longest_ms=LONGEST_MS,
            more={"$inc": {"ends_ms": self._fail_delay_ms}, "$set": gone},
            anew={"ends_ms": now_ms + self._fail_delay_ms, **gone},
        )
        return int(row["ends_ms"])


def _row_id(peer: Peer) -> str:
    return PREFIX + peer.neighbourhood
