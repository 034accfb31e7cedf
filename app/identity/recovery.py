"""Recovery codes: eight ways in for the day the phone is gone, each good for one use.

A code has 80 random bits, so a SHA-256 salted with the account is enough to keep it by: even a stolen database could
not be searched for one. The slow hash that passwords need would only make eight guesses cost eight times the memory.
"""

from __future__ import annotations

import hashlib

from app.clock import Clock
from app.errors import NotFound
from app.identity import audit
from app.identity.accounts import Account, find_account, rows
from app.identity.codes import as_typed, new_code
from app.identity.peer import Peer
from app.identity.refusals import WrongCode
from app.identity.second_factor import count_try, forget_tries
from app.identity.sessions import Session, require_fresh
from app.store.interface import Store

HOW_MANY = 8
GROUPS = 4


def new_codes() -> tuple[str, ...]:
    """Return eight new codes, for instance ``7K3M-9QXA-2BTC-EV5H``; shown once, kept only as hashes."""
    return tuple(new_code(GROUPS) for _ in range(HOW_MANY))


def hash_of(account_id: str, code: str) -> str:
    """Return what is kept of a code, however it was typed."""
    return hashlib.sha256(f"recovery {account_id} {as_typed(code)}".encode()).hexdigest()


def spend_recovery_code(store: Store, clock: Clock, account_id: str, typed: str, *, peer: Peer) -> int:
    """Burn a recovery code and return how many are left; of any number of parallel uses one wins.

    Raises ``WrongCode`` (burned ones are as wrong as any) or ``TooManyAttempts``.
    """
    count_try(store, clock, account_id, peer)
    kept = hash_of(account_id, typed)
    row = rows(store).find_one_and_update({"_id": account_id, "recovery": kept}, {"$pull": {"recovery": kept}})
    if row is None:
        raise WrongCode("This is not one of the recovery codes left", hint="Each of them works once.")
    forget_tries(store, account_id, peer)
    return len(row["recovery"])


def replace_codes(store: Store, clock: Clock, session: Session, *, peer: Peer) -> tuple[str, ...]:
    """Return eight new codes for the session's account; the old ones end. Raises ``FreshCodeNeeded``."""
    require_fresh(session, clock)
    account: Account | None = find_account(store, session.account_id)
    if account is None:
        raise NotFound("This account is gone")
    codes = new_codes()
    audit.record(store, clock, account.actor, "recovery codes replaced", about=account.id, peer=peer)
    rows(store).update_one({"_id": account.id}, {"$set": {"recovery": [hash_of(account.id, code) for code in codes]}})
    return codes
