"""Dexcom's official interface (API v3), as its public description has it: consent, rotating tokens, windows, ranges."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

USER_ID = "6f5e4d3c2b1a"
MINUTE_MS = 60_000
DAY_MS = 86_400_000
CODE_GOOD_FOR_MS = 60_000
FEEDS = ("egvs", "events", "calibrations")


def api_time(at_ms: int, zone: str = "Z") -> str:
    """An instant to the second, with ``Z``, with nothing, or at an offset such as ``+01:00``."""
    if zone in ("Z", ""):
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + zone
    sign = -1 if zone[0] == "-" else 1
    offset = sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return datetime.fromtimestamp(at_ms // 1000, timezone(offset)).isoformat(timespec="seconds")


def ms_of(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@dataclass
class Upload:
    """A record and when it reached Dexcom."""

    record: Any
    uploaded_ms: int


@dataclass
class _Account:
    feeds: dict[str, list[Upload]] = field(default_factory=lambda: {feed: [] for feed in FEEDS})


class DexcomApiEmulator(Emulator):
    """One registered app, one account. Records show ``delay_ms`` after they were uploaded."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.client_id = "nightlight-app"
        self.client_secret = "app-secret"
        self.redirects = ["https://ada.example.org/uploaders/signed-in"]
        self.approves = True
        self.knows_last_sync = True
        self.token_lasts_s = 7200
        self.delay_ms = 0
        self.devices: list[Any] = []
        self.grants: list[Mapping[str, str]] = []
        self._account = _Account()
        self._codes: dict[str, tuple[str, int]] = {}
        self._refresh_tokens: set[str] = set()
        self._access_tokens: dict[str, int] = {}

    def egv(self, at_ms: int, value: Any, trend: Any = "flat", *, zone: str = "+01:00", **more: Any) -> dict[str, Any]:
        """A reading as the interface writes it; a receiver (``zone`` empty) writes no offset and no ``Z``."""
        from_phone = bool(zone)
        return {
            "recordId": str(uuid.uuid4()),
            "systemTime": api_time(at_ms, "Z" if from_phone else ""),
            "displayTime": api_time(at_ms, zone) if from_phone else api_time(at_ms + 60 * MINUTE_MS, ""),
            "transmitterId": "ab" * 32,
            "transmitterTicks": at_ms // 1000 % 1_000_000,
            "value": value,
            "status": None,
            "trend": trend,
            "trendRate": 0.2,
            "unit": "mg/dL",
            "rateUnit": "mg/dL/min",
            "displayDevice": "iOS" if from_phone else "receiver",
            "transmitterGeneration": "g7",
            "displayApp": "G7",
        } | more

    def event(self, at_ms: int, kind: str, value: Any = None, subtype: Any = None, **more: Any) -> dict[str, Any]:
        """Something entered in the app; amounts are text."""
        units = {"insulin": "units", "carbs": "grams", "exercise": "minutes", "bloodGlucose": "mg/dL"}
        return {
            "recordId": str(uuid.uuid4()),
            "systemTime": api_time(at_ms),
            "displayTime": api_time(at_ms, "+01:00"),
            "eventStatus": "created",
            "eventType": kind,
            "eventSubType": subtype,
            "value": value if value is None else str(value),
            "unit": units.get(kind, "unknown"),
            "displayDevice": "iOS",
            "transmitterId": "ab" * 32,
            "transmitterGeneration": "g7",
            "displayApp": "G7",
        } | more

    def calibration(self, at_ms: int, value: Any, **more: Any) -> dict[str, Any]:
        return {
            "recordId": str(uuid.uuid4()),
            "systemTime": api_time(at_ms),
            "displayTime": api_time(at_ms, "+01:00"),
            "unit": "mg/dL",
            "value": value,
            "transmitterId": "ab" * 32,
            "transmitterTicks": 1000,
            "displayDevice": "iOS",
            "transmitterGeneration": "g6",
            "displayApp": "G6",
        } | more

    def upload(self, feed: str, *records: Any) -> None:
        """Take records from a phone now; one that has an id we know replaces it."""
        mine = self._account.feeds[feed]
        for record in records:
            known = record.get("recordId") if isinstance(record, dict) else None
            mine[:] = [one for one in mine if known is None or one.record.get("recordId") != known]
            mine.append(Upload(record, self.clock.now_ms()))

    def end_access_tokens(self) -> None:
        self._access_tokens.clear()

    def withdraw(self) -> None:
        """The owner takes the permission back."""
        self._access_tokens.clear()
        self._refresh_tokens.clear()

    def grant(self, access_token: str = "access-0", refresh_token: str = "refresh-0") -> dict[str, Any]:
        """Sign in beside the browser; what is kept of it."""
        self._access_tokens[access_token] = self.clock.now_ms() + 1000 * self.token_lasts_s
        self._refresh_tokens.add(refresh_token)
        return {
            "access_token": access_token,
            "refresh_token": refresh_token,
            "expires_at_ms": self._access_tokens[access_token],
            "return_url": self.redirects[0],
        }

    def reply(self, asked: Asked) -> Reply:
        version, _, path = asked.path.lstrip("/").partition("/")
        if path == "oauth2/login" and asked.method == "GET":
            return self._consent(asked.query)
        if path == "oauth2/token" and asked.method == "POST":
            return self._token(asked.body or {})
        if version == "v3" and path.startswith("users/self/"):
            return self._data(path.rpartition("/")[2], asked)
        return Reply({"fault": "not found"}, 404)

    def _consent(self, query: Mapping[str, str]) -> Reply:
        wanted = {"response_type": "code", "scope": "offline_access", "client_id": self.client_id}
        if any(query.get(name) != value for name, value in wanted.items()):
            return Reply({"error": "invalid_request"}, 400)
        if query.get("redirect_uri") not in self.redirects:
            return Reply({"error": "invalid_request", "error_description": "redirect_uri"}, 400)
        code = str(uuid.uuid4())
        self._codes[code] = (query["redirect_uri"], self.clock.now_ms() + CODE_GOOD_FOR_MS)
        answer = {"code": code} if self.approves else {"error": "access_denied"}
        there = f"{query['redirect_uri']}?{urlencode({**answer, 'state': query.get('state', '')})}"
        return Reply(status=302, headers={"Location": there}, raw="")

    def _token(self, form: Mapping[str, str]) -> Reply:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return Reply({"error": "invalid_client"}, 401)
        self.grants.append(form)
        if form.get("grant_type") == "authorization_code":
            redirect, until_ms = self._codes.pop(form.get("code", ""), ("", 0))
            if not redirect or form.get("redirect_uri") != redirect or until_ms <= self.clock.now_ms():
                return Reply({"error": "invalid_grant"}, 400)
        elif form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") not in self._refresh_tokens:
                return Reply({"error": "invalid_grant"}, 400)
            self._refresh_tokens.discard(form["refresh_token"])
        else:
            return Reply({"error": "unsupported_grant_type"}, 400)
        given = self.grant(f"access-{uuid.uuid4()}", f"refresh-{uuid.uuid4()}")
        return Reply(
            {
                "access_token": given["access_token"],
                "expires_in": self.token_lasts_s,
                "token_type": "Bearer",
                "refresh_token": given["refresh_token"],
            }
        )

    def _data(self, name: str, asked: Asked) -> Reply:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self._access_tokens.get(token, 0) <= self.clock.now_ms():
            return Reply({"errors": [{"message": "unauthorized"}]}, 401)
        about = {"recordVersion": "3.0", "userId": USER_ID}
        if name == "dataRange":
            return Reply({"recordType": "dataRange", **about, **self._ranges(asked.query.get("lastSyncTime"))})
        if name == "devices":
            return Reply({"recordType": "device", **about, "records": self.devices})
        if name not in FEEDS:
            return Reply({"fault": "not found"}, 404)
        start_ms, end_ms = ms_of(asked.query["startDate"]), ms_of(asked.query["endDate"])
        if not 0 < end_ms - start_ms <= 30 * DAY_MS:
            return Reply({"errors": [{"message": "window"}]}, 400)
        shown = [one for one in self._shown(name) if start_ms <= _at_ms(one.record, start_ms) < end_ms]
        newest_first = sorted(shown, key=lambda one: -_at_ms(one.record, start_ms))
        return Reply({"recordType": name[:-1], **about, "records": [one.record for one in newest_first]})

    def _shown(self, feed: str) -> list[Upload]:
        now_ms = self.clock.now_ms()
        return [one for one in self._account.feeds[feed] if one.uploaded_ms + self.delay_ms <= now_ms]

    def _ranges(self, last_sync: str | None) -> dict[str, Any]:
        since_ms = ms_of(last_sync) if last_sync and self.knows_last_sync else 0
        ranges: dict[str, Any] = {}
        for feed in FEEDS:
            times = [_at_ms(one.record, 0) for one in self._shown(feed) if one.uploaded_ms + self.delay_ms > since_ms]
            known = sorted(at_ms for at_ms in times if at_ms)
            if known:
                ranges[feed] = {"start": _both(known[0]), "end": _both(known[-1])}
        return ranges


def _at_ms(record: Any, otherwise_ms: int) -> int:
    try:
        return ms_of(record["systemTime"])
    except (TypeError, KeyError, ValueError):
        return otherwise_ms


def _both(at_ms: int) -> dict[str, str]:
    return {"systemTime": api_time(at_ms), "displayTime": api_time(at_ms, "+01:00")}
