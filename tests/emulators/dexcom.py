"""Dexcom Share, as its public clients know it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply, page

NO_ID = "00000000-0000-0000-0000-000000000000"
ACCOUNT_ID = "1a2b3c4d-0000-4000-8000-00000000aaaa"
LOCKED_AFTER = 3
LOCKOUT_MS = 10 * 60_000


@dataclass
class Shown:
    """A reading as the feed holds it."""

    at_ms: int
    value: Any
    trend: Any = "Flat"
    offset: str | None = "+0100"
    slashes: bool = False

    def record(self) -> dict[str, Any]:
        frame = "/Date({})/" if self.slashes else "Date({})"
        plain = frame.format(self.at_ms)
        shown = frame.format(f"{self.at_ms}{self.offset or ''}")
        return {"WT": plain, "ST": plain, "DT": shown, "Value": self.value, "Trend": self.trend}


def fault(code: str, message: str = "") -> Reply:
    """Dexcom's way to refuse."""
    return Reply({"Code": code, "Message": message, "SubCode": "", "TypeName": "FaultException"}, 500)


class DexcomEmulator(Emulator):
    """One account that shares; ``region_known`` False makes it an account of another region."""

    def __init__(self, clock: SettableClock, *, account: str = "ada@example.org", password: str = "right one") -> None:
        super().__init__(clock)
        self.account = account
        self.password = password
        self.region_known = True
        self.wraps_ids = False
        self.gives_no_ids = False
        self.readings: list[Shown] = []
        self.extra_records: list[Any] = []
        self._sessions: set[str] = set()
        self._failures = 0
        self._locked_until_ms = 0

    def show(self, *values: int, newest_min_ago: float = 1, every_min: int = 5) -> None:
        """Put readings into the feed, oldest first; the last is ``newest_min_ago``."""
        newest_ms = self.clock.now_ms() - int(newest_min_ago * 60_000)
        count = len(values)
        self.readings += [
            Shown(newest_ms - (count - 1 - place) * every_min * 60_000, value) for place, value in enumerate(values)
        ]

    def end_sessions(self) -> None:
        self._sessions.clear()

    @property
    def log_ins(self) -> int:
        return self.count("AuthenticatePublisherAccount") + self.count("LoginPublisherAccountById")

    def reply(self, asked: Asked) -> Reply:
        method = asked.path.removeprefix("/ShareWebServices/Services/")
        if method == "General/AuthenticatePublisherAccount":
            return self._credentials(asked.body, "accountName", self.account) or self._id("accountId", ACCOUNT_ID)
        if method == "General/LoginPublisherAccountById":
            refused = self._credentials(asked.body, "accountId", ACCOUNT_ID)
            if refused:
                return refused
            session = str(uuid.uuid4())
            self._sessions.add(session)
            return self._id("sessionId", session)
        if method == "Publisher/ReadPublisherLatestGlucoseValues":
            return self._values(asked)
        return page(404)

    def _credentials(self, body: Any, name: str, wanted: str) -> Reply | None:
        if self.clock.now_ms() < self._locked_until_ms:
            return fault("SSO_AuthenticateMaxAttemptsExceeded")
        if not self.region_known:
            return fault("AccountPasswordInvalid")
        if body[name] == wanted and body["password"] == self.password and body["applicationId"]:
            self._failures = 0
            return None
        self._failures += 1
        if self._failures >= LOCKED_AFTER:
            self._locked_until_ms = self.clock.now_ms() + LOCKOUT_MS
        if body[name] != wanted:
            return fault("SSO_AuthenticateAccountNotFound")
        return fault("SSO_AuthenticatePasswordInvalid")

    def _id(self, name: str, given: str) -> Reply:
        given = NO_ID if self.gives_no_ids else given
        return Reply({name: given} if self.wraps_ids else given)

    def _values(self, asked: Asked) -> Reply:
        if asked.query["sessionId"] not in self._sessions:
            return fault("SessionIdNotFound")
        minutes, most = int(asked.query["minutes"]), int(asked.query["maxCount"])
        if not 1 <= minutes <= 1440 or not 1 <= most <= 288:
            return fault("InvalidArgument", "minutes or maxCount")
        since_ms = self.clock.now_ms() - minutes * 60_000
        shown = sorted((one for one in self.readings if one.at_ms >= since_ms), key=lambda one: -one.at_ms)
        return Reply([*self.extra_records, *(one.record() for one in shown[:most])])
