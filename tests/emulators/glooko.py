"""Glooko, as its public clients know it: three ways to sign in, records by time of change, and a graph."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app.clock import iso_of
from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

PATIENT = "eu-west-1-ada-7"
COOKIE = "_logbook-web_session"
LISTS = {
    "/api/v2/cgm/egvs": "egvs",
    "/api/v2/cgm/carbs_events": "carbsEvents",
    "/api/v2/cgm/insulin_events": "insulinEvents",
    "/api/v2/pumps/normal_boluses": "normalBoluses",
    "/api/v2/pumps/extended_boluses": "extendedBoluses",
    "/api/v2/pumps/scheduled_basals": "scheduledBasals",
    "/api/v2/pumps/temporary_basals": "temporaryBasals",
    "/api/v2/pumps/suspend_basals": "suspendBasals",
    "/api/v2/pumps/events": "events",
    "/api/v2/pumps/alarms": "alarms",
    "/api/v2/pumps/settings": "settings",
    "/api/v2/injection_boluses": "injectionBoluses",
    "/api/v2/injection_basals": "injectionBasals",
    "/api/v2/readings": "readings",
    "/api/v2/foods": "foods",
    "/api/v2/notes": "notes",
    "/api/v2/exercises": "exercises",
}
"""The resources, and the name of the list in each one's answers."""

_FORBIDDEN = Reply({"error": "Forbidden"}, 403)
_UNPROCESSABLE = Reply({"errors": ["unprocessable"]}, 422)


