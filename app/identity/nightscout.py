"""Who a program is, by Nightscout's rules: the API secret, access tokens and their web tokens, and our own device
tokens.

``NightscoutAccess.identify`` answers for API v1, v2 and the sockets, ``identify_bearer`` for API v3. Order and quirks
are Nightscout's:

1. Nothing presented: nobody, with the default roles. 2. The API secret, as SHA-1 (any case) or SHA-512 (small
letters) of it, never in clear: everything. 3. A web token, as bearer or as ``token=``; an access token as ``token=``;
an access token in place of the secret, plain, hashed by the app, or behind a literal ``token=``. Its roles'
permissions and the default roles'. 4. Anything else is refused, and costs the address a wait; but a ``token=`` that
nobody knows counts as nothing presented.

A device token of ours (``tokens``) is accepted wherever an access token is, and as bearer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Any

from app.actor import NOBODY, Actor
from app.clock import Clock
from app.config import Settings
from app.errors import TooManyAttempts, Unauthenticated, Unavailable
from app.identity import audit, throttle, tokens
from app.identity.minting import sha1_of, sha512_of
from app.identity.notices import FAILED_AUTHENTICATION, Notices
from app.identity.peer import NO_PEER, Peer
from app.identity.penalties import Penalties
from app.identity.refusals import CredentialEnded
from app.identity.roles import Roles
from app.identity.subjects import Subject, Subjects
from app.identity.throttle import Limit
from app.identity.tokens import DeviceToken
from app.identity.web_tokens import WebTokens
from app.keyring import KeyRing
from app.logs import told
from app.store.interface import Change, Store, Subscription

log = logging.getLogger(__name__)

Holder = Subject | DeviceToken

SECRET_ACTOR = Actor(kind="secret", label="secret", grants=("*",), id="secret")
ABSENT = "null"
"""What a program written in JavaScript sends for a secret it does not have."""
DEVICE = "nightlight:"
"""How a device token is named inside a web token: by its id, so that the web token gives nothing away that outlives
it."""

REFUSALS_TOLD = Limit("refusal-told", tries=1, window_s=15 * 60)
"""A misconfigured app tries every minute for days: the audit list hears of it four times an hour."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request brought along, already taken from where it travels; empty values are the same as absent ones.

    ``secret`` comes from the query's ``secret``, the header ``api-secret`` or the body's ``secret``, the first that
    is there; ``bearer`` from the header (see ``bearer_of``); ``tokens`` are the query's or the body's ``token``, in
    order.
    """

    secret: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    tokens: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A web token got for an access token, and what Nightscout tells about it; times are UTC epoch seconds."""

    token: str = field(repr=False)
    sub: str
    permission_groups: Sequence[object]
    iat: int
    exp: int

    @property
    def body(self) -> dict[str, Any]:
        """Return Nightscout's answer to ``/authorization/request``."""
        return {
            "token": self.token,
            "sub": self.sub,
            "permissionGroups": [*self.permission_groups],
            "iat": self.iat,
            "exp": self.exp,
        }


def bearer_of(authorization: str) -> str:
    """Return the web token of an ``Authorization`` header, or "".

    v1 and v2 want exactly two parts, and the scheme spelt exactly ``Bearer``.
    """
    parts = authorization.strip().split(" ")
    return parts[1] if len(parts) == 2 and parts[0] == "Bearer" else ""


