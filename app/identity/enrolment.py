"""Enrolling an authenticator: a draft secret is shown, and becomes the account's when a right code of it comes back.

The draft lies sealed in the account's row, so reloading the page shows the same picture again. Until it is confirmed,
an authenticator enrolled earlier stays the one that counts. Who may enrol is decided by the callers: a person whose
password was right and who has none yet (``sign_in``), or one who is signed in and showed a code just now.
"""

from __future__ import annotations

import secrets
from typing import Any

from app.clock import Clock
from app.errors import Conflict, NotFound
from app.identity import audit, recovery, second_factor, totp
from app.identity.accounts import Account, account_of, rows
from app.identity.peer import Peer
from app.identity.second_factor import Factor
from app.identity.sessions import Session, require_fresh, revoke_others
from app.identity.totp import Enrolment
from app.keyring import KeyRing
from app.store.interface import Document, Store

DRAFT_MS = 60 * 60_000


def begin(store: Store, clock: Clock, keyring: KeyRing, account_id: str, *, site_name: str) -> Enrolment:
    """Return what to show for enrolling: the same for an hour, then another. ``site_name`` titles it on the phone."""
    row = _row(store, account_id)
    draft = row["totp_draft"]
    if _is_over(draft, clock):
        made = _draft(clock, keyring, account_id)
        # Of two pages that begin at once the first one's draft stays, and both show it.
        rows(store).update_one({"_id": account_id, "totp_draft": draft}, {"$set": {"totp_draft": made}})
        row = _row(store, account_id)
    factor = _opened(keyring, account_id, row["totp_draft"])
    return totp.enrolment_of(factor.secret, account_name=row["name"], site_name=site_name)


def finish(
    store: Store, clock: Clock, keyring: KeyRing, account_id: str, code: str, *, peer: Peer
) -> tuple[Account, tuple[str, ...]]:
    """Make the draft the account's authenticator, and return the account and its eight new recovery codes.

    Raises ``WrongCode``, ``UsedCode``, ``ClockOutOfStep``, ``TooManyAttempts``, or ``Conflict`` when none was begun
    within the hour.
    """
    row = _row(store, account_id)
    draft = row["totp_draft"]
    if _is_over(draft, clock):
        raise Conflict("No authenticator is being enrolled", hint="Begin again.")
    factor = _opened(keyring, account_id, draft)
    second_factor.spend_code(store, clock, factor, code, account_id=account_id, peer=peer)
    codes = recovery.new_codes()
    change = {
        "totp": {"enrolment": draft["enrolment"], "sealed": draft["sealed"]},
        "totp_draft": None,
        "recovery": [recovery.hash_of(account_id, code) for code in codes],
    }
    audit.record(store, clock, account_of(row).actor, "authenticator enrolled", about=account_id, peer=peer)
    enrolled = rows(store).find_one_and_update(
        {"_id": account_id, "totp_draft.enrolment": draft["enrolment"]}, {"$set": change, "$inc": {"version": 1}}
    )
    if enrolled is None:
        raise Conflict("This enrolment was finished or replaced elsewhere", hint="Begin again.")
    return account_of(enrolled), codes


def begin_another(store: Store, clock: Clock, keyring: KeyRing, session: Session, *, site_name: str) -> Enrolment:
    """Begin enrolling another authenticator for a signed-in person. Raises ``FreshCodeNeeded``."""
    require_fresh(session, clock)
    return begin(store, clock, keyring, session.account_id, site_name=site_name)


def finish_another(
    store: Store, clock: Clock, keyring: KeyRing, session: Session, code: str, *, peer: Peer
) -> tuple[str, ...]:
    """Finish it and return new recovery codes: the old authenticator and codes and all other sessions end.

    Raises as ``finish`` does. Whoever holds a code of the draft has seen it, which took a code of the old
    authenticator.
    """
    account, codes = finish(store, clock, keyring, session.account_id, code, peer=peer)
    revoke_others(store, clock, account.actor, session.id, peer=peer)
    return codes


def factor_of(store: Store, keyring: KeyRing, account_id: str) -> Factor | None:
    """Return the account's authenticator, or None while it has none. Raises ``SealBroken`` without the right key."""
    kept = _row(store, account_id)["totp"]
    return _opened(keyring, account_id, kept) if kept else None


def _row(store: Store, account_id: str) -> Document:
    row = rows(store).find_one({"_id": account_id})
    if row is None:
        raise NotFound("This account is gone")
    return row


def _is_over(draft: Document | None, clock: Clock) -> bool:
    return draft is None or clock.now_ms() - draft["made_at_ms"] > DRAFT_MS


def _place(account_id: str) -> str:
    return f"account:{account_id}"


def _draft(clock: Clock, keyring: KeyRing, account_id: str) -> dict[str, Any]:
    sealed = keyring.seal(_place(account_id), {"totp": totp.new_secret()})
    return {"enrolment": secrets.token_hex(8), "sealed": sealed, "made_at_ms": clock.now_ms()}


def _opened(keyring: KeyRing, account_id: str, kept: Document) -> Factor:
    return Factor(kept["enrolment"], keyring.open(_place(account_id), kept["sealed"])["totp"])
