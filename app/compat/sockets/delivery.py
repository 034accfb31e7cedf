"""The one thread of a process that tells its sockets what became new, fed by the change log and by nothing else.

It never waits for a client, and nobody who writes waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from app.compat.sockets.admission import Admission
from app.compat.sockets.alarm_news import AlarmNews
from app.compat.sockets.root_news import RootNews
from app.compat.sockets.storage_news import StorageNews
from app.compat.sockets.viewers import ROOT, Viewers, event, tell_all
from app.errors import NightlightError
from app.live.contents import DOCUMENTED
from app.live.live_picture import LivePicture
from app.logs import told
from app.store.interface import Change, Store, Subscription

log = logging.getLogger(__name__)

APART_S = 0.25
"""So far apart are two deltas, or two counts of clients; the first after a pause goes out at once."""

HEARTBEAT_S = 60.0
AGAIN_S = 1.0
"""When something is tried again that the store refused."""

WAITING_AT_MOST = 10_000

_OF_THE_PRESENT = frozenset(DOCUMENTED)


class Delivery:
    """Listens, and tells. ``start`` and ``close`` once each."""

    def __init__(
        self,
        store: Store,
        live: LivePicture,
        viewers: Viewers,
        news: tuple[RootNews, StorageNews, AlarmNews],
        admission: Admission,
    ) -> None:
        self._store = store
        self._live = live
        self._viewers = viewers
        self._root, self._storage, self._alarm = news
        self._admission = admission
        self._ready = threading.Condition()
        self._waiting: list[Change] = []
        self._lost = False
        self._closed = False
        self._count_due_s: float | None = None
        self._alarm_due_s: float | None = None
        self._root_due_s = 0.0
        self._counted_at_s = self._advanced_at_s = float("-inf")
        self._before = live.now().documents
        self._ear: Subscription | None = None

    def start(self) -> None:
        """Begin to listen and to tell. Errors of the store pass through."""
        self._ear = self._store.listen(self._heard)
        try:
            self._alarm.start()
        except NightlightError:
            self._ear.close()
            raise
        self._root_due_s = time.monotonic() + HEARTBEAT_S
        threading.Thread(target=self._run, name="socket delivery", daemon=True).start()

    def close(self) -> None:
        """Stop. Idempotent."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._ear is not None:
            self._ear.close()

    def count_clients(self) -> None:
        """Tell everybody soon how many there are."""
        with self._ready:
            if self._count_due_s is None:
                self._count_due_s = max(time.monotonic(), self._counted_at_s + APART_S)
                self._ready.notify()

    def _heard(self, changes: Sequence[Change]) -> None:
        with self._ready:
            if len(self._waiting) < WAITING_AT_MOST:
                self._waiting += changes
            else:
                self._lost = True
            self._ready.notify()

    def _run(self) -> None:
        while not self._closed:
            with self._ready:
                self._ready.wait(self._rest_s())
                changes, self._waiting = self._waiting, []
                lost, self._lost = self._lost, False
            if not self._closed:
                self._deliver(changes, lost=lost)

    def _rest_s(self) -> float:
        """Return how long there is nothing to do."""
        if self._waiting or self._lost or self._closed:
            return 0.0
        dues = [due_s for due_s in (self._count_due_s, self._alarm_due_s) if due_s is not None]
        return max(0.0, min([self._root_due_s, *dues]) - time.monotonic())

    def _deliver(self, changes: Sequence[Change], *, lost: bool) -> None:
        if changes or lost:
            self._attempted(lambda: self._hear(changes, lost=lost))
        now_s = time.monotonic()
        if self._count_due_s is not None and self._count_due_s <= now_s:
            self._count_due_s, self._counted_at_s = None, now_s
            present = self._viewers.within(ROOT)
            tell_all(present, event(ROOT, "clients", len(present)))
        if self._alarm_due_s is not None and self._alarm_due_s <= now_s:
            self._tell_alarms()
        if self._root_due_s <= now_s:
            self._root_due_s, self._advanced_at_s = now_s + HEARTBEAT_S, now_s
            if not self._attempted(self._root.advance):
                self._root_due_s = now_s + AGAIN_S

    def _hear(self, changes: Sequence[Change], *, lost: bool) -> None:
        if lost or any(map(self._admission.concerns, changes)):
            self._attempted(self._admission.look_again)
        if any(change.collection in _OF_THE_PRESENT or change.op == "resync" for change in changes) or lost:
            self._root_due_s = min(self._root_due_s, max(time.monotonic(), self._advanced_at_s + APART_S))
        if lost or self._alarm.concerns(changes):
            self._tell_alarms()
        if lost or not self._attempted(lambda: self._storage.tell(changes, self._before)):
            self._storage.lose_everybody()
        self._before = self._live.now().documents

    def _tell_alarms(self) -> None:
        told_all = self._attempted(self._alarm.tell)
        self._alarm_due_s = None if told_all else time.monotonic() + AGAIN_S

    def _attempted(self, what: Callable[[], object]) -> bool:
        try:
            what()
        except NightlightError as problem:
            log.warning("the sockets could not be told", extra=told(problem=problem.code))
            return False
        except Exception:
            log.exception("telling the sockets failed")
            return False
        return True
