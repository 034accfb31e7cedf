"""The picture of now, kept current from the change log, whichever process wrote.

It starts with the first use, so that it may be made before a fork. One lock guards what it is made of; the finished
picture is immutable and handed out without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

from app.clock import Clock
from app.errors import ChangesLost
from app.house import House
from app.live.contents import DOCUMENTED, WINDOW_MS, Contents
from app.live.feed import Feed
from app.live.lookup import Lookup
from app.live.picture import Picture, PictureChange
from app.store.interface import Change, Store, Subscription

log = logging.getLogger(__name__)

_RETRY_S = 5.0
_DOCUMENTED = frozenset(DOCUMENTED)
_ADMITTING = frozenset({"nl_sessions", "nl_shares", "nl_tokens", "nl_visits"})
"""Where it is kept who may look: when something ends there, every open page is to look anew at whether it may."""


def open_picture(house: House) -> LivePicture:
    """Return the picture of a house; nothing is read yet."""
    return LivePicture(house.store, house.clock, status_days=2 if house.settings["DEVICESTATUS_DAYS"] == 2 else 1)


class LivePicture:
    """The last two days of one store. Safe for many threads; ``close`` ends its listening and its feeds.

    ``status_days`` is how many days of device status its documents go back (Nightscout's ``DEVICESTATUS_DAYS``).
    """

    def __init__(self, store: Store, clock: Clock, *, status_days: int = 1) -> None:
        self._store = store
        self._clock = clock
        self._contents = Contents(Lookup(store, clock), clock, status_days=status_days)
        self._lock = threading.RLock()
        self._listening: Subscription | None = None
        self._picture: Picture | None = None
        self._retry_at_s = 0.0
        self._feeds: set[Feed] = set()
        self._feeds_lock = threading.Lock()

    def now(self) -> Picture:
        """Return the picture as it is. The first call loads it, and errors of the store pass through.

        When the store does not answer later on, this is the last known picture, marked as ``behind``.
        """
        picture = self._picture
        if picture is None:
            return self._start()
        if picture.behind:
            self._try_again()
        elif self._has_slid(picture):
            with self._lock:
                self._slide()
        return self._picture or picture

    def subscribe(self) -> Feed:
        """Return a feed of everything that changes from now on. Take the picture after subscribing, not before."""
        self.now()
        feed = Feed(self._forget)
        with self._feeds_lock:
            self._feeds.add(feed)
        return feed

    def changes_since(self, seq: int) -> PictureChange:
        """Return in one piece what became different after ``seq``, or a resync when nobody can tell any more."""
        last = self.now().seq
        try:
            changes = self._store.changes_since(seq)
            if seq > last and seq > self._store.last_seq():
                return PictureChange(last, resync=True)  # from another store, or one that was put back
        except ChangesLost:
            return PictureChange(last, resync=True)
        within = [change for change in changes if change.seq <= last]
        complete = last <= max([seq, *(change.seq for change in changes)])
        if not complete or any(map(_means_all, within)):
            return PictureChange(last, resync=True)
        documented = [change for change in within if change.collection in _DOCUMENTED]
        with self._lock:
            return self._contents.told(documented, max(last, seq))

    def close(self) -> None:
        """Stop listening and end every feed. Idempotent."""
        with self._lock:
            listening, self._listening = self._listening, None
        if listening:
            listening.close()
        with self._feeds_lock:
            feeds = tuple(self._feeds)
        for feed in feeds:
            feed.close()

    def _start(self) -> Picture:
        with self._lock:
            if self._picture is None:
                self._listening = self._listening or self._store.listen(self._heard)
                self._load()
            return self.now()

    def _load(self) -> None:
        # What is committed while this reads is heard once the lock is free, and read again.
        seq = self._store.last_seq()
        self._contents.load()
        self._picture = self._contents.picture(seq)

    def _has_slid(self, picture: Picture) -> bool:
        oldest = [items[0].at_ms for items in (picture.readings, picture.treatments) if items]
        return bool(oldest) and min(oldest) < self._clock.now_ms() - WINDOW_MS

    def _slide(self) -> None:
        if self._picture is None or self._picture.behind or not self._has_slid(self._picture):
            return
        try:
            self._contents.slide()
        except Exception:
            self._fall_behind()
            return
        self._picture = self._contents.picture(self._picture.seq)

    def _heard(self, changes: Sequence[Change]) -> None:
        with self._lock:
            if self._picture is None:
                return  # nobody has looked yet: the first look reads everything
            if self._picture.behind or any(map(_means_all, changes)):
                self._reload()
            else:
                self._apply(changes, self._picture.seq)

    def _apply(self, changes: Sequence[Change], seen_seq: int) -> None:
        documented = [change for change in changes if change.collection in _DOCUMENTED]
        seq = max(seen_seq, changes[-1].seq)
        try:
            change = self._contents.apply(documented, seq)
        except Exception:  # whatever it was: without these documents the picture would be wrong
            self._fall_behind()
            return
        self._picture = self._contents.picture(seq)
        if not change.is_empty or any(each.collection in _ADMITTING and each.op != "insert" for each in changes):
            self._publish(change)

    def _reload(self) -> None:
        try:
            self._load()
        except Exception:
            self._fall_behind()
            return
        if self._picture:
            self._publish(PictureChange(self._picture.seq, resync=True))

    def _fall_behind(self) -> None:
        log.warning("the picture could not be read, trying again", exc_info=True)
        self._retry_at_s = self._clock.monotonic_s() + _RETRY_S
        if self._picture and not self._picture.behind:
            self._picture = replace(self._picture, behind=True)
            self._publish(PictureChange(self._picture.seq, facts_changed=True))

    def _try_again(self) -> None:
        """Read everything anew after the store failed us: once in a while, by one thread, while the others go on."""
        if self._clock.monotonic_s() < self._retry_at_s or not self._lock.acquire(blocking=False):
            return
        try:
            if self._picture and self._picture.behind:
                self._reload()
        finally:
            self._lock.release()

    def _publish(self, change: PictureChange) -> None:
        with self._feeds_lock:
            feeds = tuple(self._feeds)
        for feed in feeds:
            feed.give(change)

    def _forget(self, feed: Feed) -> None:
        with self._feeds_lock:
            self._feeds.discard(feed)


def _means_all(change: Change) -> bool:
    return change.op == "resync" and not change.collection.startswith("nl_")
