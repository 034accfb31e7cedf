"""The engine: Engine.IO 3 and 4, by polling and websocket, for as many clients as there are places for live viewers."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import socketio
from engineio import exceptions, packet
from engineio.server import Server as EngineServer

from app.compat.quirks import quirk
from app.compat.sockets.channel import Channel
from app.compat.sockets.connection import Connection
from app.compat.sockets.connection_v3 import ConnectionV3

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PING_INTERVAL_S = 25
PING_TIMEOUT_S = 20
PULSE_S = 1.0
RETRY_AFTER_S = 30
"""When a client that found no place may ask again."""

# What the packages log at their usual levels holds credentials.
_SILENT = logging.getLogger(f"{__name__}.packages")
_SILENT.setLevel(logging.CRITICAL + 1)

_KEPT_OF_A_REQUEST = ("REMOTE_ADDR", "HTTP_")
_VERSION = "nightlight.engine_version"


class Engine(EngineServer):  # type: ignore[misc]
    """The Engine.IO server of one process; ``places`` are taken by sessions and given back when they end.

    ``strangers`` is how many of them may be kept for clients that have not yet shown they may have anything.
    """

    _async: dict[str, Any]
    start_service_task: bool

    def __init__(self, *, places: threading.BoundedSemaphore, strangers: int, **options: Any) -> None:
        super().__init__(**options)
        self._places = places
        self._strangers = strangers
        self._starting = threading.Lock()
        self._ended = threading.Event()
        silent_s, most_bytes = self.ping_interval + 2 * self.ping_timeout, self.max_http_buffer_size
        self._async = {**self._async, "websocket": lambda handler, _: Channel(handler, silent_s, most_bytes)}

    @quirk("Engine.IO 3 is spoken, whatever else the address asks for (b64, token)", "LoopFollow")
    def handle_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """Answer a request to the engine's path, of a client of either version."""
        asked = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        environ[_VERSION] = 4 if ("EIO", "4") in asked else 3
        environ["QUERY_STRING"] = urlencode([*(pair for pair in asked if pair[0] != "EIO"), ("EIO", "4")])
        try:
            return super().handle_request(environ, start_response)
        except KeyError:  # the session ended while its request came in
            start_response("400 BAD REQUEST", [("Content-Type", "text/plain")])
            return [b'"Session is disconnected"']

    def connections(self) -> list[Connection]:
        """Return the sessions there are."""
        return list(self.sockets.values())

    def connection(self, sid: str) -> Connection | None:
        """Return the session of this id, None when it has ended."""
        found: Connection | None = self.sockets.get(sid)
        return found

    def trigger_message(self, sid: str, message: str) -> None:
        """Take a message on behalf of a session's client."""
        self._trigger_event("message", sid, message, run_async=False)

    def trigger_disconnect(self, sid: str, reason: str) -> None:
        """Tell that a session has ended."""
        self._trigger_event("disconnect", sid, reason, run_async=False)

    def free_place(self, connection: Connection) -> None:
        """Give back the place of a session that has ended, and forget it."""
        self.sockets.pop(connection.sid, None)
        self._places.release()

    def close(self) -> None:
        """End every session. Idempotent."""
        self._ended.set()
        for connection in self.connections():
            connection.drop()

    def _handle_connect(
        self, environ: WSGIEnvironment, start_response: StartResponse, transport: str, jsonp_index: int | None = None
    ) -> Any:
        if self._ended.is_set() or self._is_crowded() or not self._places.acquire(blocking=False):
            return refused_for_now("Too many live viewers on this server")
        self._start_pulse()
        made = ConnectionV3 if environ[_VERSION] == 3 else Connection
        connection: Connection = made(self, self.generate_id())
        self.sockets[connection.sid] = connection
        connection.send(packet.Packet(packet.OPEN, self._opening(connection.sid, transport)))
        self._trigger_event("connect", connection.sid, _worth_keeping(environ), run_async=False)
        connection.schedule_ping()
        connection.greet()
        if transport == "websocket":
            try:
                return connection.handle_get_request(environ, start_response)
            finally:
                connection.drop()
        connection.connected = True
        packets = connection.poll()
        if isinstance(connection, ConnectionV3):
            return connection.payload_of(packets)
        return self._ok(packets, jsonp_index=jsonp_index)

    def _is_crowded(self) -> bool:
        return sum(not connection.invited for connection in self.connections()) >= self._strangers

    def _opening(self, sid: str, transport: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingInterval": 1000 * PING_INTERVAL_S,
            "pingTimeout": 1000 * PING_TIMEOUT_S,
            "maxPayload": self.max_http_buffer_size,
        }

    def _start_pulse(self) -> None:
        with self._starting:
            if self.start_service_task:
                self.start_service_task = False
                threading.Thread(target=self._pulse, name="socket pulse", daemon=True).start()

    def _pulse(self) -> None:
        while not self._ended.wait(PULSE_S):
            now_s = time.monotonic()
            for connection in self.connections():
                with contextlib.suppress(exceptions.SocketIsClosedError):
                    connection.pulse(now_s)


class Exchange(socketio.Server):  # type: ignore[misc]
    """The Socket.IO server of one process. A client's events are handled one after the other, in the order they came.

    What a handler hands to ``afterwards`` is done once its answer is on the way.
    """

    def __init__(self, places: threading.BoundedSemaphore, *, strangers: int, allowed_origins: str | list[str]) -> None:
        self._afterwards = threading.local()
        super().__init__(
            async_mode="threading",
            async_handlers=False,
            logger=_SILENT,
            engineio_logger=_SILENT,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            cors_allowed_origins=allowed_origins,
            cors_credentials=False,
            places=places,
            strangers=strangers,
        )

    @property
    def engine(self) -> Engine:
        """The engine under this server."""
        engine: Engine = self.eio
        return engine

    def afterwards(self, task: Any) -> None:
        """Do ``task`` after the answer to the present event."""
        self._afterwards.tasks = [*getattr(self._afterwards, "tasks", []), task]

    def _handle_event_internal(self, *event: Any) -> None:
        super()._handle_event_internal(*event)
        tasks, self._afterwards.tasks = getattr(self._afterwards, "tasks", []), []
        for task in tasks:
            task()

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


def refused_for_now(why: str) -> dict[str, Any]:
    """Return the answer to a client that is to come again later."""
    return {
        "status": "503 SERVICE UNAVAILABLE",
        "headers": [("Content-Type", "application/json"), ("Retry-After", str(RETRY_AFTER_S))],
        "response": f'{{"code":5,"message":"{why}"}}'.encode(),
    }


def _worth_keeping(environ: WSGIEnvironment) -> dict[str, Any]:
    kept: Iterable[str] = (name for name in environ if name.startswith(_KEPT_OF_A_REQUEST))
    return {name: environ[name] for name in kept}
