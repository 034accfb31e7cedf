"""The routes of API v2 that answer with what is worked out: properties, runtime data, summary."""

from __future__ import annotations

from flask import Blueprint

from app.compat.v2 import ddata, summary
from app.compat.v2.properties import routes as properties


def blueprint() -> Blueprint:
    """Return a new blueprint with these routes, relative to the version's prefix."""
    made = Blueprint("v2_computed", __name__)
    for resource in (properties, ddata, summary):
        resource.add_routes(made)
    return made
