"""What LibreLinkUp's refusals mean. The truth is in the body's ``status``; the HTTP status is often 200 even so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    NoPatient,
    RegionMoved,
    SchemaChanged,
    SessionExpired,
    UploaderFailure,
    VersionTooLow,
)
from app.uploaders.transport import Answer

DONE, REFUSED, NOT_LOADED, TOO_MANY, OLD_VERSION = 0, 2, 4, 429, 920
"""The body's ``status``."""

STEP_WORDS = {
    "tou": "accept the new terms of use",
    "pp": "accept the new privacy policy",
    "realworldevidence": "answer the question about taking part in research",
    "verifyEmail": "confirm the e-mail address",
}


class NextStep(ActionRequired):
    """LibreLinkUp wants a step first; ``ticket`` is good for that step alone."""

    def __init__(self, kind: str, ticket: str) -> None:
        step = STEP_WORDS.get(kind, "answer a question")
        super().__init__(
            f"LibreLinkUp wants you to {step}",
            kind=kind,
            hint=f"Open the LibreLinkUp app with this account and {step}. New terms can also be accepted here.",
        )
        self.ticket = ticket


def refused() -> AuthInvalid:
    """Return the failure for a wrong e-mail address or password."""
    return AuthInvalid(
        "LibreLinkUp refused the password",
        hint="Enter the e-mail address and password of the LibreLinkUp account, and sign in once with the app.",
    )


def failure_of(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    told = answer.json_or_none()
    body: Mapping[str, Any] = told if isinstance(told, dict) else {}
    status = body.get("status")
    inner: Mapping[str, Any] = body["data"] if isinstance(body.get("data"), dict) else {}
    if status == TOO_MANY or (answer.status == TOO_MANY and "data" in inner):
        return _locked(inner, now_ms)
    if status == OLD_VERSION or "minimumVersion" in inner:
        return VersionTooLow(
            "LibreLinkUp wants a newer version of its app",
            minimum=str(inner.get("minimumVersion") or ""),
            hint="Enter the newest version of the LibreLinkUp app in the uploader's advanced settings.",
        )
    if isinstance(inner.get("step"), dict):
        return NextStep(str(inner["step"].get("type") or "unknown"), _ticket_in(inner))
    if status == NOT_LOADED:
        return NoPatient(
            "LibreLinkUp cannot find the person who was picked",
            hint="Ask for a new invitation in LibreLinkUp, then test again and pick.",
        )
    if inner.get("redirect") is True:
        return RegionMoved("The LibreLinkUp account lives in another region", region=str(inner.get("region") or ""))
    if status == REFUSED:
        return refused()
    return _by_http_status(answer, body, now_ms)


def _by_http_status(answer: Answer, body: Mapping[str, Any], now_ms: int) -> UploaderFailure | None:
    failure = answer.common_failure(now_ms)
    if failure is None and answer.status == 401:
        failure = SessionExpired("LibreLinkUp's session has ended")
    failure = failure or answer.gate_closed()
    if failure is None and (answer.status != 200 or body.get("status", DONE) != DONE):
        failure = SchemaChanged(f"LibreLinkUp answered in an unknown way (status {answer.status})")
    return failure


def _locked(inner: Mapping[str, Any], now_ms: int) -> Locked:
    told = inner.get("data")
    lockout_s = told.get("lockout") if isinstance(told, dict) else None
    known = isinstance(lockout_s, int | float) and not isinstance(lockout_s, bool) and lockout_s > 0
    return Locked(
        "LibreLinkUp has locked the account after too many attempts",
        until_ms=now_ms + int(1000 * lockout_s) if known and lockout_s else None,
        hint="Wait; then check the password before trying again.",
    )


def _ticket_in(inner: Mapping[str, Any]) -> str:
    ticket = inner.get("authTicket")
    return str(ticket.get("token") or "") if isinstance(ticket, dict) else ""
