"""One's own account: where it is signed in, password, authenticator, recovery codes, and how pages look."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity import accounts, enrolment, recovery, sessions
from app.identity.accounts import Units
from app.identity.door import guard, house, present_actor, requires
from app.identity.passwords import LEAST_LENGTH
from app.web import one_time
from app.web.browsers import browser_words
from app.web.confirming import fresh_session
from app.web.forms import Form, Password, again, read
from app.web.identify import member, peer, signed_in
from app.web.set_up import RECOVERY_CODES, SITE_NAME, CodeForm, drawn
from app.web.signing_in import MANAGES_ACCOUNT, landing
from app.web.viewer import offer, remember_theme, remember_unit

_STORED_UNITS: dict[str, Units] = {"mgdl": "mg/dl", "mmol": "mmol"}

blueprint = Blueprint("account", __name__, url_prefix="/account")
guard(blueprint, member)


class NewPasswordForm(Form):
    """Another password."""

    password = Password("Choose a password.")


@blueprint.get("")
@requires(MANAGES_ACCOUNT)
def page() -> str:
    """Show the account, and where it is signed in."""
    shared, someone = house(), signed_in()
    rows = [
        {"session": each, "browser": browser_words(each.user_agent), "here": each.id == someone.session.id}
        for each in sessions.list_sessions(shared.store, shared.clock, someone.account.id)
    ]
    return render_template("account/page.html", account=someone.account, sessions=rows)


@blueprint.post("/sessions/<session_id>/end")
@requires(MANAGES_ACCOUNT)
def end_session(session_id: str) -> BaseResponse:
    """End one of the account's sessions."""
    shared = house()
    sessions.revoke_session(shared.store, shared.clock, present_actor(), session_id, peer=peer())
    return redirect(url_for(".page"), 303)


@blueprint.post("/sessions/end-others")
@requires(MANAGES_ACCOUNT)
def end_others() -> BaseResponse:
    """End every session of the account but this one."""
    shared = house()
    sessions.revoke_others(shared.store, shared.clock, present_actor(), signed_in().session.id, peer=peer())
    flash("Every other browser is signed out.")
    return redirect(url_for(".page"), 303)


@blueprint.get("/password")
@requires(MANAGES_ACCOUNT)
def password() -> str:
    """Ask for another password."""
    return render_template("account/password.html", least_length=LEAST_LENGTH)


@blueprint.post("/password")
@requires(MANAGES_ACCOUNT)
def change_password() -> BaseResponse:
    """Take another password; other browsers are signed out."""
    shared = house()
    try:
        chosen = read(NewPasswordForm)["password"]
        accounts.change_password(shared.store, shared.clock, fresh_session(), chosen, peer=peer())
    except NightlightError as refused:
        return again("account/password.html", refused, least_length=LEAST_LENGTH)
    flash("The password is changed, and every other browser is signed out.")
    return redirect(url_for(".page"), 303)


@blueprint.get("/authenticator")
@requires(MANAGES_ACCOUNT)
def authenticator() -> str:
    """Show what another authenticator has to learn; a code of the present one comes first."""
    shared = house()
    shown = enrolment.begin_another(
        shared.store, shared.clock, shared.keyring, signed_in().session, site_name=SITE_NAME
    )
    return render_template("account/authenticator.html", **drawn(shown))


@blueprint.post("/authenticator")
@requires(MANAGES_ACCOUNT)
def confirm_authenticator() -> BaseResponse:
    """Take the first code of another authenticator; the old one, its recovery codes and other sessions end."""
    shared, session = house(), signed_in().session
    try:
        codes = enrolment.finish_another(
            shared.store, shared.clock, shared.keyring, session, read(CodeForm)["code"], peer=peer()
        )
    except NightlightError as refused:
        again_shown = enrolment.begin_another(shared.store, shared.clock, shared.keyring, session, site_name=SITE_NAME)
        return again("account/authenticator.html", refused, **drawn(again_shown))
    one_time.keep(RECOVERY_CODES, {"codes": codes, "first": False})
    return redirect(url_for(".recovery_codes"), 303)


@blueprint.get("/recovery-codes")
@requires(MANAGES_ACCOUNT)
def recovery_codes() -> str:
    """Show recovery codes that were made just now, until their owner has them; else how many are left."""
    made = one_time.look(RECOVERY_CODES)
    return render_template("account/recovery_codes.html", made=made, account=signed_in().account)


@blueprint.post("/recovery-codes")
@requires(MANAGES_ACCOUNT)
def replace_recovery_codes() -> BaseResponse:
    """Make eight new recovery codes; the old ones end."""
    shared = house()
    try:
        codes = recovery.replace_codes(shared.store, shared.clock, fresh_session(), peer=peer())
    except NightlightError as refused:
        return again("account/recovery_codes.html", refused, made=None, account=signed_in().account)
    one_time.keep(RECOVERY_CODES, {"codes": codes, "first": False})
    return redirect(url_for(".recovery_codes"), 303)


@blueprint.get("/recovery-codes.txt")
@requires(MANAGES_ACCOUNT)
def recovery_codes_file() -> BaseResponse:
    """Give the codes that were made just now as a text file."""
    made = one_time.look(RECOVERY_CODES)
    if made is None:
        return redirect(url_for(".recovery_codes"), 303)
    text = render_template("account/recovery_codes.txt", codes=made["codes"], account=signed_in().account)
    response = Response(text, mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="nightlight-recovery-codes.txt"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/recovery-codes/kept")
@requires(MANAGES_ACCOUNT)
def have_recovery_codes() -> BaseResponse:
    """Forget the codes: their owner has them."""
    made = one_time.take(RECOVERY_CODES) or {}
    return redirect(landing() if made.get("first") else url_for(".page"), 303)


@blueprint.post("/look/unit")
@requires(MANAGES_ACCOUNT)
def choose_unit() -> BaseResponse:
    """Keep the unit this account wants, here and wherever it signs in."""
    chosen = request.form.get("unit", "")
    accounts.choose_units(house().store, signed_in().account.id, _STORED_UNITS.get(chosen, ""))
    return remember_unit(chosen)


@blueprint.post("/look/theme")
@requires(MANAGES_ACCOUNT)
def choose_theme() -> BaseResponse:
    """Keep this browser's theme."""
    return remember_theme(request.form.get("theme", ""))


def register(app: Flask) -> None:
    """Serve the account."""
    app.register_blueprint(blueprint)
    offer(app, "Account", "account.page", MANAGES_ACCOUNT)
