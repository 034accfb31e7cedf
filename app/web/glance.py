"""The page of now: all of it in the first HTML, and the same values as JSON for the script that keeps it current."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.identity.door import guard, house, present_actor, requires
from app.live.kinds import TREATMENTS
from app.live.live_picture import LivePicture
from app.live.picture import Picture
from app.web.chart import DAY_MS, axis, marks, table_rows
from app.web.headers import compressed
from app.web.identify import identify
from app.web.now import Values, now_values
from app.web.troubles import troubles_for
from app.web.viewer import Viewer, offer, remember_theme, remember_unit, viewer_of

SEES_NOW = "api:entries:read"
TABLE_MS = 3 * 3_600_000

blueprint = Blueprint("glance", __name__)
guard(blueprint, identify)


def live_picture() -> LivePicture:
    """Return the picture all pages of this process share."""
    shared: LivePicture = current_app.extensions["live"]
    return shared


def present_values(picture: Picture, viewer: Viewer) -> Values:
    """Return what the page says now, uploaders in trouble included."""
    now_ms = house().clock.now_ms()
    return now_values(picture, viewer, now_ms, troubles_for(viewer, now_ms))


def page_data(picture: Picture, viewer: Viewer, now_ms: int) -> dict[str, Any]:
    """Return all that the script of the page starts from: the values, the axis and the marks of the last day."""
    return {
        "now": present_values(picture, viewer),
        "axis": axis(viewer),
        "marks": marks(picture, now_ms - DAY_MS, viewer),
    }


@blueprint.get("/")
@requires(SEES_NOW)
def page() -> BaseResponse:
    """Answer the page of now, readable before any script runs."""
    viewer, picture, now_ms = viewer_of(present_actor()), live_picture().now(), house().clock.now_ms()
    data = page_data(picture, viewer, now_ms)
    html = render_template(
        "glance.html",
        now=data["now"],
        page_data=data,
        table=table_rows(picture, now_ms - TABLE_MS, now_ms, viewer),
        sees_treatments=TREATMENTS in viewer.kinds,
        may_connect=present_actor().may("api:entries:create"),
        address=house().settings["BASE_URL"] or request.url_root,
    )
    return compressed(make_response(html))


@blueprint.get("/now.json")
@requires(SEES_NOW)
def now() -> BaseResponse:
    """Answer the present values, and axis and marks unless nothing changed after the change ``after``."""
    viewer, live, now_ms = viewer_of(present_actor()), live_picture(), house().clock.now_ms()
    picture, after = live.now(), request.args.get("after", type=int)
    if after is not None and live.changes_since(after).is_empty:
        response = jsonify(now=present_values(picture, viewer))
    else:
        response = jsonify(page_data(picture, viewer, now_ms))
    response.headers["Cache-Control"] = "no-store"
    return compressed(response)


@blueprint.post("/look/unit")
@requires(SEES_NOW)
def choose_unit() -> BaseResponse:
    """Keep this viewer's unit."""
    return remember_unit(request.form.get("unit", ""))


@blueprint.post("/look/theme")
@requires(SEES_NOW)
def choose_theme() -> BaseResponse:
    """Keep this viewer's theme."""
    return remember_theme(request.form.get("theme", ""))


def register(app: Flask) -> None:
    """Serve the page of now."""
    app.register_blueprint(blueprint)
    offer(app, "Now", "glance.page", SEES_NOW)
