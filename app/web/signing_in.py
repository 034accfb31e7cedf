"""Signing in with password and code, the way in without the phone, and signing out."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity import setup, sign_in
from app.identity.door import guard, house, public, requires
from app.identity.refusals import SignInExpired
from app.identity.sign_in import Pending, SignedIn
from app.records.person import read_person
from app.web.destinations import page_at, page_or_now
from app.web.forms import Form, Line, Password, again, read
from app.web.identify import is_signed_in, let_in, let_out, member, nobody, peer, signed_in
from app.web.set_up import PENDING, CodeForm
from app.web.viewer import keep_unit

NEXT = "next"
MANAGES_ACCOUNT = "web:account:manage"
WHY = "this is where one becomes known"

blueprint = Blueprint("signing_in", __name__, url_prefix="/sign-in")
guard(blueprint, nobody)

way_out = Blueprint("signing_out", __name__)
guard(way_out, member)


class PasswordForm(Form):
    """The first step."""

    name = Line("Enter your name.", most=60)
    password = Password("Enter your password.")


@blueprint.get("")
@public(WHY)
def page() -> str | BaseResponse:
    """Ask for name and password; a fresh server is set up first, and who is signed in already goes on."""
    shared = house()
    if not setup.is_set_up(shared.store):
        return redirect(url_for("set_up.page"), 303)
    wanted = page_at(request.args.get(NEXT, ""))
    if is_signed_in():
        return redirect(wanted or landing(), 303)
    session[NEXT] = wanted
    return render_template("signing_in/password.html")


@blueprint.post("")
@public(WHY)
def give_password() -> BaseResponse:
    """Take name and password, and go on to the code, or to an authenticator that has yet to be enrolled."""
    shared = house()
    try:
        pending = sign_in.give_password(shared.store, shared.clock, shared.keyring, **read(PasswordForm), peer=peer())
    except NightlightError as refused:
        return again("signing_in/password.html", refused)
    session[PENDING] = pending.ticket
    return redirect(url_for(_second_step(pending)), 303)


@blueprint.get("/code")
@public(WHY)
def code() -> str | BaseResponse:
    """Ask for the code of the authenticator."""
    return _asked("signing_in/code.html")


@blueprint.post("/code")
@public(WHY)
def give_code() -> BaseResponse:
    """Take the code and let its owner in."""
    return _second("signing_in/code.html")


@blueprint.get("/without-phone")
@public(WHY)
def without_phone() -> str | BaseResponse:
    """Ask for a recovery code, and say what is left when those are gone too."""
    return _asked("signing_in/without_phone.html")


@blueprint.post("/without-phone")
@public(WHY)
def give_recovery_code() -> BaseResponse:
    """Take a recovery code and let its owner in."""
    return _second("signing_in/without_phone.html")


@way_out.post("/sign-out")
@requires(MANAGES_ACCOUNT)
def sign_out() -> BaseResponse:
    """End this session."""
    shared = house()
    sign_in.sign_out(shared.store, shared.clock, signed_in(), peer=peer())
    let_out()
    flash("You are signed out.")
    return redirect(url_for("signing_in.page"), 303)


def _second_step(pending: Pending) -> str:
    return ".code" if pending.needs == "code" else "set_up.authenticator"


def _asked(template: str) -> str | BaseResponse:
    if PENDING not in session:
        return redirect(url_for(".page"), 303)
    return render_template(template)


def _second(template: str) -> BaseResponse:
    shared, ticket = house(), session.get(PENDING, "")
    try:
        typed = read(CodeForm)["code"]
        someone = sign_in.give_code(shared.store, shared.clock, shared.keyring, ticket, typed, peer=peer())
    except SignInExpired as expired:
        session.pop(PENDING, None)
        flash(f"{expired.message}. {expired.hint}")
        return redirect(url_for(".page"), 303)
    except NightlightError as refused:
        return again(template, refused)
    return _welcome(someone, with_phone=template == "signing_in/code.html")


def _welcome(someone: SignedIn, *, with_phone: bool) -> BaseResponse:
    wanted = session.get(NEXT, "")
    let_in(someone)
    if with_phone:
        response = redirect(wanted or landing(), 303)
    else:
        flash("That recovery code is used up. If your phone is gone, set up another authenticator now.")
        response = redirect(url_for("account.page"), 303)
    return keep_unit(response, someone.account.units)


def landing() -> str:
    """Return where somebody goes who just got in: to the page of now, once it is known whose data it shows."""
    shared = house()
    if not read_person(shared.store, shared.settings).name:
        return url_for("person.page")
    return page_or_now("")


def register(app: Flask) -> None:
    """Serve signing in and out."""
    app.register_blueprint(blueprint)
    app.register_blueprint(way_out)
