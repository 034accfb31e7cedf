"""The first account: made in the browser by whoever holds the code this server printed, and only while there is none.

A fresh server may stand on the open internet for a while before its owner finds the page; the code proves that the
owner is who can read the server's terminal. It lives for a day and for twenty tries; ``nightlight setup-code`` makes
another.
"""

from __future__ import annotations

import hmac

from app.clock import Clock
from app.errors import Conflict, DuplicateKey
from app.identity import audit
from app.identity.accounts import any_account, insert_account
from app.identity.codes import as_typed, new_code
from app.identity.minting import sha256_of
from app.identity.peer import Peer
from app.identity.refusals import SetUpCodeEnded, WrongCode
from app.identity.sign_in import Pending, pending_of
from app.keyring import KeyRing
from app.store.interface import Store

COLLECTION = "nl_setup"
CODE_ID = "code"
OWNER_ID = "owner"
"""The first account's ``_id`` is fixed, so that the store itself lets only one of two first accounts be."""

GROUPS = 3
LIFETIME_MS = 24 * 3_600_000
TRIES = 20


def is_set_up(store: Store) -> bool:
    """Tell whether somebody has an account already; else the set-up page is all there is."""
    return any_account(store)


def new_setup_code(store: Store, clock: Clock) -> str:
    """Return a new set-up code for printing; an earlier one ends. Raises ``Conflict`` when there is an account.

    Called by the one process that talks to the operator, not by every web process.
    """
    if is_set_up(store):
        raise Conflict("This site has an account already", hint="Sign in with it.")
    code = new_code(GROUPS)
    kept = {"sha256": sha256_of(as_typed(code)), "tries_left": TRIES, "expires_at_ms": clock.now_ms() + LIFETIME_MS}
    store.collection(COLLECTION).replace_one({"_id": CODE_ID}, {"_id": CODE_ID, **kept}, upsert=True)
    return code


def check_setup_code(store: Store, clock: Clock, typed: str) -> None:
    """Return when the code is right, without using it up.

    Raises ``Conflict`` when there is an account, ``SetUpCodeEnded`` after a day or twenty wrong tries, ``WrongCode``.
    """
    if is_set_up(store):
        raise Conflict("This site has an account already", hint="Sign in with it.")
    rows = store.collection(COLLECTION)
    usable = {"_id": CODE_ID, "tries_left": {"$gt": 0}, "expires_at_ms": {"$gt": clock.now_ms()}}
    # The try is taken before the comparison, or a thousand at once would count as none.
    kept = rows.find_one_and_update(usable, {"$inc": {"tries_left": -1}})
    if kept is None:
        raise SetUpCodeEnded(
            "There is no set-up code to compare with", hint="Run `nightlight setup-code` at the server."
        )
    if not hmac.compare_digest(kept["sha256"], sha256_of(as_typed(typed))):
        raise WrongCode("This is not the set-up code", hint="It is printed where the server was started.")
    rows.update_one({"_id": CODE_ID, "sha256": kept["sha256"]}, {"$inc": {"tries_left": 1}})


def create_owner(
    store: Store, clock: Clock, keyring: KeyRing, *, setup_code: str, name: str, password: str, peer: Peer
) -> Pending:
    """Make the first account and return the second step of its sign-in: enrolling an authenticator (see ``sign_in``).

    Raises as ``check_setup_code`` does, ``BadRequest`` for the name, ``PasswordTooWeak``; of two at once one gets
    ``Conflict``.
    """
    check_setup_code(store, clock, setup_code)
    try:
        account = insert_account(store, clock, account_id=OWNER_ID, name=name, password=password, role="owner")
    except DuplicateKey:
        raise Conflict("This site has an account already", hint="Sign in with it.") from None
    audit.record(store, clock, account.actor, "owner account made", about=account.id, peer=peer)
    store.collection(COLLECTION).delete_one({"_id": CODE_ID})
    return pending_of(clock, keyring, account)
