"""Who asks, on Nightscout's surface: where credentials travel, and the wait after bad ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app

from app.actor import Actor
from app.compat.bodies import credentials_in_body
from app.compat.parameters import parameters
from app.compat.quirks import quirk
from app.errors import TooManyAttempts, Unauthenticated
from app.house import House
from app.identity.addresses import Headers, address_of
from app.identity.nightscout import NightscoutAccess, Presented, bearer_of
from app.identity.peer import Peer

View = TypeVar("View", bound=Callable[..., Any])

LONGEST_WAIT_MS = 30_000
MOST_WAITING = 16
"""Requests one process holds back at once: each keeps a thread from others."""

REFUSED = Actor(kind="nobody", label="refused")
"""Somebody whose credential was bad, where the contract wants an answer all the same."""

_IGNORES = "_ignores_credentials"
_TOLERATES = "_tolerates_bad_credentials"


def ignores_credentials(view: View) -> View:
    """Let a view answer whatever credential comes along, good or bad."""
    setattr(view, _IGNORES, True)
    return view


def tolerates_bad_credentials(view: View) -> View:
    """Let a view answer ``REFUSED`` instead of refusing: ``verifyauth`` reports on the credential."""
    setattr(view, _TOLERATES, True)
    return view


def looks_at_credentials(view: View) -> bool:
    """Tell whether a view cares for the credential that comes along."""
    return not getattr(view, _IGNORES, False)


def tolerates(view: View) -> bool:
    """Tell whether a view answers who shows a bad credential, too."""
    return getattr(view, _TOLERATES, False)


class Gate:
    """Turns requests to Nightscout's surface into actors; ``wait`` sleeps so many seconds."""

    def __init__(self, house: House, access: NightscoutAccess, wait: Callable[[float], None] = time.sleep) -> None:
        self.access = access
        self._trust = house.settings["TRUST_PROXY"]
        self._wait = wait
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def peer_of(self, request: Request) -> Peer:
        """Return the other end of a request."""
        return self.peer_behind(request.headers, request.remote_addr or "")

    def identify(self, request: Request) -> Actor:
        """Return who asks. Raises ``Unauthenticated``, and ``TooManyAttempts`` when too many already wait."""
        view = current_app.view_functions[request.endpoint or ""]
        if not looks_at_credentials(view):
            return REFUSED
        try:
            return self.admit(presented_by(request), self.peer_of(request))
        except Unauthenticated:
            if tolerates(view):
                return REFUSED
            raise

    def admit(self, presented: Presented, peer: Peer) -> Actor:
        """Return who presents this from there. Raises ``Unauthenticated``, ``TooManyAttempts`` when too many wait."""
        self._hold(peer)
        return self.access.identify(presented, peer)

    def peer_behind(self, headers: Headers, remote_address: str) -> Peer:
        """Return the other end of a connection that is no request any more."""
        return Peer(address_of(headers, remote_address, self._trust), headers.get("User-Agent", ""))

    def identify_bearer(self, request: Request) -> Actor:
        """Return who asks API v3, where only a bearer counts and its scheme may be spelt in any case.

        Raises as ``identify`` does.
        """
        peer = self.peer_of(request)
        self._hold(peer)
        scheme, _, bearer = request.headers.get("Authorization", "").strip().partition(" ")
        return self.access.identify_bearer(bearer.strip() if scheme.lower() == "bearer" else "", peer)

    def _hold(self, peer: Peer) -> None:
        """Keep an address that showed bad credentials waiting, as Nightscout does."""
        wait_s = min(self.access.wait_ms(peer), LONGEST_WAIT_MS) / 1000
        if not wait_s:
            return
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts("Too many failed log-ins from this address", retry_after_s=wait_s)
        try:
            self._wait(wait_s)
        finally:
            self._places.release()


def presented_by(request: Request) -> Presented:
    """Return the credentials a request brings: from the query, the headers and, when there are none there, the body."""
    asked = parameters(request)
    secret = _first_text(asked.get("secret")) or request.headers.get("api-secret", "").strip()
    bearer = bearer_of(request.headers.get("Authorization", ""))
    tokens = _texts(asked.get("token"))
    if not (secret or bearer or tokens):
        in_body = credentials_in_body(request)
        secret, tokens = _first_text(in_body.get("secret")), _texts(in_body.get("token"))
    return Presented(secret, bearer, tokens)


def _first_text(given: Any) -> str:
    return next(iter(_texts(given)), "")


@quirk("?token= with nothing behind it is no credential", "LoopFollow")
def _texts(given: Any) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    return tuple(text for text in listed if isinstance(text, str) and text)