class NightscoutAccess:
    """One process' knowledge of subjects and roles, kept current from the change log, of penalties and of notices.

    Making one does nothing yet: reading and listening begin with the first question.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, keyring: KeyRing) -> None:
        self.roles = Roles(settings, store, clock)
        self.subjects = Subjects(settings, store, clock)
        self.penalties = Penalties(store, clock, settings["AUTH_FAIL_DELAY"])
        self.notices = Notices(settings, store, clock)
        self._store, self._clock = store, clock
        self._web_tokens = WebTokens(keyring, clock)
        secret = settings["API_SECRET"]
        self._secret_digests = (sha1_of(secret), sha512_of(secret)) if secret else ()
        self._lock = threading.Lock()
        self._subscription: Subscription | None = None

    def identify(self, presented: Presented, peer: Peer = NO_PEER) -> Actor:
        """Return who presents this to v1, v2 or a socket.

        Raises ``CredentialEnded`` for what was good once, and ``Unauthenticated`` for a bad credential, which costs
        the address a wait.
        """
        self._listen()
        secret = "" if presented.secret == ABSENT else presented.secret
        if self._is_secret(secret):
            return self._welcome(SECRET_ACTOR, peer)
        holder = self._holder(presented, secret, peer)
        if holder:
            return self._welcome(self._actor_of(holder), peer)
        if secret or presented.bearer:
            raise self._refusal(peer)
        return self.nobody

    def identify_bearer(self, bearer: str, peer: Peer = NO_PEER) -> Actor:
        """Return who presents this to v3, where only a bearer counts; without one that is nobody.

        Raises as ``identify`` does.
        """
        self._listen()
        if not bearer:
            return self.nobody
        holder = self._of_web_token(bearer, peer) or self._of_device_token(bearer, peer)
        if holder is None:
            raise self._refusal(peer)
        return self._welcome(self._actor_of(holder), peer)

    def exchange(self, presented: str, peer: Peer = NO_PEER) -> Exchanged:
        """Return a new web token for an access token, a device token or a web token that is still good.

        Raises ``Unauthenticated``, or ``CredentialEnded``, which is one.
        """
        self._listen()
        holder = self._of_token(presented, peer)
        if holder is None:
            raise Unauthenticated("This access token is not known here")
        issued = self._web_tokens.sign(holder.access_token if isinstance(holder, Subject) else DEVICE + holder.id)
        groups = self._permission_groups(holder)
        return Exchanged(issued.text, holder.name, groups, issued.issued_at_s, issued.expires_at_s)

    @property
    def collections(self) -> tuple[str, ...]:
        """Return the collections that say which subject may do what."""
        return self.roles.documents.collection, self.subjects.documents.collection

    def renewed(self, actor: Actor) -> Actor | None:
        """Return a program's actor with what it may do now, None when its credential has ended. Nothing is noted."""
        self.roles.documents.forget()  # whoever asks has heard of a change, maybe sooner than we
        if actor.is_nobody:
            return self.nobody
        if actor.kind != "token":
            return actor
        holder = self.subjects.with_id(actor.id) or tokens.good_token(self._store, actor.id)
        return self._actor_of(holder) if holder else None

    @property
    def nobody(self) -> Actor:
        """Return a visitor without a credential, who has the default roles."""
        return replace(NOBODY, grants=self.roles.default_grants)

    def wait_ms(self, peer: Peer) -> int:
        """Return how long a request from there should be held before it is answered; 0 for most."""
        return self.penalties.remaining_ms(peer)

    def close(self) -> None:
        """Stop listening to the change log. Idempotent."""
        with self._lock:
            if self._subscription:
                self._subscription.close()

    def _holder(self, presented: Presented, secret: str, peer: Peer) -> Holder | None:
        found: Holder | None = None
        if presented.bearer:
            found = self._of_web_token(presented.bearer, peer) or self._of_device_token(presented.bearer, peer)
        else:
            found = next((holder for token in presented.tokens if (holder := self._of_token(token, peer))), None)
        return found or self._of_access_token(secret.removeprefix("token="), peer)

    def _of_token(self, text: str, peer: Peer) -> Holder | None:
        return self._of_web_token(text, peer) or self._of_access_token(text, peer)

    def _of_web_token(self, text: str, peer: Peer) -> Holder | None:
        web_token = self._web_tokens.check(text)
        if web_token is None:
            return None
        stands_for = web_token.access_token
        if stands_for.startswith(DEVICE):
            return tokens.token_with_id(self._store, self._clock, stands_for.removeprefix(DEVICE), peer=peer)
        subject = self.subjects.with_token(stands_for)
        if subject is None:
            raise CredentialEnded("The subject of this token was deleted, or the API secret has changed")
        return subject

    def _of_access_token(self, text: str, peer: Peer) -> Holder | None:
        return self._of_device_token(text, peer) or self.subjects.with_token(text)

    def _of_device_token(self, text: str, peer: Peer) -> DeviceToken | None:
        return tokens.find_token(self._store, self._clock, text, peer=peer)

    def _actor_of(self, holder: Holder) -> Actor:
        own = self.roles.grants_of(holder.roles) if isinstance(holder, Subject) else holder.grants
        grants = tuple(dict.fromkeys((*own, *self.roles.default_grants)))
        return Actor(kind="token", label=f"token:{holder.name}", grants=grants, id=holder.id)

    def _permission_groups(self, holder: Holder) -> list[object]:
        if isinstance(holder, Subject):
            names = dict.fromkeys((*holder.roles, *self.roles.default_names))
            return [self.roles.stored_permissions(name) for name in names]
        return [[*holder.grants], *(self.roles.stored_permissions(name) for name in self.roles.default_names)]

    def _is_secret(self, presented: str) -> bool:
        if not self._secret_digests:
            return False
        given = presented.encode("utf-8", "surrogatepass")
        sha1, sha512 = (digest.encode() for digest in self._secret_digests)
        return compare_digest(given.lower(), sha1) or compare_digest(given, sha512)

    def _welcome(self, actor: Actor, peer: Peer) -> Actor:
        self.penalties.cleared(peer)
        return actor

    def _refusal(self, peer: Peer) -> Unauthenticated:
        self.penalties.failed(peer)
        self.notices.record(*FAILED_AUTHENTICATION)
        try:
            throttle.hit(self._store, self._clock, REFUSALS_TOLD, peer.neighbourhood)
            audit.record(self._store, self._clock, NOBODY, "credential refused", peer=peer)
        except (TooManyAttempts, Unavailable) as untold:
            log.info("a credential was refused", extra=told(address=peer.address, untold=untold.code))
        return Unauthenticated("This credential is not known here")

    def _listen(self) -> None:
        if self._subscription is None:
            with self._lock:
                if self._subscription is None:
                    self._subscription = self._store.listen(self._heard)

    def _heard(self, changes: Sequence[Change]) -> None:
        for documents in (self.roles.documents, self.subjects.documents):
            if any(change.op == "resync" or change.collection == documents.collection for change in changes):
                documents.forget()
