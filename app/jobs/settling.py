"""One event, one record, at once: when an app or a person writes what an uploader has brought already, the latter goes.

The uploader itself would see it at its next run; until then a bolus would count twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from app.actor import system_actor
from app.errors import NightlightError
from app.house import House
from app.logs import told
from app.records.sources.keeping import Keeping
from app.records.sources.ranks import UPLOADER_STAMP, UPLOADERS, is_brought, read_ranks
from app.records.sources.settling import SETTLED, Settling
from app.store.interface import Change

log = logging.getLogger(__name__)

MOST_WAITING = 5000
_ACTOR = system_actor("settling")


class SettlingJob:
    """Hears what is written, and settles it at the next tick."""

    def __init__(self, house: House) -> None:
        self._store, self._clock = house.store, house.clock
        self._lock = threading.Lock()
        self._waiting: dict[str, set[Any]] = {collection: set() for collection in SETTLED}

    def heard(self, changes: Sequence[Change]) -> None:
        """Take note of what apps and people wrote; what sources write themselves they settle themselves."""
        with self._lock:
            for change in changes:
                waiting = self._waiting.get(change.collection)
                concerns = change.op in ("insert", "update") and not change.actor.startswith(_OF_SOURCES)
                if waiting is not None and concerns and len(waiting) < MOST_WAITING:
                    waiting.update(change.ids)

    def tick(self) -> None:
        """Settle what was written since the last tick."""
        with self._lock:
            written = {collection: list(ids) for collection, ids in self._waiting.items() if ids}
            for ids in self._waiting.values():
                ids.clear()
        if written and self._store.collection(UPLOADERS).find_one() is not None:
            self._settle(written)

    def _settle(self, written: Mapping[str, list[Any]]) -> None:
        keeping = Keeping(self._store, self._clock, _ACTOR, (UPLOADER_STAMP, ""))
        settling = Settling(keeping, read_ranks(self._store))
        for collection, ids in written.items():
            try:
                found = keeping.records[collection].search({"_id": {"$in": ids}}, sort=())
                gone = settling.settle(collection, [one for one in found if not is_brought(one)])
            except NightlightError as problem:
                log.warning("what was written could not be settled", extra=told(why=problem.code))
                continue
            if gone:
                log.info("records made way for those of a better source", extra=told(collection=collection, count=gone))


_OF_SOURCES = ("uploader:", "importer", "settling", "autoprune")
