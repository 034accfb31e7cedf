"""What Tandem Source's refusals mean. A sign-in is judged by its ``status`` word: the HTTP status is 200 even so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from app.records.sources.documents import HOUR_MS
from app.uploaders.errors import (
    AuthInvalid,
    Locked,
    RateLimited,
    SchemaChanged,
    SessionExpired,
    Transient,
    UploaderFailure,
)
from app.uploaders.transport import Answer, retry_after_s

LOCKED_MS = 6 * HOUR_MS
"""The vendor does not say how long it locks an account; it takes hours, and each try in between makes it longer."""

_LOCKED_WORDS = re.compile(rb"max attempted logins|\blocked", re.IGNORECASE)
_BAD_REQUESTS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def refused() -> AuthInvalid:
    """Return the failure for an e-mail address and password the region does not know."""
    return AuthInvalid(
        "Tandem Source refused the e-mail address or password",
        hint="Enter both as on the Tandem Source web site, and check the region: an account lives in one of them only.",
    )


def sign_in_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what the answer to e-mail address and password means when it is not a welcome, else None."""
    if _LOCKED_WORDS.search(answer.body):
        return Locked(
            "Tandem Source has locked the account after too many sign-ins",
            until_ms=now_ms + LOCKED_MS,
            hint="Sign in on the Tandem Source web site later; enter the password here again if it is another one.",
        )
    failure = busy_failure(answer, now_ms)
    if failure is not None:
        return failure
    told = answer.json_or_none()
    if answer.status == HTTPStatus.NOT_FOUND:
        return SchemaChanged("Tandem Source's sign-in is no longer where it was")
    if told is None:
        return Transient(f"Tandem Source answered with a page instead of a welcome (status {answer.status})")
    if answer.status != HTTPStatus.OK or not _is_welcome(told):
        return refused()
    return None


def data_failure(answer: Answer, now_ms: int, asked: Iterable[str] = ()) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None; ``asked`` are the names of our parameters."""
    if answer.status == HTTPStatus.OK:
        return None
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return SessionExpired("Tandem Source's session has ended")
    failure = busy_failure(answer, now_ms)
    if failure is not None:
        return failure
    if answer.status in _BAD_REQUESTS:
        named = sorted(name for name in asked if name.encode() in answer.body)
        about = f": it names {', '.join(named)}" if named else ""
        return SchemaChanged(f"Tandem Source no longer understands what we ask (status {answer.status}){about}")
    return SchemaChanged(f"Tandem Source answered in an unknown way (status {answer.status})")


def busy_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what says "not now"; a new sign-in would only make it worse."""
    if answer.status == HTTPStatus.FORBIDDEN:
        return RateLimited("Tandem Source turned us away", retry_after_s=retry_after_s(answer.headers, now_ms))
    return answer.common_failure(now_ms)


def _is_welcome(told: Any) -> bool:
    return isinstance(told, Mapping) and str(told.get("status", "")).upper() == "SUCCESS"
