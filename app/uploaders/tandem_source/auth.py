"""Signing in to Tandem Source: password, then a code for a token, then the identity token that says whose pumps to ask.

The password goes out once for each session. A session that has ended is opened anew once in a run; a refusal that says
"not now" never is answered with a sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.uploaders.errors import AuthInvalid, NoPatient, SchemaChanged, SessionExpired, Transient
from app.uploaders.tandem_source.client import Region, TandemClient, region_of
from app.uploaders.vendor import Access

T = TypeVar("T")

ALGORITHMS = ["RS256"]
CLOCKS_DIFFER_S = 600
SPARE_MS = 120_000
"""A token with less time left than this is not begun with: a run takes up to two minutes."""

_SHORTEST_S, _USUAL_S = 60, 1800


@dataclass(frozen=True, slots=True)
class Ticket:
    """An open session: the token, when it ends (UTC epoch ms), whose pumps it shows, and by which account."""

    token: str = field(repr=False)
    expires_at_ms: int
    pumper_id: str
    account_id: str


class Account:
    """One Tandem Source account; ``region`` and ``client`` are the ones of its form."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)
        self._region: Region = region_of(access.constants, access.options["region"], access.options.get("server", ""))
        self._client = TandemClient(access.line, self._region, access.constants["user_agent"])
        self._ticket: Ticket | None = None

    @property
    def pumper_id(self) -> str:
        """The person whose pumps these are, once a session was open."""
        return str(self._session.get("ticket", {}).get("pumper_id", ""))

    @property
    def profile_seen(self) -> Any:
        """What was kept of the pump settings seen last."""
        return self._session.get("profile")

    def keep_profile_seen(self, seen: Mapping[str, Any]) -> None:
        """Keep what the pump settings looked like, before they are written."""
        self._keep(profile=dict(seen))

    def call(self, call: Callable[[TandemClient, Ticket], T]) -> T:
        """Call with the open session, with a new one when it has ended, and never a third time."""
        ticket = self._ticket or self._kept_ticket()
        if ticket is not None:
            try:
                return call(self._client, ticket)
            except SessionExpired:
                if self._ticket:
                    raise _forgotten() from None
        try:
            self._ticket = self._sign_in()
            return call(self._client, self._ticket)
        except SessionExpired:
            raise _forgotten() from None

    def _kept_ticket(self) -> Ticket | None:
        kept = self._session.get("ticket")
        if not kept or kept["expires_at_ms"] <= self._access.clock.now_ms() + SPARE_MS:
            return None
        return Ticket(**kept)

    def _sign_in(self) -> Ticket:
        email, password = self._access.secrets.get("email", ""), self._access.secrets.get("password", "")
        if not email or not password:
            raise AuthInvalid("Tandem Source's e-mail address or password is missing", hint="Enter both.")
        self._client.log_in(email, password)
        verifier = secrets.token_urlsafe(64)
        told = self._client.token(self._client.code(_challenge_of(verifier), secrets.token_urlsafe(24)), verifier)
        ticket = self._ticket_in(told)
        self._keep(
            ticket={
                "token": ticket.token,
                "expires_at_ms": ticket.expires_at_ms,
                "pumper_id": ticket.pumper_id,
                "account_id": ticket.account_id,
            }
        )
        return ticket

    def _ticket_in(self, told: Mapping[str, Any]) -> Ticket:
        token, id_token = told.get("access_token"), told.get("id_token")
        if not isinstance(token, str) or not isinstance(id_token, str) or not token or not id_token:
            raise SchemaChanged("Tandem Source's answer to the sign-in holds no token")
        claims = self._claims(id_token)
        if not claims.get("pumperId"):
            raise NoPatient(
                "There is no pump behind this Tandem Source account",
                hint="Sign in with the account of the person who wears the pump.",
            )
        now_ms = self._access.clock.now_ms()
        ends_ms = now_ms + 1000 * _seconds_of(told.get("expires_in"))
        return Ticket(token, ends_ms, str(claims["pumperId"]), str(claims.get("accountId") or ""))

    def _claims(self, id_token: str) -> Mapping[str, Any]:
        """Return what the identity token says. Raises ``SchemaChanged`` unless Tandem signed it, for us, and lately."""
        try:
            ours: Any = {"keys": [key for key in self._client.keys()["keys"] if key["kty"] == "RSA"]}
            claims: Mapping[str, Any] = jwt.decode(id_token, KeySet.import_key_set(ours), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise SchemaChanged("Tandem Source's identity token is not signed by Tandem Source") from None
        for_us = claims.get("aud")
        ends_s = claims.get("exp")
        if (
            claims.get("iss") not in self._region.issuers
            or self._region.client_id not in (for_us if isinstance(for_us, list) else [for_us])
            or not isinstance(ends_s, int | float)
            or ends_s + CLOCKS_DIFFER_S < self._access.clock.now_ms() / 1000
        ):
            raise SchemaChanged("Tandem Source's identity token was not made for us")
        return claims

    def _keep(self, **changed: Any) -> None:
        self._session |= changed
        self._access.keep(dict(self._session))


def _challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _seconds_of(told: Any) -> int:
    try:
        return max(int(float(told)), _SHORTEST_S)
    except (TypeError, ValueError, OverflowError):
        return _USUAL_S


def _forgotten() -> Transient:
    return Transient("Tandem Source does not know the session it has just opened")
