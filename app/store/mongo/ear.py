"""Notices that the change log has grown, whichever process wrote: a cursor that waits at its end."""

from __future__ import annotations

import threading
from typing import Any

from pymongo import CursorType
from pymongo.cursor import Cursor

from app.store.interface import Document
from app.store.mongo.changes import ChangeLog
from app.store.mongo.errors import translated

_AWAIT_MS = 1000
_PAUSE_S = 0.2


class Ear:
    """Waits for the listening thread of one store."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log
        self._cursor: Cursor[Document] | None = None

    def wait(self, ended: threading.Event) -> None:
        """Return once there may be something new, or when ``ended``. Raises ``Unavailable``."""
        try:
            with translated():
                while not ended.is_set():
                    cursor = self._cursor = self._cursor or self._open()
                    if next(cursor, None) is not None:
                        return
                    if not cursor.alive:  # the log was dropped, or written past the cursor's place
                        self.close()
                        ended.wait(_PAUSE_S)
                        return
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the cursor back."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()

    def _open(self) -> Cursor[Document]:
        newest: dict[str, Any] = {"_id": {"$gte": self._log.last_seq()}}
        cursor = self._log.make().find(newest, {"_id": 1}, cursor_type=CursorType.TAILABLE_AWAIT)
        return cursor.max_await_time_ms(_AWAIT_MS)
