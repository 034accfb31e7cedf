"""Being signed in to CareLink: an hour's token, renewed with one that is good once, and never left to die of disuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from app.records.sources.documents import DAY_MS, MINUTE_MS
from app.uploaders.carelink.addresses import Addresses, addresses_for
from app.uploaders.carelink.client import CareLinkClient, Tokens
from app.uploaders.carelink.errors import not_signed_in, refused, signed_out
from app.uploaders.errors import RateLimited, SchemaChanged, SessionExpired, Transient
from app.uploaders.vendor import Access, Session

T = TypeVar("T")

EARLY_MS = 20 * MINUTE_MS
"""A token this close to its end is renewed: if that fails in passing, there are some more runs in which to do it."""

AT_LEAST_EVERY_MS = DAY_MS
"""The renewing token dies after about a week without use, however long the other one lasts."""

ADDRESSES_KEPT_MS = DAY_MS


def client_of(access: Access) -> CareLinkClient:
    """Return the client for what is known of CareLink."""
    return CareLinkClient(access.line, access.constants["user_agent"])


def find_addresses(access: Access) -> Addresses:
    """Ask CareLink where the accounts of the form's country live. Raises as ``addresses_for``."""
    options = access.options
    return addresses_for(client_of(access), access.constants, options.get("country", ""), options.get("server", ""))


class Account:
    """One CareLink account, as it is kept between runs: tokens, addresses, and who it is."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.client = client_of(access)
        self._session = dict(access.session)
        self._forced = self._tried = False

    def call(self, call: Callable[[str], T], *, renewing: bool = True) -> T:
        """Call with an access token, once more with a new one when it is refused, and never a third time.

        Raises ``ActionRequired`` when only the owner can go on, ``Refused``. ``renewing`` False asks for something that
        need not be this account's to see: a refusal then says nothing of the token.
        """
        token = self._access_token()
        try:
            return call(token)
        except SessionExpired:
            if not renewing or self._forced:
                raise refused() from None
            self._forced = True
            self._renew()
        try:
            return call(self._session["access_token"])
        except SessionExpired:
            raise refused() from None

    def remembered(self, name: str) -> Any:
        """Return something kept of this account, None when there is no such thing."""
        return self._session.get(name)

    def remember(self, **changed: Any) -> None:
        """Keep something of this account; it is stored when this returns."""
        self._session |= changed
        self.access.keep(dict(self._session))

    def addresses(self, *, anew: bool = False) -> Addresses:
        """Return where this account lives, asked for once a day, and at once with ``anew``."""
        kept, now_ms = self._session.get("addresses"), self.access.clock.now_ms()
        if kept and not anew and self._session.get("addresses_ms", 0) + ADDRESSES_KEPT_MS > now_ms:
            return Addresses(**kept)
        try:
            found = find_addresses(self.access)
        except (Transient, RateLimited, SchemaChanged):
            # What was good yesterday is most likely good today.
            if not kept or anew:
                raise
            return Addresses(**kept)
        self.remember(addresses=addresses_document(found), addresses_ms=now_ms)
        return found

    def _access_token(self) -> str:
        if not self._session.get("refresh_token"):
            raise not_signed_in()
        now_ms = self.access.clock.now_ms()
        ends_ms, renewed_ms = self._session["expires_at_ms"], self._session["renewed_ms"]
        is_due = ends_ms - now_ms < EARLY_MS or now_ms - renewed_ms >= AT_LEAST_EVERY_MS
        if is_due and not self._tried:
            self._tried = True
            try:
                self._renew()
            except (Transient, RateLimited, SchemaChanged):
                if ends_ms <= now_ms:
                    raise
        token: str = self._session["access_token"]
        return token

    def _renew(self) -> None:
        session = self._session
        fields = {
            "grant_type": "refresh_token",
            "client_id": session["client_id"],
            "refresh_token": session["refresh_token"],
        }
        tokens = self.client.tokens(session["token_url"], fields, refused=signed_out())
        # Kept before it is used: from here on the old refresh token is worthless.
        self.remember(**tokens_document(tokens, self.access.clock.now_ms()))


def tokens_document(tokens: Tokens, now_ms: int) -> Session:
    """Return what is kept of tokens."""
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_at_ms": now_ms + int(1000 * tokens.lasts_s),
        "renewed_ms": now_ms,
    }


def addresses_document(found: Addresses) -> Session:
    """Return what is kept of addresses."""
    return {"care_link": found.care_link, "cumulus": found.cumulus, "sso": found.sso}
