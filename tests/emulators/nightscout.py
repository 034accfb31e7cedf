"""A Nightscout of version 15, as far as it is followed and written to: API v1, API v3's history and writes, tickets."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from app.clock import iso_of
from tests.clocks import SettableClock
from tests.emulators.nightscout_writes import Writes
from tests.emulators.server import Asked, Emulator, Reply, cut_off, page

DEFAULT_COUNT = 10
TICKET_MS = 8 * 3_600_000
_UNAUTHORIZED = Reply({"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}, 401)


class NightscoutEmulator(Emulator):
    """A site with documents that apps of either API wrote."""

    def __init__(
        self, clock: SettableClock, *, secret: str = "a long pass phrase", token: str = "reader-0123456789abcdef"
    ):
        super().__init__(clock)
        self.secret = secret
        self.token = token
        self.has_v3 = True
        self.has_tickets = True
        self.is_readable = False
        self.is_writable = True
        self.loses_answers = 0
        """So many writes are done and never answered properly."""

        self.kept: dict[str, list[dict[str, Any]]] = {
            "entries": [],
            "treatments": [],
            "devicestatus": [],
            "profile": [],
            "food": [],
            "activity": [],
        }
        self.writes = Writes(self.kept, self._new_id, self._stamp)
        self.forbidden: set[str] = set()
        self._tickets: dict[str, int] = {}
        self._made = 0
        self._stamp_ms = 0

    def add_v1(self, collection: str, **document: Any) -> dict[str, Any]:
        """Keep a document as an app of API v1 leaves it: no identifier, no stamps."""
        kept = {"_id": self._new_id(), **document}
        self.kept[collection].append(kept)
        return kept

    def add_v3(self, collection: str, **document: Any) -> dict[str, Any]:
        """Keep a document as an app of API v3 leaves it."""
        stamp_ms = self._stamp()
        kept = self.add_v1(collection, **document)
        kept |= {"srvModified": stamp_ms, "srvCreated": stamp_ms, "subject": "app"}
        kept.setdefault("identifier", str(uuid.UUID(int=self._made)))
        return kept

    def change(self, kept: dict[str, Any], **changed: Any) -> None:
        kept |= changed | {"srvModified": self._stamp(), "modifiedBy": "app"}

    def delete(self, kept: dict[str, Any]) -> None:
        self.change(kept, isValid=False)

    def show(self, *values: int, newest_min_ago: float = 1, device: str = "xDrip-DexcomG5") -> None:
        """Have xDrip+ upload readings, oldest first, five minutes apart."""
        newest_ms = self.clock.now_ms() - int(newest_min_ago * 60_000)
        for place, value in enumerate(values):
            at_ms = newest_ms - (len(values) - 1 - place) * 300_000
            at = iso_of(at_ms)
            self.add_v1(
                "entries",
                type="sgv",
                sgv=value,
                date=at_ms,
                dateString=at,
                sysTime=at,
                utcOffset=60,
                direction="Flat",
                device=device,
            )

    def end_tickets(self) -> None:
        self._tickets.clear()

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._made:024x}"

    def _stamp(self) -> int:
        self._stamp_ms = max(self.clock.now_ms(), self._stamp_ms + 1)
        return self._stamp_ms

    def reply(self, asked: Asked) -> Reply:
        path = asked.path
        if asked.method != "GET":
            return self._written(asked)
        if path.startswith("/api/v2/authorization/request/"):
            return self._ticket(path.rpartition("/")[2])
        if path == "/api/v3/version":
            return Reply({"status": 200, "result": {"version": "15.0.7"}}) if self.has_v3 else page(404)
        if path.startswith("/api/v3/") and "/history/" in path and self.has_v3:
            return self._history(asked)
        if path.startswith("/api/v1/"):
            return self._search(asked)
        return page(404)

    def _ticket(self, token: str) -> Reply:
        if not self.has_tickets:
            return page(404)
        if token != self.token:
            return _UNAUTHORIZED
        jwt = f"jwt.{uuid.uuid4()}"
        self._tickets[jwt] = self.clock.now_ms() + TICKET_MS
        exp = self._tickets[jwt] // 1000
        return Reply(
            {"token": jwt, "sub": "reader", "permissionGroups": [["*:*:read"]], "iat": exp - 28_800, "exp": exp}
        )

    def _may_read(self, asked: Asked, collection: str) -> bool:
        if collection in self.forbidden:
            return False
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer:
            return self._tickets.get(bearer, 0) > self.clock.now_ms()
        presented = asked.headers.get("api-secret")
        if presented:
            return presented in (hashlib.sha1(self.secret.encode()).hexdigest(), self.token)
        return self.is_readable

    def _written(self, asked: Asked) -> Reply:
        is_v3 = asked.path.startswith("/api/v3/")
        collection = asked.path.split("/")[3].removesuffix(".json")
        if is_v3 and not self.has_v3:
            return page(404)
        if not self._may_read(asked, collection):
            return _UNAUTHORIZED
        if not self.is_writable or collection in self.forbidden:
            return (
                Reply({"status": 403, "message": f"Missing permission api:{collection}:create"}, 403)
                if is_v3
                else (_UNAUTHORIZED)
            )
        reply = self.writes.v3(asked, collection) if is_v3 else self.writes.v1(asked, collection)
        if self.loses_answers:
            self.loses_answers -= 1
            return cut_off([{"lost": "x" * 50}] * 10)
        return reply

    def _history(self, asked: Asked) -> Reply:
        _, _, _, collection, _, after = asked.path.split("/")
        if "authorization" not in asked.headers or not self._may_read(asked, collection):
            return Reply({"status": 401, "message": "Missing or bad access token or JWT"}, 401)
        if int(after) <= 0 or not 1 <= int(asked.query["limit"]) <= 1000:
            return Reply({"status": 400, "message": "Parameter limit out of tolerance"}, 400)
        changed = [one for one in self.kept[collection] if one.get("srvModified", 0) > int(after)]
        changed.sort(key=lambda one: one["srvModified"])
        shown = [{name: value for name, value in one.items() if name != "_id"} for one in changed]
        return Reply({"status": 200, "result": shown[: int(asked.query["limit"])]})

    def _search(self, asked: Asked) -> Reply:
        collection, _, rest = asked.path.removeprefix("/api/v1/").removesuffix(".json").partition("/")
        if not self._may_read(asked, collection):
            return _UNAUTHORIZED
        field = {"entries": "date", "profile": "startDate"}.get(collection, "created_at")
        if collection == "profiles":
            collection = "profile"
        found = [one for one in self.kept[collection] if not rest or one.get("type") == rest]
        for name, bound in asked.query.items():
            if name.startswith("find["):
                operator = name.rpartition("[")[2].rstrip("]")
                found = [one for one in found if _meets(one[field], operator, bound)]
        found.sort(key=lambda one: str(one.get(field)), reverse=True)
        shown = found[: int(asked.query.get("count", 10_000 if collection == "food" else DEFAULT_COUNT))]
        if collection == "treatments":
            shown = [{"carbs": None, "insulin": None, **one} for one in shown]
        return Reply(shown)


def _meets(value: Any, operator: str, bound: str) -> bool:
    wanted = int(bound) if isinstance(value, int) else bound
    return bool(value >= wanted) if operator == "$gte" else bool(value < wanted)
