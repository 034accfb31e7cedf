"""``/status``: that the server is up, what it is, and its public settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from app.clock import iso_of
from app.compat.answers import JSON, conditional, depends_on, json_answer, json_bytes
from app.compat.credentials import presented_by
from app.compat.features import extended_settings, published_settings
from app.compat.kept_answers import OF_THE_PRESENT_MS, PERSON, kept
from app.compat.negotiation import chosen
from app.compat.quirks import quirk
from app.compat.services import surface
from app.config import Settings
from app.errors import Unauthenticated
from app.features import Features
from app.identity.door import house, requires
from app.records.person import Person, read_person

VERSION = "15.0.7"
"""The version of the contract we keep: clients refuse what they think is older."""

VERSION_NUMBER = 150_007
_FORMATS = ("text/html", "image/png", "image/svg+xml", "application/javascript", "text/plain", JSON)
_BADGE = "http://img.shields.io/badge/Nightscout-OK-green"


def add_routes(v1: Blueprint) -> None:
    """Add the route of the status."""
    v1.add_url_rule("/status", view_func=show_status)


@requires("api:status:read")
@kept(PERSON, longest_ms=OF_THE_PRESENT_MS)
def show_status() -> Response:
    """Answer that all is well, in the format the client likes best."""
    format = chosen(request.headers.get("Accept", ""), _FORMATS)
    if format == JSON:
        answer = json_answer(status())
    elif format == "application/javascript":
        answer = conditional(Response(b"this.serverSettings = %b ;" % json_bytes(status()), mimetype=format))
    elif format == "text/html":
        answer = conditional(Response("<h1>STATUS OK</h1>", mimetype=format))
    elif format == "text/plain":
        answer = conditional(Response("STATUS OK", mimetype=format))
    elif format is not None:
        badge = _BADGE + (".png" if format == "image/png" else ".svg")
        answer = Response(status=302, headers={"Location": badge})
    else:
        raise NotAcceptable
    depends_on(answer, "Accept")
    return answer


@quirk("status.json has versionNum", "AndroidAPS")
def status() -> dict[str, Any]:
    """Return the status as v1 publishes it."""
    shared = house()
    now_ms = shared.clock.now_ms()
    person = read_person(shared.store, shared.settings)
    return public_status(shared.settings, surface().features, person, now_ms) | {
        "serverTimeEpoch": now_ms,
        "authorized": _authorized(),
        "runtimeState": "loaded",
    }


def public_status(settings: Settings, features: Features, person: Person, now_ms: int) -> dict[str, Any]:
    """Return what v1 and the sockets alike say of this server."""
    return {
        "status": "ok",
        "name": "nightscout",
        "version": VERSION,
        "versionNum": VERSION_NUMBER,
        "serverTime": iso_of(now_ms),
        "apiEnabled": True,
        "careportalEnabled": features.on("careportal"),
        "boluscalcEnabled": features.on("boluscalc"),
        "settings": published_settings(settings, features, person),
        "extendedSettings": extended_settings(settings, features),
    }


@quirk("status.json brings a web token to who brings an access token", "LoopFollow")
def _authorized() -> dict[str, Any] | None:
    """Return the web token for an access token the client brought: LoopFollow goes on with it."""
    presented = presented_by(request)
    shared = surface()
    for text in (*presented.tokens, presented.secret):
        try:
            if text:
                return shared.access.exchange(text, shared.gate.peer_of(request)).body
        except Unauthenticated:
            continue
    return None
