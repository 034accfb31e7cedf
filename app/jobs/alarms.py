"""Watching the alarms: the present is judged soon after it changed, and all the time, for silence changes nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from app.alarms.engine import Engine
from app.alarms.state import Overtaken
from app.house import House
from app.live.chain import Trouble
from app.live.contents import DOCUMENTED
from app.live.live_picture import LivePicture
from app.live.picture import Picture
from app.live.present import Presents
from app.records.person import COLLECTION as PERSON
from app.records.person import read_person
from app.store.interface import Change
from app.uploaders import status
from app.uploaders.state import COLLECTION as UPLOADERS
from app.uploaders.state import uploader_in

LOOK_EVERY_S = 30.0
"""A look happens this often even if nothing changed: readings grow old without a change."""

AGAIN_S = 5.0
"""When a look that failed is made again."""

_SHOWING = frozenset({*DOCUMENTED, PERSON})


class AlarmWatch:
    """Judges the picture whenever it may have become another; between looks a tick only compares the clock."""

    def __init__(self, house: House, live: LivePicture) -> None:
        self._house = house
        self._live = live
        self._presents = Presents(house.settings, lambda: read_person(house.store, house.settings))
        self._engine = Engine(house.store, house.clock, house.settings, troubles=self._troubles)
        self._lock = threading.Lock()
        self._wanted_seq: int | None = None
        self._due_s = self._not_before_s = house.clock.monotonic_s()

    def heard(self, changes: Sequence[Change]) -> None:
        """Take note of changes; the next tick looks when one of them can show in the picture."""
        if any(change.op == "resync" or change.collection in _SHOWING for change in changes):
            with self._lock:
                self._wanted_seq = changes[-1].seq

    def tick(self) -> None:
        """Look if there is a reason to. A look that fails is made again a little later."""
        now_s, wanted_seq = self._house.clock.monotonic_s(), self._wanted_seq
        is_due = now_s >= self._due_s
        if now_s < self._not_before_s or not (is_due or wanted_seq is not None):
            return
        self._not_before_s = now_s + AGAIN_S
        picture = self._live.now()
        shows_it = wanted_seq is not None and picture.seq >= wanted_seq
        if not picture.behind and (is_due or shows_it):
            with contextlib.suppress(Overtaken):
                self._look(picture)
                self._due_s = now_s + LOOK_EVERY_S
                self._forget(wanted_seq if shows_it else None)
        self._not_before_s = now_s

    def _look(self, picture: Picture) -> None:
        self._engine.look(picture, self._presents.at(picture, self._house.clock.now_ms()))

    def _forget(self, wanted_seq: int | None) -> None:
        """Wait for what comes next, unless something came meanwhile."""
        with self._lock:
            if self._wanted_seq == wanted_seq:
                self._wanted_seq = None

    def _troubles(self) -> list[Trouble]:
        uploaders = map(uploader_in, self._house.store.collection(UPLOADERS).find({}))
        found = status.troubles(uploaders, self._house.clock.now_ms())
        return [Trouble(one.label, one.sentence, one.since_ms) for one in found]
