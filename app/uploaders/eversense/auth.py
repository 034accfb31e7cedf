"""Signing in to Eversense NOW with name and password, and keeping the token: each poll must not be a log-in."""

from __future__ import annotations

from typing import Any

from app.uploaders.errors import ActionRequired, AuthInvalid, SessionExpired, Transient
from app.uploaders.eversense.client import EversenseClient, Tokens
from app.uploaders.eversense.errors import client_missing
from app.uploaders.vendor import Access

_EARLY_MS = 60_000


class Account:
    """One Eversense NOW account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)

    def following(self) -> list[Any]:
        """Return those who are followed, with the kept token or a new one, and never a third time.

        Raises ``AuthInvalid``, ``ActionRequired``, ``Locked``, ``Transient``.
        """
        client = self._client()
        kept = self._session.get("access_token")
        if kept and self._session["expires_at_ms"] - _EARLY_MS > self._access.clock.now_ms():
            try:
                return client.following(kept)
            except SessionExpired:
                pass
        token = self._new_token(client)
        try:
            return client.following(token)
        except SessionExpired:
            raise Transient("Eversense does not know the session it has just opened") from None

    def _client(self) -> EversenseClient:
        options, secrets, constants = self._access.options, self._access.secrets, self._access.constants
        client_id = options.get("client_id") or constants["client_id"]
        secret = secrets.get("client_secret") or constants["client_secret"]
        if not client_id or not secret:
            raise client_missing()
        return EversenseClient(self._access.line, constants, options.get("server", ""), client_id, secret)

    def _new_token(self, client: EversenseClient) -> str:
        tokens = self._refreshed(client) or self._signed_in(client)
        self._session = {
            "access_token": tokens.access,
            "refresh_token": tokens.refresh,
            "expires_at_ms": self._access.clock.now_ms() + 1000 * tokens.expires_in_s,
        }
        self._access.keep(dict(self._session))
        return tokens.access

    def _refreshed(self, client: EversenseClient) -> Tokens | None:
        refresh_token = self._session.get("refresh_token")
        if not refresh_token:
            return None
        try:
            return client.refreshed(refresh_token)
        except (AuthInvalid, ActionRequired):
            # It says that this token has ended, not that the password is wrong.
            return None

    def _signed_in(self, client: EversenseClient) -> Tokens:
        email, password = self._access.secrets.get("email", ""), self._access.secrets.get("password", "")
        if not email or not password:
            raise AuthInvalid("Eversense's e-mail address or password is missing", hint="Enter both.")
        return client.sign_in(email, password)
