"""Notices for administrators: what somebody who runs this site should know, counted as often as it happens.

A notice is a title and a message in constant words; what happens again with the same message counts on. Nothing about
who or from where is in them: that is in the audit list. Writing is bounded, however often something happens: each
process gathers and writes at most once a second, so that a kill loses the count of a second and a flood costs nothing.
"""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass

from app.clock import Clock
from app.config import Settings
from app.errors import Unavailable
from app.identity.roles import default_role_names
from app.logs import told
from app.store.interface import Store

log = logging.getLogger(__name__)

COLLECTION = "nl_notices"
SHOWN_MS = 8 * 3_600_000
KEPT_MS = 12 * 3_600_000
WRITTEN_AT_MOST_EVERY_S = 1.0

FAILED_AUTHENTICATION = (
    "Failed authentication",
    "A program showed an API secret or a token that is not known here. Look whether an uploader or a follower still "
    "has an old one. From where it came is in the list of what happened.",
)
READABLE_BY_WORLD = (
    "Nightscout readable by world",
    "Everybody who knows the address of this site can read its data. To close it, set AUTH_DEFAULT_ROLES to denied and "
    "give each reader a token or a link.",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened ``count`` times, last at ``last_recorded_ms`` (UTC epoch ms).

    A ``persistent`` one is a state rather than an event, and stays as long as it lasts.
    """

    title: str
    message: str
    count: int
    last_recorded_ms: int
    persistent: bool = False


class Notices:
    """The notices of this site; none where ``ADMIN_NOTIFIES_ENABLED`` is off. Safe to use from many threads."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._enabled = settings["ADMIN_NOTIFIES_ENABLED"]
        self._readable = default_role_names(settings) == ("readable",)
        self._store, self._clock = store, clock
        self._since_ms = clock.now_ms()
        self._lock = threading.Lock()
        self._unwritten: dict[str, Notice] = {}
        self._written_at_s = -math.inf

    def record(self, title: str, message: str) -> None:
        """Count that something happened. Never fails: what the store does not take now, it gets later."""
        if not self._enabled:
            return
        with self._lock:
            self._count(Notice(title, message, 1, self._clock.now_ms()))
            if self._clock.monotonic_s() - self._written_at_s < WRITTEN_AT_MOST_EVERY_S:
                return
            self._written_at_s = self._clock.monotonic_s()
            due, self._unwritten = self._unwritten, {}
        for notice in due.values():
            try:
                self._write(notice)
            except Unavailable as problem:
                log.info("a notice is not written yet", extra=told(problem=problem.code))
                with self._lock:
                    self._count(notice)

    def shown(self) -> list[Notice]:
        """Return the states, then what happened in the last eight hours, the latest first."""
        if not self._enabled:
            return []
        since_ms = self._clock.now_ms() - SHOWN_MS
        found = self._stored()
        with self._lock:
            for message, notice in self._unwritten.items():
                found[message] = _together(found.get(message), notice)
        events = [notice for notice in found.values() if notice.last_recorded_ms > since_ms]
        return [*self._states(), *sorted(events, key=lambda notice: -notice.last_recorded_ms)]

    def _states(self) -> list[Notice]:
        return [Notice(*READABLE_BY_WORLD, 1, self._since_ms, persistent=True)] if self._readable else []

    def _stored(self) -> dict[str, Notice]:
        kept = {"last_recorded_ms": {"$gt": self._clock.now_ms() - KEPT_MS}}
        rows = self._store.collection(COLLECTION).find(kept)
        return {row["_id"]: Notice(row["title"], row["_id"], row["count"], row["last_recorded_ms"]) for row in rows}

    def _count(self, notice: Notice) -> None:
        self._unwritten[notice.message] = _together(self._unwritten.get(notice.message), notice)

    def _write(self, notice: Notice) -> None:
        rows = self._store.collection(COLLECTION)
        rows.delete_many({"last_recorded_ms": {"$lte": self._clock.now_ms() - KEPT_MS}})
        rows.update_one(
            {"_id": notice.message},
            {
                "$inc": {"count": notice.count},
                "$max": {"last_recorded_ms": notice.last_recorded_ms},
                "$set": {"title": notice.title},
            },
            upsert=True,
        )


def _together(earlier: Notice | None, later: Notice) -> Notice:
    if earlier is None:
        return later
    last_ms = max(earlier.last_recorded_ms, later.last_recorded_ms)
    return Notice(later.title, later.message, earlier.count + later.count, last_ms)
