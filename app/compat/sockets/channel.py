"""A websocket as the engine uses it: what is sent goes out whole, and whoever waits on it can be let go."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import simple_websocket
from wsproto.utilities import ProtocolError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_COMPRESSION = "HTTP_SEC_WEBSOCKET_EXTENSIONS"
_RECEIVED_AT_ONCE = 16 * 1024
_Thread = partial(threading.Thread, name="websocket", daemon=True)


class _WholeSends:
    """A socket whose ``send`` sends everything or fails: half a frame would spoil all that follow."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def dup(self) -> _WholeSends:
        """Return another handle of the same connection."""
        return _WholeSends(self._connection.dup())

    def send(self, sent: bytes) -> int:
        """Send all of it."""
        self._connection.sendall(sent)
        return len(sent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Channel:
    """One websocket; ``handler`` is called with it and returns when it has ended.

    ``silent_s`` is how long nothing may come from the client, ``most_bytes`` how long a message may be.
    """

    def __init__(self, handler: Callable[[Channel], Any], silent_s: float, most_bytes: int) -> None:
        self._handler = handler
        self._silent_s = silent_s
        self._most_bytes = most_bytes
        self._opened: simple_websocket.Server | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> dict[str, Any]:
        """Serve the websocket a request asked for, or return the answer that it asked for none."""
        # Compressing costs a quarter of a MiB for each viewer.
        environ = {name: value for name, value in environ.items() if name != _COMPRESSION}
        for name in _SOCKETS:
            if name in environ:
                self._settle(environ[name])
                environ[name] = _WholeSends(environ[name])
        try:
            self._opened = simple_websocket.Server(
                environ,
                receive_bytes=_RECEIVED_AT_ONCE,
                max_message_size=self._most_bytes,
                thread_class=_Thread,
            )
        except (OSError, RuntimeError, ProtocolError):
            return {
                "status": "400 BAD REQUEST",
                "headers": [("Content-Type", "text/plain")],
                "response": b"Bad Request",
            }
        self._handler(self)
        if self._opened.mode == "gunicorn":
            raise StopIteration
        raise ConnectionError("the websocket has ended")

    def send(self, message: str | bytes) -> None:
        """Send one message. Raises ``OSError`` when it cannot be sent."""
        if self._opened is None:
            raise OSError("there is no websocket yet")
        try:
            self._opened.send(message)
        except simple_websocket.ConnectionClosed as closed:
            raise OSError("the websocket was closed") from closed
        except OSError:
            self.abort()
            raise

    def wait(self) -> str | bytes | None:
        """Return the next message, None when there will be none."""
        try:
            return self._opened.receive() if self._opened else None
        except simple_websocket.ConnectionClosed:
            return None

    def close(self) -> None:
        """Say good-bye and let go. Idempotent."""
        opened = self._opened
        if opened is not None and opened.connected:
            with contextlib.suppress(OSError, simple_websocket.ConnectionClosed):
                opened.close()
        self.abort()

    def abort(self) -> None:
        """Let go of the client at once, whoever waits for it."""
        if self._opened is not None:
            with contextlib.suppress(OSError):
                self._opened.sock.shutdown(socket.SHUT_RDWR)

    def _settle(self, connection: socket.socket) -> None:
        patience = struct.pack("@ll", int(self._silent_s), 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
