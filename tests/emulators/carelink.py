"""CareLink, as its public clients know it: discovery, the sign-in page, tokens that rotate, people, and the last day.

The pump writes its records at true instants; what is shown of them is its wall clock's time without a zone.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply, page

MINUTE_MS = 60_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
REDIRECT = "com.medtronic.carepartner:/sso"
CLIENT_ID = "an-invented-client"
CHILD = "ada"
VERSION = "v13"


@dataclass
class Written:
    """Something the pump wrote down at an instant; ``offset_min`` is what its clock was ahead of UTC then."""

    at_ms: int
    offset_min: int
    type: str
    values: Mapping[str, Any]


@dataclass
class _Family:
    """One sign-in: the refresh token that is good now, and since when it waits."""

    refresh: str = ""
    waits_since_ms: int = 0
    access: dict[str, int] = field(default_factory=dict)


class CareLinkEmulator(Emulator):
    """One account in one region, and those who share with it."""

    def __init__(self, clock: SettableClock, *, username: str = "mum", password: str = "right one") -> None:
        super().__init__(clock)
        self.username, self.password = username, password
        self.role = "CARE_PARTNER_OUS"
        self.country, self.region = "DE", "EU"
        self.people: list[tuple[str, str, str]] = [(CHILD, "Ada", "Example")]
        self.sso_prefix = ""
        self.expires_in: Any = 3600
        self.rotates = True
        self.has_display, self.has_guardian = True, False
        self.account_prefix = "/patient"
        self.cumulus = f"/connect/carepartner/{VERSION}"
        self.wrapped, self.deep = True, True
        self.offset_min, self.keeps_old_texts = 60, False
        self.readings: list[Written] = []
        self.markers: list[Written] = []
        self.trend = "NONE"
        self.more: dict[str, Any] = {}
        self.uploaded_ms: int | None = None
        self.answer: Any = None
        self._codes: dict[str, dict[str, str]] = {}
        self._families: list[_Family] = []

    # What the pump does

    def measured(self, *values: Any, newest_min_ago: float = 1) -> None:
        """Let the sensor measure these values five minutes apart, the last so many minutes ago."""
        newest_ms = self.clock.now_ms() - int(newest_min_ago * MINUTE_MS)
        for place, value in enumerate(values):
            at_ms = newest_ms - 5 * MINUTE_MS * (len(values) - 1 - place)
            self.readings.append(Written(at_ms, self.offset_min, "SG", {"sg": value}))

    def wrote(self, type: str, minutes_ago: float, **values: Any) -> None:
        """Let the pump write a marker."""
        at_ms = self.clock.now_ms() - int(minutes_ago * MINUTE_MS)
        self.markers.append(Written(at_ms, self.offset_min, type, values))

    def local(self, at_ms: int, offset_min: int | None = None) -> str:
        """Return an instant as the pump's clock shows it."""
        ahead_min = self.offset_min if offset_min is None else offset_min
        return datetime.fromtimestamp(at_ms // 1000 + ahead_min * 60, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def payload(self) -> dict[str, Any]:
        """Return the last day as it is shown now."""
        now_ms = self.clock.now_ms()
        uploaded_ms = now_ms - 20_000 if self.uploaded_ms is None else self.uploaded_ms
        sgs = [self._sg(one) for one in self.readings if one.at_ms > now_ms - DAY_MS]
        shown = {
            "currentServerTime": now_ms,
            "medicalDeviceFamily": "NGP",
            "medicalDeviceTime": str(uploaded_ms - 5_000 + self.offset_min * MINUTE_MS),
            "lastConduitDateTime": self.local(uploaded_ms - 2_000),
            "lastConduitUpdateServerDateTime": uploaded_ms,
            "clientTimeZoneName": "Central European Standard Time",
            "pumpCommunicationState": True,
            "sgs": sgs,
            "lastSGTrend": self.trend,
            "markers": [self._marker(one) for one in self.markers if one.at_ms > now_ms - DAY_MS],
        }
        return {**shown, **({"lastSG": sgs[-1]} if sgs else {}), **self.more}

    def _sg(self, one: Written) -> dict[str, Any]:
        state = {"sensorState": "NO_ERROR_MESSAGE", "kind": "SG", "isBackfill": False}
        return {**state, "timestamp": self._shown(one), **one.values}

    def _marker(self, one: Written) -> dict[str, Any]:
        head = {"type": one.type, "timestamp": self._shown(one)}
        return {**head, "data": {"dataValues": dict(one.values)}} if self.deep else {**head, **one.values}

    def _shown(self, one: Written) -> str:
        return self.local(one.at_ms, one.offset_min if self.keeps_old_texts else None)

    # What happens to the account

    @property
    def refresh_token(self) -> str:
        """The refresh token that is good now."""
        return self._families[-1].refresh

    def sign_in_elsewhere(self) -> None:
        """Let the same account sign in somewhere else: every session before it is dead."""
        self._families = []

    def end_access(self) -> None:
        """Forget every access token; what renews them stays good."""
        for family in self._families:
            family.access = {}

    @property
    def refreshed(self) -> int:
        """How often a refresh token was shown."""
        return sum(
            asked.path.endswith("/oauth/token") and asked.body.get("grant_type") == "refresh_token"
            for asked in self.asked
        )

    # What it answers

    def reply(self, asked: Asked) -> Reply:
        if not asked.headers.get("user-agent"):
            return page(403)
        path = asked.path.removeprefix(f"/{self.sso_prefix}" if self.sso_prefix else "")
        if "/discover/android/" in path:
            return Reply(self._discovery())
        if path == "/sso/auth0.json":
            return Reply(self._sso())
        if path == "/authorize":
            return self._authorize(asked)
        if path == "/u/login":
            return self._log_in(asked)
        if path == "/oauth/token":
            return self._token(asked.body)
        return self._with_token(path, asked)

    def _discovery(self) -> dict[str, Any]:
        place = {
            "region": self.region,
            "key": f"{self.region}_3.6",
            "baseUrlCareLink": f"{self.url}/api/carepartner/v2",
            "baseUrlCumulus": f"{self.url}{self.cumulus}",
            "UseSSOConfiguration": "Auth0SSOConfiguration",
            "SSOConfiguration": f"{self.url}/sso/old.json",
            "Auth0SSOConfiguration": f"{self.url}/sso/auth0.json",
        }
        other = {**place, "region": "XX", "baseUrlCareLink": "https://elsewhere.example"}
        countries = [{"XX": {"region": "XX"}}, {self.country: {"region": self.region}}]
        return {"supportedCountries": countries, "CP": [other, place]}

    def _sso(self) -> dict[str, Any]:
        parts = urlsplit(self.url)
        return {
            "server": {"hostname": parts.hostname, "port": parts.port, "prefix": self.sso_prefix},
            "client": {
                "client_id": CLIENT_ID,
                "scope": "profile openid roles country msso msso_register offline_access",
                "redirect_uri": REDIRECT,
                "audience": "https://audience.example/",
            },
            "system_endpoints": {
                "authorization_endpoint_path": "/authorize",
                "token_endpoint_path": "/oauth/token",
            },
        }

    def _authorize(self, asked: Asked) -> Reply:
        query = dict(asked.query)
        good = (
            query.get("client_id") == CLIENT_ID
            and query.get("redirect_uri") == REDIRECT
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and query.get("code_challenge")
            and "offline_access" in query.get("scope", "")
            and query.get("audience")
        )
        if not good:
            return page(400)
        self._codes[query["state"]] = query
        form = f'<form action="/u/login"><input name="state" value="{query["state"]}"></form>'
        return Reply(raw=f"<html><body>{form}</body></html>", headers={"Content-Type": "text/html"})

    def _log_in(self, asked: Asked) -> Reply:
        query = self._codes.pop(asked.body["state"], None)
        if query is None or (asked.body["username"], asked.body["password"]) != (self.username, self.password):
            return page(400)
        code = f"code-{uuid.uuid4()}"
        self._codes[code] = query
        ended = {"code": code, "state": query["state"]}
        return Reply(status=302, headers={"Location": f"{REDIRECT}?{urlencode(ended)}"}, raw="")

    def _token(self, form: Mapping[str, str]) -> Reply:
        if form.get("client_id") != CLIENT_ID:
            return _denied("invalid_client", 401)
        if form.get("grant_type") == "authorization_code":
            query = self._codes.pop(form.get("code", ""), None)
            hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
            if query is None or form.get("redirect_uri") != REDIRECT or challenge != query["code_challenge"]:
                return _denied("invalid_grant", 403)
            self._families.append(_Family())
            return self._tokens(self._families[-1])
        for family in self._families:
            waits_ms = self.clock.now_ms() - family.waits_since_ms
            if family.refresh == form.get("refresh_token") and waits_ms <= WEEK_MS:
                return self._tokens(family)
        # A token shown twice was stolen from somebody: the whole sign-in is over.
        self._families = []
        return _denied("invalid_grant", 403)

    def _tokens(self, family: _Family) -> Reply:
        now_ms = self.clock.now_ms()
        family.waits_since_ms = now_ms
        access = f"access-{uuid.uuid4()}"
        lasts_s = self.expires_in if isinstance(self.expires_in, int) and self.expires_in > 1 else 3600
        family.access = {access: now_ms + 1000 * lasts_s}
        told = {"access_token": access, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.rotates or not family.refresh:
            family.refresh = f"refresh-{uuid.uuid4()}"
            told["refresh_token"] = family.refresh
        return Reply(told)

    def _with_token(self, path: str, asked: Asked) -> Reply:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        ends = [family.access[token] for family in self._families if token in family.access]
        if not ends or ends[0] <= self.clock.now_ms():
            return Reply({"error": "unauthorized"}, 401)
        if path == f"{self.cumulus}/display/message" and self.has_display:
            return self._display(asked)
        if path.startswith("/patient/m2m/connect/data/gc/patients/") and self.has_guardian:
            return self._data() if self._may_see(path.rpartition("/")[2]) else _denied("forbidden", 403)
        if path.startswith(self.account_prefix):
            return self._account(path.removeprefix(self.account_prefix))
        return Reply({"error": "not found"}, 404)

    def _account(self, path: str) -> Reply:
        answers: dict[str, Any] = {
            "/users/me": {"role": self.role, "firstName": "Mum", "lastName": "Example", "country": self.country},
            "/users/me/profile": {"username": self.username, "firstName": "Mum", "email": "mum@example.org"},
            "/m2m/links/patients": [
                {"username": id, "firstName": first, "lastName": last, "status": "ACTIVE"}
                for id, first, last in self.people
            ],
            "/countries/settings": {"blePereodicDataEndpoint": f"{self.url}/older/ble/data", "name": "somewhere"},
        }
        return Reply(answers[path]) if path in answers else Reply({"error": "not found"}, 404)

    def _display(self, asked: Asked) -> Reply:
        body = asked.body
        if body.get("username") != self.username or not body.get("appVersion"):
            return _denied("bad request", 400)
        if self.role.startswith("PATIENT"):
            return self._data() if body.get("role") == "patient" else _denied("bad request", 400)
        if body.get("role") != "carepartner" or "patientId" not in body:
            return _denied("bad request", 400)
        return self._data() if self._may_see(body["patientId"]) else _denied("forbidden", 403)

    def _may_see(self, username: str) -> bool:
        return username == self.username or any(id == username for id, _, _ in self.people)

    def _data(self) -> Reply:
        if isinstance(self.answer, Reply):
            return self.answer
        shown = self.payload() if self.answer is None else self.answer
        return Reply({"metadata": {"type": "NGP"}, "patientData": shown} if self.wrapped else shown)


def browse(url: str, username: str, password: str) -> str:
    """Sign in on the page behind an address as a person in a browser does; return the address the browser ends at."""
    with httpx.Client(follow_redirects=False) as browser:
        shown = browser.get(url)
        shown.raise_for_status()
        state = parse_qs(urlsplit(url).query)["state"][0]
        parts = urlsplit(url)
        prefix = parts.path.removesuffix("/authorize")
        form = {"state": state, "username": username, "password": password}
        ended = browser.post(f"{parts.scheme}://{parts.netloc}{prefix}/u/login", data=form)
        return ended.headers["location"]


def _denied(error: str, status: int) -> Reply:
    return Reply({"error": error}, status)
