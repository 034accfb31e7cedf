"""Opening a share link, and what may be seen through it from then on.

Opening is an act of its own (a button, never the mere fetching of the link). It is counted and throttled by link and
by address, told in the audit list, and answered with a visit: a cookie of ``nlv_`` and 32 random bytes, kept as its
SHA-256. Every use of the cookie looks at the share again, so an ended link shows nothing more, not even to who is
looking.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.actor import NOBODY, Actor
from app.clock import Clock, datetime_of
from app.errors import Gone, NotFound, Unauthenticated
from app.identity import audit, throttle
from app.identity.last_use import note_use
from app.identity.minting import mint, sha256_of
from app.identity.passwords import check_password
from app.identity.peer import Peer
from app.identity.throttle import Limit
from app.sharing import shares
from app.sharing.shares import Share, State, share_of
from app.store.interface import Document, Store

COLLECTION = "nl_visits"
PREFIX = "nlv_"

OPENINGS_OF_ADDRESS = Limit("share-address", tries=30, window_s=15 * 60)
OPENINGS_OF_LINK = Limit("share-link", tries=60, window_s=15 * 60)
PASSCODES_OF_LINK = Limit("share-passcode", tries=5, window_s=15 * 60)

_ENDED: dict[State, str] = {
    "expired": "This link has ended",
    "revoked": "This link was ended by the person who made it",
}


class PasscodeNeeded(Unauthenticated):
    """The link wants the passcode that came another way; nothing was counted."""

    code = "passcode-needed"


class WrongPasscode(Unauthenticated):
    """Not the passcode of this link; ``guesses_left`` more and it is shut for good."""

    code = "wrong-passcode"

    def __init__(self, message: str, *, guesses_left: int) -> None:
        super().__init__(message, hint="Ask who sent you the link.")
        self.guesses_left = guesses_left


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody looking through a link in one browser, since ``opened_at_ms`` (UTC epoch ms)."""

    share: Share
    opened_at_ms: int

    @property
    def actor(self) -> Actor:
        """Return who that is and what they may do."""
        return self.share.actor


def open_share(store: Store, clock: Clock, token: str, *, passcode: str = "", peer: Peer) -> tuple[Visit, str]:
    """Open a link and return the visit with its cookie's content, told only here.

    Raises ``NotFound`` for an unknown link, ``Gone`` for an ended one, ``PasscodeNeeded``, ``WrongPasscode`` or
    ``TooManyAttempts``.
    """
    throttle.hit(store, clock, OPENINGS_OF_ADDRESS, peer.neighbourhood)
    row = shares.row_with(store, token)
    if row is None:
        raise NotFound("There is no such link")
    share = share_of(row)
    throttle.hit(store, clock, OPENINGS_OF_LINK, share.id)
    try:
        _refuse_ended(share, clock.now_ms())
    except Gone as ended:
        audit.record(
            store, clock, NOBODY, "ended share tried", about=share.id, peer=peer, details={"why": ended.message}
        )
        raise
    if row["passcode"] is not None:
        _check_passcode(store, clock, row, passcode, peer)
    audit.record(store, clock, share.actor, "share opened", about=share.id, peer=peer)
    return _begin(store, clock, row, peer)


def find_visit(store: Store, clock: Clock, token: str, *, peer: Peer) -> Visit | None:
    """Return the visit of a cookie, or None when this is none of ours. Notes the use.

    Raises ``Gone`` as soon as the link has ended. A link shut by wrong passcodes goes on for who gave the right one.
    """
    visit = store.collection(COLLECTION).find_one({"_id": sha256_of(token)}) if token.startswith(PREFIX) else None
    row = shares.rows(store).find_one({"_id": visit["share"]}) if visit else None
    if visit is None or row is None:
        return None
    share, now_ms = share_of(row), clock.now_ms()
    _refuse_ended(share, now_ms)
    note_use(shares.rows(store), row, "last_used_at_ms", now_ms)
    return Visit(share, visit["opened_at_ms"])


def _refuse_ended(share: Share, now_ms: int) -> None:
    ended = _ENDED.get(share.state(now_ms))
    if ended:
        raise Gone(ended, hint="Ask who sent you the link for a new one.")


def _check_passcode(store: Store, clock: Clock, row: Document, passcode: str, peer: Peer) -> None:
    """Return when the passcode is right. A guess is taken before the comparison, and given back when it was right."""
    if not passcode:
        raise PasscodeNeeded("This link wants its passcode", hint="It came another way than the link.")
    share = share_of(row)
    throttle.hit(store, clock, PASSCODES_OF_LINK, share.id)
    kept = shares.rows(store)
    taken = kept.find_one_and_update({"_id": row["_id"], "guesses_left": {"$gt": 0}}, {"$inc": {"guesses_left": -1}})
    if taken is None:
        raise Gone(
            "This link is shut: its passcode was wrong too often", hint="Ask who sent you the link for a new one."
        )
    if not check_password(row["passcode"], passcode).right:
        left = int(taken["guesses_left"])
        audit.record(
            store, clock, NOBODY, "share passcode failed", about=share.id, peer=peer, details={"guesses_left": left}
        )
        raise WrongPasscode("This is not the passcode", guesses_left=left)
    kept.update_one({"_id": row["_id"]}, {"$inc": {"guesses_left": 1}})
    throttle.clear(store, PASSCODES_OF_LINK, share.id)


def _begin(store: Store, clock: Clock, row: Document, peer: Peer) -> tuple[Visit, str]:
    token, now_ms = mint(PREFIX), clock.now_ms()
    # Asked of the store once more, in the write: a link revoked this very moment is not opened.
    opened = shares.rows(store).find_one_and_update(
        {"_id": row["_id"], "revoked_at_ms": None}, {"$inc": {"opens": 1}, "$set": {"last_used_at_ms": now_ms}}
    )
    if opened is None:
        raise Gone(_ENDED["revoked"])
    share = share_of(opened)
    store.collection(COLLECTION).insert_one(
        {
            "_id": sha256_of(token),
            "share": row["_id"],
            "opened_at_ms": now_ms,
            "address": peer.address,
            "user_agent": peer.user_agent,
            "expires_at": datetime_of(share.expires_at_ms),
        }
    )
    return Visit(share, now_ms), token
