"""The answers that every view of a kind can give, beside its own good one."""

from __future__ import annotations

from collections.abc import Mapping

from app.compat.openapi.describing import HTML, JSON, Answer, named

_FAILURE = {JSON: named("Failure")}
_PAGE = {HTML: {"type": "string"}}

USUAL: Mapping[str, tuple[int, Answer]] = {
    "NotModified": (304, Answer("What the client has is still right (`If-None-Match`, `If-Modified-Since`).")),
    "Moved": (
        307,
        Answer("To https, unless the site serves plain HTTP.", headers={"Location": "The same over https."}),
    ),
    "BadQuery": (400, Answer("What was asked cannot be understood; `description` says why.", _FAILURE)),
    "BadBody": (
        400,
        Answer(
            "What was sent or asked cannot be understood; a page for who likes HTML best.",
            {JSON: {"anyOf": [named("Failure"), named("MalformedBody")]}, **_PAGE},
        ),
    ),
    "Refused": (401, Answer("A credential that is missing, bad, or may not do this.", _FAILURE)),
    "NoSuchRoute": (404, Answer("Nothing here: a feature that is off, or another address.", _PAGE)),
    "TooBig": (413, Answer("More than 50 MB of JSON or 1 MB of a form, as sent or unpacked.", _PAGE)),
    "TooManyAttempts": (
        429,
        Answer("Too many requests wait after failed log-ins.", _FAILURE, {"Retry-After": "Seconds to wait."}),
    ),
    "Unavailable": (503, Answer("The store does not answer, or took too long.", _FAILURE)),
    "NoRoom": (507, Answer("The store is full: nothing new can be kept.", _FAILURE)),
}
"""By the name of the component."""

_FAILURE_OF_V3 = {JSON: named("FailureOfV3")}

USUAL_OF_V3: Mapping[str, tuple[int, Answer]] = {
    "AsBefore": (304, Answer("What the client has is still right.")),
    "NotUnderstood": (400, Answer("It cannot be understood; `message` says why.", _FAILURE_OF_V3)),
    "Unknown": (401, Answer("No bearer, or a bad one.", _FAILURE_OF_V3)),
    "Forbidden": (
        403,
        Answer("The permission that `message` names is missing; or the bearer has ended.", _FAILURE_OF_V3),
    ),
    "NotThere": (404, Answer("There is no such document.", _FAILURE_OF_V3)),
    "NotAcceptable": (406, Answer("Neither JSON nor CSV nor XML is wanted.", _FAILURE_OF_V3)),
    "Gone": (410, Answer("The document has been deleted.", _FAILURE_OF_V3)),
    "ChangedMeanwhile": (412, Answer("The document has changed since (`If-Unmodified-Since`).", _FAILURE_OF_V3)),
    "TooMuch": (413, Answer("More than 50 MB, as sent or unpacked.", _FAILURE_OF_V3)),
    "ReadOnly": (422, Answer("The document says that it must not be changed.", _FAILURE_OF_V3)),
    "TooManyWaiting": (
        429,
        Answer("Too many requests wait after failed log-ins.", _FAILURE_OF_V3, {"Retry-After": "Seconds to wait."}),
    ),
    "NoAnswer": (503, Answer("The store does not answer, or too many change the same document.", _FAILURE_OF_V3)),
    "NoSpace": (507, Answer("The store is full: nothing new can be kept.", _FAILURE_OF_V3)),
}
"""The same of API v3."""

COMPONENTS: Mapping[str, tuple[int, Answer]] = {**USUAL, **USUAL_OF_V3}
"""All of them, by the name of the component."""

BODILESS = ("GET", "HEAD")


def usual_of(
    method: str, *, refuses: bool, looks_at_credentials: bool, asks: bool, dated: bool, stored: bool
) -> tuple[str, ...]:
    """Return the names of the usual answers of a view of this kind.

    ``refuses``: it needs a permission. ``asks``: what it is asked can be wrong. ``dated``: it may be unchanged.
    ``stored``: it rests on what is stored.
    """
    reads = method in BODILESS
    applying = {
        "NotModified": reads and dated,
        "Moved": True,
        "BadQuery": reads and asks,
        "BadBody": not reads,
        "Refused": refuses,
        "TooBig": not reads,
        "TooManyAttempts": looks_at_credentials,
        "Unavailable": stored,
        "NoRoom": not reads,
    }
    return tuple(name for name, applies in applying.items() if applies)


def usual_of_v3(method: str, *, refuses: bool, asks: bool, stored: bool) -> tuple[str, ...]:
    """Return the names of the usual answers of a view of API v3; arguments as for ``usual_of``."""
    uploads = method in ("POST", "PUT", "PATCH")
    applying = {
        "Moved": True,
        "NotUnderstood": asks or uploads,
        "Unknown": refuses,
        "Forbidden": refuses,
        "TooMuch": uploads,
        "TooManyWaiting": refuses,
        "NoAnswer": stored,
        "NoSpace": method not in BODILESS,
    }
    return tuple(name for name, applies in applying.items() if applies)
