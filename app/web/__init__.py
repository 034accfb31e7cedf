"""Pages for people: set-up, sign-in, the page of now, uploaders, sharing, account. Server-rendered first."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Serve every page, its style sheets, scripts and event stream, and answer what goes wrong in the same look."""
    from app.web import assets, error_pages, events, glance, headers, viewer

    for room in (headers, assets, error_pages, viewer, glance, events):
        room.register(app)
