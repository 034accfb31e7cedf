"""Notices that the change log may have grown: at once when this process wrote, within 50 ms when another one did."""

from __future__ import annotations

import threading

from app.store.sqlite.engine import Engine

POLL_S = 0.05


class Ear:
    """Waits for the listening thread of one store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._written = threading.Event()
        self._data_version = 0

    def notice(self) -> None:
        """Tell that this process has appended to the log."""
        self._written.set()

    def wait(self, ended: threading.Event) -> None:
        """Return once there may be something new, or when ``ended``."""
        while not ended.is_set():
            if self._written.wait(POLL_S):
                self._written.clear()
                return
            if self._file_changed():
                return

    def _file_changed(self) -> bool:
        """Tell whether another connection has committed since the last call: a look at a counter in shared memory."""
        with self._engine.polling() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        changed = version != self._data_version
        self._data_version = version
        return bool(changed)
