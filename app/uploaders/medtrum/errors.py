"""What Medtrum's refusals mean. The truth is in the body's ``error``; the HTTP status is 200 even so."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.uploaders.errors import AuthInvalid, SchemaChanged, SessionExpired, Transient, UploaderFailure
from app.uploaders.transport import Answer

DONE, WRONG_PASSWORD, NO_SESSION = "0", "1001", "4001"
"""The body's ``error``, as text."""

_NOWHERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
_CLOSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class NotThere(SchemaChanged):
    """This server has no such door, or a page in its place: another of the known doors may be the right one."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Medtrum answered with a page instead of data (status {status})")
        self.status = status

    @property
    def at_the_last_door(self) -> UploaderFailure:
        """Return what it means where no other door is left: a page with status 200 is maintenance, and passes."""
        return Transient(self.message) if self.status == HTTPStatus.OK else SchemaChanged(self.message)


def refused(code: str = "") -> AuthInvalid:
    """Return the failure for a sign-in that was refused; any unknown reason counts, since accounts get locked."""
    why = "" if code in ("", WRONG_PASSWORD) else f" (error {code})"
    return AuthInvalid(
        f"Medtrum refused the sign-in{why}",
        hint="Check name and password, whether it is a caregiver's account, and the region; sign in once with the app.",
    )


def judged(answer: Answer, now_ms: int, *, signing_in: bool = False) -> Mapping[str, Any]:
    """Return the body of an answer that is data.

    Raises ``NotThere``, ``AuthInvalid`` while signing in, else ``SessionExpired``, ``RateLimited``, ``Transient``,
    ``SchemaChanged``.
    """
    failure = answer.common_failure(now_ms)
    if failure is not None:
        raise failure
    told = answer.json_or_none()
    if answer.status in _NOWHERE or (answer.status == HTTPStatus.OK and told is None):
        raise NotThere(answer.status)
    failure = answer.gate_closed() or _refusal(answer, told, signing_in=signing_in)
    if failure is not None:
        raise failure
    return dict(told)


def _refusal(answer: Answer, told: Any, *, signing_in: bool) -> UploaderFailure | None:
    code = _code_in(told)
    if answer.status in _CLOSED or code == NO_SESSION:
        return refused(code) if signing_in else SessionExpired("Medtrum's session has ended")
    if code not in ("", DONE):
        return refused(code) if signing_in else SchemaChanged(f"Medtrum answered with error {code}")
    if answer.status != HTTPStatus.OK or not isinstance(told, Mapping):
        return SchemaChanged(f"Medtrum answered in an unknown way (status {answer.status})")
    return None


def _code_in(told: Any) -> str:
    """Return the body's error, at most as long as a code can be: the rest of it is the vendor's own business."""
    code = told.get("error") if isinstance(told, Mapping) else None
    if code is None or isinstance(code, bool):
        return ""
    text = str(code).strip()
    return text if len(text) <= 6 and text.isascii() and text.isalnum() else "unknown"
