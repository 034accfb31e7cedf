"""One run of one uploader, the same for every vendor.

1. Take the uploader's lease; its fencing number goes into the document, and from here on every write of the run is made
   only while that number and the owner's last edit are still in it. A holder that slept through its lease changes
   nothing.
2. Open the secrets and the session, and fetch page by page from the cursors. A new session is stored before it is used.
3. Save a page through the records. When that is acknowledged, move the cursors. Killed in between, the next run fetches
   the page again and recognises it.
4. Store how it went and when to come back.
"""

from __future__ import annotations

import logging
import random
import secrets
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict

from app.actor import system_actor
from app.clock import Clock
from app.errors import NightlightError
from app.keyring import KeyRing, SealBroken
from app.logs import told
from app.records.sources.documents import MINUTE_MS
from app.records.sources.kinds import taken_kinds
from app.records.sources.neighbours import uploader
from app.records.sources.outgoing import Outgoing
from app.store.interface import Document, Lease, Store
from app.uploaders.backoff import failed, is_probe, next_run_ms, retry_at_ms
from app.uploaders.errors import ActionRequired, RateLimited, RunEnded, Transient, UploaderFailure
from app.uploaders.guard import Limits
from app.uploaders.saving import Saved, Saver
from app.uploaders.state import COLLECTION, uploader_in
from app.uploaders.surroundings import Surroundings
from app.uploaders.transport import READ_TRIES, Line
from app.uploaders.uploaders import opened, session_place_of
from app.uploaders.vendor import Access, Page, Session
from app.uploaders.vendors import VENDORS

log = logging.getLogger(__name__)

LEASE_MS = MINUTE_MS
"""Longer than any single call; the lease is renewed before each."""

RUN_S = 120.0
"""A run that takes longer ends, and goes on from its cursors at once."""

RESUME_MS = MINUTE_MS
"""When a run that was killed is begun again."""


class Runner:
    """Runs uploaders; safe to use from many threads, each run being a thread's own.

    ``jitter`` gives numbers from 0 to 1 that spread the visits of many installations.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keyring: KeyRing,
        around: Surroundings,
        *,
        limits: Limits | None = None,
        jitter: Callable[[], float] = random.random,
        lease_ms: int = LEASE_MS,
        run_s: float = RUN_S,
    ) -> None:
        self.store = store
        self.clock = clock
        self.keyring = keyring
        self.around = around
        self.limits = limits
        self.jitter = jitter
        self.lease_ms = lease_ms
        self.run_s = run_s

    def run(self, uploader_id: str, *, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Run an uploader if it is due and nobody else is running it; tell whether it ran.

        ``is_over`` is asked before each call to the vendor, and ends the run when the process is to stop.
        """
        name, owner = f"uploader:{uploader_id}", secrets.token_hex(8)
        lease = self.store.take_lease(name, owner, ttl_ms=self.lease_ms)
        if lease is None:
            return False
        try:
            row = self._claimed(uploader_id, lease.fence)
            if row is None:
                return False
            _Run(self, row, lease, is_over).carry_out()
            return True
        finally:
            self.store.drop_lease(name, owner)

    def _claimed(self, uploader_id: str, fence: int) -> Document | None:
        """Write a fencing number into the document of a due uploader and return it with that number, else None.

        It is the lease's, or a higher one when the document has seen higher: a store restored without its leases
        counts them from one again.
        """
        rows = self.store.collection(COLLECTION, actor=f"uploader:{uploader_id}")
        row = rows.find_one({"_id": uploader_id})
        now_ms = self.clock.now_ms()
        if row is None or not uploader_in(row).is_due(now_ms):
            return None
        waits_for_owner = row["state"]["next_run_ms"] is None
        fence = max(fence, row["fence"] + 1)
        claim = {
            "fence": fence,
            "state.run_now_ms": None,
            "state.last_run_ms": now_ms,
            "state.next_run_ms": None if waits_for_owner else now_ms + RESUME_MS,
        }
        which = {"_id": uploader_id, "revision": row["revision"], "fence": row["fence"]}
        if not rows.update_one(which, {"$set": claim}).matched:
            log.warning("an uploader was changed or taken while it was claimed", extra=told(uploader=uploader_id))
            return None
        return row | {"fence": fence}


