"""Who opens a page: somebody signed in, somebody with a share link, a program, or a visitor with the default roles.

An open live page is identified again and again: each call looks anew, so that what has ended is noticed. What a browser
holds is only a random token (``nlw_`` in Flask's signed cookie, ``nlv_`` in a cookie of its own); everything else is in
the store.
"""

from __future__ import annotations

from typing import cast

from flask import Request, flash, g, request, session
from flask_login import UserMixin, current_user, login_user, logout_user

from app.actor import NOBODY, Actor
from app.errors import TooManyAttempts, Unauthenticated
from app.extensions import login_manager
from app.identity import sign_in
from app.identity.addresses import address_of
from app.identity.door import house, nightscout_access
from app.identity.nightscout import Presented, bearer_of
from app.identity.peer import Peer
from app.identity.roles import Roles
from app.identity.sign_in import SignedIn
from app.sharing import visits
from app.sharing.visits import Visit

SHARED = "shared"
"""The blueprint of what a share link shows: there the visit counts, and no session."""

VISIT_COOKIE = "nightlight_visit"
FOR_PROGRAMS = frozenset({"events.events", "glance.now"})
"""What programs may ask as well as pages, with the credentials Nightscout's apps have."""

_TOKEN = "_user_id"  # noqa: S105  (where Flask-Login keeps what ``Member.get_id`` says)
_WEEK = "week"
_WEEK_MS = 7 * 86_400_000


class SessionEnded(Unauthenticated):
    """A session cookie that was good once, or never."""

    code = "session-ended"


class Member(UserMixin):  # type: ignore[misc]
    """Who is signed in, as Flask-Login carries it; its id is the session's token."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return self.signed_in.token


def identify(request: Request) -> Actor:
    """Return the actor of a request to a page.

    Raises ``SessionEnded`` for a session's cookie that is good no more, ``Gone`` for a visit whose link has ended,
    ``Unauthenticated`` for a bad credential of a program and for no visit, ``TooManyAttempts`` after bad ones.
    """
    if request.blueprint == SHARED:
        g.visit = _visit_now()
        actor: Actor = g.visit.actor
        return actor
    presented = _presented(request)
    if presented is not None:
        return _program(presented)
    if _TOKEN in session:
        return _member_now().account.actor
    shared = house()
    return Actor("nobody", NOBODY.label, Roles(shared.settings, shared.store, shared.clock).default_grants)


def nobody(request: Request) -> Actor:
    """Return nobody, for what anybody may have: no credential is looked at."""
    return NOBODY


def member(request: Request) -> Actor:
    """Return who is signed in; everybody else is nobody here, whatever the default roles are.

    Raises ``SessionEnded`` for a session's cookie that is good no more.
    """
    return _member_now().account.actor if _TOKEN in session else NOBODY


def peer() -> Peer:
    """Return the other end of the present request."""
    address = address_of(request.headers, request.remote_addr or "", house().settings["TRUST_PROXY"])
    return Peer(address, request.headers.get("User-Agent", ""))


def signed_in() -> SignedIn:
    """Return who is signed in, on a page that only they reach."""
    return cast(SignedIn, current_user.signed_in)


def is_signed_in() -> bool:
    """Tell whether somebody is signed in in this browser, on a page that anybody reaches."""
    return _TOKEN in session and bool(current_user.is_authenticated)


def let_in(someone: SignedIn) -> None:
    """Give this browser the cookie of a session, and nothing it held before."""
    session.clear()
    session.permanent = True
    login_user(Member(someone))


def let_out() -> None:
    """Take the cookie's content away."""
    logout_user()
    session.clear()


@login_manager.user_loader  # type: ignore[untyped-decorator]
def member_with(token: str) -> Member | None:
    """Return who a session's token belongs to, None when it is good no more."""
    shared = house()
    found = sign_in.find_signed_in(shared.store, shared.clock, token, peer=peer())
    return Member(found) if found else None


def _member_now() -> SignedIn:
    # Flask-Login remembers its answer for the whole request, but an open stream asks again and again.
    g.pop("_login_user", None)
    if not current_user.is_authenticated:
        session.clear()
        flash("You were signed out here. Sign in again to go on.")
        raise SessionEnded("This session has ended", hint="Sign in again.")
    week = house().clock.now_ms() // _WEEK_MS
    if session.get(_WEEK) != week:
        # Changing it sends the cookie anew, so that it outlives the session of who keeps coming back.
        session[_WEEK] = week
    return signed_in()


def _visit_now() -> Visit:
    shared = house()
    found = visits.find_visit(shared.store, shared.clock, request.cookies.get(VISIT_COOKIE, ""), peer=peer())
    if found is None:
        raise Unauthenticated("No shared link is open in this browser", hint="Open the link you were given once more.")
    return found


def _presented(request: Request) -> Presented | None:
    if request.endpoint not in FOR_PROGRAMS:
        return None
    found = Presented(
        request.headers.get("api-secret", "").strip(),
        bearer_of(request.headers.get("Authorization", "")),
        [token for token in request.args.getlist("token") if token],
    )
    return found if found.secret or found.bearer or found.tokens else None


def _program(presented: Presented) -> Actor:
    access = nightscout_access()
    wait_ms = access.wait_ms(peer())
    if wait_ms:
        raise TooManyAttempts("Too many failed log-ins from this address", retry_after_s=wait_ms / 1000)
    return access.identify(presented, peer())
