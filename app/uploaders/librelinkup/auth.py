"""Signing in to LibreLinkUp: the right region, a version it serves, the owner's consent, and a ticket that is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from app.uploaders.errors import ActionRequired, AuthInvalid, RegionMoved, SessionExpired, Transient, VersionTooLow
from app.uploaders.librelinkup.client import LinkUpClient, Ticket, host_of, is_newer
from app.uploaders.librelinkup.errors import NextStep
from app.uploaders.vendor import Access

CONSENT = "accept_terms"
"""The option in which the owner says, once, that the vendor's new contract may be accepted in his name."""

_CONTRACTS = ("tou", "pp")

Call = Callable[[LinkUpClient, Ticket], Any]


class Account:
    """One LibreLinkUp account: knows region and version, logs in when there is no ticket or it has ended."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)
        self._moved = self._raised = False

    def call(self, call: Call) -> Any:
        """Call with the kept ticket, with a new one when there is none or it has ended, and never a third time."""
        ticket = self._kept_ticket()
        if ticket is not None:
            try:
                return self._in_version(partial(self._ask, call, ticket))
            except SessionExpired:
                pass
            except RegionMoved as moved:
                self._move(moved)
        ticket = self._sign_in()
        try:
            return self._in_version(partial(self._ask, call, ticket))
        except SessionExpired:
            raise Transient("LibreLinkUp does not know the session it has just opened") from None

    def _ask(self, call: Call, ticket: Ticket) -> Any:
        # The client is made for each call: the version may have been raised in between.
        return call(self._client(), ticket)

    def _kept_ticket(self) -> Ticket | None:
        kept = self._session.get("ticket")
        if not kept or kept["expires_at_ms"] <= self._access.clock.now_ms():
            return None
        return Ticket(**kept)

    def _client(self) -> LinkUpClient:
        options, session = self._access.options, self._session
        constants = self._access.constants
        host = host_of(constants, session.get("region", options.get("region", "")), options.get("server", ""))
        return LinkUpClient(self._access.line, host, self._version(), constants["product"])

    def _version(self) -> str:
        chosen: str = self._access.options.get("version") or self._access.constants["version"]
        seen: str = self._session.get("version", "")
        return seen if seen and is_newer(seen, chosen) else chosen

    def _keep(self, **changed: Any) -> None:
        self._session |= changed
        self._access.keep(dict(self._session))

    def _sign_in(self) -> Ticket:
        email, password = self._access.secrets.get("email", ""), self._access.secrets.get("password", "")
        if not email or not password:
            raise AuthInvalid("LibreLinkUp's e-mail address or password is missing", hint="Enter both.")
        while True:
            try:
                ticket = self._through_steps(lambda: self._client().log_in(email, password))
                break
            except RegionMoved as moved:
                self._move(moved)
        self._keep(
            ticket={"token": ticket.token, "expires_at_ms": ticket.expires_at_ms, "account_id": ticket.account_id}
        )
        return ticket

    def _move(self, moved: RegionMoved) -> None:
        region = moved.region.lower()
        if self._moved:
            raise ActionRequired(
                "LibreLinkUp sends us from region to region", kind="region", hint="Pick the region by hand."
            ) from None
        self._moved = True
        host_of(self._access.constants, region)
        self._keep(region=region)

    def _in_version(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except VersionTooLow as refused:
            # Once: a service that goes on asking for more cannot be pleased.
            if self._raised or not is_newer(refused.minimum, self._version()):
                raise
            self._raised = True
            self._keep(version=refused.minimum)
            return ask()

    def _accept(self, step: NextStep) -> Ticket:
        return self._client().accept(step.kind, step.ticket)

    def _through_steps(self, log_in: Callable[[], Ticket]) -> Ticket:
        accepted: list[str] = []
        ask = log_in
        try:
            while True:
                try:
                    ticket: Ticket = self._in_version(ask)
                except NextStep as step:
                    if step.kind in accepted or step.kind not in _CONTRACTS or not self._access.options.get(CONSENT):
                        raise
                    accepted.append(step.kind)
                    ask = partial(self._accept, step)
                else:
                    return ticket
        finally:
            if accepted:
                # The consent was for these contracts; a later one is to be read first.
                self._access.spend(CONSENT)
