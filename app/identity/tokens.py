"""Device tokens: one for each app, so that any of them can be ended without touching the others or the API secret.

A token is ``nld_`` and 32 random bytes. Apps hash whatever is typed into their "API secret" field, so beside the
token's SHA-256 the SHA-256 of its SHA-1 and SHA-512 hex is kept too, and either form is understood. Every use asks
the store: an ended token is ended everywhere at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.actor import Actor
from app.clock import Clock
from app.errors import BadRequest
from app.identity import audit
from app.identity.last_use import note_use
from app.identity.minting import mint, sha1_of, sha256_of, sha512_of
from app.identity.peer import NO_PEER, Peer
from app.identity.refusals import CredentialEnded
from app.store import ObjectId
from app.store.interface import Collection, Document, Store

COLLECTION = "nl_tokens"
PREFIX = "nld_"
LONGEST_NAME = 60
SHA1_DIGITS = 40
_HASHED = re.compile(r"[0-9a-f]{40}|[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of permissions with a name people understand."""

    words: str
    grants: tuple[str, ...]


PRESETS: Mapping[str, Preset] = {
    "uploads": Preset(
        "An app that uploads and reads",
        ("*:*:read", "api:entries,treatments,devicestatus,profile,food,activity:create,update,delete"),
    ),
    "reads": Preset("An app that only reads", ("*:*:read",)),
    "commands": Preset(
        "An app that reads and gives Loop remote commands",
        ("*:*:read", "notifications:loop:push", "authorization:debug:test"),
    ),
    "full": Preset("Full control", ("*",)),
}
"""What to offer. Reading is Nightscout's ``readable``: apps ask ``verifyauth``, which wants exactly ``*:*:read``."""


@dataclass(frozen=True, slots=True)
class DeviceToken:
    """A token without its secret; times are UTC epoch ms, None when it never happened."""

    id: str
    name: str
    grants: tuple[str, ...]
    made_at_ms: int
    made_by: str
    last_used_at_ms: int | None
    last_address: str
    last_user_agent: str
    revoked_at_ms: int | None


def make_token(
    store: Store, clock: Clock, actor: Actor, *, name: str, grants: Sequence[str], peer: Peer = NO_PEER
) -> tuple[DeviceToken, str]:
    """Make a token for one app and return it with its text, told only here. Raises ``BadRequest``.

    ``grants`` are those of a preset, or permission strings. Nobody can give what they do not have themselves.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadRequest(f"A token's name has 1 to {LONGEST_NAME} characters", hint="Name the app or device.")
    if not grants or not actor.may_all(grants):
        raise BadRequest("A token needs permissions, and none that its maker does not have")
    token = mint(PREFIX)
    row: Document = {
        "name": name,
        "grants": [*grants],
        "sha256": sha256_of(token),
        "sha1": sha256_of(sha1_of(token)),
        "sha512": sha256_of(sha512_of(token)),
        "made_at_ms": clock.now_ms(),
        "made_by": actor.label,
        "last_used_at_ms": None,
        "last_address": "",
        "last_user_agent": "",
        "revoked_at_ms": None,
    }
    audit.record(store, clock, actor, "device token made", about=name, peer=peer, details={"grants": " ".join(grants)})
    row["_id"] = _rows(store).insert_one(row)
    return _token_of(row), token


def list_tokens(store: Store) -> list[DeviceToken]:
    """Return every token, ended ones too, the newest first."""
    return [_token_of(row) for row in _rows(store).find({}, sort=[("made_at_ms", -1), ("_id", -1)])]


def revoke_token(store: Store, clock: Clock, actor: Actor, token_id: str, *, peer: Peer = NO_PEER) -> bool:
    """End a token at once and for good; tells whether it was still good."""
    if not ObjectId.is_valid(token_id):
        return False
    ended = _rows(store).find_one_and_update(
        {"_id": ObjectId(token_id), "revoked_at_ms": None}, {"$set": {"revoked_at_ms": clock.now_ms()}}
    )
    if ended is None:
        return False
    audit.record(store, clock, actor, "device token revoked", about=ended["name"], peer=peer)
    return True


def find_token(store: Store, clock: Clock, presented: str, *, peer: Peer = NO_PEER) -> DeviceToken | None:
    """Return the token that was presented, as it is or hashed by an app, or None when this is none of ours.

    Notes the use. Raises ``CredentialEnded`` for a revoked one, and for anything that claims to be ours and is not.
    """
    if presented.startswith(PREFIX):
        row = _rows(store).find_one({"sha256": sha256_of(presented)})
        if row is None:
            raise CredentialEnded("There is no such device token")
        return _in_use(store, clock, row, peer)
    hashed = presented.lower()
    if not _HASHED.fullmatch(hashed):
        return None
    row = _rows(store).find_one({"sha1" if len(hashed) == SHA1_DIGITS else "sha512": sha256_of(hashed)})
    return _in_use(store, clock, row, peer) if row else None


def token_with_id(store: Store, clock: Clock, token_id: str, *, peer: Peer = NO_PEER) -> DeviceToken:
    """Return the token behind a reference of ours, noting the use. Raises ``CredentialEnded``."""
    row = _rows(store).find_one({"_id": ObjectId(token_id)}) if ObjectId.is_valid(token_id) else None
    if row is None:
        raise CredentialEnded("There is no such device token")
    return _in_use(store, clock, row, peer)


def good_token(store: Store, token_id: str) -> DeviceToken | None:
    """Return the token of this id unless it has ended. Nothing is noted."""
    wanted = {"_id": ObjectId(token_id), "revoked_at_ms": None} if ObjectId.is_valid(token_id) else None
    row = _rows(store).find_one(wanted) if wanted else None
    return _token_of(row) if row else None


def _in_use(store: Store, clock: Clock, row: Document, peer: Peer) -> DeviceToken:
    if row["revoked_at_ms"] is not None:
        raise CredentialEnded("This device token was revoked", hint="Make another one for this device.")
    used = {"last_address": peer.address, "last_user_agent": peer.user_agent}
    note_use(_rows(store), row, "last_used_at_ms", clock.now_ms(), used)
    return _token_of(row)


def _rows(store: Store) -> Collection:
    return store.collection(COLLECTION)


def _token_of(row: Document) -> DeviceToken:
    return DeviceToken(
        id=str(row["_id"]),
        name=row["name"],
        grants=tuple(row["grants"]),
        made_at_ms=row["made_at_ms"],
        made_by=row["made_by"],
        last_used_at_ms=row["last_used_at_ms"],
        last_address=row["last_address"],
        last_user_agent=row["last_user_agent"],
        revoked_at_ms=row["revoked_at_ms"],
    )
