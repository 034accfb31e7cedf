"""What refusals of Dexcom's official interface mean, at the door for tokens and at the doors for data."""

from __future__ import annotations

from http import HTTPStatus

from app.uploaders.errors import ActionRequired, AuthInvalid, SchemaChanged, SessionExpired, UploaderFailure
from app.uploaders.transport import Answer

SIGN_IN, CLIENT = "sign-in", "client"
"""The steps only the owner can take: allow it in the browser, enter the registered app's id and secret."""

_CLIENT_UNKNOWN = frozenset({"invalid_client", "unauthorized_client"})


class UnknownAnswer(SchemaChanged):
    """One of the doors for data answered in a way nobody described; the others may be as they were."""


def not_allowed_yet() -> ActionRequired:
    """Return the failure of an uploader whose owner has not been to Dexcom's page yet."""
    return ActionRequired(
        "Dexcom has not been asked for permission yet",
        kind=SIGN_IN,
        hint="Add it, press Sign in, and allow it on Dexcom's page.",
    )


def permission_ended() -> ActionRequired:
    """Return the failure of a permission that was withdrawn, is too old, or was used up elsewhere."""
    return ActionRequired(
        "Dexcom's permission has ended",
        kind=SIGN_IN,
        hint="Sign in again. If this comes back each day, another program uses the same registered app and account.",
    )


def code_refused() -> ActionRequired:
    """Return the failure of a sign-in that was finished too late, twice, or at another address."""
    return ActionRequired(
        "Dexcom did not accept the sign-in",
        kind=SIGN_IN,
        hint="Sign in again without delay. The redirect address of your registered app must be, to the letter, the "
        "one shown here.",
    )


def declined() -> ActionRequired:
    """Return the failure of a sign-in that was broken off on Dexcom's page."""
    return ActionRequired(
        "The sign-in at Dexcom was not finished", kind=SIGN_IN, hint="Sign in again and allow it on Dexcom's page."
    )


def client_missing() -> ActionRequired:
    """Return the failure of an uploader without the id and secret of a registered app."""
    return ActionRequired(
        "The client ID or the client secret is missing",
        kind=CLIENT,
        hint="Register an app at developer.dexcom.com and enter its client ID and client secret.",
    )


def token_failure(answer: Answer, now_ms: int, *, invalid_grant: ActionRequired) -> UploaderFailure | None:
    """Return what an answer of the token door means when it holds no token; ``invalid_grant`` as the caller sees it."""
    if answer.status == HTTPStatus.OK:
        return None
    told = answer.json_or_none()
    error = str(told.get("error") or "") if isinstance(told, dict) else ""
    if error == "invalid_grant":
        return invalid_grant
    if error in _CLIENT_UNKNOWN or (answer.status == HTTPStatus.UNAUTHORIZED and told is not None):
        return AuthInvalid(
            "Dexcom does not know this client ID and secret",
            hint="Copy both once more from your app at developer.dexcom.com, and check the region.",
        )
    return (
        answer.common_failure(now_ms)
        or answer.gate_closed()
        or SchemaChanged(f"Dexcom answered the sign-in in an unknown way (status {answer.status})")
    )


def data_failure(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    if answer.status == HTTPStatus.OK:
        return None
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return SessionExpired("Dexcom's access token has ended")
    failure = answer.common_failure(now_ms) or answer.gate_closed()
    if failure is None and answer.status == HTTPStatus.FORBIDDEN:
        failure = permission_ended()
    return failure or UnknownAnswer(f"Dexcom answered in an unknown way (status {answer.status})")
