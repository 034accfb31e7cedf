"""``/notifications/loop``: a remote command to Loop through Apple, and what became of those given."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

from app.clock import iso_of
from app.commands import giving, keeping
from app.commands.apns import Apns
from app.commands.command import MAY_GIVE, CommandFailed
from app.commands.keeping import A_DAY_MS, Kept
from app.commands.settling import settle
from app.compat.answers import json_answer
from app.compat.bodies import body_of
from app.compat.quirks import quirk
from app.compat.services import surface
from app.house import House
from app.identity.door import house, present_actor, requires

_APNS = "apns"


def blueprint() -> Blueprint:
    """Return a new blueprint with the routes of notifications, relative to the version's prefix."""
    v2, at = Blueprint("notifications", __name__), "/notifications/loop"
    v2.add_url_rule(at, view_func=give_command, methods=["POST"])
    v2.add_url_rule(at, view_func=list_commands)
    return v2


def open_push(app: Flask, apns: Apns | None = None) -> None:
    """Have an application push through ``apns``, else through Apple as the settings say. Nothing is connected yet."""
    shared: House = app.extensions["house"]
    app.extensions[_APNS] = apns or Apns(shared.settings, shared.clock)


@requires(MAY_GIVE)
@quirk("what went wrong with a command is a sentence to show", "LoopCaregiver", "LoopFollow")
def give_command() -> Response:
    """Give Loop a command: ``OK`` when Apple took it, else 500 with words that the app shows its user."""
    shared, apns = house(), current_app.extensions[_APNS]
    peer, body = surface().gate.peer_of(request), body_of(request)
    sent = body if isinstance(body, dict) else {}
    try:
        giving.give(shared.store, shared.clock, shared.keyring, present_actor(), sent, apns=apns, peer=peer)
    except CommandFailed as failed:
        return Response(failed.message, 500, mimetype="text/plain")
    return Response("OK", mimetype="text/plain")


@requires(MAY_GIVE)
def list_commands() -> Response:
    """Answer with the commands of the last day, the newest first: all to the owner, to an app its own."""
    shared = house()
    settle(shared.store, shared.clock)
    since_ms = shared.clock.now_ms() - A_DAY_MS
    return json_answer([_shown(kept) for kept in keeping.listed(shared.store, present_actor(), since_ms=since_ms)])


def _shown(kept: Kept) -> dict[str, Any]:
    command = kept.command
    return {
        "id": kept.id,
        "eventType": command.event_type,
        "what": command.words,
        "amount": command.amount,
        "enteredBy": command.entered_by,
        "notes": command.notes,
        "givenBy": kept.actor,
        "created_at": iso_of(kept.at_ms),
        "expiration": iso_of(kept.expires_ms),
        "state": kept.state,
        "times": {state: iso_of(at_ms) for state, at_ms in kept.times.items()},
        "reason": kept.reason,
        "detail": kept.detail,
        "afterwards": kept.afterwards,
    }
