"""The error tree: every failure a caller is meant to see is one of these.

Services and the store raise them; each surface has one handler that turns them into its own shape.
``message`` says what went wrong and where, ``hint`` what to do about it. Neither ever holds a secret.
"""

from __future__ import annotations


class NightlightError(Exception):
    """A failure with a message fit for the person or program that asked.

    ``status`` is the HTTP status a surface answers with, ``code`` the stable word for programs.
    """

    status = 500
    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadRequest(NightlightError):
    """What was sent cannot be understood; sending it again unchanged will fail again."""

    status = 400
    code = "bad-request"


class BadQuery(BadRequest):
    """A filter, sort or update the store refuses (unknown operator, too deep, unsafe pattern)."""

    code = "bad-query"


class BadDocument(BadRequest):
    """A document no backend may keep (a ``$`` field name, text that is not Unicode, too deep)."""

    code = "bad-document"


class BadSetting(NightlightError):
    """A setting of ours has a value we cannot use; the process must not start with it."""

    code = "bad-setting"


class Unauthenticated(NightlightError):
    """Nobody we know, or a credential that is bad."""

    status = 401
    code = "unauthenticated"


class Forbidden(NightlightError):
    """Somebody we know who may not do this."""

    status = 403
    code = "forbidden"


class FreshCodeNeeded(Forbidden):
    """A dangerous act that wants a TOTP code from the last few minutes."""

    code = "fresh-code-needed"


class NotFound(NightlightError):
    """There is no such thing here."""

    status = 404
    code = "not-found"


class Gone(NightlightError):
    """There was such a thing, and it has ended."""

    status = 410
    code = "gone"


class Conflict(NightlightError):
    """The act does not fit the present state; look again and decide anew."""

    status = 409
    code = "conflict"


class DuplicateKey(Conflict):
    """A unique index already holds this key."""

    code = "duplicate-key"


class TooManyAttempts(NightlightError):
    """Too many tries; ``retry_after_s`` says when another is welcome."""

    status = 429
    code = "too-many-attempts"

    def __init__(self, message: str, *, retry_after_s: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Unavailable(NightlightError):
    """The store (or something else we need) does not answer now; trying again later can work."""

    status = 503
    code = "unavailable"


class TooSlow(Unavailable):
    """A query ran past its time limit and was stopped."""

    code = "too-slow"


class StoreFull(Unavailable):
    """No room for another write; reads go on."""

    status = 507
    code = "store-full"


class ChangesLost(NightlightError):
    """The change log no longer reaches back to the asked ``seq``: read the state anew."""

    status = 410
    code = "changes-lost"


class WrongVersion(NightlightError):
    """The store was written by a newer or an altered version of this program; the process must not start with it."""

    code = "wrong-version"
