"""The way back for somebody whose phone and recovery codes, or whose password, are gone: through the operator.

Whoever can run commands at the server can read everything anyway, so that is proof enough. Each of these ends all of
the account's sessions and is told in the audit list; ``nightlight account reset-totp NAME`` and ``reset-password
NAME`` call them.
"""

from __future__ import annotations

from app.actor import system_actor
from app.clock import Clock
from app.errors import NotFound
from app.identity import audit
from app.identity.accounts import Account, find_named, replace_password, rows
from app.identity.sessions import revoke_all
from app.store.interface import Document, Store

OPERATOR = system_actor("operator")


def reset_totp(store: Store, clock: Clock, name: str) -> Account:
    """Take an account's authenticator and recovery codes away; the next sign-in has to enrol another.

    Raises ``NotFound``.
    """
    account = _named(store, name)
    audit.record(store, clock, OPERATOR, "authenticator reset", about=account.id)
    nothing: Document = {"totp": None, "totp_draft": None, "recovery": []}
    rows(store).update_one({"_id": account.id}, {"$set": nothing, "$inc": {"version": 1}})
    revoke_all(store, account.id)
    return account


def reset_password(store: Store, clock: Clock, name: str, password: str) -> Account:
    """Give an account another password. Raises ``NotFound`` or ``PasswordTooWeak``."""
    account = _named(store, name)
    replace_password(store, clock, account, password, actor=OPERATOR)
    revoke_all(store, account.id)
    return account


def _named(store: Store, name: str) -> Account:
    account = find_named(store, name)
    if account is None:
        raise NotFound("There is no account with this name", hint="`nightlight account list` shows them.")
    return account
