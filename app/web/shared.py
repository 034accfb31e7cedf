"""The outside of a share link: its landing page, the page of now seen through it, and the words when it has ended.

The link itself shows nothing and counts nothing, because mail scanners and chat previews fetch links. Opening is a
button; from then on a cookie stands for the link, and its token is gone from the address bar. What is seen under
``/shared/`` are the very views of the page of now: only who looks is found out another way.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import Gone, NightlightError, NotFound, Unauthenticated
from app.identity.door import guard, house, public
from app.sharing import shares, visits
from app.web import error_pages, events, glance
from app.web.forms import again
from app.web.identify import SHARED, VISIT_COOKIE, identify, nobody, peer
from app.web.sharing import kinds_text
from app.web.times import person_zone

PATH = "/shared"
WHY = "the link is the credential; it is looked at here"
ENDED = ("expired", "revoked", "locked")
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

links = Blueprint("share_links", __name__, url_prefix="/s")
guard(links, nobody)

blueprint = Blueprint(SHARED, __name__, url_prefix=PATH)
guard(blueprint, identify)
blueprint.add_url_rule("/", "page", glance.page, strict_slashes=True)
blueprint.add_url_rule("/now.json", "now", glance.now)
blueprint.add_url_rule("/events", "events", events.events)
blueprint.add_url_rule("/look/unit", "choose_unit", glance.choose_unit, methods=["POST"])
blueprint.add_url_rule("/look/theme", "choose_theme", glance.choose_theme, methods=["POST"])


@links.get("/<token>")
@public(WHY)
def page(token: str) -> str | BaseResponse:
    """Show a button, and the field for the passcode where there is one; nothing is told of whose data it is."""
    shared = house()
    state, _ = shares.look(shared.store, shared.clock, token)
    if state == "unknown":
        return _unknown()
    if state in ENDED:
        return _ended()
    return render_template("shared/landing.html", wants_passcode=state == "passcode")


@links.post("/<token>")
@public(WHY)
def open_link(token: str) -> BaseResponse:
    """Open the link in this browser."""
    shared, passcode = house(), request.form.get("passcode", "")
    try:
        _, cookie = visits.open_share(shared.store, shared.clock, token, passcode=passcode, peer=peer())
    except Gone:
        return _ended()
    except NotFound:
        return _unknown()
    except NightlightError as refused:
        return again("shared/landing.html", refused, wants_passcode=_has_passcode(token))
    response = redirect(url_for("shared.page"), 303)
    response.set_cookie(VISIT_COOKIE, cookie, path=PATH, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


@links.post("/close")
@public("who is done may always leave")
def close() -> BaseResponse:
    """Take the cookie away from this browser, for instance a clinic's."""
    response = make_response(render_template("shared/closed.html"))
    response.delete_cookie(VISIT_COOKIE, path=PATH, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def _has_passcode(token: str) -> bool:
    _, share = shares.look(house().store, house().clock, token)
    return share is not None and share.has_passcode


def _unknown() -> BaseResponse:
    return make_response(render_template("shared/unknown.html"), NotFound.status)


def _ended() -> BaseResponse:
    return make_response(render_template("shared/ended.html"), Gone.status)


@blueprint.context_processor
def banner() -> dict[str, Any]:
    """Tell the page of now who granted what, and until when."""
    if "visit" not in g:
        return {}
    share = g.visit.share
    return {
        "share": {
            "by": share.made_by_name,
            "label": share.label,
            "kinds": kinds_text(share.kinds),
            "until_ms": share.expires_at_ms,
            "zone": person_zone().key,
        }
    }


@blueprint.errorhandler(Gone)
def ended(error: Gone) -> BaseResponse:
    """Answer whoever looks through a link that has ended."""
    return error_pages.refused(error) if _asked_by_script() else _ended()


@blueprint.errorhandler(Unauthenticated)
def not_open(error: Unauthenticated) -> BaseResponse:
    """Answer a browser in which no link is open: signing in is nothing for a visitor."""
    if _asked_by_script():
        return error_pages.refused(error)
    return make_response(render_template("shared/not_open.html"), error.status)


def _asked_by_script() -> bool:
    return request.endpoint in ("shared.now", "shared.events")


@blueprint.after_request
@links.after_request
def private(response: Response) -> Response:
    """Keep what a link shows out of caches, referrers and search engines."""
    for name, value in _PRIVATE.items():
        response.headers[name] = value
    return response


def register(app: Flask) -> None:
    """Serve links and what they show."""
    app.register_blueprint(links)
    app.register_blueprint(blueprint)
