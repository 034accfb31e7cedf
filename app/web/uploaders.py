"""The uploaders: how each is doing, and setting one up, trying it out, changing, pausing and deleting it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.glucose.display import glucose_text
from app.identity import audit
from app.identity.door import guard, house, present_actor, requires
from app.records.person import read_person
from app.uploaders.form import FormField
from app.uploaders.status import status
from app.uploaders.surroundings import surroundings
from app.uploaders.trial import try_out
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendors import VENDORS, vendor_named
from app.web.arrival import site_address
from app.web.forms import again
from app.web.identify import member, peer
from app.web.viewer import chosen_unit, offer

MANAGES_UPLOADERS = "web:uploaders:manage"
IN_PLACE = "X-In-Place"
"""A header of the script that shows a trial's result without loading the page anew, and of the answer meant for it."""

PATIENT = "patient_id"
CONSENT = "accept_terms"
TERMS = ("tou", "pp")
"""What only some accounts have to answer: whose readings, where several people share; a vendor's new contract."""

blueprint = Blueprint("uploaders", __name__, url_prefix="/uploaders")
guard(blueprint, member)


def service() -> Uploaders:
    """Return the uploaders, for the present actor."""
    shared = house()
    own = (site_address(), request.url_root)
    return Uploaders(shared.store, shared.clock, present_actor(), shared.keyring, own_addresses=own)


@blueprint.get("")
@requires(MANAGES_UPLOADERS)
def page() -> str:
    """Show how each uploader is doing."""
    now_ms = house().clock.now_ms()
    unit = chosen_unit(read_person(house().store, house().settings).unit)
    return render_template(
        "uploaders/page.html", uploaders=[status(each, now_ms) for each in service().all()], unit=unit
    )


@blueprint.get("/add")
@requires(MANAGES_UPLOADERS)
def choose() -> str:
    """Offer the vendors."""
    return render_template("uploaders/choose.html", vendors=VENDORS.values())


@blueprint.get("/add/<vendor>")
@requires(MANAGES_UPLOADERS)
def add(vendor: str) -> str:
    """Show a vendor's form."""
    return render_template("uploaders/form.html", **_new(vendor))


@blueprint.post("/add/<vendor>")
@requires(MANAGES_UPLOADERS)
def make(vendor: str) -> BaseResponse:
    """Make an uploader; it runs at once."""
    try:
        name = request.form.get("label", "").strip() or vendor_named(vendor).title
        service().read(vendor, request.form)
        _tell("made", name)
        made = service().create(vendor, request.form)
    except NightlightError as refused:
        return again("uploaders/form.html", refused, **_new(vendor))
    if vendor_named(vendor).sign_in:
        flash(f"{name} is added. One step is left: the sign-in.")
        return redirect(url_for("uploader_sign_in.page", uploader_id=made.id), 303)
    begins = "sends the first records" if vendor_named(vendor).sends else "fetches the first readings"
    flash(f"{name} is added, and {begins} now.")
    return redirect(url_for(".page"), 303)


@blueprint.post("/add/<vendor>/test")
@requires(MANAGES_UPLOADERS)
def test_new(vendor: str) -> BaseResponse:
    """Try the entered answers out."""
    return _tested(vendor, _new(vendor))


@blueprint.get("/<uploader_id>")
@requires(MANAGES_UPLOADERS)
def edit(uploader_id: str) -> str:
    """Show an uploader's form; secrets only as set."""
    return render_template("uploaders/form.html", **_kept(uploader_id))


@blueprint.post("/<uploader_id>")
@requires(MANAGES_UPLOADERS)
def save(uploader_id: str) -> BaseResponse:
    """Change an uploader; secrets left empty stay."""
    uploader = service().find(uploader_id)
    try:
        service().read(uploader.vendor, request.form, kept=uploader.secrets_set)
        _tell("changed", uploader.label)
        service().edit(uploader_id, request.form)
    except NightlightError as refused:
        return again("uploaders/form.html", refused, **_kept(uploader_id))
    flash(f"{uploader.label} is changed, and runs now.")
    return redirect(url_for(".page"), 303)


@blueprint.post("/<uploader_id>/test")
@requires(MANAGES_UPLOADERS)
def test_kept(uploader_id: str) -> BaseResponse:
    """Try the entered answers out, with the secrets that are kept where none were entered."""
    return _tested(service().find(uploader_id).vendor, _kept(uploader_id), uploader_id)


