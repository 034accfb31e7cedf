"""Tandem Source, as its public clients know it: accounts, source and sign-in page behind one address.

A pump here lives by instants and writes them by its own clock, which somebody has to set by hand, as on the real one.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply, page

PUMPER_ID = "aaaaaaaa-1111-4111-8111-000000000001"
ACCOUNT_ID = "bbbbbbbb-2222-4222-8222-000000000002"
CLIENT_ID = "0oa4wnbvtladeyVZX4h7"
REDIRECT = "https://sso.tandemdiabetes.com/auth/callback"
ACCOUNTS = "/accounts/api"
EPOCH = datetime(2008, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
MOST_DAYS = 28
LOG_PARAMETERS = {"pumperId", "startDate", "endDate", "eventCodes"}
BLOCKED = "<html><body>The request is blocked.</body></html>"


@cache
def signing_key(name: str = "first") -> RSAKey:
    """A key pair; one for the whole test run, since making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)


class TandemPump:
    """One pump and its log; ``offset_min`` is how far its clock is from UTC."""

    def __init__(self, name: str = "1b493210-9336-4901-a329-a352775738c5", *, offset_min: int = 60) -> None:
        self.id = name
        self.offset_min = offset_min
        self.events: list[Any] = []
        self.settings: Any = None
        self.tells_period = True
        self.group = 2
        self.next_number = 418_000

    def local(self, at_ms: int) -> datetime:
        """What the pump's clock shows at an instant."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None) + timedelta(minutes=self.offset_min)

    def seconds(self, at_ms: int) -> int:
        """An instant by the pump's clock, in seconds since 2008."""
        return int((self.local(at_ms).replace(tzinfo=UTC) - EPOCH).total_seconds())

    def log(self, code: int, at_ms: int, **properties: Any) -> dict[str, Any]:
        """Write an event."""
        self.next_number += 1
        local = self.local(at_ms).isoformat(timespec="seconds")
        made = {
            "deviceAssignmentId": self.id,
            "eventCode": code,
            "sequenceGroup": self.group,
            "sequenceNumber": self.next_number,
            "pumpDateTime": local,
            "estimatedDateTime": f"{local}Z",
            "eventProperties": properties,
        }
        self.events.append(made)
        return made

    def basal(self, at_ms: int, milliunits: int, *, source: int = 3) -> None:
        self.log(
            279,
            at_ms,
            commandedRateSource=source,
            commandedRate=milliunits,
            profileBasalRate=800,
            algorithmRate=65535,
            tempRate=65535,
        )

    def basals(self, from_ms: int, *milliunits: int) -> int:
        """Write a rate each five minutes; return when the next is due."""
        for place, rate in enumerate(milliunits):
            self.basal(from_ms + place * 5 * MINUTE_MS, rate)
        return from_ms + len(milliunits) * 5 * MINUTE_MS

    def bolus(
        self,
        at_ms: int,
        number: int,
        units: float,
        *,
        carbs: int = 0,
        kind: int = 0,
        options: int = 0,
        asked: float | None = None,
        status: int = 3,
        duration: int = 0,
    ) -> None:
        """Write a bolus as the pump does: three messages of what was asked, the start, the end, a summary."""
        asked = units if asked is None else asked
        self.log(
            64,
            at_ms - 60_000,
            bolusId=number,
            bolusType=kind,
            correctionBolusIncluded=0,
            carbAmount=carbs,
            BG=142,
            carbRatio=10000,
            IOB=0.5,
        )
        self.log(
            65,
            at_ms - 60_000,
            bolusId=number,
            options=options,
            standardPercent=100,
            duration=duration,
            ISF=45,
            targetBG=110,
            userOverride=0,
            declinedCorrection=0,
            selectedIOB=1,
        )
        self.log(66, at_ms - 60_000, bolusId=number, foodBolusSize=asked, correctionBolusSize=0, totalBolusSize=asked)
        self.log(55, at_ms - 50_000, bolusId=number, IOB=0.5, bolusSize=asked, selectedIOB=1)
        self.log(
            20,
            at_ms,
            bolusId=number,
            completionStatus=status,
            insulinDelivered=units,
            insulinRequested=asked,
            IOB=0.5 + units,
        )
        self.log(
            280,
            at_ms,
            bolusId=number,
            bolusDeliveryStatus=0,
            bolusType=[0],
            bolusSource=7 if kind == 2 else 1,
            requestedNow=round(1000 * asked),
            requestedLater=0,
            extendedDurationRequested=0,
            deliveredTotal=round(1000 * units),
            correction=0,
        )

    def extended_begins(self, at_ms: int, number: int, units: float) -> None:
        self.log(59, at_ms, bolusId=number, IOB=1.0, bolexSize=units, selectedIOB=1)

    def extended_ends(self, at_ms: int, number: int, units: float, *, asked: float = 0, status: int = 3) -> None:
        self.log(
            21,
            at_ms,
            bolusId=number,
            completionStatus=status,
            insulinDelivered=units,
            insulinRequested=asked or units,
            IOB=1.0,
        )

    def glucose(self, at_ms: int, mgdl: int, *, code: int = 399, status: int = 0, logged_ms: int | None = None) -> None:
        """Write a sensor reading, which the pump may have caught up on later."""
        self.log(
            code,
            at_ms if logged_ms is None else logged_ms,
            glucoseValueStatus=status,
            cgmDataType=[0 if logged_ms is None else 1],
            rate=-3,
            algorithmState=32,
            rssi=-70,
            currentGlucoseDisplayValue=mgdl,
            egvTimeStamp=self.seconds(at_ms),
            egvInfoBitmask=[0, 5, 6, 7, 8],
            interval=5,
        )

    def suspended(self, at_ms: int, *, left: int = 120, reason: int = 0) -> None:
        self.log(11, at_ms, preSuspendState=1, insulinAmount=left, suspendReason=reason, rpaTimeout=15)

    def resumed(self, at_ms: int, *, left: int = 120) -> None:
        self.log(12, at_ms, preResumeState=2, insulinAmount=left)

    def clock_set(self, at_ms: int, offset_min: int) -> None:
        """Somebody sets the pump's clock."""
        prior_ms, self.offset_min = self._of_the_day(at_ms), offset_min
        self.log(13, at_ms, timePrior=prior_ms, timeAfter=self._of_the_day(at_ms), rawRTCTime=at_ms % 2**32)

    def _of_the_day(self, at_ms: int) -> int:
        local = self.local(at_ms)
        return int((local - local.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() * 1000)

    def described(self) -> dict[str, Any]:
        """The pump as the list of pumps has it."""
        told = [one.get("pumpDateTime") for one in self.events if isinstance(one, dict)]
        times = sorted(time for time in told if isinstance(time, str))
        first, last = (times[0], times[-1]) if times else (None, None)
        period = {"minDateOfEvents": first, "maxDateOfEvents": last} if self.tells_period else {}
        return {
            "assignmentId": self.id,
            "serialNumber": "1234567",
            "modelNumber": "1000354",
            "modelName": "t:slim X2",
            "partNumber": "1000354",
            "softwareVersion": "7.8.1",
            "algorithm": "ControlIQ",
            "glucoseUnit": "mg/dL",
            "lastUploadDate": last,
            "lastUploadClientType": "Mobile",
            "availableDataRange": {"start": first, "end": last} if self.tells_period else None,
            "settings": self.settings,
            **period,
        }


def settings_of(*profiles: dict[str, Any], active: int = 0) -> dict[str, Any]:
    """Settings as the list of pumps has them."""
    details = {
        "profiles": {"activeIdp": active, "profile": list(profiles)},
        "cgmSettings": {"highGlucoseAlertMgPerDl": 240, "lowGlucoseAlertMgPerDl": 70},
    }
    return {"id": "s", "deviceAssignmentId": "d", "uploadedTimeStamp": "x", "settingsHash": "h", "details": details}


def profile_of(name: str, number: int, *segments: tuple[int, int, int, int, int]) -> dict[str, Any]:
    """A profile: segments of (minute, milli-units per hour, mg/dL per unit, milligrams per unit, target mg/dL)."""
    names = ("startTime", "basalRate", "isf", "carbRatio", "targetBg")
    used = [dict(zip(names, segment, strict=True)) for segment in segments]
    empty = dict.fromkeys(names, 0)
    return {
        "name": name,
        "idp": number,
        "timeDependentSegments": [*used, *[empty] * (16 - len(used))],
        "insulinDuration": 300,
        "carbEntry": "UnitsAsCarbs",
        "maxBolus": 25000,
    }


class TandemEmulator(Emulator):
    """One account with its pumps."""

    def __init__(self, clock: SettableClock, *, email: str = "mum@example.org", password: str = "right one") -> None:
        super().__init__(clock)
        self.email = email
        self.password = password
        self.pumps: list[TandemPump] = [TandemPump()]
        self.client_id = CLIENT_ID
        self.redirect = REDIRECT
        self.locks_after = 5
        self.lasts_s = 3600
        self.claims: dict[str, Any] = {}
        self.signs_with = signing_key()
        self.parameters = set(LOG_PARAMETERS)
        self._failures = 0
        self._welcomed: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()

    @property
    def pump(self) -> TandemPump:
        return self.pumps[0]

    @property
    def log_ins(self) -> int:
        return self.count(f"{ACCOUNTS}/login")

    @property
    def log_calls(self) -> list[Asked]:
        return [asked for asked in self.asked if "/pump-logs/" in asked.path]

    def end_sessions(self) -> None:
        self._tokens.clear()

    def reply(self, asked: Asked) -> Reply:
        if asked.path == "/":
            body = "<html><body>Sign in</body></html>"
            return Reply(raw=body, headers={"Content-Type": "text/html", "Set-Cookie": "visitor=1; Path=/"})
        if asked.path == "/auth/callback":
            return Reply(raw="<html></html>", headers={"Content-Type": "text/html"})
        ways = {
            "/login": self._log_in,
            "/connect/authorize": self._authorize,
            "/connect/authorize/callback": self._callback,
            "/connect/token": self._token,
            "/.well-known/openid-configuration/jwks": self._keys,
        }
        way = ways.get(asked.path.removeprefix(ACCOUNTS)) if asked.path.startswith(ACCOUNTS) else self._data
        return way(asked) if way else page(404)

    def _log_in(self, asked: Asked) -> Reply:
        if "visitor=1" not in asked.headers.get("cookie", "") or not isinstance(asked.body, dict):
            return Reply({"status": "ERROR", "message": "Bad request"}, 400)
        if self._failures >= self.locks_after:
            return Reply({"status": "FAILURE", "message": "Max attempted logins exceeded"})
        if (asked.body.get("username"), asked.body.get("password")) != (self.email, self.password):
            self._failures += 1
            return Reply({"status": "FAILURE", "message": "Invalid username or password"})
        self._failures = 0
        welcome = uuid.uuid4().hex
        self._welcomed.add(welcome)
        return Reply({"redirectUrl": "/", "status": "SUCCESS"}, headers={"Set-Cookie": f"welcome={welcome}; Path=/"})

    def _authorize(self, asked: Asked) -> Reply:
        query = asked.query
        known = query.get("client_id") == self.client_id and query.get("redirect_uri") in (
            self.redirect,
            f"{self.url}/auth/callback",
        )
        if not known or query.get("code_challenge_method") != "S256" or query.get("response_type") != "code":
            return Reply({"error": "invalid_request"}, 400)
        if not any(f"welcome={one}" in asked.headers.get("cookie", "") for one in self._welcomed):
            return Reply(status=302, raw="", headers={"Location": "https://sso.tandemdiabetes.com/?ReturnUrl=x"})
        # Two steps, as the service behind the real one does it.
        return Reply(
            status=302,
            raw="",
            headers={"Location": f"{ACCOUNTS}/connect/authorize/callback?{urlencode(dict(query))}"},
        )

    def _callback(self, asked: Asked) -> Reply:
        code = uuid.uuid4().hex
        self._codes[code] = dict(asked.query)
        answer = {"code": code, "scope": asked.query["scope"], "session_state": "x"}
        if "state" in asked.query:
            answer["state"] = asked.query["state"]
        location = f"{asked.query['redirect_uri']}?{urlencode(answer)}"
        return Reply(status=302, raw="", headers={"Location": location})

    def _token(self, asked: Asked) -> Reply:
        form = asked.body if isinstance(asked.body, dict) else {}
        begun = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != form.get("redirect_uri"):
            return Reply({"error": "invalid_grant"}, 400)
        token = f"token-{uuid.uuid4()}"
        self._tokens.add(token)
        return Reply(
            {
                "id_token": self.id_token(),
                "access_token": token,
                "expires_in": self.lasts_s,
                "token_type": "Bearer",
                "scope": "openid profile email",
            }
        )

    def id_token(self) -> str:
        now_s = self.clock.now_ms() // 1000
        claims = {
            "iss": f"{self.url}{ACCOUNTS}",
            "aud": self.client_id,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 300,
            "sub": "someone",
            "name": "marker-name",
            "pumperId": PUMPER_ID,
            "accountId": ACCOUNT_ID,
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "first"}, told, self.signs_with, algorithms=["RS256"])

    def _keys(self, asked: Asked) -> Reply:
        return Reply({"keys": [signing_key().as_dict(private=False)]})

    def _data(self, asked: Asked) -> Reply:
        if asked.headers.get("origin") != self.url or not asked.headers.get("referer", "").startswith(self.url):
            return Reply(status=403, raw=BLOCKED, headers={"Content-Type": "text/html"})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Reply({"message": "Unauthorized"}, 401)
        path = asked.path.removeprefix("/api/reports/bff/")
        if path == f"pumper/{PUMPER_ID}":
            pumps = [one.described() for one in self.pumps]
            return Reply({"firstName": "marker-name", "lastName": "Example", "country": "US", "pumps": pumps})
        for one in self.pumps:
            if path == f"pump-logs/{one.id}":
                return self._logs(one, asked)
        return Reply({"message": "Not found"}, 404)

    def _logs(self, one: TandemPump, asked: Asked) -> Reply:
        unknown = sorted(set(asked.query) - self.parameters) + sorted(self.parameters - set(asked.query))
        if unknown or asked.query["pumperId"] != PUMPER_ID:
            issues = [{"code": "unrecognized_keys", "keys": unknown, "path": [], "message": "Unrecognized key(s)"}]
            return Reply({"name": "ZodError", "statusCode": 400, "issues": issues}, 400)
        first, last = (date.fromisoformat(asked.query[name][:10]) for name in ("startDate", "endDate"))
        if (last - first).days >= MOST_DAYS:
            return Reply({"message": "The window is too long"}, 400)
        inside = [event for event in one.events if first <= _day_of(event, first) <= last]
        changes = [event for event in one.events if isinstance(event, dict) and event.get("eventCode") in (13, 14)]
        return Reply({"events": inside, "clockChanges": changes})


def _day_of(event: Any, otherwise: date) -> date:
    """The day an event is on; one that is no event is in every answer."""
    try:
        return date.fromisoformat(event["pumpDateTime"][:10])
    except (TypeError, KeyError, ValueError):
        return otherwise
