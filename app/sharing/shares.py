"""Share links: made with a fresh code, told once, kept as a hash, and ended by time or by one tap.

A row of ``nl_shares`` is ``{_id, sha256, label, role, kinds, caveats, passcode, guesses_left, made_by, made_by_name,
made_at_ms, last_used_at_ms, opens, revoked_at_ms}``. Ended rows stay: they are the family's list of who was let in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.actor import Actor
from app.clock import Clock
from app.errors import BadRequest, NotFound
from app.identity import audit
from app.identity.accounts import find_account
from app.identity.minting import mint, sha256_of
from app.identity.passwords import hash_password
from app.identity.peer import Peer
from app.identity.sessions import Session, require_fresh
from app.sharing.caveats import Caveat, NotAfter, caveats_of
from app.store import ObjectId
from app.store.interface import Collection, Document, Store

COLLECTION = "nl_shares"
PREFIX = "nls_"
DEFAULT_LIFETIME_MS = 48 * 3_600_000
LONGEST_LIFETIME_MS = 30 * 86_400_000
LONGEST_LABEL = 60
PASSCODE_LENGTHS = (4, 64)
LIFETIME_GUESSES = 20
"""Wrong passcodes a link stands in its whole life. Of four digits that is a chance of one in 500."""

Role = Literal["viewer", "clinician"]
Kind = Literal["glucose", "treatments", "devicestatus", "profile"]
State = Literal["open", "passcode", "expired", "revoked", "locked", "unknown"]

ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)
PERMISSION_OF: dict[Kind, str] = {
    "glucose": "api:entries:read",
    "treatments": "api:treatments:read",
    "devicestatus": "api:devicestatus:read",
    "profile": "api:profile:read",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A link without its secret; times are UTC epoch ms, None when it never happened.

    ``label`` says whom it is for, ``kinds`` which data it shows, ``role`` which pages are made of them.
    """

    id: str
    label: str
    role: Role
    kinds: tuple[Kind, ...]
    caveats: tuple[Caveat, ...]
    has_passcode: bool
    guesses_left: int
    made_by: str
    made_by_name: str
    made_at_ms: int
    last_used_at_ms: int | None
    opens: int
    revoked_at_ms: int | None

    @property
    def expires_at_ms(self) -> int:
        """Return when the link ends by itself; 0 when that is not understood, and it is shut."""
        return min((caveat.at_ms for caveat in self.caveats if isinstance(caveat, NotAfter)), default=0)

    def state(self, now_ms: int) -> State:
        """Return what a holder of the link can do with it now: open it, give a passcode, or nothing any more."""
        if self.revoked_at_ms is not None:
            return "revoked"
        if not all(caveat.verify(now_ms) for caveat in self.caveats):
            return "expired"
        if not self.has_passcode:
            return "open"
        return "passcode" if self.guesses_left > 0 else "locked"

    @property
    def actor(self) -> Actor:
        """Return who looks through this link: it may read the kinds of data granted and nothing else."""
        grants = tuple(PERMISSION_OF[kind] for kind in self.kinds)
        return Actor("share", f"share:{self.label}", grants, id=self.id, expires_at_ms=self.expires_at_ms)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to share: for whom, in which role, which data, for how long.

    ``passcode`` is what the other side has to type, told them another way than the link; "" for none.
    """

    label: str
    role: Role
    kinds: Sequence[Kind]
    lifetime_ms: int = DEFAULT_LIFETIME_MS
    passcode: str = ""


def make_share(store: Store, clock: Clock, session: Session, wish: Wish, *, peer: Peer) -> tuple[Share, str]:
    """Make a link and return it with its token, told only here.

    ``session`` is the maker's. Raises ``FreshCodeNeeded`` without a recent code in it, and ``BadRequest`` saying what
    is wrong.
    """
    require_fresh(session, clock)
    maker = find_account(store, session.account_id)
    if maker is None:
        raise NotFound("This account is gone")
    _refuse_unfit(wish)
    if not maker.actor.may_all(PERMISSION_OF[kind] for kind in wish.kinds):
        raise BadRequest("Nobody can share what they may not see themselves")
    token, now_ms = mint(PREFIX), clock.now_ms()
    row: Document = {
        "_id": ObjectId(),
        "sha256": sha256_of(token),
        "label": " ".join(wish.label.split()),
        "role": wish.role,
        "kinds": [kind for kind in KINDS if kind in wish.kinds],
        "caveats": [NotAfter(now_ms + wish.lifetime_ms).stored],
        "passcode": hash_password(wish.passcode) if wish.passcode else None,
        "guesses_left": LIFETIME_GUESSES,
        "made_by": maker.id,
        "made_by_name": maker.name,
        "made_at_ms": now_ms,
        "last_used_at_ms": None,
        "opens": 0,
        "revoked_at_ms": None,
    }
    share = share_of(row)
    details: dict[str, audit.Detail] = {
        "for": share.label,
        "role": share.role,
        "kinds": " ".join(share.kinds),
        "until_ms": share.expires_at_ms,
    }
    audit.record(store, clock, maker.actor, "share made", about=share.id, peer=peer, details=details)
    rows(store).insert_one(row)
    return share, token


def list_shares(store: Store) -> list[Share]:
    """Return every link, ended ones too, the newest first. Its openings are the audit rows about its id."""
    return [share_of(row) for row in rows(store).find({}, sort=[("made_at_ms", -1), ("_id", -1)])]


def revoke_share(store: Store, clock: Clock, actor: Actor, share_id: str, *, peer: Peer) -> bool:
    """End a link and all visits through it at once; tells whether it was not ended so before."""
    if not ObjectId.is_valid(share_id):
        return False
    row = rows(store).find_one_and_update(
        {"_id": ObjectId(share_id), "revoked_at_ms": None}, {"$set": {"revoked_at_ms": clock.now_ms()}}
    )
    if row is None:
        return False
    audit.record(store, clock, actor, "share revoked", about=share_id, peer=peer, details={"for": row["label"]})
    return True


def look(store: Store, clock: Clock, token: str) -> tuple[State, Share | None]:
    """Tell what state a link is in without opening it, and which share it is ("unknown" has none).

    Chat previews and mail scanners fetch links: this writes nothing and counts nothing. Show no more of the share
    than its state and its end before it is opened.
    """
    row = row_with(store, token)
    if row is None:
        return "unknown", None
    share = share_of(row)
    return share.state(clock.now_ms()), share


def row_with(store: Store, token: str) -> Document | None:
    """Return the row of a link's token, or None."""
    return rows(store).find_one({"sha256": sha256_of(token)}) if token.startswith(PREFIX) else None


