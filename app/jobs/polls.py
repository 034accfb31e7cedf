"""Running uploaders when they are due: each in a thread of its own, so that a vendor that hangs holds up nobody else.

When an uploader is due stands in its document and nowhere else. A look reads the documents; between looks a tick only
compares the clock with what the last look found. A change of any uploader (a wish to run now, an edit, another
process's run) is told by the change log and makes the next tick look again.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from app.clock import Clock
from app.errors import NightlightError
from app.logs import told
from app.store.interface import Change, Store
from app.uploaders.runner import Runner
from app.uploaders.state import COLLECTION, Uploader, uploader_in

log = logging.getLogger(__name__)

AT_ONCE_PER_SERVER = 2
LOOK_EVERY_MS = 30_000
"""A look happens this often even if no change was told."""


Server = tuple[str, str]


def server_of(uploader: Uploader) -> Server:
    """Return what a dead server of a vendor would hold up: the vendor, and the address or region that was entered.

    Two Nightscouts that hang are no reason to let a third one wait.
    """
    options = uploader.options
    return uploader.vendor, str(options.get("address") or options.get("server") or options.get("region") or "")


class Polls:
    """Starts the runs of due uploaders. ``is_over`` tells that this process may not work any more."""

    def __init__(self, store: Store, clock: Clock, runner: Runner, is_over: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._is_over = is_over
        self._running: dict[str, tuple[Server, threading.Thread]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._changed.set()
        self._look_at_ms = 0

    def heard(self, changes: Sequence[Change]) -> None:
        """Take note of changes; the next tick looks when one of them is about uploaders."""
        if any(change.op == "resync" or change.collection == COLLECTION for change in changes):
            self._changed.set()

    def tick(self) -> None:
        """Look if there is a reason to, and start what is due."""
        if self._changed.is_set() or self._clock.now_ms() >= self._look_at_ms:
            self.look()

    def look(self) -> None:
        """Start the run of every due uploader that is not running, at most two at once for each server of a vendor."""
        self._changed.clear()
        now_ms = self._clock.now_ms()
        uploaders = [uploader_in(row) for row in self._store.collection(COLLECTION).find({"enabled": True})]
        dues = [uploader.due_ms for uploader in uploaders if uploader.due_ms is not None and uploader.due_ms > now_ms]
        self._look_at_ms = min([*dues, now_ms + LOOK_EVERY_MS])
        with self._lock:
            busy = Counter(server for server, _ in self._running.values())
            for uploader in sorted(uploaders, key=lambda one: one.due_ms or 0):
                waits = uploader.id not in self._running and uploader.is_due(now_ms)
                server = server_of(uploader)
                if waits and busy[server] < AT_ONCE_PER_SERVER and not self._is_over():
                    busy[server] += 1
                    self._begin(uploader)

    def wait(self, longest_s: float) -> bool:
        """Wait until nothing runs any more, and tell whether that came to pass in time."""
        end_s = self._clock.monotonic_s() + longest_s
        with self._lock:
            threads = [thread for _, thread in self._running.values()]
        for thread in threads:
            thread.join(max(0.0, end_s - self._clock.monotonic_s()))
        return not any(thread.is_alive() for thread in threads)

    def _begin(self, uploader: Uploader) -> None:
        # A daemon: a vendor that hangs must not keep a process alive that was told to stop.
        name = f"uploader {uploader.id}"
        thread = threading.Thread(target=self._run, args=(uploader.id,), name=name, daemon=True)
        self._running[uploader.id] = (server_of(uploader), thread)
        thread.start()

    def _run(self, uploader_id: str) -> None:
        try:
            self._runner.run(uploader_id, is_over=self._is_over)
        except Exception as problem:
            # The end of the thread: what is not told here is told nowhere. Its text could hold what a vendor sent.
            why = problem.code if isinstance(problem, NightlightError) else type(problem).__name__
            log.error("a run could not be stored", extra=told(uploader=uploader_id, why=why))
        finally:
            with self._lock:
                del self._running[uploader_id]
            self._changed.set()
