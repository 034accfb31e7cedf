"""Gives every request an id, answers with it, and writes one log line about it: never the query, never a body."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from app.clock import Clock
from app.logs import request_id, told

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_ACCEPTED_ID = re.compile(r"[\w.-]{8,64}")
# The token of a share link is part of its path.
_TOKEN_IN_PATH = re.compile(r"nl[a-z]_[\w-]{20,}|[a-z0-9_]{0,10}-[0-9a-f]{16,40}|[0-9a-f]{40}")
_READING = ("GET", "HEAD", "OPTIONS")


class RequestTrail:
    """WSGI middleware around the whole application.

    A proxy's ``X-Request-Id`` is kept when it looks like one; the answer carries the id under the same name. Reads that
    succeed are logged at debug, everything else at info, server errors at warning.
    """

    def __init__(self, application: WSGIApplication, clock: Clock) -> None:
        self._application = application
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, and leave its trail."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        chosen = given if _ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)
        request_id.set(chosen)
        environ["nightlight.request_id"] = chosen
        began_s = self._clock.monotonic_s()

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            headers.append(("X-Request-Id", chosen))
            self._tell(environ, int(status[:3]), self._clock.monotonic_s() - began_s)
            return start_response(status, headers, *rest)

        return self._application(environ, start)

    def _tell(self, environ: WSGIEnvironment, status: int, took_s: float) -> None:
        method = environ["REQUEST_METHOD"]
        if status >= 500:
            level = logging.WARNING
        else:
            level = logging.DEBUG if method in _READING and status < 400 else logging.INFO
        if log.isEnabledFor(level):
            path = _TOKEN_IN_PATH.sub("[struck]", environ.get("PATH_INFO", ""))
            log.log(level, "answered", extra=told(method=method, path=path, status=status, ms=round(1000 * took_s, 1)))
