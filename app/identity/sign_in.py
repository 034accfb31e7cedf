"""Signing in: name and password, then a code. In between there is a ticket, and nothing else can be done with it.

    pending = give_password(store, clock, keyring, name=…, password=…, peer=…)
    if pending.needs == "code":  # of the authenticator, or a recovery code
        signed_in = give_code(store, clock, keyring, pending.ticket, typed, peer=…)
    else:  # "enrolment": there is no authenticator yet
        shown = begin_enrolment(store, clock, keyring, pending.ticket, site_name=…)
        signed_in, recovery_codes = finish_enrolment(store, clock, keyring, pending.ticket, typed, peer=…)

A ticket is sealed and ends after five minutes (an hour while enrolling), or when the account's password or
authenticator changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from app.actor import NOBODY
from app.clock import Clock
from app.identity import accounts, audit, enrolment, throttle
from app.identity.accounts import Account
from app.identity.codes import digits_typed
from app.identity.minting import sha256_of
from app.identity.peer import Peer
from app.identity.recovery import spend_recovery_code
from app.identity.refusals import SignInExpired, WrongCode, WrongPassword
from app.identity.second_factor import spend_code
from app.identity.sessions import Session, find_session, open_session, refresh, revoke_session
from app.identity.throttle import Limit, LimitReached
from app.identity.totp import DIGITS, Enrolment
from app.keyring import KeyRing, SealBroken
from app.store.interface import Store

PLACE = "sign-in"
CODE_MS = 5 * 60_000
ENROLMENT_MS = 60 * 60_000

PASSWORDS_OF_ADDRESS = Limit("password-address", tries=10, window_s=15 * 60)
PASSWORDS_OF_NAME = Limit("password-name", tries=50, window_s=15 * 60)
"""Wider than the one of an address: who knows only a name should find it hard to keep its owner from signing in."""

Step = Literal["code", "enrolment"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A right password waiting for its second step. ``ticket`` goes to the browser and comes back with the code."""

    ticket: str = field(repr=False)
    account_name: str
    needs: Step
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who is in. ``token`` is the cookie's content, told only here."""

    token: str = field(repr=False)
    session: Session
    account: Account


def give_password(store: Store, clock: Clock, keyring: KeyRing, *, name: str, password: str, peer: Peer) -> Pending:
    """Take the first step. Raises ``WrongPassword`` (unknown names too) or ``TooManyAttempts``."""
    known = accounts.find_named(store, name)
    # The name is hashed: now and then somebody types the password into this field.
    who = sha256_of(accounts.name_key(name))[:32]
    with _failure_noted(store, clock, "password", known.id if known else "", peer):
        throttle.hit(store, clock, PASSWORDS_OF_ADDRESS, peer.neighbourhood)
        throttle.hit(store, clock, PASSWORDS_OF_NAME, who)
        account = accounts.account_with_password(store, name, password)
        if account is None:
            raise WrongPassword("The name or the password is wrong")
    throttle.clear(store, PASSWORDS_OF_ADDRESS, peer.neighbourhood)
    throttle.clear(store, PASSWORDS_OF_NAME, who)
    return pending_of(clock, keyring, account)


def pending_of(clock: Clock, keyring: KeyRing, account: Account) -> Pending:
    """Return the second step of an account whose password was right, or was chosen just now."""
    needs: Step = "code" if account.enrolled else "enrolment"
    expires_at_ms = clock.now_ms() + (CODE_MS if needs == "code" else ENROLMENT_MS)
    ticket = {"account": account.id, "version": account.version, "until_ms": expires_at_ms, "needs": needs}
    return Pending(keyring.seal(PLACE, ticket), account.name, needs, expires_at_ms)


def give_code(store: Store, clock: Clock, keyring: KeyRing, ticket: str, typed: str, *, peer: Peer) -> SignedIn:
    """Take the second step with a code of the authenticator or a recovery code; its shape tells which.

    Raises ``SignInExpired``, ``WrongCode``, ``UsedCode``, ``ClockOutOfStep`` or ``TooManyAttempts``.
    """
    account = _account_of(store, clock, keyring, ticket, "code")
    with _failure_noted(store, clock, "code", account.id, peer):
        if len(digits_typed(typed)) == DIGITS:
            _spend(store, clock, keyring, account, typed, peer)
            return _let_in(store, clock, account, "code", peer)
        spend_recovery_code(store, clock, account.id, typed, peer=peer)
    return _let_in(store, clock, account, "recovery code", peer)


