"""Working on imports: one file at a time, in a thread of its own, so that a long one holds up nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from app.actor import system_actor
from app.errors import NightlightError
from app.house import House
from app.importers.imports import COLLECTION
from app.importers.working import Work
from app.logs import told
from app.records.zones import wall_clock
from app.store.interface import Change

log = logging.getLogger(__name__)

AGAIN_AFTER_MS = 30_000
"""When an import is tried again that the store refused, or that another process works on."""


class ImportJobs:
    """Starts the work on imports that wish for something. ``is_over`` tells that this process may not work any more."""

    def __init__(self, house: House, is_over: Callable[[], bool]) -> None:
        self._clock = house.clock
        self._work = Work(
            house.store,
            house.clock,
            system_actor("importer"),
            lambda: wall_clock(house.store, house.settings),
            go_on=lambda: not is_over(),
        )
        self._is_over = is_over
        self._wanted = threading.Event()
        self._wanted.set()
        self._thread: threading.Thread | None = None
        self._look_at_ms = 0

    def heard(self, changes: Sequence[Change]) -> None:
        """Take note of changes; the next tick looks when one of them is about imports."""
        if any(change.op == "resync" or change.collection == COLLECTION for change in changes):
            self._wanted.set()

    def tick(self) -> None:
        """Begin to work if there is a reason to and nothing is being worked on."""
        busy = self._thread is not None and self._thread.is_alive()
        due = self._wanted.is_set() or self._clock.now_ms() >= self._look_at_ms
        if busy or not due or self._is_over():
            return
        self._wanted.clear()
        self._look_at_ms = self._clock.now_ms() + AGAIN_AFTER_MS
        if not self._work.waiting():
            return
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()

    def wait(self, longest_s: float) -> bool:
        """Wait until the work comes to its next step, and tell whether that came to pass in time."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(longest_s)
        return not thread.is_alive()

    def _run(self) -> None:
        try:
            for import_id in self._work.waiting():
                self._work.carry_out(import_id)
        except NightlightError as problem:
            log.warning("an import could not be gone on with", extra=told(why=problem.code))
