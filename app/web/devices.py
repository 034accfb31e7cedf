"""Apps and devices that upload or read: a token for each, made here, shown once, ended in one tap."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity import tokens
from app.identity.door import guard, house, nightscout_access, present_actor, requires
from app.identity.permissions import listed
from app.identity.tokens import PRESETS
from app.web import one_time
from app.web.arrival import site_address
from app.web.confirming import fresh_session
from app.web.forms import Form, Line, OneOf, again, read
from app.web.identify import member, peer
from app.web.qr import qr_svg
from app.web.viewer import offer

MANAGES_DEVICES = "web:devices:manage"
TOKEN = "device token"  # noqa: S105  (the name of what is shown once)

blueprint = Blueprint("devices", __name__, url_prefix="/devices")
guard(blueprint, member)


class DeviceForm(Form):
    """Which app it is, and what it may do."""

    name = Line("Name the app or device.", most=tokens.LONGEST_NAME)
    preset = OneOf(*PRESETS)


@blueprint.get("")
@requires(MANAGES_DEVICES)
def page() -> str:
    """List the tokens, and the subjects an existing Nightscout brought along."""
    access = nightscout_access()
    made = tokens.list_tokens(house().store)
    return render_template(
        "devices/page.html",
        live=[token for token in made if token.revoked_at_ms is None],
        ended=[token for token in made if token.revoked_at_ms is not None],
        words_of=_words_of,
        subjects=[(row["name"], " ".join(listed(row["roles"]))) for row in access.subjects.in_order()],
        has_secret=bool(house().settings["API_SECRET"]),
    )


@blueprint.get("/new")
@requires(MANAGES_DEVICES)
def new() -> str:
    """Ask which app it is and what it may do."""
    return render_template("devices/new.html", presets=PRESETS)


@blueprint.post("/new")
@requires(MANAGES_DEVICES)
def make() -> BaseResponse:
    """Make a token, and go on to the one page that shows it."""
    shared = house()
    try:
        entered = read(DeviceForm)
        fresh_session()
        device, token = tokens.make_token(
            shared.store,
            shared.clock,
            present_actor(),
            name=entered["name"],
            grants=PRESETS[entered["preset"]].grants,
            peer=peer(),
        )
    except NightlightError as refused:
        return again("devices/new.html", refused, presets=PRESETS)
    one_time.keep(TOKEN, {"name": device.name, "token": token})
    return redirect(url_for(".made"), 303)


@blueprint.get("/made")
@requires(MANAGES_DEVICES)
def made() -> str | BaseResponse:
    """Show the token that was made just now, once, in the forms apps take it."""
    shown = one_time.take(TOKEN)
    if shown is None:
        return redirect(url_for(".page"), 303)
    address, whole = site_address(), whole_address(site_address(), shown["token"])
    # What xDrip+ reads when it configures itself from a code.
    code = qr_svg(json.dumps({"rest": {"endpoint": [whole]}}, separators=(",", ":")))
    return render_template("devices/made.html", address=address, whole=whole, qr=code, **shown)


@blueprint.post("/<token_id>/end")
@requires(MANAGES_DEVICES)
def end(token_id: str) -> BaseResponse:
    """End a token at once."""
    shared = house()
    if tokens.revoke_token(shared.store, shared.clock, present_actor(), token_id, peer=peer()):
        flash("That device is shut out from now on.")
    return redirect(url_for(".page"), 303)


def whole_address(address: str, token: str) -> str:
    """Return the address with the token in it, as xDrip+ wants it: ``https://<token>@host/api/v1/``."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{token}@{parts.netloc}{parts.path}/api/v1/"


def _words_of(grants: tuple[str, ...]) -> str:
    return next((preset.words for preset in PRESETS.values() if preset.grants == grants), ", ".join(grants))


def register(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
    offer(app, "Apps", "devices.page", MANAGES_DEVICES)