class GlookoEmulator(Emulator):
    """One account. ``opens`` names the way in that is open: ``app``, ``web`` or ``form``; the others answer 422.

    ``zone`` is that of the devices: their times are written as wall clock with a ``Z``. ``repeats`` makes each page
    begin with the record the one before ended with.
    """

    def __init__(self, clock: SettableClock, *, email: str = "mum@example.org", password: str = "right one") -> None:
        super().__init__(clock)
        self.email, self.password = email, password
        self.opens = "app"
        self.zone = ZoneInfo("Europe/Berlin")
        self.told_zone: str | None = "Europe/Berlin"
        self.tells_patient_at_sign_in = True
        self.wants_second_factor = False
        self.is_locked = False
        self.repeats = True
        self.page_size = 500
        self.refused: dict[str, int] = {}
        self.records: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.graph: dict[str, list[Any]] = {}
        self._sessions: set[str] = set()
        self._forms: dict[str, str] = {}

    @property
    def log_ins(self) -> int:
        return sum(asked.method == "POST" and "sign_in" in asked.path for asked in self.asked)

    def wall(self, at_ms: int) -> str:
        """An instant as the devices' clocks show it, dressed up as UTC."""
        local = datetime.fromtimestamp(at_ms / 1000, self.zone)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"

    def add(self, path: str, at_ms: int | None = None, *, changed_ms: int | None = None, **fields: Any) -> str:
        """Put a record into a resource (``cgm/egvs``), its time on the wall clock; return its guid."""
        guid = fields.pop("guid", None) or str(uuid.uuid4())
        time_name = "displayTime" if path.startswith("cgm") else "pumpTimestamp" if "pumps/" in path else "timestamp"
        made: dict[str, Any] = {"guid": guid, "softDeleted": False}
        if at_ms is not None:
            made[time_name] = self.wall(at_ms)
        made["updatedAt"] = iso_of(self.clock.now_ms() if changed_ms is None else changed_ms)
        self.records[f"/api/v2/{path}"][guid] = made | fields
        return guid

    def readings(self, *values: int, newest_min_ago: float = 10) -> list[str]:
        """Put readings of a sensor five minutes apart, the last one the newest, each known a minute after."""
        newest_ms = self.clock.now_ms() - int(newest_min_ago * 60_000)
        times = [newest_ms - 300_000 * (len(values) - 1 - place) for place in range(len(values))]
        return [
            self.add("cgm/egvs", at_ms, changed_ms=at_ms + 60_000, glucoseValue=100 * value, calculated=False)
            for at_ms, value in zip(times, values, strict=True)
        ]

    def change(self, path: str, guid: str, **fields: Any) -> None:
        self.records[f"/api/v2/{path}"][guid] |= {"updatedAt": iso_of(self.clock.now_ms()), **fields}

    def delete(self, path: str, guid: str) -> None:
        self.change(path, guid, softDeleted=True)

    def end_sessions(self) -> None:
        self._sessions.clear()

    def reply(self, asked: Asked) -> Reply:
        path = asked.path
        if not self._comes_from_its_page(asked) or "Mozilla" not in asked.headers.get("user-agent", ""):
            return _FORBIDDEN
        if path.endswith("/users/sign_in"):
            return self._sign_in(asked)
        if self._session_of(asked) not in self._sessions:
            return Reply({"error": "You need to sign in"}, 401)
        for refused, status in self.refused.items():
            if refused in path:
                return Reply({"error": "refused"}, status)
        if path == "/api/v3/session/users":
            user = {"glookoCode": PATIENT, "meterUnits": "mmoll", "firstName": "Ada"}
            return Reply({"currentUser": user | ({"timezone": self.told_zone} if self.told_zone else {})})
        if path == "/api/v3/graph/data":
            return self._graph(asked)
        return self._sync(asked) if path in LISTS else Reply({"error": "not found"}, 404)

    def _comes_from_its_page(self, asked: Asked) -> bool:
        there = urlsplit(self.url)
        origin = f"{there.scheme}://{there.netloc}"
        headers = asked.headers
        return headers.get("origin") == origin and headers.get("referer", "").startswith(origin)

    @staticmethod
    def _session_of(asked: Asked) -> str:
        pairs = (one.strip().partition("=") for one in asked.headers.get("cookie", "").split(";"))
        return next((value for name, _, value in pairs if name == COOKIE), "")

    def _sign_in(self, asked: Asked) -> Reply:
        way = {"/api/v2/users/sign_in": "app", "/api/v3/users/sign_in": "web"}.get(asked.path, "form")
        if asked.method == "GET":
            return self._form()
        if way == "form":
            return self._by_form(asked)
        if way != self.opens:
            return _UNPROCESSABLE
        login = asked.body["userLogin" if way == "app" else "user"]
        if way == "app" and not asked.body.get("deviceInformation"):
            return _UNPROCESSABLE
        if self.is_locked:
            return Reply({"error": "Your account is locked."}, 401)
        if (login["email"], login["password"]) != (self.email, self.password):
            return Reply({"error": "Invalid email or password."}, 401)
        if self.wants_second_factor:
            return Reply({"twoFaRequired": True})
        told = {"glookoCode": PATIENT} if self.tells_patient_at_sign_in else {}
        return Reply({"success": True, "userLogin": {"email": self.email, **told}}, headers=self._begun())

    def _begun(self) -> dict[str, str]:
        session = f"cookie-{uuid.uuid4()}"
        self._sessions.add(session)
        return {"Set-Cookie": f"{COOKIE}={session}; path=/; HttpOnly"}

    def _form(self) -> Reply:
        visitor, proof = f"visitor-{uuid.uuid4()}", f"proof-{uuid.uuid4()}"
        self._forms[visitor] = proof
        page = f"""<html><head><meta name="csrf-token" content="{proof}"></head><body>
          <form action="/locale" method="post"><input name="locale" value="de"></form>
          <form action="/users/sign_in" method="post"><input type="hidden" name="authenticity_token" value="{proof}">
          <input type="email" name="user[email]"><input type="password" name="user[password]"></form></body></html>"""
        headers = {"Content-Type": "text/html", "Set-Cookie": f"{COOKIE}={visitor}; path=/; HttpOnly"}
        return Reply(raw=page, headers=headers)

    def _by_form(self, asked: Asked) -> Reply:
        proof = self._forms.get(self._session_of(asked))
        if proof is None or asked.body.get("authenticity_token") != proof:
            return Reply(raw="<html>422</html>", status=422, headers={"Content-Type": "text/html"})
        if self.wants_second_factor:
            return Reply(status=302, raw="", headers={"Location": f"{self.url}/users/two_factor"})
        if (asked.body.get("user[email]"), asked.body.get("user[password]")) != (self.email, self.password):
            return self._form()
        return Reply(status=302, raw="", headers={"Location": f"{self.url}/history", **self._begun()})

    def _sync(self, asked: Asked) -> Reply:
        query = asked.query
        limit = min(int(query.get("limit", 100)), self.page_size)
        last = (_at(query["lastUpdatedAt"]), query.get("lastGuid", ""))
        found = sorted(self.records[asked.path].values(), key=_place)
        if query.get("sendSoftDeleted") != "true":
            found = [one for one in found if not one.get("softDeleted")]
        left = [one for one in found if _place(one) > last or (self.repeats and _place(one) == last)]
        shown, is_last = left[:limit], len(left) <= limit
        return Reply({LISTS[asked.path]: shown, "lastPage": is_last, "serverTime": iso_of(self.clock.now_ms())})

    def _graph(self, asked: Asked) -> Reply:
        if asked.query.get("patient") != PATIENT:
            return _FORBIDDEN
        first_s, end_s = (_at(asked.query[name]) / 1000 for name in ("startDate", "endDate"))
        wanted = [value for name, value in asked.pairs if name == "series[]"]
        return Reply(
            {
                "series": {
                    name: [one for one in self.graph.get(name, []) if _within(one, first_s, end_s)] for name in wanted
                },
                "meta": {"units": "mmol/L"},
            }
        )


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def _place(record: dict[str, Any]) -> tuple[int, str]:
    return _at(record["updatedAt"]), record["guid"]


def _within(point: Any, first_s: float, end_s: float) -> bool:
    at_s = point.get("x") if isinstance(point, dict) else None
    return not isinstance(at_s, int | float) or first_s <= at_s < end_s
