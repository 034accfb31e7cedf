"""What Glooko's refusals mean: at the sign-in, where a status leads to the next way in, and at the records."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    RateLimited,
    SchemaChanged,
    SessionExpired,
    UploaderFailure,
)
from app.uploaders.transport import Answer, retry_after_s

SIGN_IN_PATH = "/users/sign_in"

_MISDIRECTED = 421  # Glooko's second way to say that a session has ended
_LOCKED = 423
_SECOND_FACTOR = ("twofa", "two_fa", "two-fa", "twofactor", "two_factor", "two-factor", "2fa", "otp")


class NotGiven(SchemaChanged):
    """Glooko does not give this kind of records to this account, or not in this way."""


def refused() -> AuthInvalid:
    """Return the failure for a wrong e-mail address or password."""
    return AuthInvalid(
        "Glooko refused the password",
        hint="Enter the e-mail address and password of the Glooko account, and pick the region it lives in. Sign in "
        "once on Glooko's own page to see that they are right.",
    )


def second_factor() -> ActionRequired:
    """Return the failure for an account that wants a code at each sign-in, which only its owner has."""
    return ActionRequired(
        "Glooko wants a second factor for this account",
        kind="twoFaRequired",
        hint="Nobody but you can enter the code. Switch two-step verification off in Glooko's account settings, or use "
        "Glooko's export file here.",
    )


def locked() -> Locked:
    """Return the failure for an account that was locked after too many attempts; Glooko does not say for how long."""
    return Locked(
        "Glooko has locked the account after too many attempts",
        hint="Wait; then check the password on Glooko's own page before trying again.",
    )


def names_second_factor(text: str) -> bool:
    """Tell whether an address or the name of a field speaks of a second factor."""
    return any(word in text.lower() for word in _SECOND_FACTOR)


def sign_in_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what the answer to a sign-in means when it neither lets us in nor sends us to the next way in, else None.

    A 422, or a way in that is gone, is no failure: there is another. A 401 is about the password, and is not repeated.
    """
    told = _object_in(answer)
    if wants_second_factor(told):
        return second_factor()
    if answer.status == _LOCKED or _says_locked(told):
        return locked()
    failure = answer.common_failure(now_ms)
    if failure is not None:
        return failure
    if answer.status == HTTPStatus.UNAUTHORIZED or told.get("success") in (False, "false"):
        return refused()
    if answer.status == HTTPStatus.FORBIDDEN:
        return answer.gate_closed() or refused()
    return None


def leads_on(answer: Answer) -> bool:
    """Tell whether a sign-in in this way is not possible, so that the next way is to be tried."""
    return answer.status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def data_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is no records, else None."""
    status = answer.status
    if wants_second_factor(_object_in(answer)):
        return second_factor()
    if status in (HTTPStatus.UNAUTHORIZED, _MISDIRECTED) or _sent_to_sign_in(answer):
        return SessionExpired("Glooko's session has ended")
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return RateLimited("Glooko says we ask too often", retry_after_s=retry_after_s(answer.headers, now_ms))
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return NotGiven(f"Glooko does not give us these records (status {status})")
    failure = answer.common_failure(now_ms)
    if failure is None and status != HTTPStatus.OK:
        failure = answer.gate_closed() or SchemaChanged(f"Glooko answered in an unknown way (status {status})")
    return failure


def wants_second_factor(told: Mapping[str, Any]) -> bool:
    """Tell whether an answer says that a second factor is wanted."""
    inner = [one for one in told.values() if isinstance(one, Mapping)]
    return any(one.get("twoFaRequired") in (True, "true", 1) for one in (told, *inner))


def _object_in(answer: Answer) -> Mapping[str, Any]:
    told = answer.json_or_none()
    return told if isinstance(told, dict) else {}


def _says_locked(told: Mapping[str, Any]) -> bool:
    texts = [told.get(name) for name in ("error", "errors", "message", "reason")]
    return any("locked" in str(text).lower() for text in texts if text)


def _sent_to_sign_in(answer: Answer) -> bool:
    return 300 <= answer.status < 400 and SIGN_IN_PATH in answer.headers.get("location", "")
