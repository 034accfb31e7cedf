"""What Tidepool's refusals mean."""

from __future__ import annotations

from http import HTTPStatus

from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    NoPatient,
    SchemaChanged,
    SessionExpired,
    Transient,
    UploaderFailure,
)
from app.uploaders.transport import Answer

_STEPS = (
    ("verif", "verifyEmail", "confirm your e-mail address"),
    ("term", "tou", "accept its terms of use"),
)


class NotThere(UploaderFailure):
    """There is nothing under this path: an older or another server of Tidepool's does not offer it."""


def refused() -> AuthInvalid:
    """Return the failure for a wrong e-mail address or password."""
    return AuthInvalid(
        "Tidepool refused the password",
        hint="Enter the e-mail address and password with which you sign in at Tidepool's own site.",
    )


def step_wanted(answer: Answer) -> ActionRequired:
    """Return what the owner has to do before Tidepool lets this account in."""
    told = answer.body[:2000].decode("utf-8", errors="replace").lower()
    for sign, kind, words in _STEPS:
        if sign in told:
            return ActionRequired(
                f"Tidepool wants you to {words}", kind=kind, hint=f"Sign in at Tidepool's own site and {words}."
            )
    return ActionRequired(
        "Tidepool does not let this account in yet",
        kind="account",
        hint="Sign in at Tidepool's own site: confirm the e-mail address and accept the terms of use there.",
    )


def nobody_shares() -> NoPatient:
    """Return the failure for an account that has no data of its own and may see nobody's."""
    return NoPatient(
        "This Tidepool account has no data, and nobody shares with it",
        hint="Invite this account at Tidepool from the account that holds the data, and accept the invitation.",
    )


def no_longer_shared() -> NoPatient:
    """Return the failure for a person whose data this account may not see."""
    return NoPatient(
        "This Tidepool account may not see the data of the person who was picked",
        hint="Have the data shared with this account again at Tidepool, then test and pick anew.",
    )


def log_in_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what the answer to a sign-in means when it lets nobody in, else None."""
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return refused()
    if answer.status == HTTPStatus.FORBIDDEN and not _is_gate(answer):
        return step_wanted(answer)
    return _other_failure(answer, now_ms)


def read_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what the answer to a read means when it is no data, else None."""
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return SessionExpired("Tidepool's session has ended")
    if answer.status == HTTPStatus.FORBIDDEN and not _is_gate(answer):
        return no_longer_shared()
    if answer.status == HTTPStatus.NOT_FOUND:
        return NotThere("Tidepool has nothing under this name")
    return _other_failure(answer, now_ms)


def _other_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    if answer.status == HTTPStatus.OK:
        return None
    failure = answer.common_failure(now_ms)
    if failure is None and _is_gate(answer):
        failure = Transient(f"Tidepool turned us away at its gate (status {answer.status})")
    return failure or SchemaChanged(f"Tidepool answered in an unknown way (status {answer.status})")


def _is_gate(answer: Answer) -> bool:
    """Tell whether a firewall in front of Tidepool refused with a page of its own, which Tidepool itself never does."""
    return bool(answer.body.strip()) and answer.gate_closed() is not None
