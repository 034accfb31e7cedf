"""Pages for people: set-up, sign-in, the page of now, uploaders, sharing, account. Server-rendered first."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Serve every page, its style sheets, scripts and event stream, and answer what goes wrong in the same look."""
    from app.web import (
        account,
        arrival,
        assets,
        audit,
        commands,
        confirming,
        devices,
        error_pages,
        events,
        forms,
        glance,
        headers,
        healthz,
        imports,
        person,
        set_up,
        shared,
        sharing,
        signing_in,
        times,
        uploader_sign_in,
        uploaders,
        viewer,
        zones,
    )

    for ground in (arrival, headers, assets, error_pages, viewer, times, forms):
        ground.register(app)
    rooms = (glance, events, uploaders, uploader_sign_in, imports, devices, sharing, shared, commands, audit)
    for room in (*rooms, account, person, zones):
        room.register(app)
    for door in (set_up, signing_in, confirming, healthz):
        door.register(app)
