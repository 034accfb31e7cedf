"""Tidepool, as its API is documented: sessions, who shares with whom, and records by type and time."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.clock import iso_of
from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

USER_ID = "5c1e7f0b2a"
CHILD_ID = "9a8b7c6d5e"
MINUTE_MS = 60_000
SESSION_MS = 60 * MINUTE_MS
HEADER = "x-tidepool-session-token"
MMOLL_PER_MGDL = 1 / 18.01559


def instant_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


class TidepoolEmulator(Emulator):
    """One account, its own records, and those of whoever shares with it."""

    def __init__(self, clock: SettableClock, *, email: str = "mum@example.org", password: str = "right one") -> None:
        super().__init__(clock)
        self.email = email
        self.password = password
        self.refuses_because = ""
        self.profiles: dict[str, Any] = {
            USER_ID: {"fullName": "Mum Example", "patient": {"fullName": "Ada Example", "birthday": "2015-01-01"}}
        }
        self.sharers: dict[str, Mapping[str, Any]] = {}
        self.followers: dict[str, Mapping[str, Any]] = {}
        self.has_metadata = self.has_groups = True
        self.records: dict[str, list[Any]] = {USER_ID: []}
        self.compares_text = False
        self._sessions: dict[str, int] = {}
        self._made = 0

    @property
    def log_ins(self) -> int:
        return sum(asked.method == "POST" for asked in self.asked)

    @property
    def fetches(self) -> list[Mapping[str, str]]:
        """The queries of all fetches of a time, without the looks at the newest."""
        return [asked.query for asked in self.asked if "startDate" in asked.query]

    def end_sessions(self) -> None:
        self._sessions.clear()

    def record(self, type: str, at_ms: int, **fields: Any) -> dict[str, Any]:
        """A record as the service writes it, not yet kept; a field set to ``...`` is left out."""
        self._made += 1
        made = {
            "type": type,
            "id": f"{type}{self._made:08}",
            "guid": str(uuid.UUID(int=self._made)),
            "time": iso_of(at_ms),
            "deviceTime": iso_of(at_ms + 60 * MINUTE_MS)[:19],
            "timezoneOffset": 60,
            "conversionOffset": 0,
            "deviceId": "DexG6_8ABCDE" if type == "cbg" else "MMT-1780:NG1234567H",
            "uploadId": "upid_0123456789ab",
            **fields,
        }
        return {name: value for name, value in made.items() if value is not ...}

    def add(self, type: str, min_ago: float, whose: str = USER_ID, **fields: Any) -> dict[str, Any]:
        """Keep a record of so many minutes ago."""
        made = self.record(type, self.clock.now_ms() - int(min_ago * MINUTE_MS), **fields)
        self.records.setdefault(whose, []).append(made)
        return made

    def glucose(self, mgdl: float, min_ago: float, type: str = "cbg", **fields: Any) -> dict[str, Any]:
        """Keep a reading; the service has mmol/L, whatever the device had."""
        return self.add(type, min_ago, **{"value": mgdl * MMOLL_PER_MGDL, "units": "mmol/L", **fields})

    def latest(self, whose: str = USER_ID) -> Reply:
        """What the service answers to whoever asks for the newest of each type."""
        return Reply(self._latest(self.records[whose]))

    def share(self, user_id: str, name: str, **permissions: Any) -> None:
        """Let somebody share with the account."""
        self.sharers[user_id] = permissions or {"view": {}}
        self.profiles[user_id] = {"fullName": name, "patient": {}}
        self.records.setdefault(user_id, [])

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/auth/login" and asked.method == "POST":
            return self._log_in(asked)
        token = asked.headers.get(HEADER, "")
        if self._sessions.get(token, 0) <= self.clock.now_ms():
            return Reply({"code": 401, "reason": "Not authorized"}, 401)
        if asked.path == "/auth/login":
            return self._opened()
        return self._answers(asked)

    def _log_in(self, asked: Asked) -> Reply:
        kind, _, encoded = asked.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return Reply({"code": 400, "reason": "Missing id and/or password"}, 400)
        if base64.b64decode(encoded).decode() != f"{self.email}:{self.password}":
            return Reply({"code": 401, "reason": "No user matched the given details"}, 401)
        if self.refuses_because:
            return Reply({"code": 403, "reason": self.refuses_because}, 403)
        return self._opened()

    def _opened(self) -> Reply:
        token = f"session-{uuid.uuid4()}"
        self._sessions[token] = self.clock.now_ms() + SESSION_MS
        told = {
            "userid": USER_ID,
            "username": self.email,
            "emails": [self.email],
            "emailVerified": True,
            "termsAccepted": "2024-01-01T00:00:00Z",
        }
        return Reply(told, headers={HEADER: token})

    def _answers(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        match parts:
            case ["metadata", "users", who, "users"] if self.has_metadata and who == USER_ID:
                return Reply(self._people())
            case ["metadata", who, "profile"] if self.has_metadata and who in self.profiles:
                return Reply(self.profiles[who])
            case ["access", "groups", who] if self.has_groups and who == USER_ID:
                return Reply({USER_ID: {"root": {}}, **self.sharers})
            case ["data", who]:
                return self._data(who, asked.query)
        return Reply({"code": 404, "reason": "not found"}, 404)

    def _people(self) -> list[dict[str, Any]]:
        def one(user_id: str, **permissions: Any) -> dict[str, Any]:
            return {"userid": user_id, "profile": self.profiles.get(user_id, {}), **permissions}

        sharers = [one(id, trustorPermissions=rights, trusteePermissions={}) for id, rights in self.sharers.items()]
        return sharers + [
            one(id, trustorPermissions={}, trusteePermissions=rights) for id, rights in self.followers.items()
        ]

    def _data(self, who: str, query: Mapping[str, str]) -> Reply:
        if who != USER_ID and who not in self.sharers:
            return Reply({"code": "unauthorized", "reason": "no permission"}, 403)
        types = set(query["type"].split(",")) if "type" in query else None
        found = [
            one
            for one in self.records.get(who, [])
            if not (types and isinstance(one, dict)) or one.get("type") in types
        ]
        if query.get("latest") == "true":
            return Reply(self._latest(found))
        return Reply([one for one in found if self._is_between(one, query)])

    def _latest(self, records: list[Any]) -> list[Any]:
        newest: dict[str, Any] = {}
        for one in records:
            if not isinstance(one, dict) or not isinstance(one.get("time"), str):
                continue
            before = newest.get(one["type"])
            if before is None or self._moment(one["time"]) >= self._moment(before["time"]):
                newest[one["type"]] = one
        return list(newest.values())

    def _is_between(self, record: Any, query: Mapping[str, str]) -> bool:
        if not isinstance(record, dict) or not isinstance(record.get("time"), str):
            return True  # what has no time is in everybody's way
        at = self._moment(record["time"])
        from_, to = query.get("startDate"), query.get("endDate")
        return (not from_ or at >= self._moment(from_)) and (not to or at <= self._moment(to))

    def _moment(self, text: str) -> Any:
        if self.compares_text:
            return text
        try:
            return instant_ms(text)
        except ValueError:
            return 0
