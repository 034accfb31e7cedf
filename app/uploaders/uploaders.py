"""The uploaders of a household: made, edited, switched, run at once and deleted by people. Secrets go in, never out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.actor import Actor
from app.clock import Clock
from app.errors import NotFound
from app.keyring import KeyRing
from app.records.sources.outgoing import Outgoing
from app.store.interface import Document, Filter, Store, Update
from app.uploaders.form import Answers, FormField, FormRefused, described, read_answers
from app.uploaders.seen import COLLECTION as SEEN
from app.uploaders.seen import Seen
from app.uploaders.sites import site_of
from app.uploaders.state import COLLECTION, State, Uploader, state_document, uploader_in
from app.uploaders.vendor import Session, Vendor
from app.uploaders.vendors import vendor_named

PEOPLE, ENVIRONMENT = "people", "environment"


LENT_MS = 60_000
"""Longer than any trial."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A session, and what keeps it when it was renewed."""

    session: Session = field(repr=False)
    keep: Callable[[Session], None]


def place_of(uploader_id: str) -> str:
    """Return where an uploader's secrets are sealed for."""
    return f"uploader:{uploader_id}"


def session_place_of(uploader_id: str) -> str:
    """Return where an uploader's session is sealed for."""
    return f"uploader:{uploader_id}:session"


