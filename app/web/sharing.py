"""Links for people outside the household: made here with a fresh code, shown once, listed, ended in one tap."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from marshmallow import fields, validate
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity.door import guard, house, present_actor, requires
from app.sharing import shares
from app.sharing.shares import DEFAULT_LIFETIME_MS, KINDS, LONGEST_LABEL, ROLES, Wish
from app.web import one_time
from app.web.arrival import site_address
from app.web.confirming import fresh_session
from app.web.forms import Form, Line, OneOf, Secret, again, read
from app.web.identify import member, peer
from app.web.qr import qr_svg
from app.web.viewer import offer

MANAGES_SHARING = "web:sharing:manage"
LINK = "share link"
HOUR_MS = 3_600_000
GLUCOSE = "glucose"
"""The page a link shows is the glucose of now, so every link holds that."""

ROLE_WORDS = {
    "viewer": ("Somebody who looks after them", "a grandparent, a sitter, a school"),
    "clinician": ("A clinician", "a doctor, a nurse, a diabetes team"),
}
KIND_WORDS = {
    "glucose": ("Glucose", "always"),
    "treatments": ("Treatments", "insulin, carbs, notes, changes of sensor and site"),
    "devicestatus": ("Devices", "loop, pump and phone"),
    "profile": ("Profile", "basal rates, ratios, targets"),
}
LIFETIMES = {"2": "2 hours", "12": "12 hours", "48": "2 days", "168": "a week", "336": "2 weeks", "720": "30 days"}
"""Hours, and their words."""

blueprint = Blueprint("sharing", __name__, url_prefix="/sharing")
guard(blueprint, member)


class ShareForm(Form):
    """For whom a link is, what it shows, and how long."""

    label = Line("Say for whom the link is.", most=LONGEST_LABEL)
    role = OneOf(*ROLES)
    kinds = fields.List(fields.String(validate=validate.OneOf(KINDS)), load_default=list)
    hours = OneOf(*LIFETIMES, default=str(DEFAULT_LIFETIME_MS // HOUR_MS))
    passcode = Secret(load_default="")


@blueprint.get("")
@requires(MANAGES_SHARING)
def page() -> str:
    """List the links: those that open first, then those that have ended."""
    shared = house()
    made = [(share, share.state(shared.clock.now_ms())) for share in shares.list_shares(shared.store)]
    return render_template(
        "sharing/page.html",
        live=[share for share, state in made if state in ("open", "passcode")],
        ended=[(share, state) for share, state in made if state not in ("open", "passcode")],
        **_words(),
    )


@blueprint.get("/new")
@requires(MANAGES_SHARING)
def new() -> str:
    """Ask for whom a link is, what it shows, and how long."""
    return render_template("sharing/new.html", **_words())


@blueprint.post("/new")
@requires(MANAGES_SHARING)
def make() -> BaseResponse:
    """Make a link, and go on to the one page that shows it."""
    shared = house()
    try:
        wish = _wish(read(ShareForm))
        share, token = shares.make_share(shared.store, shared.clock, fresh_session(), wish, peer=peer())
    except NightlightError as refused:
        return again("sharing/new.html", refused, **_words())
    shown = {"token": token, "label": share.label, "until_ms": share.expires_at_ms, "passcode": share.has_passcode}
    one_time.keep(LINK, shown)
    return redirect(url_for(".made"), 303)


@blueprint.get("/made")
@requires(MANAGES_SHARING)
def made() -> str | BaseResponse:
    """Show the link that was made just now, once."""
    shown = one_time.take(LINK)
    if shown is None:
        return redirect(url_for(".page"), 303)
    link = site_address() + url_for("share_links.page", token=shown["token"])
    return render_template("sharing/made.html", link=link, qr=qr_svg(link), **shown)


@blueprint.post("/<share_id>/end")
@requires(MANAGES_SHARING)
def end(share_id: str) -> BaseResponse:
    """End a link at once, and whoever looks through it."""
    shared = house()
    if shares.revoke_share(shared.store, shared.clock, present_actor(), share_id, peer=peer()):
        flash("That link has ended. Whoever had it open sees nothing more.")
    return redirect(url_for(".page"), 303)


def _wish(entered: dict[str, Any]) -> Wish:
    return Wish(
        label=entered["label"],
        role=entered["role"],
        kinds=[kind for kind in KINDS if kind == GLUCOSE or kind in entered["kinds"]],
        lifetime_ms=int(entered["hours"]) * HOUR_MS,
        passcode=entered["passcode"],
    )


def kinds_text(kinds: tuple[str, ...]) -> str:
    """Return what a link shows, as a list in a sentence: ``glucose, profile``."""
    return ", ".join(KIND_WORDS[kind][0].lower() for kind in kinds)


def _words() -> dict[str, Any]:
    return {
        "roles": ROLE_WORDS,
        "kinds": KIND_WORDS,
        "lifetimes": LIFETIMES,
        "default_hours": str(DEFAULT_LIFETIME_MS // HOUR_MS),
        "kinds_text": kinds_text,
    }


def register(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
    offer(app, "Sharing", "sharing.page", MANAGES_SHARING)
