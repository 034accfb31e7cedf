"""``/properties``: all of them, or those a path names."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request

from app.compat.answers import JSON, conditional
from app.compat.kept_answers import OF_THE_PRESENT_MS, PRESENT, kept
from app.compat.parameters import parameters
from app.compat.services import present, surface
from app.identity.door import requires


def add_routes(v2: Blueprint) -> None:
    """Add the routes of properties."""
    v2.add_url_rule("/properties", view_func=show_properties)
    v2.add_url_rule("/properties/<path:names>", view_func=show_properties)


@requires("api:entries:read", "api:treatments:read")
@kept(*PRESENT, longest_ms=OF_THE_PRESENT_MS)
def show_properties(names: str = "") -> Response:
    """Answer with the properties of these names (``iob,cob``); unknown ones are passed over."""
    wanted = [name for name in names.split("/")[0].split(",") if name]
    body = surface().properties.chosen(present(), wanted)
    if parameters(request).get("pretty"):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    return conditional(Response(body, content_type=f"{JSON}; charset=utf-8"))
