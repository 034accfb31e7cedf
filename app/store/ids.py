"""Makes ``_id``s."""

from __future__ import annotations

import itertools
import os
import secrets

from bson import ObjectId

from app.clock import Clock


class IdMaker:
    """Makes ObjectIds that grow within a process: the second, five random bytes of the process, a counter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin()

    def __call__(self) -> ObjectId:
        """Return a new ObjectId."""
        if self._owner != os.getpid():  # a forked child must not make its parent's ids again
            self._begin()
        second = self._clock.now_ms() // 1000 & 0xFFFFFFFF
        number = next(self._counter) & 0xFFFFFF
        return ObjectId(second.to_bytes(4, "big") + self._process + number.to_bytes(3, "big"))

    def _begin(self) -> None:
        self._owner = os.getpid()
        self._process = secrets.token_bytes(5)
        self._counter = itertools.count(secrets.randbelow(2**23))
