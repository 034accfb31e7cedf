"""Following commands from the change log: a look when the phone uploaded something, and when one's time is up."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from app.clock import Clock
from app.commands.keeping import COLLECTION
from app.commands.settling import settle
from app.store.interface import Change, Store

_TELLING = frozenset({"treatments", "devicestatus", COLLECTION})


class Following:
    """Settles commands whenever there may be something new; between looks a tick only compares the clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changed = threading.Event()
        self._changed.set()
        self._next_ms: int | None = None

    def heard(self, changes: Sequence[Change]) -> None:
        """Take note of changes; the next tick looks when one of them can tell of a command."""
        if any(change.op == "resync" or change.collection in _TELLING for change in changes):
            self._changed.set()

    def tick(self) -> None:
        """Settle if there is a reason to. A look that fails is made again with the next tick."""
        if not self._changed.is_set() and (self._next_ms is None or self._clock.now_ms() < self._next_ms):
            return
        self._changed.clear()
        try:
            self._next_ms = settle(self._store, self._clock)
        except Exception:
            self._changed.set()
            raise