def rows(store: Store) -> Collection:
    """Return the collection, for the modules of this room."""
    return store.collection(COLLECTION)


def share_of(row: Document) -> Share:
    """Return a row of the collection without its secrets."""
    told: dict[str, Any] = {name: row[name] for name in _TOLD}
    return Share(
        id=str(row["_id"]),
        kinds=tuple(row["kinds"]),
        caveats=caveats_of(row["caveats"]),
        has_passcode=row["passcode"] is not None,
        **told,
    )


_TOLD = (
    *("label", "role", "guesses_left", "made_by", "made_by_name", "made_at_ms"),
    *("last_used_at_ms", "opens", "revoked_at_ms"),
)


def _refuse_unfit(wish: Wish) -> None:
    label = " ".join(wish.label.split())
    if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
        raise BadRequest(f"Say for whom the link is, in 1 to {LONGEST_LABEL} characters")
    if wish.role not in ROLES:
        raise BadRequest(f"The role is one of {', '.join(ROLES)}")
    if not wish.kinds or not set(wish.kinds) <= set(KINDS):
        raise BadRequest(f"Say what the link shows: {', '.join(KINDS)}")
    if not 0 < wish.lifetime_ms <= LONGEST_LIFETIME_MS:
        raise BadRequest("A link lives for at most 30 days")
    shortest, longest = PASSCODE_LENGTHS
    if wish.passcode and not shortest <= len(wish.passcode) <= longest:
        raise BadRequest(f"A passcode has {shortest} to {longest} characters")
