"""A code before a dangerous act: as a part of the act's own form, or on a page that leads back to the act."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from app.errors import FreshCodeNeeded, NightlightError
from app.identity import sign_in
from app.identity.door import guard, house, requires
from app.identity.sessions import Session, require_fresh
from app.web.destinations import page_at, page_or_now
from app.web.forms import again, read
from app.web.identify import member, peer, signed_in
from app.web.set_up import CodeForm
from app.web.signing_in import MANAGES_ACCOUNT, NEXT

CODE = "code"

blueprint = Blueprint("confirming", __name__, url_prefix="/confirm")
guard(blueprint, member)


@blueprint.get("")
@requires(MANAGES_ACCOUNT)
def page() -> str:
    """Ask for a code, for the page named in ``next``."""
    return render_template("confirming.html", next=page_or_now(request.args.get(NEXT, "")))


@blueprint.post("")
@requires(MANAGES_ACCOUNT)
def give_code() -> BaseResponse:
    """Take the code, and go back to the act."""
    wanted = page_or_now(request.form.get(NEXT, ""))
    try:
        _confirm(read(CodeForm)[CODE])
    except NightlightError as wrong:
        return again("confirming.html", wrong, next=wanted)
    return redirect(wanted, 303)


def needs_code() -> bool:
    """Tell whether a dangerous act would want a code now; asked by templates, for the field of their forms."""
    try:
        require_fresh(signed_in().session, house().clock)
    except FreshCodeNeeded:
        return True
    return False


def fresh_session() -> Session:
    """Return the session, made fresh by the code of the present form where that is needed.

    Raises what ``sign_in.confirm_code`` raises, and ``FreshCodeNeeded`` when a code is needed and none was entered.
    """
    if needs_code() and request.form.get(CODE, "").strip():
        _confirm(request.form[CODE])
    require_fresh(signed_in().session, house().clock)
    return signed_in().session


def _confirm(typed: str) -> None:
    shared, someone = house(), signed_in()
    fresh = sign_in.confirm_code(shared.store, shared.clock, shared.keyring, someone.session, typed, peer=peer())
    current_user.signed_in = replace(someone, session=fresh)


def lead_to_code(error: FreshCodeNeeded) -> BaseResponse:
    """Answer a dangerous act that came without a code: ask for one, and lead back to the page of the act."""
    return redirect(url_for("confirming.page", next=page_at(request.path)), 303)


def register(app: Flask) -> None:
    """Serve the page, and give templates ``needs_code``."""
    app.register_blueprint(blueprint)
    app.register_error_handler(FreshCodeNeeded, lead_to_code)
    app.jinja_env.globals["needs_code"] = needs_code
