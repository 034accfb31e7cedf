"""Medtrum's two services on one host, as others describe them: EasyView and, older, EasyFollow."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply, page

UID = 4711
OTHER_UID = 4712
STATUS_PATHS = ("/api/v2.1/monitor/{uid}/status", "/v3/api/v2.1/monitor/{uid}/status")


class MedtrumEmulator(Emulator):
    """One account (``P`` the patient's, ``M`` a caregiver's) and those it may see. ``rows`` hold mmol/L."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.user = "mum@example.org"
        self.password = "right one"
        self.account = "M"
        self.unit: Any = "mmol/L"
        self.has_easyview = True
        self.has_easyfollow = True
        self.status_path = STATUS_PATHS[0]
        self.people: list[dict[str, Any]] = [{"uid": UID, "username": "ada", "realname": "Ada Example"}]
        self.rows: list[Any] = []
        self.current: dict[str, Any] = {}
        self._sessions: set[str] = set()

    @property
    def log_ins(self) -> int:
        return self.count("/login")

    def end_sessions(self) -> None:
        self._sessions.clear()

    def show(self, *mmoll: float, newest_min_ago: float = 1, every_min: int = 2, rate: Any = 0) -> None:
        """Show readings, the last of them as what the sensor says now."""
        newest_s = (self.clock.now_ms() - int(newest_min_ago * 60_000)) // 1000
        count = len(mmoll)
        self.rows = [
            [newest_s - (count - 1 - place) * 60 * every_min, value, value, value, "C"]
            for place, value in enumerate(mmoll)
        ]
        self.current = {"glucose": mmoll[-1], "glucoseRate": rate, "updateTime": newest_s, "serial": 1, "status": 2}

    def reply(self, asked: Asked) -> Reply:
        if asked.path.startswith("/mobile/ajax/"):
            return self._follow(asked) if self.has_easyfollow else Reply({"message": "not found"}, 404)
        if not self.has_easyview:
            return Reply({"message": "not found"}, 404)
        if asked.headers.get("apptag", "").rpartition("n=")[2] != "eyvw":
            return Reply({"error": 1002}, 200)
        if asked.path == "/v3/api/v2.0/login" and asked.method == "POST":
            told = asked.body
            return self._log_in(told.get("user_name"), told.get("password"), told.get("user_type"))
        if not self._knows(asked):
            return Reply({"error": 4001})
        if asked.path == "/v3/api/v2.1/monitor/connections":
            return Reply({"error": 0, "data": {"total": len(self.people), "list": self.people}})
        for person in self.people:
            if asked.path == self.status_path.replace("{uid}", str(person["uid"])):
                return self._status(json.loads(base64.b64decode(asked.query["param"])))
        return page(200) if asked.path.startswith("/api/") else Reply({"message": "not found"}, 404)

    def _status(self, param: dict[str, Any]) -> Reply:
        first_s, last_s = param["ts"]
        if param["tz"] != 0 or not 0 < last_s - first_s <= 86_400:
            return Reply({"error": 1002})
        chart = {"glucose_unit": self.unit, "sg": self._between(first_s, last_s)}
        return Reply({"error": 0, "data": {"chart": chart, "sensor_status": self.current, "pump_status": None}})

    def _follow(self, asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        if name == "login":
            told = asked.body
            return self._log_in(told.get("user_name"), told.get("password"), told.get("user_type"))
        if not self._knows(asked):
            return Reply({"error": 4001})
        if (name, asked.query.get("flag")) == ("monitor", "monitor_list"):
            people = [{**one, "sensor_status": self.current} for one in self.people]
            return Reply({"error": 0, "monitorlist": people})
        if (name, asked.query.get("flag")) == ("download", "sg"):
            first_s, last_s = (
                int(datetime.strptime(asked.query[end], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
                for end in ("st", "et")
            )
            known = asked.query["user_name"] in [one["username"] for one in self.people]
            rows = [["106-25-34", row[0], "C", row[1]] for row in self._between(first_s, last_s)]
            return Reply({"error": 0, "data": rows if known else []})
        return Reply({"message": "not found"}, 404)

    def _log_in(self, user: Any, password: Any, account: Any) -> Reply:
        if (user, password, account) != (self.user, self.password, self.account):
            return Reply({"error": 1001})
        session = str(uuid.uuid4())
        self._sessions.add(session)
        uid = UID if account == "P" else 1
        return Reply({"error": 0, "uid": uid}, headers={"Set-Cookie": f"sessionid={session}; Path=/; HttpOnly"})

    def _knows(self, asked: Asked) -> bool:
        return asked.headers.get("cookie", "").removeprefix("sessionid=") in self._sessions

    def _between(self, first_s: int, last_s: int) -> list[Any]:
        def at_s(row: Any) -> Any:
            return row[0] if isinstance(row, list) and row and isinstance(row[0], int) else first_s

        return [row for row in self.rows if first_s <= at_s(row) <= last_s]
