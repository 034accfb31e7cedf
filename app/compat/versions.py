"""``/api/versions``, and the answer to every path under ``/api`` that no version knows."""

from __future__ import annotations

from flask import Blueprint, Response

from app.compat.answers import json_answer
from app.compat.credentials import ignores_credentials
from app.compat.errors import no_such_route
from app.identity.door import public

VERSIONS = (
    {"version": "1.0.0", "url": "/api/v1"},
    {"version": "2.0.0", "url": "/api/v2"},
    {"version": "3.0.3-alpha", "url": "/api/v3"},
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint() -> Blueprint:
    """Return a new blueprint with what belongs to no version, relative to ``/api``."""
    made = Blueprint("api", __name__)
    made.add_url_rule("/versions", view_func=list_versions)
    made.add_url_rule("", view_func=unknown, methods=_METHODS, provide_automatic_options=False)
    made.add_url_rule("/<path:rest>", view_func=unknown, methods=_METHODS, provide_automatic_options=False)
    return made


@ignores_credentials
@public("says which versions there are, so that a client can choose before it signs in")
def list_versions() -> Response:
    """Answer with the versions of the API."""
    return json_answer(VERSIONS)


@ignores_credentials
@public("says that there is nothing here")
def unknown(rest: str = "") -> Response:
    """Answer 404 as Express does."""
    return no_such_route()
