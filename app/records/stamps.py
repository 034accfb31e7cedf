"""The second clock of a document: ``srvCreated`` when we received it, ``srvModified`` when it last changed.

Both are UTC epoch milliseconds. Programs that follow our changes ask for what is newer than the last stamp they saw, so
that two saves of one process never share a stamp; the documents of one save do.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from app.clock import Clock
from app.store.interface import Document

RECEIVED = "srvCreated"
CHANGED = "srvModified"
OURS = (RECEIVED, CHANGED, "subject", "modifiedBy")
"""Fields only the server writes; what a client sends under these names is not kept."""

_last_ms: WeakKeyDictionary[Clock, int] = WeakKeyDictionary()
_lock = threading.Lock()


def next_stamp_ms(clock: Clock) -> int:
    """Return the present moment, or the next millisecond nobody of this process has been given yet."""
    with _lock:
        stamp_ms = max(clock.now_ms(), _last_ms.get(clock, 0) + 1)
        _last_ms[clock] = stamp_ms
        return stamp_ms


def without_stamps(document: Document) -> Document:
    """Return a copy without the fields only the server writes."""
    return {name: value for name, value in document.items() if name not in OURS}
