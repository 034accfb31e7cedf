"""What Dexcom Share's refusals mean. They come as status 500 with ``Code`` and ``Message``."""

from __future__ import annotations

from app.uploaders.errors import AuthInvalid, Locked, SchemaChanged, SessionExpired, Transient, UploaderFailure
from app.uploaders.transport import Answer

LOCKOUT_MS = 10 * 60_000
"""How long Dexcom shuts an account after too many attempts, as reported by its users."""

REFUSED = frozenset({"AccountPasswordInvalid", "SSO_AuthenticatePasswordInvalid", "SSO_AuthenticateAccountNotFound"})
EXPIRED = frozenset({"SessionIdNotFound", "SessionNotValid"})
LOCKED = "SSO_AuthenticateMaxAttemptsExceeded"


def refused() -> AuthInvalid:
    """Return the failure for a wrong name, password or region: Dexcom does not say which."""
    return AuthInvalid(
        "Dexcom refused the password",
        hint="Enter the user name and password of the Dexcom account that shares, not of a follower, and check the "
        "region: an account of another region looks exactly like a wrong password.",
    )


def failure_of(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    told = answer.json_or_none()
    code = told.get("Code") if isinstance(told, dict) else None
    if not isinstance(code, str):
        return _without_code(answer, now_ms)
    message = str(told.get("Message") or "") if isinstance(told, dict) else ""
    if code in REFUSED or (code == "SSO_InternalError" and "Cannot Authenticate by Account" in message):
        return refused()
    if code == LOCKED:
        return Locked(
            "Dexcom has locked the account after too many attempts",
            until_ms=now_ms + LOCKOUT_MS,
            hint="Wait; then check the password before trying again.",
        )
    if code in EXPIRED:
        return SessionExpired("Dexcom's session has ended")
    if code == "InvalidArgument":
        if "accountName" in message or "password" in message or "UUID" in message:
            return refused()
        return SchemaChanged("Dexcom did not understand our question", hint="A newer Nightlight may know how to ask.")
    return Transient("Dexcom has trouble of its own")


def _without_code(answer: Answer, now_ms: int) -> UploaderFailure | None:
    if answer.status == 200:
        return None
    return (
        answer.common_failure(now_ms)
        or answer.gate_closed()
        or SchemaChanged(f"Dexcom answered in an unknown way (status {answer.status})")
    )
