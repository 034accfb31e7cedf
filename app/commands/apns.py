"""Apple's push service: one request for one command over HTTP/2, never repeated, and what its answer means.

A push that was sent and not answered may be on the phone all the same; that is an outcome of its own (``unknown``),
and nobody here tries again. Neither the phone's address nor our token is ever logged.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

import httpx

from app.clock import Clock
from app.commands.apns_account import ProviderToken, account_of
from app.config import Settings

# They write down addresses and headers, and ours name the phone and hold the token.
for _talkative in ("httpx", "httpcore", "hpack"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

PRODUCTION = "https://api.push.apple.com"
SANDBOX = "https://api.sandbox.push.apple.com"
TIMEOUT = httpx.Timeout(10.0, connect=5.0)

_AT_ONCE = "10"
_REASON = re.compile(r"[A-Za-z]{1,60}")
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True, slots=True)
class Push:
    """One message for one phone. ``topic`` is Loop's bundle id; Apple gives up at ``expires_ms`` (UTC epoch ms)."""

    id: str
    device_token: str = field(repr=False)
    topic: str
    message: bytes = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a push: Apple ``accepted`` it, certainly does not have it (``refused``), or nobody knows."""

    outcome: Literal["accepted", "refused", "unknown"]
    reason: str = ""


class Apns:
    """Pushes for one installation. ``server`` and ``trusted`` stand in for Apple's own address and certificates."""

    def __init__(
        self, settings: Settings, clock: Clock, *, server: str = "", trusted: ssl.SSLContext | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        in_production = settings["LOOP_PUSH_SERVER_ENVIRONMENT"].lower() == "production"
        self.server = server or (PRODUCTION if in_production else SANDBOX)
        self._trusted = trusted
        self._token: ProviderToken | None = None
        self._lock = threading.Lock()

    def sign(self) -> str:
        """Return the token for a push. Raises ``CommandFailed`` when the settings do not name a usable key."""
        with self._lock:
            if self._token is None:
                self._token = ProviderToken(account_of(self._settings), self._clock)
        return self._token.text()

    def push(self, push: Push) -> Verdict:
        """Send a message once and return what became of it. Raises ``CommandFailed`` as ``sign`` does."""
        headers = {
            "authorization": f"bearer {self.sign()}",
            "apns-id": push.id,
            "apns-topic": push.topic,
            "apns-push-type": "alert",
            "apns-priority": _AT_ONCE,
            "apns-expiration": str(push.expires_ms // 1000),
        }
        path = f"/3/device/{quote(push.device_token, safe='')}"
        # A connection for each push: a family's few a day would else meet one that has died unnoticed, and a push on
        # such a connection ends unknown.
        try:
            with httpx.Client(
                http1=False, http2=True, verify=self._trusted or True, timeout=TIMEOUT, trust_env=False
            ) as client:
                return _verdict(client.post(self.server + path, headers=headers, content=push.message))
        except _NOT_CONNECTED:
            return Verdict("refused", "Apple's server could not be reached")
        except httpx.TransportError:
            return Verdict("unknown", "no answer from Apple, it may have been delivered all the same")


def _verdict(answer: httpx.Response) -> Verdict:
    if answer.status_code == HTTPStatus.OK:
        return Verdict("accepted")
    reason = _reason_in(answer)
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE or answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Verdict("refused", reason)
    return Verdict("unknown", f"{reason}, it may have been delivered all the same")


def _reason_in(answer: httpx.Response) -> str:
    """Return Apple's word for a refusal, or the status where it gave none."""
    try:
        told = json.loads(answer.content)
    except ValueError:
        told = None
    reason = told.get("reason") if isinstance(told, dict) else None
    return reason if isinstance(reason, str) and _REASON.fullmatch(reason) else f"status {answer.status_code}"
