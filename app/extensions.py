"""The Flask extension objects, made once and bound to an application by the factory."""

from __future__ import annotations

from flask import Response
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect


class _SignedIn(LoginManager):  # type: ignore[misc]
    """Who is signed in, by our own sessions alone."""

    def _update_remember_cookie(self, response: Response) -> Response:
        # We have no such cookie; looking for it would read the session on every request of a program.
        return response


login_manager = _SignedIn()
# A phone changes its network many times a day; whose session it is, the token alone says.
login_manager.session_protection = None
csrf = CSRFProtect()
