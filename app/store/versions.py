"""How often each collection has changed, as far as this process knows: enough to tell that an answer still holds."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from app.store.interface import Change, Subscription

Listen = Callable[[Callable[[Sequence[Change]], None]], Subscription]


class Versions:
    """Counts changes: this process's own once they are committed, others' as the change log is heard.

    Listening begins with the first question. ``is_deaf`` tells that the change log cannot be read at the moment.
    """

    def __init__(self, listen: Listen, is_deaf: Callable[[], bool]) -> None:
        self._listen = listen
        self._is_deaf = is_deaf
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listening = False

    def grew(self, collection: str) -> None:
        """Count a change."""
        with self._lock:
            self._counts[collection] += 1

    def of(self, collections: Sequence[str]) -> tuple[int, ...] | None:
        """Return a number for each collection, None while nobody can tell."""
        if not self._listening:
            self._begin()
        if self._is_deaf():
            return None
        counts = self._counts
        return (counts[""], *(counts[name] for name in collections))

    def _begin(self) -> None:
        with self._lock:
            if self._listening:
                return
            self._listening = True
        try:
            self._listen(self._heard)
        except Exception:
            self._listening = False
            raise

    def _heard(self, changes: Sequence[Change]) -> None:
        for collection in {change.collection for change in changes}:
            self.grew(collection)  # a resync is of no collection in particular: it counts for all
