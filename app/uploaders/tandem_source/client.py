"""Speaks Tandem Source's protocol. Knows nothing of Nightscout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from app.uploaders.errors import SchemaChanged, SessionExpired
from app.uploaders.tandem_source.errors import busy_failure, data_failure, sign_in_failure
from app.uploaders.transport import Answer, Line

SCOPE = "openid profile email"
_REDIRECTS = 6


@dataclass(frozen=True, slots=True)
class Region:
    """Where a region's accounts live: addresses without a slash at the end, and who we say we are there."""

    login_page: str
    accounts: str
    source: str
    redirect: str
    client_id: str
    issuers: tuple[str, ...]


def region_of(constants: Mapping[str, Any], region: str, server: str = "") -> Region:
    """Return the addresses of a region; ``server`` is another host that stands for all of its hosts."""
    told = constants["regions"][region]
    issuer = told["accounts"]
    if not server:
        return Region(told["login_page"], issuer, told["source"], told["redirect"], told["client_id"], (issuer,))
    base = server.rstrip("/")
    accounts = base + urlsplit(issuer).path
    return Region(f"{base}/", accounts, base, told["redirect"], told["client_id"], (issuer, accounts))


class TandemClient:
    """Tandem Source in one region; the line keeps the cookies of a sign-in."""

    def __init__(self, line: Line, region: Region, user_agent: str) -> None:
        self._line = line
        self._region = region
        self._user_agent = user_agent

    def log_in(self, email: str, password: str) -> None:
        """Open the sign-in page for its cookies and sign in. Raises ``AuthInvalid``, ``Locked``, ``RateLimited``."""
        self._line.read(self._open_page)
        answer = self._line.ask(
            "POST",
            f"{self._region.accounts}/login",
            headers=self._headers(referer=self._region.login_page),
            body={"username": email, "password": password},
        )
        failure = sign_in_failure(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure

    def code(self, challenge: str, state: str) -> str:
        """Return the code the signed-in browser is sent back with; where it is sent to is read and never visited.

        Raises ``SchemaChanged`` when the way ends elsewhere.
        """
        url = f"{self._region.accounts}/connect/authorize"
        params: Mapping[str, str] | None = {
            "client_id": self._region.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": self._region.redirect,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": state,
        }
        for _ in range(_REDIRECTS):
            headers = self._headers(referer=self._region.login_page)
            answer = self._line.ask("GET", url, headers=headers, params=params)
            if not 300 <= answer.status < 400:
                self._judge(answer)
                break
            there = urljoin(url, answer.headers.get("location", ""))
            if there.startswith(self._region.redirect):
                return _code_in(there, state)
            if _host_of(there) != _host_of(self._region.accounts):
                break
            url, params = there, None
        raise SchemaChanged("Tandem Source's sign-in does not end where it used to")

    def token(self, code: str, verifier: str) -> Mapping[str, Any]:
        """Change the code for ``access_token``, ``id_token`` and ``expires_in``. Raises ``SchemaChanged``."""
        answer = self._line.ask(
            "POST",
            f"{self._region.accounts}/connect/token",
            headers=self._headers(),
            form={
                "grant_type": "authorization_code",
                "client_id": self._region.client_id,
                "code": code,
                "redirect_uri": self._region.redirect,
                "code_verifier": verifier,
            },
        )
        self._judge(answer)
        return _object(answer.json(), "sign-in")

    def keys(self) -> Mapping[str, Any]:
        """Return the keys (JWKS) the identity tokens are signed with."""
        url = f"{self._region.accounts}/.well-known/openid-configuration/jwks"

        def ask(longest_s: float) -> Any:
            answer = self._line.ask("GET", url, headers=self._headers(), longest_s=longest_s)
            self._judge(answer)
            return answer.json()

        return _object(self._line.read(ask), "keys")

    def pumper(self, token: str, pumper_id: str) -> Mapping[str, Any]:
        """Return the person's pumps with what period each covers and how it is set. Raises ``SessionExpired``."""
        return _object(self._data(f"/api/reports/bff/pumper/{quote(pumper_id, safe='')}", token), "pumps")

    def logs(
        self, token: str, pumper_id: str, assignment_id: str, first: date, last: date, codes: Iterable[int]
    ) -> Mapping[str, Any]:
        """Return the events of one pump from the first to the last day, both by its own clock, at most four weeks."""
        asked = {
            "pumperId": pumper_id,
            "startDate": f"{first.isoformat()}T00:00:00Z",
            "endDate": f"{last.isoformat()}T23:59:59Z",
            "eventCodes": ",".join(str(code) for code in codes),
        }
        found = self._data(f"/api/reports/bff/pump-logs/{quote(assignment_id, safe='')}", token, asked)
        return {"events": found} if isinstance(found, list) else _object(found, "events")

    def _data(self, path: str, token: str, params: Mapping[str, str] | None = None) -> Any:
        source = self._region.source
        headers = self._headers(referer=f"{source}/") | {"Authorization": f"Bearer {token}", "Origin": source}

        def ask(longest_s: float) -> Any:
            answer = self._line.ask("GET", source + path, headers=headers, params=params, longest_s=longest_s)
            self._judge(answer, params or ())
            return answer.json()

        return self._line.read(ask)

    def _open_page(self, longest_s: float) -> None:
        answer = self._line.ask("GET", self._region.login_page, headers=self._headers(), longest_s=longest_s)
        failure = busy_failure(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure

    def _judge(self, answer: Answer, asked: Iterable[str] = ()) -> None:
        failure = data_failure(answer, self._line.clock.now_ms(), asked)
        if failure is not None:
            raise failure

    def _headers(self, *, referer: str = "") -> dict[str, str]:
        return {"User-Agent": self._user_agent} | ({"Referer": referer} if referer else {})


def _code_in(address: str, state: str) -> str:
    query = parse_qs(urlsplit(address).query)
    if query.get("state", [state]) != [state]:
        raise SchemaChanged("Tandem Source answered a sign-in that is not ours")
    if "error" in query or not query.get("code"):
        # The sign-in before it was welcomed: its cookies are what is not known.
        raise SessionExpired("Tandem Source does not know the sign-in it has just accepted")
    return query["code"][0]


def _host_of(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _object(found: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise SchemaChanged(f"Tandem Source's answer about the {what} has another shape than it used to")
    return found
