"""Why an uploader could not do its work: one class for each thing that can be done about it.

A client raises them, ``backoff`` decides when to come back, the document of the uploader keeps them, the page shows
``message`` and ``hint``. Neither ever holds a password, a token or an answer of the vendor.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import NightlightError


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody who shares with the signed-in account; ``name`` is for the person choosing and goes nowhere else."""

    id: str
    name: str


class UploaderFailure(NightlightError):
    """A run that did not bring what it should have."""

    status = 502
    code = "uploader-failure"


class AuthInvalid(UploaderFailure):
    """The vendor refused who we say we are. Never tried again by itself: vendors lock accounts."""

    code = "auth-invalid"


class Locked(UploaderFailure):
    """Too many attempts: the vendor shuts the account until ``until_ms`` (UTC epoch ms, None when it did not say)."""

    code = "locked"

    def __init__(self, message: str, *, until_ms: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.until_ms = until_ms


class ActionRequired(UploaderFailure):
    """Only the owner can go on from here: ``kind`` names the step (``tou``, ``verifyEmail``, ``sign-in``, ``key``)."""

    code = "action-required"

    def __init__(self, message: str, *, kind: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class SessionExpired(UploaderFailure):
    """The token is no longer good: log in once more, repeat the call once."""

    code = "session-expired"


class RateLimited(UploaderFailure):
    """Asked too often; ``retry_after_s`` is what the vendor said, None when it said nothing."""

    code = "rate-limited"

    def __init__(self, message: str, *, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Transient(UploaderFailure):
    """Network, timeout, 5xx, a page where data should be: it will pass."""

    code = "transient"


class VersionTooLow(UploaderFailure):
    """The vendor serves newer apps only; ``minimum`` is the version it named, empty when it named none."""

    code = "version-too-low"

    def __init__(self, message: str, *, minimum: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.minimum = minimum


class RegionMoved(UploaderFailure):
    """The account lives on another of the vendor's servers, in ``region``."""

    code = "region-moved"

    def __init__(self, message: str, *, region: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.region = region


class NoPatient(UploaderFailure):
    """Nobody shares with this account."""

    code = "no-patient"


class PatientAmbiguous(UploaderFailure):
    """Several people share with this account and none of them was picked; ``patients`` are to pick from."""

    code = "patient-ambiguous"

    def __init__(self, message: str, *, patients: tuple[Patient, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.patients = patients


class SchemaChanged(UploaderFailure):
    """The answer was JSON, but not what this vendor used to send."""

    code = "schema-changed"


class RunEnded(UploaderFailure):
    """The run was stopped on our side: its time is up, the process ends, or another process took over."""

    code = "run-ended"
    STOPPING, TIME, OVERTAKEN = "stopping", "time", "overtaken"

    def __init__(self, message: str, *, why: str) -> None:
        super().__init__(message)
        self.why = why
