"""Hands the change log to whoever listens, from one thread per store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from app.errors import ChangesLost, NightlightError
from app.logs import told
from app.store.interface import Change, Subscription

log = logging.getLogger(__name__)

BATCH = 100
_PAUSE_AFTER_FAILURE_S = 1.0
_END_WAIT_S = 10.0

Heard = Callable[[Sequence[Change]], None]


class Listener(Subscription):
    """One ear: hears every change after the one that was the newest when it began."""

    def __init__(self, heard: Heard, after_seq: int, forget: Callable[[Listener], None]) -> None:
        self._heard = heard
        self._after_seq = after_seq
        self._forget = forget
        self._calling = threading.RLock()
        self._closed = False

    def tell(self, changes: Sequence[Change]) -> None:
        """Call the ear with what is new to it."""
        new = [change for change in changes if change.seq > self._after_seq]
        with self._calling:
            if self._closed or not new:
                return
            self._after_seq = new[-1].seq
            try:
                self._heard(new)
            except Exception:
                log.exception("a listener failed")

    def start_over(self, seq: int, at_ms: int) -> None:
        """Tell the ear that changes up to ``seq`` were lost: it hears one "resync" of no collection in particular."""
        self._after_seq = min(self._after_seq, seq - 1)
        self.tell([Change(seq, "", "resync", (), at_ms, "")])

    def close(self) -> None:
        """Stop listening; no call comes after this returns."""
        with self._calling:  # waits for a call that is under way, unless it is that call that closes
            self._closed = True
        self._forget(self)


class Listeners:
    """The ears on one store, and the thread that feeds them.

    ``wait`` blocks until there may be something new (or a while has passed); ``read_since`` and ``last_seq`` read the
    log.
    """

    def __init__(
        self,
        wait: Callable[[threading.Event], None],
        read_since: Callable[[int, int], list[Change]],
        last_seq: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._wait = wait
        self._read_since = read_since
        self._last_seq = last_seq
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._ears: tuple[Listener, ...] = ()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._deaf = False

    @property
    def deaf(self) -> bool:
        """True while the change log cannot be read."""
        return self._deaf

    def add(self, heard: Heard) -> Subscription:
        """Call ``heard`` with every change from now on."""
        with self._lock:
            seq = self._last_seq()
            ear = Listener(heard, seq, self._remove)
            self._ears = (*self._ears, ear)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(seq,), name="change log", daemon=True)
                self._thread.start()
        return ear

    def close(self) -> None:
        """End the thread; no call comes after this returns."""
        self._ended.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_END_WAIT_S)

    def _remove(self, ear: Listener) -> None:
        with self._lock:
            self._ears = tuple(other for other in self._ears if other is not ear)

    def _run(self, seq: int) -> None:
        while not self._ended.is_set():
            try:
                self._wait(self._ended)
                seq = self._feed(seq)
                self._deaf = False
            except NightlightError as problem:
                self._deaf = True
                log.warning("the change log cannot be read", extra=told(problem=problem.message))
                self._ended.wait(_PAUSE_AFTER_FAILURE_S)
            except Exception:
                self._deaf = True
                log.exception("reading the change log failed")
                self._ended.wait(_PAUSE_AFTER_FAILURE_S)

    def _feed(self, seq: int) -> int:
        """Hand on what came after ``seq``, and return the newest number handed on."""
        while not self._ended.is_set():
            try:
                changes = self._read_since(seq, BATCH)
            except ChangesLost:
                return self._start_over()
            if not changes:
                break
            for ear in self._ears:
                ear.tell(changes)
            seq = changes[-1].seq
            if len(changes) < BATCH:
                break
        return seq

    def _start_over(self) -> int:
        seq = self._last_seq()
        log.warning("the change log has a gap; listeners start over", extra=told(seq=seq))
        for ear in self._ears:
            ear.start_over(seq, self._now_ms())
        return seq
