"""Eversense NOW, as described by others: a token for a password, the list of those who are followed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

MGDL, MMOLL = 0, 1


def cg_time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


class EversenseEmulator(Emulator):
    """One account that follows some people."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.email = "mum@example.org"
        self.password = "right one"
        self.client_id = "vendors-app"
        self.client_secret = "vendors-secret"
        self.gives_refresh = True
        self.lasts_s = 3600
        self.following: list[Any] = []
        self._tokens: set[str] = set()
        self._refresh_tokens: set[str] = set()

    @property
    def log_ins(self) -> int:
        return sum(one.path.endswith("/connect/token") and one.body["grant_type"] == "password" for one in self.asked)

    def person(self, at_ms: int, glucose: Any, trend: Any = 3, *, user: str = "ada", **more: Any) -> dict[str, Any]:
        return {
            "userName": f"{user}@example.org",
            "firstName": user.title(),
            "lastName": "Example",
            "CurrentGlucose": glucose,
            "GlucoseTrend": trend,
            "CGTime": cg_time(at_ms),
            "Units": MGDL,
            "IsTransmitterConnected": True,
            "ProfileImage": None,
        } | more

    def end_sessions(self) -> None:
        self._tokens.clear()

    def forget_refresh_tokens(self) -> None:
        self._refresh_tokens.clear()

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/connect/token" and asked.method == "POST":
            return self._token(asked.body or {})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Reply({"message": "Authorization has been denied for this request."}, 401)
        if asked.path == "/api/care/GetFollowingPatientList":
            return Reply(self.following)
        return Reply({"message": "not found"}, 404)

    def _token(self, form: Mapping[str, str]) -> Reply:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return Reply({"error": "invalid_client"}, 400)
        if form.get("grant_type") == "refresh_token":
            known = form.get("refresh_token") in self._refresh_tokens
            self._refresh_tokens.discard(form.get("refresh_token", ""))
        else:
            known = (form.get("username"), form.get("password")) == (self.email, self.password)
        if not known:
            return Reply({"error": "invalid_grant", "error_description": "invalid_username_or_password"}, 400)
        token, refresh = f"token-{uuid.uuid4()}", f"refresh-{uuid.uuid4()}"
        self._tokens.add(token)
        given = {"access_token": token, "expires_in": self.lasts_s, "token_type": "Bearer"}
        if self.gives_refresh:
            self._refresh_tokens.add(refresh)
            given["refresh_token"] = refresh
        return Reply(given)
