"""All routes of API v3 in one blueprint."""

from __future__ import annotations

from flask import Blueprint

from app.compat.v3 import about, documents, walking


def blueprint() -> Blueprint:
    """Return a new blueprint with every route of API v3, relative to its prefix."""
    made = Blueprint("v3", __name__)
    for resource in (about, walking, documents):
        resource.add_routes(made)
    return made
