"""All routes of v1 in one blueprint."""

from __future__ import annotations

from flask import Blueprint

from app.compat.v1 import device_status, entries, profiles, selections, status, treatments, verification


def blueprint() -> Blueprint:
    """Return a new blueprint with every v1 route, relative to the version's prefix."""
    made = Blueprint("v1", __name__)
    for resource in (entries, selections, treatments, device_status, profiles, status, verification):
        resource.add_routes(made)
    return made
