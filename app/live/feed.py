"""One viewer's stream of changes to the picture, bounded: who falls behind is told to take the whole picture."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from app.live.picture import PictureChange

WAITING_AT_MOST = 64


class Feed:
    """The changes one subscriber has not taken yet; one thread takes, any thread gives."""

    def __init__(self, forget: Callable[[Feed], None]) -> None:
        self._forget = forget
        self._ready = threading.Condition()
        self._waiting: deque[PictureChange] = deque()
        self._closed = False

    @property
    def closed(self) -> bool:
        """True when no change will come any more."""
        return self._closed

    def next(self, timeout_s: float) -> PictureChange | None:
        """Return the next change, waiting up to ``timeout_s``; None when none came or the feed is closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._waiting or self._closed, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    def give(self, change: PictureChange) -> None:
        """Add a change; with too many untaken ones, all of them become one resync."""
        with self._ready:
            if self._closed:
                return
            if len(self._waiting) >= WAITING_AT_MOST:
                self._waiting.clear()
                change = PictureChange(change.seq, resync=True)
            self._waiting.append(change)
            self._ready.notify()

    def close(self) -> None:
        """End the feed and wake whoever waits. Idempotent."""
        with self._ready:
            self._closed = True
            self._waiting.clear()
            self._ready.notify_all()
        self._forget(self)
