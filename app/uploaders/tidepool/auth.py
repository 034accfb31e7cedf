"""Signing in to Tidepool: a session that is kept, renewed before it ends and opened anew when it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from app.records.sources.documents import MINUTE_MS
from app.uploaders.errors import AuthInvalid, SessionExpired, Transient
from app.uploaders.tidepool.client import Ticket, TidepoolClient
from app.uploaders.vendor import Access

T = TypeVar("T")
Call = Callable[[TidepoolClient, Ticket], T]

RENEWED_AFTER_MS = 20 * MINUTE_MS
"""A session lasts about an hour from when it was opened or renewed last."""


class Account:
    """One Tidepool account. ``remember`` keeps other things beside the ticket in the session."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)
        host = access.options.get("server") or access.constants["host"]
        self._client = TidepoolClient(access.line, host)

    def call(self, call: Call[T]) -> T:
        """Call with the kept ticket, with a new one when there is none or it has ended, and never a third time."""
        ticket = self._ticket()
        try:
            return call(self._client, ticket)
        except SessionExpired:
            ticket = self._sign_in()
        try:
            return call(self._client, ticket)
        except SessionExpired:
            raise Transient("Tidepool does not know the session it has just opened") from None

    @property
    def session(self) -> dict[str, Any]:
        """Return what is kept at present."""
        return dict(self._session)

    def remember(self, **changed: Any) -> None:
        """Keep something beside the ticket; None forgets it. Nothing is written when nothing changes."""
        session = {name: value for name, value in {**self._session, **changed}.items() if value is not None}
        if session != self._session:
            self._session = session
            self._access.keep(dict(session))

    def _ticket(self) -> Ticket:
        kept = self._session.get("ticket")
        if not kept:
            return self._sign_in()
        ticket = Ticket(kept["token"], kept["user_id"])
        if self._access.clock.now_ms() - kept["since_ms"] < RENEWED_AFTER_MS:
            return ticket
        try:
            return self._kept(self._client.renewed(ticket))
        except SessionExpired:
            return self._sign_in()

    def _sign_in(self) -> Ticket:
        email, password = self._access.secrets.get("email", ""), self._access.secrets.get("password", "")
        if not email or not password:
            raise AuthInvalid("Tidepool's e-mail address or password is missing", hint="Enter both.")
        return self._kept(self._client.log_in(email, password))

    def _kept(self, ticket: Ticket) -> Ticket:
        # Before it is used: the old token may be worthless from here on.
        since_ms = self._access.clock.now_ms()
        self.remember(ticket={"token": ticket.token, "user_id": ticket.user_id, "since_ms": since_ms})
        return ticket