class Uploaders:
    """The service behind the page of uploaders; ``own_addresses`` are ours, which no uploader may pull from."""

    def __init__(
        self, store: Store, clock: Clock, actor: Actor, keyring: KeyRing, *, own_addresses: Iterable[str] = ()
    ) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._rows = store.collection(COLLECTION, actor=actor.label)
        self._seen = store.collection(SEEN, actor=actor.label)
        self._own_sites = {site_of(address) for address in own_addresses} - {None}

    def all(self) -> list[Uploader]:
        """Return every uploader, oldest first."""
        return [uploader_in(row) for row in self._rows.find(sort=(("created_ms", 1), ("_id", 1)))]

    @property
    def outgoing(self) -> Outgoing:
        """Return what an uploader that sends reads from."""
        return Outgoing(self._store, self._clock)

    def find(self, uploader_id: str) -> Uploader:
        """Return one uploader. Raises ``NotFound``."""
        return uploader_in(self._row(uploader_id))

    def form(self, vendor: str, uploader_id: str | None = None) -> tuple[FormField, ...]:
        """Return the fields to show for a vendor, filled in for an uploader that is there. Raises ``NotFound``."""
        form = vendor_named(vendor).form
        if uploader_id is None:
            return described(form)
        uploader = self.find(uploader_id)
        return described(form, {**uploader.options, "label": uploader.label}, uploader.secrets_set)

    def read(self, vendor: str, answers: Mapping[str, Any], *, kept: Iterable[str] = ()) -> Answers:
        """Check the answers of a form. Raises ``FormRefused``, ``NotFound``."""
        read = read_answers(vendor_named(vendor).form, answers, kept=tuple(kept))
        for name in ("address", "server"):
            if read.options.get(name) and site_of(read.options[name]) in self._own_sites:
                raise FormRefused({name: "This is our own address: an uploader would bring us what we have."})
        return read

    def create(
        self, vendor: str, answers: Mapping[str, Any], *, uploader_id: str = "", origin: str = PEOPLE
    ) -> Uploader:
        """Make an uploader, due at once. Raises ``FormRefused``, ``NotFound``; ``DuplicateKey`` for an id in use."""
        read = self.read(vendor, answers)
        label = read.options.pop("label") or vendor_named(vendor).title
        now_ms = self._clock.now_ms()
        row: Document = {
            "_id": uploader_id or secrets.token_hex(6),
            "vendor": vendor,
            "label": label,
            "enabled": True,
            "origin": origin,
            "options": read.options,
            "secrets_set": dict.fromkeys(read.secrets, now_ms),
            "revision": 1,
            "fence": 0,
            "created_ms": now_ms,
            "cursors": {},
            "session": None,
            "sign_in": None,
            "described": "",
            **_standing(vendor, read.options),
            "state": state_document(State(next_run_ms=now_ms)),
        }
        row["sealed"] = self._sealed(row["_id"], read.secrets)
        self._rows.insert_one(row)
        return uploader_in(row)

    def edit(self, uploader_id: str, answers: Mapping[str, Any]) -> Uploader:
        """Change an uploader, keeping the secrets left empty; it forgets its failure and runs at once.

        It forgets its session too, but for a sign-in that took its owner's browser and is not touched by the change.

        Raises ``FormRefused``, ``NotFound``, ``SealBroken`` when kept secrets can no longer be opened.
        """
        row = self._row(uploader_id)
        read = self.read(row["vendor"], answers, kept=row["secrets_set"])
        label = read.options.pop("label") or row["label"]
        now_ms = self._clock.now_ms()
        changed: Document = {"label": label, "options": read.options, **_standing(row["vendor"], read.options)}
        if not _keeps_session(vendor_named(row["vendor"]), row["options"], read):
            changed |= {"session": None, "sign_in": None}
        if read.secrets or read.options != row["options"]:
            # Perhaps another account: where the old one had got to means nothing there.
            changed["cursors"] = {}
        if read.secrets:
            kept = {} if set(row["secrets_set"]) <= set(read.secrets) else self.secrets_of(uploader_id)
            changed["sealed"] = self._sealed(uploader_id, kept | read.secrets)
            changed["secrets_set"] = row["secrets_set"] | dict.fromkeys(read.secrets, now_ms)
        return self._change(uploader_id, changed | _due(row, now_ms))

    def enable(self, uploader_id: str, on: bool) -> Uploader:
        """Switch an uploader on (it runs at once) or off. Raises ``NotFound``."""
        due = _due(self._row(uploader_id), self._clock.now_ms()) if on else {}
        return self._change(uploader_id, {"enabled": on} | due)

    def run_now(self, uploader_id: str) -> Uploader:
        """Wish for a run at once; a lockout or rate limit is sat out all the same. Raises ``NotFound``."""
        return self._updated({"_id": uploader_id}, {"$set": {"state.run_now_ms": self._clock.now_ms()}})

    def delete(self, uploader_id: str) -> None:
        """Delete an uploader with its secrets; what it brought stays. Raises ``NotFound``."""
        if not self._rows.delete_one({"_id": uploader_id}):
            raise _none_such(uploader_id)
        Seen(self._seen, self._clock, uploader_id).forget()

    def secrets_of(self, uploader_id: str) -> dict[str, str]:
        """Return the secrets of an uploader, for a run or a test and never for a page.

        Raises ``NotFound``, ``SealBroken``.
        """
        return opened(self._keyring, self._row(uploader_id))

    @contextmanager
    def lent_session(self, uploader_id: str) -> Iterator[Lent | None]:
        """Lend the session of an uploader, None while a run uses it: two that renew it at once would both lose it.

        Raises ``NotFound``, ``SealBroken``.
        """
        name, owner = f"uploader:{uploader_id}", secrets.token_hex(8)
        if self._store.take_lease(name, owner, ttl_ms=LENT_MS) is None:
            yield None
            return
        try:
            row = self._row(uploader_id)
            place = session_place_of(uploader_id)
            sealed = row["session"]

            def keep(session: Session) -> None:
                content = {"id": uploader_id, "session": session}
                which = {"_id": uploader_id, "revision": row["revision"]}
                self._rows.update_one(which, {"$set": {"session": self._keyring.seal(place, content)}})

            yield Lent(self._keyring.open(place, sealed)["session"] if sealed else {}, keep)
        finally:
            self._store.drop_lease(name, owner)

    def _row(self, uploader_id: str) -> Document:
        row = self._rows.find_one({"_id": uploader_id})
        if row is None:
            raise _none_such(uploader_id)
        return row

    def _change(self, uploader_id: str, changed: Document) -> Uploader:
        return self._updated({"_id": uploader_id}, {"$set": changed, "$inc": {"revision": 1}})

    def _updated(self, which: Filter, update: Update) -> Uploader:
        row = self._rows.find_one_and_update(which, update)
        if row is None:
            raise _none_such(str(which["_id"]))
        return uploader_in(row)

    def _sealed(self, uploader_id: str, given: Mapping[str, str]) -> str:
        return self._keyring.seal(place_of(uploader_id), {"id": uploader_id, "secrets": dict(given)})


def opened(keyring: KeyRing, row: Document) -> dict[str, str]:
    """Return the secrets sealed in an uploader's document. Raises ``SealBroken``."""
    found: dict[str, str] = keyring.open(place_of(row["_id"]), row["sealed"])["secrets"]
    return found


def _standing(vendor: str, options: Mapping[str, Any]) -> Document:
    """Return what is kept beside the options of how this uploader's records stand to those of others."""
    known = vendor_named(vendor)
    return {"rank": known.rank, "taken": known.taken(options)}


def _keeps_session(vendor: Vendor, options: Mapping[str, Any], read: Answers) -> bool:
    if vendor.sign_in is None or read.secrets:
        return False
    return all(options.get(name) == read.options.get(name) for name in vendor.sign_in.depends_on)


def _due(row: Document, now_ms: int) -> Document:
    """Return what makes an uploader run at once, with its failure forgotten; a lockout is not forgotten."""
    uploader = uploader_in(row)
    if uploader.is_shut_out:
        return {"state.run_now_ms": None}
    return {"state.next_run_ms": now_ms, "state.run_now_ms": None, "state.failure": None}


def _none_such(uploader_id: str) -> NotFound:
    return NotFound(f"There is no uploader {uploader_id!r}")
