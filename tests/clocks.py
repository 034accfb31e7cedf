"""A clock a test sets."""

from __future__ import annotations

import threading

START_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z


class SettableClock:
    """Stands still until a test moves it; safe to read from many threads."""

    def __init__(self, at_ms: int = START_MS) -> None:
        self._at_ms = at_ms
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        with self._lock:
            return self._at_ms

    def monotonic_s(self) -> float:
        with self._lock:
            return self._at_ms / 1000

    def advance(self, *, ms: int = 0, s: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        with self._lock:
            self._at_ms += ms + int(1000 * (s + 60 * (minutes + 60 * (hours + 24 * days))))

    def set(self, at_ms: int) -> None:
        with self._lock:
            self._at_ms = at_ms
