"""Speaks Dexcom's API v3: the door for tokens, and the doors for data. Knows nothing of Nightscout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.clock import datetime_of
from app.uploaders.dexcom_api.errors import UnknownAnswer, code_refused, data_failure, permission_ended, token_failure
from app.uploaders.errors import ActionRequired, SchemaChanged
from app.uploaders.transport import Line

DATA = "/v3/users/self"
SCOPE = "offline_access"

_EXPIRES_IN_S = 3600  # when the answer does not say: half of what is usual


@dataclass(frozen=True, slots=True)
class App:
    """A registered app as Dexcom knows it."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token door gave: ``refresh`` is good once, ``expires_in_s`` is how long ``access`` lasts."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in_s: int


class DexcomApiClient:
    """Dexcom's official interface in one region, for one registered app.

    ``constants`` are the vendor's; ``host`` may be another address than the region's own.
    """

    def __init__(self, line: Line, constants: Mapping[str, Any], region: str, host: str, app: App) -> None:
        self._line = line
        self._host = (host or constants["regions"][region]["host"]).rstrip("/")
        self._login_url = self._host + constants["login_path"]
        self._token_url = self._host + constants["token_path"]
        self._app = app

    def login_url(self, return_url: str, state: str) -> str:
        """Return the address at which the owner allows it, with where to come back to and the word to bring along."""
        query = {
            "client_id": self._app.client_id,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
        }
        return f"{self._login_url}?{urlencode(query)}"

    def tokens_for_code(self, code: str, return_url: str) -> Tokens:
        """Change the code of a sign-in for tokens, once.

        Raises ``ActionRequired`` for a code that is not accepted, ``AuthInvalid`` for an unknown app, ``Transient``.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": return_url}
        return self._tokens(form, code_refused())

    def refreshed(self, refresh_token: str, return_url: str) -> Tokens:
        """Change a refresh token for new tokens, once; it is worthless afterwards.

        Raises ``ActionRequired`` when the permission has ended, ``AuthInvalid`` for an unknown app, ``Transient``.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "redirect_uri": return_url}
        return self._tokens(form, permission_ended(), kept=refresh_token)

    def data_range(self, access_token: str, since_ms: int | None) -> Mapping[str, Any]:
        """Return from when to when there is anything; of what has reached Dexcom since ``since_ms``, if it is given.

        Raises ``SessionExpired``, ``RateLimited``, ``Transient``, ``UnknownAnswer``.
        """
        params = {} if since_ms is None else {"lastSyncTime": written(since_ms)}
        return self._get("dataRange", access_token, params)

    def records(self, access_token: str, feed: str, from_ms: int, to_ms: int) -> list[Any]:
        """Return the records of a feed (``egvs``, ``events``, ``calibrations``) in at most 30 days; as ``data_range``.

        The order is Dexcom's, which is usually newest first.
        """
        params = {"startDate": written(from_ms), "endDate": written(to_ms)}
        found = self._get(feed, access_token, params).get("records")
        if not isinstance(found, list):
            raise UnknownAnswer("Dexcom's answer holds no list of records")
        return found

    def devices(self, access_token: str, from_ms: int, to_ms: int) -> list[Any]:
        """Return the account's display devices that uploaded in at most 30 days; as ``data_range``."""
        return self.records(access_token, "devices", from_ms, to_ms)

    def _tokens(self, form: Mapping[str, str], invalid_grant: ActionRequired, *, kept: str = "") -> Tokens:
        fields = {"client_id": self._app.client_id, "client_secret": self._app.client_secret, **form}
        answer = self._line.ask("POST", self._token_url, form=fields)
        failure = token_failure(answer, self._line.clock.now_ms(), invalid_grant=invalid_grant)
        if failure is not None:
            raise failure
        told = answer.json()
        if not isinstance(told, dict) or not told.get("access_token") or not (told.get("refresh_token") or kept):
            raise SchemaChanged("Dexcom's answer to the sign-in holds no token")
        refresh_token = str(told.get("refresh_token") or kept)
        return Tokens(str(told["access_token"]), refresh_token, _seconds_in(told.get("expires_in")))

    def _get(self, name: str, access_token: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {access_token}"}

        def ask(longest_s: float) -> Any:
            answer = self._line.ask(
                "GET", f"{self._host}{DATA}/{name}", headers=headers, params=params, longest_s=longest_s
            )
            failure = data_failure(answer, self._line.clock.now_ms())
            if failure is not None:
                raise failure
            return answer.json()

        told = self._line.read(ask)
        if not isinstance(told, Mapping):
            raise UnknownAnswer("Dexcom's answer is no object")
        return told


def written(at_ms: int) -> str:
    """Return an instant as Dexcom reads it: ISO to the second, without a zone, meant as UTC."""
    return datetime_of(at_ms).strftime("%Y-%m-%dT%H:%M:%S")


def _seconds_in(told: Any) -> int:
    """Return how long a token lasts. Dexcom's own description speaks of milliseconds; it has always been seconds."""
    try:
        seconds = int(told)
    except (TypeError, ValueError):
        return _EXPIRES_IN_S
    return seconds if seconds > 0 else _EXPIRES_IN_S
