"""Acknowledging alarms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.alarms.silences import DEFAULT_GROUP, USUAL_MS
from app.compat.parameters import parameters
from app.compat.services import silences, surface
from app.errors import BadRequest
from app.glucose.levels import Level
from app.identity.door import present_actor, requires
from app.records.numbers import numeric_text

_LEVELS: dict[float | None, Level] = {1: Level.WARN, 2: Level.URGENT}


def add_routes(v1: Blueprint) -> None:
    """Add the route that acknowledges."""
    v1.add_url_rule("/notifications/ack", view_func=acknowledge)


@requires("notifications:*:ack")
def acknowledge() -> Response:
    """Keep the alarms of a level and group quiet for a while; while they are, it changes nothing."""
    asked = parameters(request)
    level = _LEVELS.get(_number_in(asked, "level"))
    if level is None:
        raise BadRequest("level is 1 (warning) or 2 (urgent)")
    time_ms = _number_in(asked, "time")
    silences().acknowledge(
        level,
        _text_in(asked, "group") or DEFAULT_GROUP,
        USUAL_MS if time_ms is None else int(time_ms),
        present_actor(),
        surface().gate.peer_of(request),
    )
    return Response("OK", mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _text_in(asked: dict[str, Any], name: str) -> str:
    given = asked.get(name, "")
    if not isinstance(given, str):
        raise BadRequest(f"{name} is one value")
    return given


def _number_in(asked: dict[str, Any], name: str) -> float | None:
    text = _text_in(asked, name)
    number = numeric_text(text)
    if text and number is None:
        raise BadRequest(f"{name} is a number")
    return number
