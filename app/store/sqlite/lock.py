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
from pathlib import Path
from types import TracebackType

from app.errors import Unavailable

WAIT_S = 30.0
_LONGEST_PAUSE_S = 0.004


class WriteLock:
    """Held with ``with``; not reentrant."""

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

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=WAIT_S):
            raise _busy()
        try:
            if self._descriptor < 0:
                raise Unavailable("The store is closed")
            if not self._ours_alone:
                self._wait_for_processes()
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ours_alone:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Give the lock's file back; nobody gets the lock any more."""
        with self._threads:
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self) -> None:
        """Let go of a lock inherited by a fork; what it held, and who held it, belongs to the parent."""
        os.close(self._descriptor)

    def _wait_for_processes(self) -> None:
        # Asking again and again, rather than waiting in flock itself, lets a writer give up on a stuck process.
        slept_s = 0.0
        while not self._try():
            if slept_s > WAIT_S:
                raise _busy()
            pause_s = random.uniform(0.0002, _LONGEST_PAUSE_S)
            time.sleep(pause_s)
            slept_s += pause_s

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _busy() -> Unavailable:
    return Unavailable(f"Other writers held the store for {WAIT_S:.0f} seconds", hint="Try again in a moment.")
