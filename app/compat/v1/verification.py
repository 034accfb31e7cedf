"""Ways for a client to try its credentials: ``verifyauth`` and ``experiments/test``."""

from __future__ import annotations

from flask import Blueprint, Response

from app.compat.answers import json_answer
from app.compat.credentials import REFUSED, tolerates_bad_credentials
from app.compat.quirks import quirk
from app.identity.door import present_actor, public, requires


def add_routes(v1: Blueprint) -> None:
    """Add the routes that try credentials."""
    v1.add_url_rule("/verifyauth", view_func=verify)
    v1.add_url_rule("/experiments/test", view_func=experiment)


@tolerates_bad_credentials
@public("reports on the credential it is given, and on nothing else")
def verify() -> Response:
    """Answer what the credential allows; always 200."""
    actor = present_actor()
    can_read = actor.may("*:*:read")
    message = {
        "canRead": can_read,
        "canWrite": actor.may("*:*:write"),
        "isAdmin": actor.may("*:*:admin"),
        "message": "OK" if can_read and not actor.is_nobody else "UNAUTHORIZED",
        "rolefound": "FOUND" if actor.kind == "token" else "NOTFOUND",
        "permissions": "DEFAULT" if actor.is_nobody and actor is not REFUSED else "ROLE",
    }
    return json_answer({"status": 200, "message": message})


@requires("authorization:debug:test")
@quirk("a secret can be tried at experiments/test", "Loop", "xDrip4iOS")
def experiment() -> Response:
    """Answer 200 to who may do everything: Loop and xDrip4iOS try their secret here."""
    return json_answer({"status": "ok"})