@blueprint.post("/<uploader_id>/pause")
@requires(MANAGES_UPLOADERS)
def pause(uploader_id: str) -> BaseResponse:
    """Switch an uploader off."""
    _tell("paused", service().find(uploader_id).label)
    service().enable(uploader_id, False)
    return redirect(url_for(".page"), 303)


@blueprint.post("/<uploader_id>/resume")
@requires(MANAGES_UPLOADERS)
def resume(uploader_id: str) -> BaseResponse:
    """Switch an uploader on again; it runs at once."""
    _tell("resumed", service().find(uploader_id).label)
    service().enable(uploader_id, True)
    return redirect(url_for(".page"), 303)


@blueprint.post("/<uploader_id>/run")
@requires(MANAGES_UPLOADERS)
def run(uploader_id: str) -> BaseResponse:
    """Have an uploader run at once."""
    label = service().find(uploader_id).label
    _tell("run", label)
    service().run_now(uploader_id)
    flash(f"{label} runs as soon as it may.")
    return redirect(url_for(".page"), 303)


@blueprint.post("/<uploader_id>/delete")
@requires(MANAGES_UPLOADERS)
def delete(uploader_id: str) -> BaseResponse:
    """Delete an uploader with its secrets; what it brought stays."""
    uploader = service().find(uploader_id)
    label = uploader.label
    _tell("deleted", label)
    service().delete(uploader_id)
    stays = "What it sent stays there" if vendor_named(uploader.vendor).sends else "What it brought stays"
    flash(f"{label} is deleted. {stays}.")
    return redirect(url_for(".page"), 303)


def _tested(vendor: str, shown: dict[str, Any], uploader_id: str | None = None) -> BaseResponse:
    """Try out, and show the result in the form, or alone for the script that puts it there."""
    shared = house()
    in_place = IN_PLACE in request.headers
    template = "uploaders/trial.html" if in_place else "uploaders/form.html"
    try:
        trial = try_out(
            service(),
            vendor,
            request.form,
            clock=shared.clock,
            around=surroundings(shared.settings, shared.store),
            uploader_id=uploader_id,
            unit=chosen_unit(read_person(shared.store, shared.settings).unit),
        )
    except NightlightError as refused:
        response = again(template, refused, **shown)
    else:
        _tell("tested", request.form.get("label", "").strip() or shown["title"])
        told = {**shown, "entered": request.form, "trial": trial, "in_place": in_place}
        response = make_response(render_template(template, **told))
    if in_place:
        response.headers[IN_PLACE] = "1"
    return response


def _new(vendor: str) -> dict[str, Any]:
    known = vendor_named(vendor)
    shown = _form(known.title, service().form(vendor), url_for(".add", vendor=vendor))
    return {**shown, "experimental": known.experimental, "signs_in": False}


def _kept(uploader_id: str) -> dict[str, Any]:
    uploader = service().find(uploader_id)
    fields = service().form(uploader.vendor, uploader_id)
    told = status(uploader, house().clock.now_ms())
    shown = _form(uploader.label, fields, url_for(".edit", uploader_id=uploader_id), step=told.step)
    known = vendor_named(uploader.vendor)
    return {**shown, "status": told, "experimental": known.experimental, "signs_in": known.sign_in is not None}


def _form(title: str, fields: tuple[FormField, ...], action: str, step: str = "") -> dict[str, Any]:
    """Return what the page shows: the fields everybody needs, and under a fold ``more`` of them."""
    folded = {PATIENT} if step in TERMS else {PATIENT, CONSENT}
    first = [field for field in fields if not field.advanced and (field.name not in folded or field.value)]
    return {
        "title": title,
        "fields": first,
        "more": [field for field in fields if field not in first],
        "action": action,
        "trial": None,
        "status": None,
        "patient_field": PATIENT,
        "consent_field": CONSENT,
        "terms": TERMS,
    }


def _tell(done: str, about: str) -> None:
    shared = house()
    audit.record(shared.store, shared.clock, present_actor(), f"uploader {done}", about=about, peer=peer())


def register(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters["glucose"] = glucose_text
    offer(app, "Uploaders", "uploaders.page", MANAGES_UPLOADERS)
