"""Signing in to Glooko: three ways in a fixed order, and a session that is kept and used until it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin

from app.records.sources.documents import HOUR_MS
from app.records.times import zone_named
from app.uploaders.errors import AuthInvalid, SchemaChanged, SessionExpired, Transient, UploaderFailure
from app.uploaders.glooko.client import COOKIE, GlookoClient, Ticket, is_let_in, place_of
from app.uploaders.glooko.errors import (
    SIGN_IN_PATH,
    leads_on,
    names_second_factor,
    refused,
    second_factor,
    sign_in_failure,
)
from app.uploaders.glooko.web_form import asks_for_password, field_names, sign_in_fields
from app.uploaders.transport import Answer
from app.uploaders.vendor import Access

SESSION_MS = 24 * HOUR_MS
"""How long a session lives; Glooko does not say when it ends one early."""

T = TypeVar("T")
Call = Callable[[GlookoClient, Ticket], T]


class Account:
    """One Glooko account: signs in when there is no session or it has ended, once in a call."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)
        place = place_of(access.constants, access.options.get("region", ""), access.options.get("server", ""))
        self._client = GlookoClient(access.line, place, access.constants)
        self._email, self._password = access.secrets.get("email", ""), access.secrets.get("password", "")

    @property
    def name(self) -> str:
        """Return what tells this account from others."""
        return self._email.strip().lower()

    def call(self, call: Call[T]) -> T:
        """Call with the kept session, with a new one when there is none or it has ended, and never a third time."""
        ticket = self._kept_ticket()
        if ticket is not None:
            try:
                return call(self._client, ticket)
            except SessionExpired:
                pass
        ticket = self._sign_in()
        try:
            return call(self._client, ticket)
        except SessionExpired:
            raise Transient("Glooko does not know the session it has just opened") from None

    def zone(self) -> str:
        """Return the IANA zone the account says it lives in, "" when it says none we know. Signs in if need be."""
        if "zone" not in self._session:
            told = self.call(self._told_of_account)
            self.remember(zone=zone_named(str(told.get("timezone") or "")) or "")
        zone: str = self._session["zone"]
        return zone

    def remember(self, **changed: Any) -> None:
        """Keep something beside the session; it is stored when this returns."""
        self._session |= changed
        self._access.keep(dict(self._session))

    def remembered(self, name: str) -> Any:
        """Return what was kept beside the session under this name, or None."""
        return self._session.get(name)

    def _kept_ticket(self) -> Ticket | None:
        kept = self._session.get("ticket")
        if not kept or self._session.get("ends_at_ms", 0) <= self._access.clock.now_ms():
            return None
        return Ticket(**kept)

    def _sign_in(self) -> Ticket:
        if not self._email or not self._password:
            raise AuthInvalid("Glooko's e-mail address or password is missing", hint="Enter both.")
        ticket = self._let_in()
        self._session.pop("zone", None)
        if not ticket.patient:
            told = self._told_of_account(self._client, ticket)
            ticket = Ticket(ticket.cookie, ticket.base, str(told.get("glookoCode") or ""))
        self.remember(
            ticket={"cookie": ticket.cookie, "base": ticket.base, "patient": ticket.patient},
            ends_at_ms=self._access.clock.now_ms() + SESSION_MS,
        )
        return ticket

    def _let_in(self) -> Ticket:
        """Sign in by the first way that is open. A password that is refused is tried in no other way."""
        for ask in (self._client.sign_in_by_app, self._client.sign_in_by_web):
            answer = ask(self._email, self._password)
            self._judge(answer)
            if leads_on(answer):
                continue
            if not is_let_in(answer):
                raise _not_understood(answer)
            return Ticket(answer.cookies[COOKIE], self._client.place.api, _patient_in(answer.json_or_none()))
        return self._by_form()

    def _by_form(self) -> Ticket:
        page = self._client.sign_in_page()
        self._judge(page)
        fields = sign_in_fields(_text_of(page), self._email, self._password)
        if page.status != 200 or not fields:
            raise SchemaChanged("Glooko's page for signing in holds no form we know")
        answer = self._client.send_form(fields, page.cookies.get(COOKIE, ""))
        self._judge(answer)
        text, place = _text_of(answer), urljoin(SIGN_IN_PATH, answer.headers.get("location", ""))
        if names_second_factor(place) or any(names_second_factor(name) for name in field_names(text)):
            raise second_factor()
        is_sent_on = 300 <= answer.status < 400
        if leads_on(answer) or (SIGN_IN_PATH in place and is_sent_on) or asks_for_password(text):
            raise refused()
        cookie = answer.cookies.get(COOKIE, "")
        if not cookie or answer.status >= 400:
            raise _not_understood(answer)
        # The cookie is the web host's own, which answers the API's paths too.
        return Ticket(cookie, self._client.place.web, "")

    def _judge(self, answer: Answer) -> None:
        failure = sign_in_failure(answer, self._access.clock.now_ms())
        if failure is not None:
            raise failure

    @staticmethod
    def _told_of_account(client: GlookoClient, ticket: Ticket) -> Mapping[str, Any]:
        try:
            return client.account(ticket)
        except SchemaChanged:
            # What it would tell helps, and nothing depends on it.
            return {}


def _text_of(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace")


def _not_understood(answer: Answer) -> UploaderFailure:
    return answer.gate_closed() or SchemaChanged(
        f"Glooko answered the sign-in in an unknown way (status {answer.status})"
    )


def _patient_in(told: Any) -> str:
    """Return the patient's code, wherever in the answer it stands; "" when it holds none."""
    if not isinstance(told, dict):
        return ""
    found = told.get("glookoCode")
    if found:
        return str(found)
    return next((code for one in told.values() if isinstance(one, dict) and (code := _patient_in(one))), "")
