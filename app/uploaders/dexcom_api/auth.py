"""The owner's permission: asked for in the browser once, kept, and renewed with a token that is good for one time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from app.uploaders.dexcom_api.client import App, DexcomApiClient, Tokens
from app.uploaders.dexcom_api.errors import client_missing, code_refused, declined, not_allowed_yet
from app.uploaders.errors import SessionExpired, Transient
from app.uploaders.vendor import Access, Begun, Session

T = TypeVar("T")

_EARLY_MS = 60_000  # a token this close to its end is renewed before a call and not after a refusal


def client_of(access: Access) -> DexcomApiClient:
    """Return the client for what the form says. Raises ``ActionRequired`` without the app's id and secret."""
    client_id, client_secret = access.options.get("client_id", ""), access.secrets.get("client_secret", "")
    if not client_id or not client_secret:
        raise client_missing()
    region, server = access.options.get("region", "us"), access.options.get("server", "")
    return DexcomApiClient(access.line, access.constants, region, server, App(client_id, client_secret))


class Permission:
    """The permission of one account's owner, as it is kept between runs."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = client_of(access)
        self._session = dict(access.session)

    def call(self, call: Callable[[DexcomApiClient, str], T]) -> T:
        """Call with the client and an access token, renewed when it has ended or is refused, and never a third time.

        Raises ``ActionRequired`` when only the owner can go on.
        """
        try:
            return call(self._client, self._access_token())
        except SessionExpired:
            self._renew()
        try:
            return call(self._client, self._access_token())
        except SessionExpired:
            raise Transient("Dexcom does not know the token it has just given") from None

    def _access_token(self) -> str:
        if not self._session.get("refresh_token"):
            raise not_allowed_yet()
        if self._session["expires_at_ms"] - _EARLY_MS <= self._access.clock.now_ms():
            self._renew()
        token: str = self._session["access_token"]
        return token

    def _renew(self) -> None:
        return_url = self._session["return_url"]
        tokens = self._client.refreshed(self._session["refresh_token"], return_url)
        # Kept before it is used: the old refresh token is worthless from here on.
        self._session = session_of(tokens, self._access, return_url)
        self._access.keep(dict(self._session))


def session_of(tokens: Tokens, access: Access, return_url: str) -> Session:
    """Return what is kept of a sign-in; renewing wants the address the browser came back to."""
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_at_ms": access.clock.now_ms() + 1000 * tokens.expires_in_s,
        "return_url": return_url,
    }


class DexcomSignIn:
    """Dexcom's page, on which the owner of an account allows our registered app to read it."""

    way: Literal["return", "paste"] = "return"
    words = (
        "You sign in at Dexcom with the account whose readings are wanted, and allow it. You can take that back at "
        "Dexcom at any time."
    )
    depends_on = frozenset({"region", "client_id", "server"})

    def begin(self, access: Access, return_url: str) -> Begun:
        """Return Dexcom's page for this app. Raises ``ActionRequired`` without the app's id and secret."""
        state = secrets.token_urlsafe(32)
        return Begun(client_of(access).login_url(return_url, state), state, {})

    def finish(self, access: Access, pending: Session, answer: Mapping[str, str], return_url: str) -> None:
        """Change the code Dexcom handed to the browser for tokens, and keep them.

        Raises ``ActionRequired`` when it was declined or is not accepted, ``AuthInvalid``, ``Transient``.
        """
        if answer.get("error"):
            raise declined()
        if not answer.get("code"):
            raise code_refused()
        access.keep(session_of(client_of(access).tokens_for_code(answer["code"], return_url), access, return_url))