def begin_enrolment(store: Store, clock: Clock, keyring: KeyRing, ticket: str, *, site_name: str) -> Enrolment:
    """Return what to show an account that has no authenticator yet. Raises ``SignInExpired``."""
    account = _account_of(store, clock, keyring, ticket, "enrolment")
    return enrolment.begin(store, clock, keyring, account.id, site_name=site_name)


def finish_enrolment(
    store: Store, clock: Clock, keyring: KeyRing, ticket: str, typed: str, *, peer: Peer
) -> tuple[SignedIn, tuple[str, ...]]:
    """Take the first code of a new authenticator, and return the session and the eight recovery codes.

    Raises ``SignInExpired``, ``Conflict``, ``WrongCode``, ``UsedCode``, ``ClockOutOfStep`` or ``TooManyAttempts``.
    """
    account = _account_of(store, clock, keyring, ticket, "enrolment")
    with _failure_noted(store, clock, "enrolment", account.id, peer):
        account, codes = enrolment.finish(store, clock, keyring, account.id, typed, peer=peer)
    return _let_in(store, clock, account, "enrolment", peer), codes


def find_signed_in(store: Store, clock: Clock, token: str, *, peer: Peer) -> SignedIn | None:
    """Return who a session's cookie belongs to, or None when nobody is signed in with it. Notes the use."""
    session = find_session(store, clock, token, peer=peer)
    account = accounts.find_account(store, session.account_id) if session else None
    # An account that has to enrol can do that and nothing else, whatever cookies are about.
    return SignedIn(token, session, account) if session and account and account.enrolled else None


def sign_out(store: Store, clock: Clock, signed_in: SignedIn, *, peer: Peer) -> None:
    """End one's own session."""
    revoke_session(store, clock, signed_in.account.actor, signed_in.session.id, peer=peer, act="signed out")


def confirm_code(store: Store, clock: Clock, keyring: KeyRing, session: Session, typed: str, *, peer: Peer) -> Session:
    """Make a session fresh with a code of the authenticator, for a dangerous act in the next five minutes.

    Raises ``WrongCode``, ``UsedCode``, ``ClockOutOfStep``, ``TooManyAttempts``, or ``SignInExpired`` when the session
    has ended.
    """
    account = accounts.find_account(store, session.account_id)
    if account is None:
        raise SignInExpired("This account is gone")
    with _failure_noted(store, clock, "confirming", account.id, peer):
        _spend(store, clock, keyring, account, typed, peer)
    fresh = refresh(store, clock, session)
    if fresh is None:
        raise SignInExpired("This session has ended", hint="Sign in again.")
    return fresh


def _spend(store: Store, clock: Clock, keyring: KeyRing, account: Account, typed: str, peer: Peer) -> None:
    factor = enrolment.factor_of(store, keyring, account.id)
    if factor is None:
        raise SignInExpired("This account has no authenticator any more", hint="Sign in again to enrol one.")
    spend_code(store, clock, factor, typed, account_id=account.id, peer=peer)


def _account_of(store: Store, clock: Clock, keyring: KeyRing, ticket: str, needs: Step) -> Account:
    try:
        kept = keyring.open(PLACE, ticket)
    except SealBroken:
        kept = {"until_ms": 0}
    if kept["until_ms"] > clock.now_ms() and kept["needs"] == needs:
        account = accounts.find_account(store, kept["account"])
        if account and account.version == kept["version"]:
            return account
    raise SignInExpired("This sign-in took too long, or the account has changed", hint="Enter the password again.")


def _let_in(store: Store, clock: Clock, account: Account, shown: str, peer: Peer) -> SignedIn:
    audit.record(store, clock, account.actor, "signed in", about=account.id, peer=peer, details={"with": shown})
    token, session = open_session(store, clock, account.id, peer=peer)
    return SignedIn(token, session, account)


@contextmanager
def _failure_noted(store: Store, clock: Clock, step: str, account_id: str, peer: Peer) -> Iterator[None]:
    """Tell the audit list of a failure at this step, and of a limit being reached once."""
    try:
        yield
    except (WrongPassword, WrongCode) as wrong:
        details = {"at": step, "why": wrong.code}
        audit.record(store, clock, NOBODY, "sign-in failed", about=account_id, peer=peer, details=details)
        raise
    except LimitReached as reached:
        if reached.first:
            audit.record(store, clock, NOBODY, "sign-in blocked", about=account_id, peer=peer, details={"at": step})
        raise
