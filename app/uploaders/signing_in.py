"""Signing in to a vendor with the owner's own browser, where a password is not enough: begin, come back, finish.

What is needed to finish is sealed in the uploader's document, good for half an hour and for one answer. The random word
that went out must come back with it; only its hash is kept, so that whoever reads the store cannot answer in its place.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from app.actor import Actor
from app.clock import Clock
from app.errors import BadRequest, NotFound
from app.keyring import KeyRing
from app.logs import told
from app.records.sources.documents import MINUTE_MS
from app.records.sources.outgoing import Outgoing
from app.store.interface import Document, Store
from app.uploaders.errors import UploaderFailure
from app.uploaders.guard import Limits
from app.uploaders.state import COLLECTION, uploader_in
from app.uploaders.surroundings import Surroundings
from app.uploaders.transport import Line
from app.uploaders.uploaders import opened, session_place_of
from app.uploaders.vendor import Access, Session, SignIn, Vendor
from app.uploaders.vendors import VENDORS

log = logging.getLogger(__name__)

Keep = Callable[[Session], None]

GOOD_FOR_MS = 30 * MINUTE_MS
LONGEST_ANSWER = 8000


class SignInRefused(BadRequest):
    """An answer that does not finish a sign-in: of another one, too late, or without what is needed."""

    code = "sign-in-refused"


class SigningIn:
    """Sign-ins of a household's uploaders. Seals and opens what it keeps with ``keyring``."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        actor: Actor,
        keyring: KeyRing,
        around: Surroundings,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._around = around
        self._limits = limits or Limits(total_s=12.0)
        self._rows = store.collection(COLLECTION, actor=actor.label)

    def begin(self, uploader_id: str, return_url: str) -> str:
        """Begin, and return the address to open in the owner's browser. Raises ``NotFound``, ``UploaderFailure``."""
        row, sign_in = self._row(uploader_id)
        line = self._line(VENDORS[row["vendor"]])
        try:
            begun = sign_in.begin(self._access(row, line, _kept_nowhere), return_url)
        finally:
            line.close()
        pending = {"pending": begun.pending, "return_url": return_url}
        kept = {
            "sha256": _hash_of(begun.state),
            "until_ms": self._clock.now_ms() + GOOD_FOR_MS,
            "sealed": self._keyring.seal(_place_of(uploader_id), {"id": uploader_id, **pending}),
        }
        self._rows.update_one({"_id": uploader_id}, {"$set": {"sign_in": kept}})
        return begun.url

    def waiting_for(self, state: str) -> str:
        """Return the uploader whose sign-in sent this random word out. Raises ``SignInRefused``."""
        row = self._rows.find_one({"sign_in.sha256": _hash_of(state)}) if state else None
        if row is None:
            raise _refused()
        return str(row["_id"])

    def finish(self, uploader_id: str, answer: Mapping[str, str]) -> None:
        """Finish with the query of the address the browser ended at; the uploader then runs at once.

        Raises ``NotFound``, ``SignInRefused``, ``UploaderFailure``. Each answer is tried once.
        """
        row, sign_in = self._row(uploader_id)
        kept = row.get("sign_in") or {}
        fits = hmac.compare_digest(str(kept.get("sha256")), _hash_of(answer.get("state", "")))
        if not fits or kept["until_ms"] <= self._clock.now_ms():
            raise _refused()
        if not self._rows.update_one({"_id": uploader_id, "sign_in": kept}, {"$set": {"sign_in": None}}).matched:
            raise _refused()
        content = self._keyring.open(_place_of(uploader_id), kept["sealed"])
        line = self._line(VENDORS[row["vendor"]])
        try:
            access = self._access(row, line, lambda session: self._keep(row, session))
            sign_in.finish(access, content["pending"], answer, content["return_url"])
        except UploaderFailure as failure:
            log.info("a sign-in failed", extra=told(uploader=uploader_id, failure=failure.code))
            raise
        finally:
            line.close()

    def _row(self, uploader_id: str) -> tuple[Document, SignIn]:
        row = self._rows.find_one({"_id": uploader_id})
        sign_in = VENDORS[row["vendor"]].sign_in if row else None
        if row is None or sign_in is None:
            raise NotFound(f"There is no uploader {uploader_id!r} that signs in with a browser")
        return row, sign_in

    def _keep(self, row: Document, session: Session) -> None:
        """Keep a session; a run that is under way with the old one changes nothing any more."""
        sealed = self._keyring.seal(session_place_of(row["_id"]), {"id": row["_id"], "session": session})
        now_ms = self._clock.now_ms()
        changed = {"session": sealed, "state.failure": None, "state.next_run_ms": now_ms}
        which = {"_id": row["_id"], "vendor": row["vendor"]}
        if not self._rows.update_one(which, {"$set": changed, "$inc": {"revision": 1}}).matched:
            raise _refused()

    def _line(self, vendor: Vendor) -> Line:
        return Line(
            vendor.title,
            self._clock,
            private_allowed=self._around.private_allowed,
            limits=self._limits,
            read_tries=1,
        )

    def _access(self, row: Document, line: Line, keep: Keep) -> Access:
        uploader = uploader_in(row)
        return Access(
            options=uploader.options,
            secrets=opened(self._keyring, row),
            session={},
            keep=keep,
            spend=_spent_nothing,
            line=line,
            clock=self._clock,
            constants=self._around.constants.of(uploader.vendor),
            wall_clock=self._around.wall_clock(),
            outgoing=Outgoing(self._store, self._clock),
        )


def answer_in(pasted: str) -> dict[str, str]:
    """Return the query of an address somebody copied out of the browser. Raises ``SignInRefused`` when it has none."""
    text = pasted.strip()[:LONGEST_ANSWER]
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _no_address() from None
    found = {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}
    if "state" not in found or not ({"code", "error"} & found.keys()):
        raise _no_address()
    return found


def _no_address() -> SignInRefused:
    return SignInRefused(
        "This is not the address the sign-in ended at",
        hint="Copy the whole address, from its beginning to its end; it holds code= and state=.",
    )


def _refused() -> SignInRefused:
    return SignInRefused(
        "This answer belongs to another sign-in, or it came too late", hint="Begin the sign-in again from here."
    )


def _place_of(uploader_id: str) -> str:
    return f"uploader:{uploader_id}:sign-in"


def _hash_of(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def _kept_nowhere(session: Session) -> None:
    """Nothing is signed in yet."""


def _spent_nothing(option: str) -> None:
    """A sign-in needs no permission of the form."""
