"""The first minutes: the set-up code, the owner's name and password, and the authenticator.

An enrolment that was interrupted is gone on with here after the password of the next sign-in.
"""

from __future__ import annotations

from flask import Blueprint, Flask, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity import setup, sign_in
from app.identity.door import guard, house, public
from app.identity.passwords import LEAST_LENGTH
from app.identity.refusals import SignInExpired
from app.identity.totp import Enrolment
from app.web import one_time
from app.web.forms import Form, Line, Password, again, read
from app.web.identify import let_in, nobody, peer
from app.web.qr import picture

PENDING = "pending"
"""Where the browser keeps the ticket between a right password and the second step."""

RECOVERY_CODES = "recovery codes"
SITE_NAME = "Nightlight"

blueprint = Blueprint("set_up", __name__, url_prefix="/set-up")
guard(blueprint, nobody)


class OwnerForm(Form):
    """What makes the first account."""

    setup_code = Line("Enter the code the server printed.", most=60)
    name = Line("Enter the name you will sign in with.", most=60)
    password = Password("Choose a password.")


class CodeForm(Form):
    """A code, as an authenticator shows it or as it was written down; blanks do no harm."""

    code = Line("Enter the code.", most=60)


@blueprint.get("")
@public("nobody has an account yet; the code the server printed tells the owner")
def page() -> str | BaseResponse:
    """Ask for the set-up code, a name and a password; once somebody has an account, lead to sign-in."""
    if setup.is_set_up(house().store):
        return redirect(url_for("signing_in.page"), 303)
    return render_template("set_up/owner.html", least_length=LEAST_LENGTH)


@blueprint.post("")
@public("nobody has an account yet; the code the server printed tells the owner")
def make_owner() -> BaseResponse:
    """Make the first account, and go on to its authenticator."""
    shared = house()
    try:
        pending = setup.create_owner(shared.store, shared.clock, shared.keyring, **read(OwnerForm), peer=peer())
    except NightlightError as refused:
        return again("set_up/owner.html", refused, least_length=LEAST_LENGTH)
    session[PENDING] = pending.ticket
    return redirect(url_for(".authenticator"), 303)


@blueprint.get("/authenticator")
@public("who comes here holds the ticket of a right password")
def authenticator() -> str | BaseResponse:
    """Show what the authenticator has to learn."""
    try:
        shown = _enrolment()
    except SignInExpired as expired:
        return _begin_again(expired)
    return render_template("set_up/authenticator.html", **drawn(shown))


@blueprint.post("/authenticator")
@public("who comes here holds the ticket of a right password")
def confirm_authenticator() -> BaseResponse:
    """Take the first code, sign in, and go on to the recovery codes."""
    shared = house()
    ticket = session.get(PENDING, "")
    try:
        signed_in, codes = sign_in.finish_enrolment(
            shared.store, shared.clock, shared.keyring, ticket, read(CodeForm)["code"], peer=peer()
        )
    except SignInExpired as expired:
        return _begin_again(expired)
    except NightlightError as refused:
        return again("set_up/authenticator.html", refused, **drawn(_enrolment()))
    let_in(signed_in)
    one_time.keep(RECOVERY_CODES, {"codes": codes, "first": True})
    return redirect(url_for("account.recovery_codes"), 303)


def drawn(enrolment: Enrolment) -> dict[str, object]:
    """Return an enrolment as a page shows it: the picture, the address, the secret in words."""
    return {"qr": picture(enrolment.qr_svg), "uri": enrolment.uri, "secret": enrolment.secret_text}


def _enrolment() -> Enrolment:
    shared = house()
    ticket = session.get(PENDING, "")
    return sign_in.begin_enrolment(shared.store, shared.clock, shared.keyring, ticket, site_name=SITE_NAME)


def _begin_again(expired: SignInExpired) -> BaseResponse:
    flash(f"{expired.message}. {expired.hint}")
    return redirect(url_for("signing_in.page"), 303)


def register(app: Flask) -> None:
    """Serve the first minutes."""
    app.register_blueprint(blueprint)
