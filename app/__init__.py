"""Nightlight: a self-hosted, Nightscout-compatible server for one household.

``create_app`` only wires: no database work, no thread and no network happens in it or at import.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from app.house import House

ROOT = Path(__file__).resolve().parent.parent

# Nightscout takes 50 MB of JSON; more than that is refused before it is read.
MAX_BODY_BYTES = 50 * 1024 * 1024


def create_app(house: House) -> Flask:
    """Return the web application of one process over what that process shares."""
    from app import compat, web
    from app.extensions import csrf, login_manager
    from app.identity.door import open_door
    from app.live.live_picture import open_picture
    from app.request_trail import RequestTrail

    app = Flask(__name__, root_path=str(ROOT), template_folder="templates", static_folder=None)
    open_door(app, house)
    app.extensions["live"] = open_picture(house)
    _configure(app, house)
    # No context processor: a page, least of all the error page, must not ask the store who the visitor is.
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
    compat.register(app)
    web.register(app)
    app.wsgi_app = RequestTrail(app.wsgi_app, house.clock)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, house: House) -> None:
    newest, *older = house.keyring.derived("cookies")
    app.config.update(
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SESSION_COOKIE_NAME="nightlight",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
