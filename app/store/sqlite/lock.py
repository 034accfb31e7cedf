"""The write lock: one writer at a time among all threads and processes.

SQLite alone would let any process write; but versions up to 3.51.2 can damage a file in WAL mode when two connections
checkpoint while a third one commits. Whoever writes or checkpoints holds this lock, so that never two do.
"""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import Unavailable

WAIT_S = 30.0
_LONGEST_PAUSE_S = 0.004


class WriteLock:
    """One writer at a time; not reentrant."""

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._ours_alone = False

    def claim_alone(self) -> None:
        """Keep every other process out until ``close``. Raises ``Unavailable`` when one is there already."""
        if not self._try():
            raise Unavailable(
                "Another process uses the store", hint="On a network file system only one process can: stop the other."
            )
        self._ours_alone = True

    @contextmanager
    def held(self, wait_s: float | None = None) -> Iterator[None]:
        """Hold the lock. Raises ``Unavailable`` when others hold it for longer than ``wait_s``."""
        wait_s = WAIT_S if wait_s is None else wait_s
        if not self._threads.acquire(timeout=wait_s):
            raise _busy(wait_s)
        try:
            if self._descriptor < 0:
                raise Unavailable("The store is closed")
            if not self._ours_alone:
                self._wait_for_processes(wait_s)
            try:
                yield
            finally:
                if not self._ours_alone:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Give the lock's file back; nobody gets the lock any more."""
        with self._threads:
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self) -> None:
        """Let go of a lock inherited by a fork; what it held, and who held it, belongs to the parent."""
        os.close(self._descriptor)

    def _wait_for_processes(self, wait_s: float) -> None:
        # Asking again and again, rather than waiting in flock itself, lets a writer give up on a stuck process.
        slept_s = 0.0
        while not self._try():
            if slept_s > wait_s:
                raise _busy(wait_s)
            pause_s = random.uniform(0.0002, _LONGEST_PAUSE_S)
            time.sleep(pause_s)
            slept_s += pause_s

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _busy(waited_s: float) -> Unavailable:
    return Unavailable(f"Other writers held the store for {waited_s:.0f} seconds", hint="Try again in a moment.")
