"""Where the sockets are in the application: ``/socket.io/``, beside everything Flask answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from app.compat.sockets.sockets import Sockets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/socket.io"


class SocketMount:
    """WSGI middleware: hands requests to the sockets, all others to the application."""

    def __init__(self, application: WSGIApplication, sockets: Callable[[], Sockets]) -> None:
        self._application = application
        self._sockets = sockets

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO", "").rstrip("/") == PATH:
            return self._sockets().serve(environ, start_response)
        return self._application(environ, start_response)
