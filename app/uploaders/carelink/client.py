"""Speaks CareLink's protocol: finding its addresses, tokens, who is signed in, and the data. Knows no Nightscout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.records.numbers import numeric_text
from app.uploaders.carelink.errors import failure_of
from app.uploaders.errors import ActionRequired, SchemaChanged
from app.uploaders.transport import Answer, Line

_EXPIRES_IN_S = 3600.0  # when the answer does not say
_LONGEST_S = 86_400.0 * 30
_NOT_ACCEPTED = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token door gave; ``refresh`` is good for one time, ``lasts_s`` is how long ``access`` is good."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lasts_s: float


class CareLinkClient:
    """CareLink, wherever its parts live. Its gate turns away who does not say what he is: ``user_agent``."""

    def __init__(self, line: Line, user_agent: str) -> None:
        self._line = line
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}

    def document(self, url: str) -> Mapping[str, Any]:
        """Return a public document that says where things are. Raises ``SchemaChanged``, ``Transient``."""
        found = self._read("GET", url)
        if not isinstance(found, Mapping):
            raise SchemaChanged("CareLink's answer does not say where things are")
        return found

    def tokens(self, url: str, fields: Mapping[str, str], *, refused: ActionRequired) -> Tokens:
        """Ask the token door once: what it hands out is good for one time.

        ``fields`` are the grant's. Raises ``refused`` when it does not accept them, ``RateLimited``, ``Transient``.
        """
        answer = self._line.ask("POST", url, headers=self._headers, form=fields)
        if answer.status in _NOT_ACCEPTED:
            raise refused
        failure = failure_of(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        return _tokens_in(answer.json(), fields)

    def ask(self, url: str, token: str, params: Mapping[str, str] | None = None) -> Any:
        """Read something of the signed-in account, None for nothing. Raises ``NotThere``, ``SessionExpired``."""
        return self._read("GET", url, token, params=params)

    def message(self, url: str, body: Mapping[str, str], token: str) -> Any:
        """Return what the app shows of one person, None for nothing uploaded lately; a read, though it is posted."""
        return self._read("POST", url, token, body=body)

    def _read(self, method: str, url: str, token: str = "", *, params: Any = None, body: Any = None) -> Any:
        headers = {**self._headers, "Authorization": f"Bearer {token}"} if token else self._headers

        def ask(longest_s: float) -> Any:
            answer = self._line.ask(method, url, headers=headers, params=params, body=body, longest_s=longest_s)
            return self._judged(answer)

        return self._line.read(ask)

    def _judged(self, answer: Answer) -> Any:
        failure = failure_of(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        return answer.json() if answer.body.strip() else None


def _tokens_in(told: Any, fields: Mapping[str, str]) -> Tokens:
    access = told.get("access_token") if isinstance(told, Mapping) else None
    if not isinstance(access, str) or not access:
        raise SchemaChanged("CareLink's answer to the sign-in holds no token")
    refresh = told.get("refresh_token") or fields.get("refresh_token")
    if not isinstance(refresh, str) or not refresh:
        raise SchemaChanged("CareLink's answer to the sign-in holds nothing to renew it with")
    return Tokens(access, refresh, _seconds(told.get("expires_in")))


def _seconds(told: Any) -> float:
    number = told if isinstance(told, int | float) and not isinstance(told, bool) else numeric_text(told)
    return min(float(number), _LONGEST_S) if number and number > 0 else _EXPIRES_IN_S
