"""What CareLink's refusals mean."""

from __future__ import annotations

from app.uploaders.errors import (
    ActionRequired,
    NoPatient,
    SchemaChanged,
    SessionExpired,
    Transient,
    UploaderFailure,
)
from app.uploaders.transport import Answer

SIGN_IN = "sign-in"


class NotThere(SchemaChanged):
    """There is nothing under this path; CareLink has several for the same thing, and moves them."""


class Refused(Transient):
    """A session that has just been renewed is not let in: a hiccup, or the data is no longer this account's to see."""


def refused() -> Refused:
    """Return the failure for a renewed session that is not let in."""
    return Refused(
        "CareLink refuses the session it has just renewed",
        hint="Check in the CareLink Connect app that this account still sees the data.",
    )


def not_signed_in() -> ActionRequired:
    """Return the failure for an account nobody has signed in with yet."""
    return ActionRequired(
        "Nobody has signed in to CareLink yet",
        kind=SIGN_IN,
        hint="Sign in with the CareLink account, in the browser, from the page of this uploader.",
    )


def signed_out() -> ActionRequired:
    """Return the failure for a session that CareLink no longer renews."""
    return ActionRequired(
        "CareLink has ended the sign-in",
        kind=SIGN_IN,
        hint="Sign in again in the browser, from the page of this uploader. It happens after a week without use, and "
        "when the same account signs in elsewhere, an app on a phone for instance: give this uploader a care partner "
        "account of its own.",
    )


def declined() -> ActionRequired:
    """Return the failure for a sign-in that CareLink's page ended without a code."""
    return ActionRequired(
        "CareLink's page ended without letting us in",
        kind=SIGN_IN,
        hint="Begin the sign-in again; the address to paste holds code= and state=.",
    )


def code_refused() -> ActionRequired:
    """Return the failure for a code that CareLink does not take."""
    return ActionRequired(
        "CareLink does not take this address any more",
        kind=SIGN_IN,
        hint="It is good for some minutes and for one time. Begin the sign-in again and paste the new address soon.",
    )


def nobody_shares() -> NoPatient:
    """Return the failure for a care partner whom nobody has invited."""
    return NoPatient(
        "Nobody shares with this CareLink account",
        hint="Invite this account as a care partner in the wearer's MiniMed Mobile app, then accept the invitation in "
        "the CareLink Connect app.",
    )


def not_shared() -> NoPatient:
    """Return the failure for somebody who was picked and does not share."""
    return NoPatient(
        "The person who was picked does not share with this CareLink account",
        hint="Check the sharing in the CareLink Connect app, then test again and pick.",
    )


def failure_of(answer: Answer, now_ms: int) -> UploaderFailure | None:
    """Return what an answer means when it is not data, else None."""
    if answer.status in (200, 204):
        return None
    if answer.status == 401 or 300 <= answer.status < 400 or (answer.status == 403 and not _is_page(answer)):
        return SessionExpired("CareLink's session has ended")
    if answer.status in (404, 410):
        return NotThere("CareLink has nothing at this address any more")
    return (
        answer.common_failure(now_ms)
        or answer.gate_closed()
        or SchemaChanged(f"CareLink answered in an unknown way (status {answer.status})")
    )


def _is_page(answer: Answer) -> bool:
    return answer.body.lstrip()[:1] == b"<"
