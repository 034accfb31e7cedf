"""Nightscout's own surface, sealed: routes and quirks as its clients know them, over the shared services.

Every quirk is a named function that says which client needs it; ``README.md`` here is the contract. No other room knows
that this one exists.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, Flask

from app.compat import pebble, sockets, versions
from app.compat.errors import shape_errors
from app.compat.kept_answers import AnsweredFromMemory
from app.compat.openapi import publishing
from app.compat.openapi.document import documents_of
from app.compat.paths import CanonicalPaths
from app.compat.services import identify, open_surface
from app.compat.transport import wrap
from app.compat.v1.blueprint import blueprint as v1_blueprint
from app.compat.v2 import authorization, computed, notifications
from app.compat.v3.access import identify_bearer
from app.compat.v3.blueprint import blueprint as v3_blueprint
from app.compat.v3.errors import shape_errors as shape_v3_errors
from app.extensions import csrf
from app.identity.door import Identify, guard


def register(app: Flask, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Serve Nightscout's API from ``app``; ``wait`` holds back, for so many seconds, who showed bad credentials."""
    app.extensions["compat"] = open_surface(app.extensions["house"], app.extensions["nightscout access"], wait)
    notifications.open_push(app)
    publishing.publish(app, lambda: documents_of(app))
    for blueprint, prefix, name in (
        (v1_blueprint(), "/api/v1", "v1"),
        (v1_blueprint(), "/api/v2", "v1_in_v2"),
        (authorization.blueprint(), "/api/v2", "v2"),
        (computed.blueprint(), "/api/v2", "v2_computed"),
        (notifications.blueprint(), "/api/v2", "v2_notifications"),
        (pebble.blueprint(), "", "pebble"),
        (publishing.blueprint(), "", "contract"),
        (versions.blueprint(), "/api", "api"),
    ):
        shape_errors(blueprint)
        _serve(app, blueprint, prefix, name, identify)
    v3 = v3_blueprint()
    shape_v3_errors(v3)
    _serve(app, v3, "/api/v3", "v3", identify_bearer)
    kept = AnsweredFromMemory(app.wsgi_app, lambda: app.extensions["compat"].kept)
    app.wsgi_app = CanonicalPaths(kept)  # type: ignore[method-assign]
    sockets.mount(app)


def _serve(app: Flask, blueprint: Blueprint, prefix: str, name: str, identify: Identify) -> None:
    wrap(blueprint)
    guard(blueprint, identify)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint, url_prefix=prefix, name=name)