class _Run:
    def __init__(self, runner: Runner, row: Document, lease: Lease, is_over: Callable[[], bool]) -> None:
        self._runner = runner
        self._clock = runner.clock
        self._row = row
        self._uploader = uploader_in(row)
        self._vendor = VENDORS[row["vendor"]]
        self._pace = self._vendor.pace(row["options"])
        self._lease = lease
        self._is_over = is_over
        self._actor = system_actor(f"uploader:{self._uploader.vendor}")
        self._rows = runner.store.collection(COLLECTION, actor=self._actor.label)
        self._end_s = runner.clock.monotonic_s() + runner.run_s
        self._saved = Saved()
        self._unusable = 0
        self._pages = 0
        self._newest: Document | None = None
        self._sealed_session: str | None = row["session"]

    def carry_out(self) -> None:
        """Run, and store how it went. Raises what the store raises: then nothing more can be stored."""
        try:
            self._fetch_and_save()
        except RunEnded as ended:
            self._ended(ended)
        except UploaderFailure as failure:
            self._failed(failure)
        except SealBroken as broken:
            self._failed(ActionRequired(broken.message, kind="key", hint=broken.hint))
        except NightlightError:
            raise
        except Exception as unforeseen:
            # Its text may hold what a vendor sent; the place in our code is what helps.
            place = traceback.extract_tb(sys.exc_info()[2])[-1]
            log.error(
                "an uploader broke",
                extra=told(
                    uploader=self._uploader.id, kind=type(unforeseen).__name__, at=f"{place.name}:{place.lineno}"
                ),
            )
            self._failed(Transient("Something here went wrong with its answer", hint="Please report it."))
        else:
            self._succeeded()

    def _fetch_and_save(self) -> None:
        line = Line(
            self._vendor.spoken,
            self._clock,
            private_allowed=self._runner.around.private_allowed,
            limits=self._runner.limits,
            read_tries=1 if is_probe(self._uploader.state.failure) else READ_TRIES,
            before_call=self._go_on,
        )
        saver = Saver(
            self._runner.store,
            self._clock,
            self._actor,
            uploader(
                self._uploader.id,
                self._vendor.rank,
                taken_kinds(self._vendor.taken(self._uploader.options)),
                self._pace.interval_ms,
            ),
        )
        try:
            for page in self._vendor.open(self._access(line)).pages(self._uploader.cursors):
                self._go_on()
                self._saved.add(saver.save(page))
                self._move_to(page)
        finally:
            line.close()

    def _access(self, line: Line) -> Access:
        sealed = self._row["session"]
        place = session_place_of(self._uploader.id)
        return Access(
            options=self._uploader.options,
            secrets=opened(self._runner.keyring, self._row),
            session=self._runner.keyring.open(place, sealed)["session"] if sealed else {},
            keep=self._keep,
            spend=lambda option: self._write({f"options.{option}": False}),
            line=line,
            clock=self._clock,
            constants=self._runner.around.constants.of(self._vendor.name),
            wall_clock=self._runner.around.wall_clock(),
            outgoing=Outgoing(self._runner.store, self._clock),
        )

    def _keep(self, session: Session) -> None:
        """Store a session. Raises ``RunEnded`` when the one it follows is no longer the uploader's.

        An edit that let the old session stand lets the new one stand too: a vendor takes each token back when it gives
        the next, and who loses that one has to sign in again.
        """
        sealed = self._runner.keyring.seal(
            session_place_of(self._uploader.id), {"id": self._uploader.id, "session": session}
        )
        if self._sealed_session is None:
            self._write({"session": sealed})
        else:
            which = {"_id": self._uploader.id, "fence": self._uploader.fence, "session": self._sealed_session}
            if not self._rows.update_one(which, {"$set": {"session": sealed}}).matched:
                raise _overtaken()
        self._sealed_session = sealed

    def _go_on(self) -> None:
        """Raise ``RunEnded`` unless the run may go on: time is left, the process stays, the lease is still ours."""
        if self._is_over():
            raise RunEnded("The program is stopping", why=RunEnded.STOPPING)
        if self._clock.monotonic_s() >= self._end_s:
            raise RunEnded("The run took too long", why=RunEnded.TIME)
        held = self._lease
        lease = self._runner.store.take_lease(held.name, held.owner, ttl_ms=self._runner.lease_ms)
        if lease is None or lease.fence != held.fence:
            raise RunEnded("Another process took over", why=RunEnded.OVERTAKEN)

    def _move_to(self, page: Page) -> None:
        """Move the cursors past a page that is stored, or sent, and remember the newest reading of it."""
        self._pages += 1
        self._unusable += len(page.unusable)
        for why in sorted(set(page.unusable)):
            log.warning("a record was left out", extra=told(uploader=self._uploader.id, why=why))
        entries = (*page.documents.get("entries", ()), *page.fillers, *page.sent)
        readings = [one for one in entries if one.get("type") == "sgv"]
        newest = max(readings, key=lambda one: one["date"], default=None)
        if newest and (self._newest is None or newest["date"] > self._newest["date"]):
            self._newest = newest
        if page.cursors:
            self._write({f"cursors.{name}": at_ms for name, at_ms in page.cursors.items()})

    def _write(self, changed: Document) -> None:
        """Write to the uploader's document. Raises ``RunEnded`` when it is no longer this run's to write."""
        which = {"_id": self._uploader.id, "revision": self._uploader.revision, "fence": self._uploader.fence}
        if not self._rows.update_one(which, {"$set": changed}).matched:
            raise _overtaken()

    def _write_state(self, **changed: object) -> None:
        try:
            self._write({f"state.{name}": value for name, value in changed.items()})
        except RunEnded:
            log.info("a run's result came too late to count", extra=told(uploader=self._uploader.id))

    def _reached(self) -> dict[str, object]:
        if self._newest is None or self._newest["date"] < (self._uploader.state.last_reading_ms or 0):
            return {}
        return {"last_reading_ms": self._newest["date"], "last_reading_mgdl": self._newest.get("sgv")}

    def _succeeded(self) -> None:
        now_ms = self._clock.now_ms()
        reached = self._reached()
        newest_ms = self._newest["date"] if self._newest else self._uploader.state.last_reading_ms
        self._write_state(
            last_success_ms=now_ms,
            failure=None,
            unusable=self._unusable,
            standing_by=sorted(self._saved.standing_by),
            next_run_ms=next_run_ms(self._pace, newest_ms, now_ms, self._runner.jitter()),
            **reached,
        )
        self._log("an uploader ran", logging.INFO)

    def _failed(self, failure: UploaderFailure) -> None:
        now_ms = self._clock.now_ms()
        step = failure.kind if isinstance(failure, ActionRequired) else ""
        stored = failed(self._uploader.state.failure, failure, now_ms, step=step)
        retry_ms = retry_at_ms(failure, stored.count, self._pace, now_ms)
        self._write_state(failure=asdict(stored), next_run_ms=retry_ms, **self._reached())
        if isinstance(failure, RateLimited) and retry_ms is not None:
            self._hold_back_neighbours(retry_ms)
        self._log("an uploader failed", logging.WARNING, failure=failure.code, count=stored.count)

    def _hold_back_neighbours(self, until_ms: int) -> None:
        """Keep our other uploaders away from a server that says we ask too often: it counts addresses, not accounts."""
        address = self._uploader.options.get("address")
        which = {
            "vendor": self._uploader.vendor,
            "options.address": address,
            "_id": {"$ne": self._uploader.id},
            "state.next_run_ms": {"$lt": until_ms},
        }
        self._rows.update_many(which, {"$set": {"state.next_run_ms": until_ms}})

    def _ended(self, ended: RunEnded) -> None:
        if ended.why == RunEnded.TIME and not self._pages:
            self._failed(Transient(f"{self._vendor.spoken} took too long"))
        elif ended.why != RunEnded.OVERTAKEN:
            self._write_state(next_run_ms=self._clock.now_ms(), **self._reached())
        self._log("an uploader was stopped", logging.INFO, why=ended.why)

    def _log(self, says: str, level: int, **more: object) -> None:
        counts = {
            name: getattr(self._saved, name) for name in ("new", "changed", "known", "held", "deleted", "refused")
        }
        log.log(level, says, extra=told(uploader=self._uploader.id, vendor=self._uploader.vendor, **counts, **more))


def _overtaken() -> RunEnded:
    return RunEnded("Another process, or an edit, took over", why=RunEnded.OVERTAKEN)
