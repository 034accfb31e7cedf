"""Whether this process is well, for whoever watches it: a status and one word."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify
from werkzeug.wrappers import Response as BaseResponse

from app.identity.door import guard, house, public
from app.web.identify import nobody

blueprint = Blueprint("healthz", __name__)
guard(blueprint, nobody)


@blueprint.get("/healthz")
@public("a watcher has no credential, and learns one word")
def healthz() -> BaseResponse:
    """Answer 200 while the store answers and takes writes, else 503."""
    health = house().store.health()
    well = health.ok and health.writable
    response = jsonify(status="well" if well else "unwell")
    response.status_code = 200 if well else 503
    response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Serve it."""
    app.register_blueprint(blueprint)
