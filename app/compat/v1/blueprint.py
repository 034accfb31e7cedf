"""All routes of v1 in one blueprint."""

from __future__ import annotations

from flask import Blueprint

from app.compat.v1 import (
    activity,
    admin_notices,
    device_status,
    entries,
    food,
    notifications,
    profiles,
    selections,
    status,
    treatments,
    verification,
)

_RESOURCES = (
    entries,
    selections,
    treatments,
    device_status,
    profiles,
    food,
    activity,
    notifications,
    admin_notices,
    status,
    verification,
)


def blueprint() -> Blueprint:
    """Return a new blueprint with every v1 route, relative to the version's prefix."""
    made = Blueprint("v1", __name__)
    for resource in _RESOURCES:
        resource.add_routes(made)
    return made
