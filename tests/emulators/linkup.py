"""LibreLinkUp, as its public clients know it. Regions are path prefixes: ``/any``, ``/de``, ``/eu`` …"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

USER_ID = "7d1c1f2e-1111-4111-8111-00000000bbbb"
PATIENT_ID = "9e8d7c6b-2222-4222-8222-00000000cccc"
MINUTE_MS = 60_000


def version_of(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def us_time(at_ms: int, form: str = "%m/%d/%Y %I:%M:%S %p") -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(form)


class LinkUpEmulator(Emulator):
    """One account and those who share with it."""

    def __init__(self, clock: SettableClock, *, email: str = "mum@example.org", password: str = "right one") -> None:
        super().__init__(clock)
        self.email = email
        self.password = password
        self.region = "eu"
        self.minimum_version = "4.16.0"
        self.names_minimum = True
        self.steps: list[str] = []
        self.patients: list[tuple[str, str]] = [(PATIENT_ID, "Ada")]
        self.current: dict[str, Any] | None = None
        self.graph: list[Any] = []
        self.sensor: dict[str, Any] | None = {"deviceId": "", "sn": "ABC123", "a": 0, "w": 60, "pt": 4}
        self.lockout_s = 300
        self.locks_after = 3
        self.always_moves = False
        self._failures = 0
        self._locked_until_ms = 0
        self._tokens: set[str] = set()
        self._step_tokens: dict[str, int] = {}

    @property
    def server(self) -> str:
        return f"{self.url}/{{region}}"

    @property
    def log_ins(self) -> int:
        return self.count("/llu/auth/login")

    def measurement(self, at_ms: int, mgdl: Any, arrow: Any = None, **more: Any) -> dict[str, Any]:
        """A measurement as the service writes it; local time is an hour ahead of UTC."""
        made = {
            "FactoryTimestamp": us_time(at_ms),
            "Timestamp": us_time(at_ms + 60 * MINUTE_MS),
            "type": 0 if arrow is None else 1,
            "ValueInMgPerDl": mgdl,
            "MeasurementColor": 1,
            "GlucoseUnits": 0,
            "Value": round(mgdl / 18, 1) if isinstance(mgdl, int) else None,
            "isHigh": False,
            "isLow": False,
        }
        if arrow is not None:
            made["TrendArrow"] = arrow
        return made | more

    def show(self, *values: int, arrow: int = 3, newest_min_ago: float = 1) -> None:
        """Show the last value as the current one, the others on the graph, which lags a quarter of an hour."""
        now_ms = self.clock.now_ms()
        self.current = self.measurement(now_ms - int(newest_min_ago * MINUTE_MS), values[-1], arrow)
        grid_ms = (now_ms - 20 * MINUTE_MS) // (5 * MINUTE_MS) * 5 * MINUTE_MS
        count = len(values) - 1
        self.graph = [
            self.measurement(grid_ms - (count - 1 - place) * 5 * MINUTE_MS, value)
            for place, value in enumerate(values[:-1])
        ]

    def end_sessions(self) -> None:
        self._tokens.clear()

    def reply(self, asked: Asked) -> Reply:
        region, _, path = asked.path.lstrip("/").partition("/")
        if "version" not in asked.headers or "product" not in asked.headers:
            return Reply({"message": "RequiredHeaderMissing"}, 400)
        if version_of(asked.headers["version"]) < version_of(self.minimum_version):
            told = {"minimumVersion": self.minimum_version} if self.names_minimum else {}
            return Reply({"data": told, "status": 920}, 403)
        if path == "llu/auth/login":
            return self._log_in(region, asked)
        if path.startswith("auth/continue/"):
            return self._continue(path.rpartition("/")[2], asked)
        return self._with_ticket(path, asked)

    def _log_in(self, region: str, asked: Asked) -> Reply:
        now_ms = self.clock.now_ms()
        if now_ms < self._locked_until_ms:
            return self._locked()
        if self.always_moves or region != self.region:
            return Reply({"status": 0, "data": {"redirect": True, "region": self.region}})
        if (asked.body["email"], asked.body["password"]) != (self.email, self.password):
            self._failures += 1
            if self._failures >= self.locks_after:
                self._locked_until_ms = now_ms + 1000 * self.lockout_s
                return self._locked()
            return Reply({"status": 2, "error": {"message": "notAuthenticated"}})
        self._failures = 0
        return self._next_step(0)

    def _next_step(self, place: int) -> Reply:
        if place < len(self.steps):
            token = f"step-{uuid.uuid4()}"
            self._step_tokens[token] = place
            step = {"type": self.steps[place], "componentName": "AcceptDocument", "props": {}}
            ticket = {"token": token, "expires": self._expires_s(), "duration": 3_600_000}
            return Reply({"status": 4, "data": {"step": step, "user": {}, "authTicket": ticket}})
        token = f"ticket-{uuid.uuid4()}"
        self._tokens.add(token)
        return Reply({"status": 0, "data": self._welcome(token)})

    def _continue(self, step: str, asked: Asked) -> Reply:
        place = self._step_tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "), -1)
        if place < 0 or self.steps[place] != step:
            return Reply({"message": "unauthorized"}, 401)
        return self._next_step(place + 1)

    def _with_ticket(self, path: str, asked: Asked) -> Reply:
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Reply({"message": "MissingCachedUser"}, 401)
        if asked.headers.get("account-id") != hashlib.sha256(USER_ID.encode()).hexdigest():
            return Reply({"message": "RequiredHeaderMissing"}, 400)
        ticket = {"token": "renewed", "expires": self._expires_s(), "duration": 15_552_000_000}
        if path == "llu/connections":
            shared = [self._connection(id, name) for id, name in self.patients]
            return Reply({"status": 0, "data": shared, "ticket": ticket})
        patient = path.split("/")[2] if path.count("/") == 3 else ""
        for id, name in self.patients:
            if id == patient:
                data = {
                    "connection": self._connection(id, name),
                    "activeSensors": [{"sensor": self.sensor, "device": self._device()}] if self.sensor else [],
                    "graphData": self.graph,
                }
                return Reply({"status": 0, "data": data, "ticket": ticket})
        return Reply({"status": 4, "error": {"message": "couldNotLoadPatient"}})

    def _locked(self) -> Reply:
        inner = {"failures": self._failures, "interval": 60, "lockout": self.lockout_s}
        return Reply({"status": 429, "data": {"code": 60, "data": inner, "message": "locked"}})

    def _expires_s(self) -> int:
        return self.clock.now_ms() // 1000 + 15_552_000

    def _connection(self, id: str, name: str) -> dict[str, Any]:
        return {
            "id": id,
            "patientId": id,
            "country": "DE",
            "status": 2,
            "firstName": name,
            "lastName": "Example",
            "targetLow": 70,
            "targetHigh": 180,
            "uom": 1,
            "sensor": self.sensor,
            "alarmRules": {
                "c": True,
                "h": {"th": 240, "thmm": 13.3, "d": 1440, "f": 0.1},
                "f": {"th": 55, "thmm": 3, "d": 30, "tl": 10, "tlmm": 0.6},
                "l": {"th": 70, "thmm": 3.9, "d": 1440, "tl": 10, "tlmm": 0.6},
                "nd": {"i": 20, "r": 5, "l": 6},
                "p": 5,
                "r": 5,
                "std": {},
            },
            "glucoseMeasurement": self.current,
            "glucoseItem": self.current,
            "glucoseAlarm": None,
            "patientDevice": self._device(),
            "created": 1_700_000_000,
        }

    @staticmethod
    def _device() -> dict[str, Any]:
        low = {"mgdl": 60, "mmoll": 3.3}
        return {
            "did": "d",
            "dtid": 40068,
            "v": "3.6.5",
            "ll": 65,
            "hl": 240,
            "u": 1_700_000_000,
            "fixedLowAlarmValues": low,
            "alarms": False,
        }

    def _welcome(self, token: str) -> dict[str, Any]:
        user = {
            "id": USER_ID,
            "firstName": "Mum",
            "lastName": "Example",
            "email": self.email,
            "country": "DE",
            "uiLanguage": "de-DE",
            "communicationLanguage": "de-DE",
            "accountType": "pat",
            "uom": "1",
            "dateFormat": "2",
            "timeFormat": "2",
            "emailDay": [1],
            "system": {"messages": {}},
            "details": {},
            "created": 1_700_000_000,
            "lastLogin": 1_700_000_000,
            "programs": {},
            "dateOfBirth": 1,
            "practices": {},
            "devices": {},
            "consents": {},
        }
        ticket = {"token": token, "expires": self._expires_s(), "duration": 15_552_000_000}
        return {
            "user": user,
            "messages": {"unread": 0},
            "notifications": {"unresolved": 0},
            "authTicket": ticket,
            "invitations": [],
        }
