"""Something read from the store and kept in this process until it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Reads with ``load`` when first asked, and again after ``forget``. Safe to use from many threads."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._kept: tuple[T] | None = None
        self._forgotten = 0

    def value(self) -> T:
        """Return what was read last."""
        kept = self._kept
        if kept is None:
            return self.read_anew()
        return kept[0]

    def read_anew(self) -> T:
        """Read now, whatever is kept, and return it."""
        with self._lock:
            seen = self._forgotten
        found = self._load()
        with self._lock:
            # What was read while somebody called ``forget`` may be the state before the change: serve it, keep it not.
            if seen == self._forgotten:
                self._kept = (found,)
        return found

    def forget(self) -> None:
        """Read again at the next question."""
        with self._lock:
            self._kept = None
            self._forgotten += 1
