"""One client's Engine.IO session: its packets in and out, its pings, and the place it takes among the live viewers."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from engineio import exceptions, packet
from engineio.socket import Socket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from app.compat.sockets.channel import Channel

log = logging.getLogger(__name__)

WAITING_AT_MOST = 2000
"""Packets a client may have waiting; who falls further behind is let go, and comes back for a full set."""

STRANGER_S = 30.0
"""How long a place is kept for a client that has not shown it may have anything."""

SEEN_OUT_S = 1.0
"""How long a client that was told to go may take to do so."""

_SEPARATOR = "\x1e"


class Connection(Socket):  # type: ignore[misc]
    """A session in Engine.IO 4. ``invited`` is true once the client has shown that it may have something."""

    closed: bool
    closing: bool
    last_ping: float | None

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.invited = False
        self._since_s = time.monotonic()
        self._ping_due_s: float | None = None
        self._polling = Lock()
        self._ending = Lock()
        self._channels: set[Channel] = set()

    def greet(self) -> None:
        """Do what follows the first packet: nothing, a client of this version speaks first."""

    def give(self, message: packet.Packet) -> None:
        """Send a packet, or let the client go that has not taken those before it. Never waits, never raises."""
        if self.queue.qsize() >= WAITING_AT_MOST:
            log.info("a viewer did not keep up and was let go")
            self.drop()
            return
        with contextlib.suppress(exceptions.SocketIsClosedError):
            self.send(message)

    def see_out(self) -> None:
        """End the session shortly, unless the client has shown elsewhere in it that it may have something.

        Not at once: a client that is told to go must not take it for a broken line, and come again.
        """
        self._since_s -= STRANGER_S - SEEN_OUT_S

    def drop(self) -> None:
        """End the session and its transport at once."""
        self.close(wait=False, abort=True)
        for channel in tuple(self._channels):
            channel.abort()

    def pulse(self, now_s: float) -> None:
        """Do what is due at this moment (monotonic seconds): a ping, or the end of who is silent or a stranger."""
        if self.closed:
            return
        if not self.invited and now_s - self._since_s > STRANGER_S:
            self.close(wait=False)
        elif self.check_ping_timeout() and self._ping_due_s is not None and self._ping_due_s <= now_s:
            self._ping_due_s = None
            self.ping()

    def ping(self) -> None:
        """Ask the client whether it is there."""
        self.last_ping = time.time()
        with contextlib.suppress(exceptions.SocketIsClosedError):
            self.send(packet.Packet(packet.PING))

    def schedule_ping(self) -> None:
        """Ask again after the interval; the engine's one pulse does it for everybody."""
        self.last_ping = None
        self._ping_due_s = time.monotonic() + self.server.ping_interval

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session. Idempotent."""
        with self._ending:
            first = not self.closed and not self.closing
            if first:
                self.closing = True
        if not first:
            return
        self.server.trigger_disconnect(self.sid, reason or self.server.reason.SERVER_DISCONNECT)
        if not abort:
            self.queue.put(packet.Packet(packet.CLOSE))
        self.closed = True
        self.queue.put(None)
        self.server.free_place(self)
        if not self.upgraded:  # a websocket that never got through its probe has nobody else to end it
            for channel in tuple(self._channels):
                channel.abort()

    def handle_get_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """Answer a poll, or become a websocket. One poll at a time: each keeps a thread."""
        if "upgrade" in environ.get("HTTP_CONNECTION", "").lower():
            if self.upgrading or self.upgraded or self._channels:
                raise exceptions.EngineIOError
            return super().handle_get_request(environ, start_response)
        if not self._polling.acquire(blocking=False):
            raise exceptions.EngineIOError
        try:
            return super().handle_get_request(environ, start_response)
        finally:
            self._polling.release()

    def handle_post_request(self, environ: WSGIEnvironment) -> None:
        """Take the packets of a request. Raises ``EngineIOError`` when it holds none."""
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if length > self.server.max_http_buffer_size:
                raise exceptions.ContentTooLongError
            for received in self.packets_in(environ["wsgi.input"].read(length).decode()):
                self.take(received)
        except (ValueError, exceptions.UnknownPacketError, exceptions.SocketIsClosedError) as bad:
            raise exceptions.EngineIOError from bad

    def packets_in(self, body: str) -> Iterable[packet.Packet]:
        """Return the packets of a payload. Raises ``ValueError``."""
        return [packet.Packet(encoded_packet=each) for each in body.split(_SEPARATOR)] if body else []

    def take(self, received: packet.Packet) -> None:
        """Take one packet from the client."""
        self.receive(received)

    def _websocket_handler(self, ws: Channel) -> Any:
        self._channels.add(ws)
        try:
            return super()._websocket_handler(ws)
        finally:
            self._channels.discard(ws)
            ws.close()
