"""Being let in at a Nightscout: by the hash of its API secret, or by an access token and the JWT it is changed for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

from app.uploaders.errors import SessionExpired
from app.uploaders.nightscout.client import NightscoutClient
from app.uploaders.nightscout.errors import NotThere, refused
from app.uploaders.vendor import Access

T = TypeVar("T")

_SHA1 = re.compile(r"[0-9a-fA-F]{40}")


class Door:
    """Opens one site for a client, and opens it once more when the ticket ends in mid-run."""

    def __init__(self, access: Access, client: NightscoutClient) -> None:
        self._access = access
        self._client = client
        self._session = dict(access.session)

    @property
    def knows_changes(self) -> bool:
        """True when API v3's history can be read: it wants a JWT, which only an access token gives."""
        return "authorization" in self._client.headers and bool(self._session.get("v3"))

    def open(self) -> None:
        """Put the credential into the client's headers. Raises ``NotPermitted``, ``Transient``."""
        token, secret = self._access.secrets.get("token", ""), self._access.secrets.get("api_secret", "")
        if token:
            self._by_token(token)
        elif secret:
            self._client.headers = {"api-secret": secret.lower() if _SHA1.fullmatch(secret) else _sha1_of(secret)}

    def call(self, call: Callable[[], T]) -> T:
        """Call; when the ticket has ended, change the token for a new one and call once more."""
        try:
            return call()
        except SessionExpired:
            self._session.pop("jwt", None)
            self.open()
        try:
            return call()
        except SessionExpired:
            # A fresh ticket is good, so this is about what it may read.
            raise refused() from None

    def _by_token(self, token: str) -> None:
        now_ms = self._access.clock.now_ms()
        kept = self._session
        if not kept.get("jwt") or kept["expires_at_ms"] <= now_ms:
            self._client.headers = {}
            try:
                jwt, expires_at_ms = self._client.jwt_for(token)
            except NotThere:
                # A Nightscout from before tickets; it takes the token itself in the secret's place.
                self._client.headers = {"api-secret": token}
                return
            self._session = {"jwt": jwt, "expires_at_ms": expires_at_ms, "v3": self._client.has_v3()}
            self._access.keep(self._session)
        self._client.headers = {"authorization": f"Bearer {self._session['jwt']}"}


def _sha1_of(secret: str) -> str:
    # Nightscout's protocol, not a protection of ours.
    return hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()
