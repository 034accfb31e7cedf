"""What Eversense's refusals mean, at the door for tokens and at the door for followers."""

from __future__ import annotations

from http import HTTPStatus

from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    SchemaChanged,
    SessionExpired,
    UploaderFailure,
)
from app.uploaders.transport import Answer

CLIENT = "client"
_CLIENT_UNKNOWN = frozenset({"invalid_client", "unauthorized_client"})


def client_missing() -> ActionRequired:
    """Return the failure of an uploader without the app's client id and secret: we bring none."""
    return ActionRequired(
        "Eversense's client ID and secret are missing",
        kind=CLIENT,
        hint="Eversense gives its data only to its own app, and we may not hand that app's ID and secret on. Enter "
        "both under advanced settings, or let whoever runs the server write them into vendors.toml.",
    )


def client_refused() -> ActionRequired:
    """Return the failure of a client id and secret Eversense does not know."""
    return ActionRequired(
        "Eversense does not know this client ID and secret", kind=CLIENT, hint="Check both under advanced settings."
    )


def refused() -> AuthInvalid:
    """Return the failure for a wrong name or password."""
    return AuthInvalid(
        "Eversense refused the password",
        hint="Enter the e-mail address and password of the Eversense NOW account, and sign in once with the app.",
    )


def token_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer of the token door means when it holds no token."""
    if answer.status == HTTPStatus.OK:
        return None
    told = answer.json_or_none()
    body = told if isinstance(told, dict) else {}
    error = str(body.get("error") or "")
    if error == "invalid_grant":
        if "lock" in str(body.get("error_description") or "").lower():
            return Locked("Eversense has locked the account after too many attempts", hint="Wait; then check it.")
        return refused()
    if error in _CLIENT_UNKNOWN:
        return client_refused()
    return _by_http_status(answer, now_ms) or refused_or_unknown(answer)


def refused_or_unknown(answer: Answer) -> UploaderFailure:
    """Return what a refusal without a word of explanation means."""
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return refused()
    return SchemaChanged(f"Eversense answered in an unknown way (status {answer.status})")


def data_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    if answer.status == HTTPStatus.OK:
        return None
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return SessionExpired("Eversense's session has ended")
    return _by_http_status(answer, now_ms) or SchemaChanged(
        f"Eversense answered in an unknown way (status {answer.status})"
    )


def _by_http_status(answer: Answer, now_ms: int) -> UploaderFailure | None:
    return answer.common_failure(now_ms) or answer.gate_closed()
