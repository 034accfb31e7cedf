"""What a Nightscout's refusals mean."""

from __future__ import annotations

from app.uploaders.errors import ActionRequired, AuthInvalid, SchemaChanged, UploaderFailure
from app.uploaders.transport import Answer


class NotPermitted(AuthInvalid):
    """The credential is unknown, or may not do this: Nightscout's API v1 answers both alike."""


class NotThere(ActionRequired):
    """There is nothing under this path: no Nightscout, or one too old for it."""


def refused() -> NotPermitted:
    """Return the failure for a secret or token that does not open the door."""
    return NotPermitted(
        "Nightscout refused the secret or token",
        hint="Enter the API secret, or a token of a subject with the role readable. Without either the site must be "
        "readable by the world.",
    )


def not_there() -> NotThere:
    """Return the failure for an address behind which there is no Nightscout."""
    return NotThere(
        "There is no Nightscout at this address",
        kind="address",
        hint="Enter the address as it opens in a browser, without anything after the name.",
    )


def failure_of(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    if answer.status == 200:
        return None
    if answer.status in (401, 403):
        return refused()
    if answer.status == 404:
        return not_there()
    return (
        answer.common_failure(now_ms)
        or answer.gate_closed()
        or SchemaChanged(f"Nightscout answered in an unknown way (status {answer.status})")
    )
