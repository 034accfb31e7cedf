"""Who works, and when: one process of however many, as long as it holds the lease.

The lease is taken for a minute and renewed every twenty seconds. A process that cannot renew it stops its jobs at once,
and the next one to ask takes over. Nothing about a job lives in APScheduler: its jobs are made anew at each start, and
what has to last is in the documents.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.schedulers.background import BackgroundScheduler

from app.clock import SystemClock, datetime_of
from app.commands.following import Following
from app.errors import NightlightError
from app.house import House
from app.jobs.alarms import AlarmWatch
from app.jobs.imports import ImportJobs
from app.jobs.polls import Polls
from app.jobs.pruning import prune
from app.jobs.reseal import reseal
from app.jobs.settling import SettlingJob
from app.live.live_picture import LivePicture, open_picture
from app.logs import told
from app.uploaders.from_environment import refresh
from app.uploaders.runner import Runner
from app.uploaders.surroundings import surroundings

log = logging.getLogger(__name__)

LEASE = "jobs"
LEASE_MS = 60_000
RENEW_S = 20.0
STOP_S = 5.0

TICK_S = 1
SWEEP_S = 300
RESEAL_S = 24 * 3600
PRUNE_S = 3600

EVENTS = {
    EVENT_JOB_EXECUTED: "executed",
    EVENT_JOB_ERROR: "failed",
    EVENT_JOB_MISSED: "missed",
    EVENT_JOB_MAX_INSTANCES: "overran",
}


def start(house: House, live: LivePicture | None = None) -> Running:
    """Begin to work as soon as the lease can be had, and return what stops it.

    ``live`` is the picture this process has anyway, where it has one.
    """
    return Running(house, live=live)


class Running:
    """The jobs of one process. ``counts`` tells how many runs of its jobs were executed, failed, missed, overran."""

    def __init__(
        self,
        house: House,
        *,
        runner: Runner | None = None,
        live: LivePicture | None = None,
        lease_ms: int = LEASE_MS,
        renew_s: float = RENEW_S,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._house = house
        self._runner = runner or Runner(
            house.store, house.clock, house.keyring, surroundings(house.settings, house.store)
        )
        self._live, self._has_own_picture = live or open_picture(house), live is None
        self._lease_ms = lease_ms
        self._renew_s = renew_s
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held_until_s = 0.0
        self._shift: _Shift | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_lease, name="jobs lease", daemon=True)
        self._thread.start()

    @property
    def holds_lease(self) -> bool:
        """True while this process is the one that works."""
        return self._house.clock.monotonic_s() < self._held_until_s

    def stop(self, wait_s: float = STOP_S) -> None:
        """Stop working, wait for runs to come to their next step, and give the lease back. Idempotent."""
        self._stopping.set()
        self._thread.join()
        self._end_shift(wait_s)
        if self._has_own_picture:
            self._live.close()
        if self.holds_lease:
            self._held_until_s = 0.0
            try:
                self._house.store.drop_lease(LEASE, self._owner)
            except NightlightError as problem:
                log.info("the lease could not be given back", extra=told(why=problem.code))

    def is_over(self) -> bool:
        """Tell whether a run in this process has to end: it stops, or its lease has passed on while it slept."""
        return self._stopping.is_set() or not self.holds_lease

    def _keep_lease(self) -> None:
        while not self._stopping.is_set():
            if self._renewed():
                if self._shift is None:
                    self._begin_shift()
            elif self._shift is not None:
                log.warning("the lease is lost: another process works from here on")
                self._end_shift(0)
            self._stopping.wait(self._renew_s)

    def _renewed(self) -> bool:
        asked_s = self._house.clock.monotonic_s()
        try:
            lease = self._house.store.take_lease(LEASE, self._owner, ttl_ms=self._lease_ms)
        except NightlightError as problem:
            log.warning("the lease could not be renewed", extra=told(why=problem.code))
            lease = None
        # Counted from before the question: the store's own minute began no earlier.
        self._held_until_s = asked_s + self._lease_ms / 1000 if lease else 0.0
        return lease is not None

    def _begin_shift(self) -> None:
        try:
            self._shift = _Shift(self._house, self._runner, self._live, self)
        except NightlightError as problem:
            log.warning("the jobs could not be started", extra=told(why=problem.code))

    def _end_shift(self, wait_s: float) -> None:
        shift, self._shift = self._shift, None
        if shift is not None:
            shift.end(wait_s)


class _Shift:
    """The jobs at work, from taking the lease to losing it."""

    def __init__(self, house: House, runner: Runner, live: LivePicture, running: Running) -> None:
        refresh(house.store, house.clock, house.keyring, house.settings.values)
        self._counts = running.counts
        self._polls = Polls(house.store, house.clock, runner, running.is_over)
        self._commands = Following(house.store, house.clock)
        self._alarms = AlarmWatch(house, live)
        self._imports = ImportJobs(house, running.is_over)
        self._settling = SettlingJob(house)
        listening = (self._polls, self._commands, self._alarms, self._imports, self._settling)
        self._ears = [house.store.listen(one.heard) for one in listening]
        self._scheduler = BackgroundScheduler(timezone="UTC", daemon=True)
        self._scheduler.add_listener(self._count, sum(EVENTS))
        self._every(TICK_S, "poll uploaders", self._polls.tick)
        self._every(TICK_S, "settle remote commands", self._commands.tick)
        self._every(TICK_S, "watch the alarms", self._alarms.tick)
        self._every(TICK_S, "work on imports", self._imports.tick)
        self._every(TICK_S, "settle sources", self._settling.tick)
        self._every(SWEEP_S, "sweep", house.store.sweep)
        self._every(RESEAL_S, "reseal", partial(reseal, house.store, house.keyring))
        self._every(PRUNE_S, "prune", partial(prune, house))
        self._scheduler.start()
        log.info("this process works: it holds the lease")

    def end(self, wait_s: float) -> None:
        """Begin nothing more, and wait for what runs."""
        for ear in self._ears:
            ear.close()
        self._scheduler.shutdown(wait=False)
        if not (self._polls.wait(wait_s) and self._imports.wait(wait_s)):
            log.warning("a run did not end in time and is left behind")

    def _every(self, seconds: int, name: str, job: Callable[[], object]) -> None:
        """Run a job now and every so often: late rather than never, once for several missed, never twice at once."""
        self._scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            id=name,
            name=name,
            next_run_time=datetime_of(SystemClock().now_ms()),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def _count(self, event: JobEvent) -> None:
        self._counts[EVENTS[event.code]] += 1
        if event.code != EVENT_JOB_EXECUTED:
            problem = type(event.exception).__name__ if isinstance(event, JobExecutionEvent) else ""
            log.warning("a job did not run well", extra=told(job=event.job_id, how=EVENTS[event.code], problem=problem))
