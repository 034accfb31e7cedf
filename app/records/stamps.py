"""The second clock of a document: ``srvCreated`` when we received it, ``srvModified`` when it last changed.

Both are UTC epoch milliseconds. Programs that follow our changes ask for what is newer than the last stamp they saw, so
that two saves of one process never share a stamp; the documents of one save do. A stamp is given before its save is
done, and a later one may be done first: until then, who follows must not be shown anything from the earlier one on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from app.clock import Clock
from app.store.interface import Document

RECEIVED = "srvCreated"
CHANGED = "srvModified"
OURS = (RECEIVED, CHANGED, "subject", "modifiedBy")
"""Fields only the server writes; what a client sends under these names is not kept."""

_last_ms: WeakKeyDictionary[Clock, int] = WeakKeyDictionary()
_lent: WeakKeyDictionary[Clock, set[int]] = WeakKeyDictionary()
_lock = threading.Lock()


def next_stamp_ms(clock: Clock) -> int:
    """Return the present moment, or the next millisecond nobody of this process has been given yet."""
    with _lock:
        return _next(clock)


@contextmanager
def stamping(clock: Clock) -> Iterator[int]:
    """Lend the stamp for a save. It counts as being written until the block is left."""
    with _lock:
        stamp_ms = _next(clock)
        lent = _lent.setdefault(clock, set())
        lent.add(stamp_ms)
    try:
        yield stamp_ms
    finally:
        with _lock:
            lent.remove(stamp_ms)


def settled_before_ms(clock: Clock) -> int:
    """Return a stamp below which this process writes nothing any more."""
    with _lock:
        return min(_lent.get(clock, ()), default=None) or _next(clock)


def _next(clock: Clock) -> int:
    stamp_ms = max(clock.now_ms(), _last_ms.get(clock, 0) + 1)
    _last_ms[clock] = stamp_ms
    return stamp_ms


def without_stamps(document: Document) -> Document:
    """Return a copy without the fields only the server writes."""
    return {name: value for name, value in document.items() if name not in OURS}
