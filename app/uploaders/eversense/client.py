"""Speaks Eversense NOW's protocol: a token for a password, and the list of those who are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.uploaders.errors import SchemaChanged
from app.uploaders.eversense.errors import data_failure, token_failure
from app.uploaders.transport import Line

_EXPIRES_IN_S = 3600  # when the answer does not say


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave; ``refresh`` is empty where there is none."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in_s: int


class EversenseClient:
    """Eversense NOW; ``constants`` are the vendor's, ``server`` is another address for both its hosts."""

    def __init__(self, line: Line, constants: Mapping[str, Any], server: str, client_id: str, secret: str) -> None:
        self._line = line
        self._token_url = (server.rstrip("/") or constants["token_host"]) + constants["token_path"]
        self._following_url = (server.rstrip("/") or constants["host"]) + constants["following_path"]
        self._app = {"client_id": client_id, "client_secret": secret}

    def sign_in(self, user: str, password: str) -> Tokens:
        """Change a password for tokens. Raises ``AuthInvalid``, ``ActionRequired``, ``Locked``, ``Transient``."""
        return self._tokens({"grant_type": "password", "username": user, "password": password})

    def refreshed(self, refresh_token: str) -> Tokens:
        """Change a refresh token for new tokens; as ``sign_in``."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def following(self, access_token: str) -> list[Any]:
        """Return those who are followed, each with the latest reading.

        Raises ``SessionExpired``, ``RateLimited``, ``Transient``, ``SchemaChanged``.
        """
        headers = {"authorization": f"Bearer {access_token}"}

        def ask(longest_s: float) -> Any:
            answer = self._line.ask("GET", self._following_url, headers=headers, longest_s=longest_s)
            failure = data_failure(answer, self._line.clock.now_ms())
            if failure is not None:
                raise failure
            return answer.json()

        found = self._line.read(ask)
        if not isinstance(found, list):
            raise SchemaChanged("Eversense's answer holds no list of people")
        return found

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        answer = self._line.ask("POST", self._token_url, form={**self._app, **form})
        failure = token_failure(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        told = answer.json()
        if not isinstance(told, dict) or not told.get("access_token"):
            raise SchemaChanged("Eversense's answer to the sign-in holds no token")
        try:
            seconds = int(told.get("expires_in") or _EXPIRES_IN_S)
        except (TypeError, ValueError):
            seconds = _EXPIRES_IN_S
        return Tokens(str(told["access_token"]), str(told.get("refresh_token") or ""), seconds)
