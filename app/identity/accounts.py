"""Accounts: the people who sign in, each with a password and an authenticator.

A row of ``nl_accounts`` is ``{_id, name, name_key, role, units, password, totp, totp_draft, recovery, version,
created_at_ms}``. ``password`` is an Argon2id hash, ``totp`` and ``totp_draft`` are ``{enrolment, sealed}`` (see
``enrolment``), ``recovery`` a list of SHA-256 hashes (see ``recovery``). ``version`` grows whenever a way in changes,
which ends sign-ins that are half done.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from app.actor import Actor
from app.clock import Clock
from app.errors import BadRequest, NotFound
from app.identity import audit, sessions
from app.identity.passwords import check_password, hash_password, refuse_weak
from app.identity.peer import NO_PEER, Peer
from app.identity.sessions import Session, require_fresh
from app.store.interface import Collection, Document, Store

COLLECTION = "nl_accounts"
LONGEST_NAME = 60

Role = Literal["owner"]
Units = Literal["", "mg/dl", "mmol"]

GRANTS: dict[Role, tuple[str, ...]] = {"owner": ("*",)}


@dataclass(frozen=True, slots=True)
class Account:
    """One person who signs in, without any secret.

    ``units`` is the unit this person wants glucose in, "" for the site's. ``enrolled`` is false until a first code
    was shown: until then nothing can be done but enrolling.
    """

    id: str
    name: str
    role: Role
    units: Units
    created_at_ms: int
    enrolled: bool
    recovery_codes_left: int
    version: int

    @property
    def actor(self) -> Actor:
        """Return the actor this account is when signed in."""
        return Actor(kind="account", label=f"account:{self.name}", grants=GRANTS[self.role], id=self.id)


def name_key(name: str) -> str:
    """Return the form of a name that two spellings of it share."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def any_account(store: Store) -> bool:
    """Tell whether anybody has an account; while nobody has, the site waits to be set up."""
    return rows(store).find_one({}) is not None


def find_account(store: Store, account_id: str) -> Account | None:
    """Return the account of an id, or None."""
    row = rows(store).find_one({"_id": account_id})
    return account_of(row) if row else None


def find_named(store: Store, name: str) -> Account | None:
    """Return the account with this name, however it is capitalised, or None."""
    row = rows(store).find_one({"name_key": name_key(name)})
    return account_of(row) if row else None


def list_accounts(store: Store) -> list[Account]:
    """Return every account, by name."""
    return [account_of(row) for row in rows(store).find({}, sort=[("name_key", 1)])]


def insert_account(store: Store, clock: Clock, *, account_id: str, name: str, password: str, role: Role) -> Account:
    """Keep a new account that still has to enrol.

    Raises ``BadRequest`` for a name that cannot be used, ``PasswordTooWeak``, and ``DuplicateKey`` when the id or the
    name is taken.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest(f"A name has 1 to {LONGEST_NAME} characters")
    refuse_weak(password, known_words=name.split())
    row: Document = {
        "_id": account_id,
        "name": name,
        "name_key": name_key(name),
        "role": role,
        "units": "",
        "password": hash_password(password),
        "totp": None,
        "totp_draft": None,
        "recovery": [],
        "version": 1,
        "created_at_ms": clock.now_ms(),
    }
    rows(store).insert_one(row)
    return account_of(row)


def account_with_password(store: Store, name: str, password: str) -> Account | None:
    """Return the account when name and password belong together, else None, in the same time either way."""
    found = rows(store)
    row = found.find_one({"name_key": name_key(name)})
    checked = check_password(row["password"] if row else None, password)
    if row is None or not checked.right:
        return None
    if checked.better_hash:
        found.update_one({"_id": row["_id"], "password": row["password"]}, {"$set": {"password": checked.better_hash}})
    return account_of(row)


def change_password(store: Store, clock: Clock, session: Session, password: str, *, peer: Peer) -> None:
    """Give the session's account a new password and end its other sessions.

    Raises ``FreshCodeNeeded`` without a recent code, and ``PasswordTooWeak``.
    """
    require_fresh(session, clock)
    account = find_account(store, session.account_id)
    if account is None:
        raise NotFound("This account is gone")
    replace_password(store, clock, account, password, actor=account.actor, peer=peer)
    sessions.revoke_others(store, clock, account.actor, session.id, peer=peer)


def replace_password(
    store: Store, clock: Clock, account: Account, password: str, *, actor: Actor, peer: Peer = NO_PEER
) -> None:
    """Keep another password for an account, whoever decided that; sessions are the caller's to end.

    Raises ``PasswordTooWeak``.
    """
    refuse_weak(password, known_words=account.name.split())
    hashed = hash_password(password)
    audit.record(store, clock, actor, "password changed", about=account.id, peer=peer)
    rows(store).update_one({"_id": account.id}, {"$set": {"password": hashed}, "$inc": {"version": 1}})


def choose_units(store: Store, account_id: str, units: Units) -> None:
    """Remember the unit an account wants glucose shown in; "" goes back to the site's. Raises ``BadRequest``."""
    if units not in ("", "mg/dl", "mmol"):
        raise BadRequest("Units are mg/dl or mmol")
    rows(store).update_one({"_id": account_id}, {"$set": {"units": units}})


def rows(store: Store) -> Collection:
    """Return the collection, for the modules of identity that keep a part of the row."""
    return store.collection(COLLECTION)


def account_of(row: Document) -> Account:
    """Return a row of the collection without its secrets."""
    return Account(
        id=row["_id"],
        name=row["name"],
        role=row["role"],
        units=row["units"],
        created_at_ms=row["created_at_ms"],
        enrolled=row["totp"] is not None,
        recovery_codes_left=len(row["recovery"]),
        version=row["version"],
    )
