"""What identity refuses with: the classes of ``app.errors`` it raises, made narrow enough to tell apart."""

from __future__ import annotations

from app.errors import BadRequest, Conflict, Unauthenticated


class PasswordTooWeak(BadRequest):
    """A new password that is too short or too easily guessed; the message says which."""

    code = "password-too-weak"


class WrongPassword(Unauthenticated):
    """No such name, or not its password: deliberately one and the same answer."""

    code = "wrong-password"


class SignInExpired(Unauthenticated):
    """The time between password and code ran out, or the account changed meanwhile: begin again."""

    code = "sign-in-expired"


class WrongCode(Unauthenticated):
    """A code that is not this account's."""

    code = "wrong-code"


class UsedCode(WrongCode):
    """A right code that somebody has used already."""

    code = "used-code"


class ClockOutOfStep(WrongCode):
    """A code that would be right for another time: ``ahead_s`` is how far the showing clock runs ahead of ours."""

    code = "clock-out-of-step"

    def __init__(self, message: str, *, ahead_s: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.ahead_s = ahead_s


class CredentialEnded(Unauthenticated):
    """A credential that was good once: revoked, or its subject was deleted."""

    code = "credential-ended"


class SetUpCodeEnded(Conflict):
    """The set-up code has expired or was guessed at too often: make another at the server."""

    code = "set-up-code-ended"
