"""Nightscout's realtime surface on ``/socket.io/``: the root namespace, ``/alarm`` and ``/storage``.

Clients speak Engine.IO 4 or 3, by polling or over a websocket. Whatever is told comes from the change log and is told
by one thread of the process (``delivery``); a request that writes tells nobody anything. What a client may have
waiting is bounded. No rule about documents, people or alarms lives here.
"""

from __future__ import annotations

import threading

from flask import Flask

from app.compat.sockets.mount import SocketMount
from app.compat.sockets.sockets import Sockets


def mount(app: Flask) -> None:
    """Serve the sockets from ``app``; they are opened when the first client comes."""
    opening = threading.Lock()

    def sockets() -> Sockets:
        with opening:
            if "sockets" not in app.extensions:
                known = app.extensions
                app.extensions["sockets"] = Sockets(
                    known["house"], known["live"], known["compat"], known["stream places"]
                )
            opened: Sockets = app.extensions["sockets"]
            return opened

    app.wsgi_app = SocketMount(app.wsgi_app, sockets)  # type: ignore[method-assign]


def close(app: Flask) -> None:
    """End every session of ``app``. Idempotent."""
    sockets: Sockets | None = app.extensions.get("sockets")
    if sockets is not None:
        sockets.close()
