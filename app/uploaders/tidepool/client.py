"""Speaks Tidepool's API: a session for a name and a password, who shares with whom, and records by type and time."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.clock import iso_of
from app.uploaders.errors import NoPatient, SchemaChanged, SessionExpired
from app.uploaders.tidepool.errors import NotThere, log_in_failure, read_failure
from app.uploaders.transport import Answer, Line

SESSION_HEADER = "x-tidepool-session-token"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a sign-in gave: the session's token, and whose account it is."""

    token: str = field(repr=False)
    user_id: str


class TidepoolClient:
    """Tidepool at one address. A session that has ended shows as ``SessionExpired``."""

    def __init__(self, line: Line, host: str) -> None:
        self._line = line
        self._host = host.rstrip("/")

    def log_in(self, email: str, password: str) -> Ticket:
        """Sign in, never twice. Raises ``AuthInvalid``, ``ActionRequired``, ``RateLimited``, ``Transient``."""
        basic = base64.b64encode(f"{email}:{password}".encode()).decode()
        answer = self._line.ask("POST", f"{self._host}/auth/login", headers={"authorization": f"Basic {basic}"})
        failure = log_in_failure(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        told = answer.json()
        user_id, token = told.get("userid") if isinstance(told, dict) else None, answer.headers.get(SESSION_HEADER, "")
        if not isinstance(user_id, str) or not user_id or not token:
            raise SchemaChanged("Tidepool's answer to the sign-in holds no session")
        return Ticket(token, user_id)

    def renewed(self, ticket: Ticket) -> Ticket:
        """Return a ticket that lasts longer. Raises ``SessionExpired`` when this one has ended already."""
        try:
            answer = self._read("/auth/login", ticket)
        except (NotThere, NoPatient, SchemaChanged):
            raise SessionExpired("Tidepool renews no session here") from None
        return Ticket(answer.headers.get(SESSION_HEADER, "") or ticket.token, ticket.user_id)

    def profile(self, ticket: Ticket, user_id: str) -> Mapping[str, Any]:
        """Return what an account says of its owner, empty when it says nothing."""
        try:
            told = self._read(f"/metadata/{_quoted(user_id)}/profile", ticket).json()
        except NotThere:
            return {}
        return told if isinstance(told, dict) else {}

    def sharers(self, ticket: Ticket) -> dict[str, Mapping[str, Any]] | None:
        """Return who shares data with this account, by user id with what they say of themselves; None: not told."""
        try:
            told = self._read(f"/metadata/users/{_quoted(ticket.user_id)}/users", ticket).json()
        except NotThere:
            return self._groups(ticket)
        if not isinstance(told, list):
            raise SchemaChanged("Tidepool's answer holds no list of people")
        found: dict[str, Mapping[str, Any]] = {}
        for user in told:
            if isinstance(user, dict) and isinstance(user.get("userid"), str) and _may_be_seen(user):
                profile = user.get("profile")
                found[user["userid"]] = profile if isinstance(profile, dict) else {}
        found.pop(ticket.user_id, None)
        return found

    def records(
        self, ticket: Ticket, user_id: str, types: Iterable[str], from_ms: int | None, to_ms: int | None
    ) -> list[Any]:
        """Return the records of some types in a time (UTC epoch ms); without one the newest of each type."""
        params: dict[str, str | int] = {"type": ",".join(types)}
        if from_ms is None or to_ms is None:
            params["latest"] = "true"
        else:
            params |= {"startDate": iso_of(from_ms), "endDate": iso_of(to_ms)}

        def ask(longest_s: float) -> Any:
            return self._answer(f"/data/{_quoted(user_id)}", ticket, longest_s, params).json()

        told = self._line.read(ask)
        if not isinstance(told, list):
            raise SchemaChanged("Tidepool's answer holds no list of records")
        return told

    def _groups(self, ticket: Ticket) -> dict[str, Mapping[str, Any]] | None:
        """Return the same from the older list, which has no names."""
        try:
            told = self._read(f"/access/groups/{_quoted(ticket.user_id)}", ticket).json()
        except NotThere:
            return None
        if not isinstance(told, dict):
            raise SchemaChanged("Tidepool's answer holds no groups")
        others = [user_id for user_id in told if user_id != ticket.user_id]
        return {user_id: self.profile(ticket, user_id) for user_id in others}

    def _read(self, path: str, ticket: Ticket) -> Answer:
        answer: Answer = self._line.read(lambda longest_s: self._answer(path, ticket, longest_s))
        return answer

    def _answer(
        self, path: str, ticket: Ticket, longest_s: float, params: Mapping[str, str | int] | None = None
    ) -> Answer:
        headers = {SESSION_HEADER: ticket.token}
        answer = self._line.ask("GET", self._host + path, headers=headers, params=params, longest_s=longest_s)
        failure = read_failure(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        return answer


def _may_be_seen(user: Mapping[str, Any]) -> bool:
    """Tell whether somebody lets this account see his data; the list names those as well who may see ours."""
    given, taken = user.get("trustorPermissions"), user.get("trusteePermissions")
    if isinstance(given, dict):
        return any(right in given for right in ("view", "root", "custodian"))
    return not isinstance(taken, dict) or not taken


def _quoted(user_id: str) -> str:
    return quote(user_id, safe="")
