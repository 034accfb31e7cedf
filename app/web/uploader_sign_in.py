"""Signing in to a vendor in one's own browser, for uploaders that a password alone does not let in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError, NotFound
from app.identity import audit
from app.identity.door import guard, house, present_actor, requires
from app.uploaders.errors import UploaderFailure
from app.uploaders.signing_in import SigningIn, SignInRefused, answer_in
from app.uploaders.surroundings import surroundings
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendors import VENDORS
from app.web.arrival import site_address
from app.web.forms import again, words_of
from app.web.identify import member, peer
from app.web.uploaders import MANAGES_UPLOADERS

ADDRESS = "address"
"""The field for the address the browser ended at."""

blueprint = Blueprint("uploader_sign_in", __name__, url_prefix="/uploaders")
guard(blueprint, member)


@blueprint.get("/<uploader_id>/sign-in")
@requires(MANAGES_UPLOADERS)
def page(uploader_id: str) -> str:
    """Say what the sign-in is about, and offer to begin it."""
    return render_template("uploaders/sign_in.html", **_shown(uploader_id))


@blueprint.post("/<uploader_id>/sign-in")
@requires(MANAGES_UPLOADERS)
def begin(uploader_id: str) -> str | BaseResponse:
    """Begin: show the way to the vendor, and where to bring back what it ends with."""
    shown = _shown(uploader_id)
    try:
        url = _service().begin(uploader_id, site_address() + url_for(".come_back"))
    except UploaderFailure as failure:
        return _failed(shown, failure)
    except NightlightError as refused:
        return again("uploaders/sign_in.html", refused, **shown)
    return render_template("uploaders/sign_in.html", **{**shown, "url": url})


@blueprint.post("/<uploader_id>/sign-in/finish")
@requires(MANAGES_UPLOADERS)
def finish(uploader_id: str) -> str | BaseResponse:
    """Take the address the browser ended at."""
    return _finished(uploader_id, request.form.get(ADDRESS, ""))


@blueprint.get("/sign-in/return")
@requires(MANAGES_UPLOADERS)
def come_back() -> str | BaseResponse:
    """Take the browser back from the vendor."""
    try:
        uploader_id = _service().waiting_for(request.args.get("state", ""))
    except SignInRefused as refused:
        words = words_of(refused)
        flash(f"{words['words']} {words['more']}")
        return redirect(url_for("uploaders.page"), 303)
    return _finished(uploader_id, request.url)


def _finished(uploader_id: str, address: str) -> str | BaseResponse:
    shared, shown = house(), _shown(uploader_id)
    try:
        answer = answer_in(address)
        audit.record(
            shared.store, shared.clock, present_actor(), "uploader signed in", about=shown["label"], peer=peer()
        )
        _service().finish(uploader_id, answer)
    except UploaderFailure as failure:
        return _failed(shown, failure)
    except NightlightError as refused:
        return again("uploaders/sign_in.html", refused, **shown)
    flash(f"{shown['label']} is signed in, and fetches the first readings now.")
    return redirect(url_for("uploaders.page"), 303)


def _failed(shown: dict[str, Any], failure: UploaderFailure) -> str:
    return render_template("uploaders/sign_in.html", **{**shown, "refused": words_of(failure)})


def _service() -> SigningIn:
    shared = house()
    around = surroundings(shared.settings, shared.store)
    return SigningIn(shared.store, shared.clock, present_actor(), shared.keyring, around)


def _shown(uploader_id: str) -> dict[str, Any]:
    shared = house()
    uploader = Uploaders(shared.store, shared.clock, present_actor(), shared.keyring).find(uploader_id)
    vendor = VENDORS[uploader.vendor]
    if vendor.sign_in is None:
        raise NotFound(f"{vendor.title} wants no sign-in of this kind")
    return {
        "id": uploader_id,
        "label": uploader.label,
        "vendor": vendor,
        "sign_in": vendor.sign_in,
        "return_url": site_address() + url_for(".come_back"),
        "address_field": ADDRESS,
        "url": "",
    }


def register(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
