"""The line to a vendor: one HTTP session with time limits, a size limit, checked addresses and few retries.

What goes wrong underneath comes out as ``Transient`` (or ``ActionRequired`` for an address we may not reach); status
codes are the vendor's own business and are judged in its ``errors``.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpcore
import httpx
import stamina

from app.clock import Clock
from app.uploaders.errors import RateLimited, Transient, UploaderFailure
from app.uploaders.guard import GuardedTransport, Limits

# Both write down whole addresses and headers, and ours hold sessions and tokens.
for _talkative in ("httpx", "httpcore"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

READ_TRIES = 3
READ_TOTAL_S = 45.0

_SLOW = (httpx.TimeoutException, httpcore.TimeoutException)
_BROKEN = (
    httpx.TransportError,
    httpx.DecodingError,
    httpx.StreamError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)


@dataclass(frozen=True)
class Answer:
    """What a vendor answered; ``cookies`` are those it set with this answer, by name."""

    vendor: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Any:
        """Return the parsed body. Raises ``Transient`` when it is not JSON (a maintenance page, nothing at all)."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Transient(f"{self.vendor} answered with a page instead of data (status {self.status})") from None

    def json_or_none(self) -> Any:
        """Return the parsed body, None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def common_failure(self, now_ms: int) -> UploaderFailure | None:
        """Return what a status means at every vendor: 429 and 430, 5xx; None for the others."""
        if self.status in (HTTPStatus.TOO_MANY_REQUESTS, 430):
            return RateLimited(
                f"{self.vendor} says we ask too often", retry_after_s=retry_after_s(self.headers, now_ms)
            )
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Transient(f"{self.vendor} has trouble of its own (status {self.status})")
        return None

    def gate_closed(self) -> UploaderFailure | None:
        """Return ``Transient`` when a firewall in front of the vendor refused with a page of its own."""
        if self.status >= HTTPStatus.BAD_REQUEST and self.json_or_none() is None:
            return Transient(f"{self.vendor} turned us away at its gate (status {self.status})")
        return None


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Read ``Retry-After``: seconds or an HTTP date; None when it is missing or makes no sense."""
    raw = headers.get("retry-after", "").strip()
    if raw.isdecimal():
        return float(raw)
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        return None
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now_ms / 1000)


def _go_on() -> None:
    """Nothing stops a call."""


class Line:
    """One session with one vendor. ``vendor`` is the name people know; one thread at a time.

    ``before_call`` runs before each request and raises to end the run (a lost lease, a process that shuts down).
    """

    def __init__(
        self,
        vendor: str,
        clock: Clock,
        *,
        private_allowed: bool,
        limits: Limits | None = None,
        read_tries: int = READ_TRIES,
        before_call: Callable[[], None] = _go_on,
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self._limits = limits or Limits()
        self._read_tries = read_tries
        self._before_call = before_call
        self._client = httpx.Client(
            transport=GuardedTransport(clock, self._limits, private_allowed=private_allowed),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Nightlight", "Accept": "application/json"},
        )

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        longest_s: float | None = None,
    ) -> Answer:
        """Send one request, never twice: ``body`` as JSON, or ``form`` as a form's fields.

        Raises ``Transient`` and ``ActionRequired``.
        """
        self._before_call()
        extensions = {} if longest_s is None else {"longest_s": longest_s}
        try:
            request = self._client.build_request(
                method, url, headers=headers, params=params, json=body, data=form, extensions=extensions
            )
            response = self._client.send(request, stream=True)
            try:
                content = self._content_of(response)
            finally:
                response.close()
        except _SLOW:
            raise Transient(f"{self.vendor} did not answer in time") from None
        except _BROKEN:
            raise Transient(f"The connection to {self.vendor} failed") from None
        cookies = {cookie.name: cookie.value or "" for cookie in response.cookies.jar}
        return Answer(self.vendor, response.status_code, response.headers, content, cookies)

    def read(self, ask: Callable[[float], Any]) -> Any:
        """Do an idempotent read, again when it fails in passing: at most three tries within 45 s.

        ``ask`` gets the seconds left, to hand on as ``longest_s``.
        """
        end_s = self.clock.monotonic_s() + READ_TOTAL_S
        for attempt in stamina.retry_context(
            on=Transient, attempts=self._read_tries, timeout=READ_TOTAL_S, wait_initial=0.5, wait_max=8.0
        ):
            with attempt:
                return ask(end_s - self.clock.monotonic_s())
        raise AssertionError("retrying ends with a return or a raise")

    def rest(self, wanted_s: float) -> None:
        """Wait between two calls where a vendor minds being asked too fast, no longer than the limits allow."""
        self._before_call()
        time.sleep(min(wanted_s, self._limits.rest_s))

    def close(self) -> None:
        """Close the session."""
        self._client.close()

    def _content_of(self, response: httpx.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._limits.body_bytes:
                raise Transient(f"The answer of {self.vendor} is too large")
            chunks.append(chunk)
        return b"".join(chunks)
