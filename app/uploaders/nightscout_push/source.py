"""Sending to another Nightscout: the form, the pace, and how far each collection has been sent.

At least once and without doubles: a batch is looked up there before it is sent, and the cursor moves when all of it is
acknowledged. Killed in between, the next run looks it up again and sends what is missing. What came from there never
goes back, and what says there what it says here does not travel: so two houses that send to each other come to rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.logs import told
from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS
from app.records.sources.kinds import ALONE, ALWAYS, COLLECTION_OF, NEVER
from app.records.sources.ranks import GONE, UPLOADER_STAMP, UPLOADERS
from app.records.stamps import CHANGED
from app.store import ObjectId
from app.store.interface import Document
from app.uploaders.form import UploaderForm, address, choice, number, secret
from app.uploaders.nightscout.auth import Door
from app.uploaders.nightscout.errors import NotPermitted
from app.uploaders.nightscout_push.choosing import choose
from app.uploaders.nightscout_push.client import PushClient
from app.uploaders.nightscout_push.errors import may_not_write
from app.uploaders.nightscout_push.lately import OVERLAP_MS, Lately
from app.uploaders.nightscout_push.mapper import time_of
from app.uploaders.nightscout_push.sending import AT_ONCE, Sending
from app.uploaders.nightscout_push.theirs import look_up
from app.uploaders.sites import site_of
from app.uploaders.vendor import Access, Cursors, Pace, Page, Session, Vendor

log = logging.getLogger(__name__)

KINDS: Mapping[str, str] = {
    "entries": "glucose",
    "treatments": "treatments",
    "profile": "profile",
    "devicestatus": "status",
    "food": "food",
    "activity": "activity",
}
"""The option that switches each collection, in the order they are sent: what a parent looks at first goes first."""

EVERYTHING = "3650"
BEGUN = "begun"
"""The cursor that says when the first run was: how far back it reaches counts from there."""

AT_ONCE_KEY, LATELY_KEY = "at_once", "lately"
"""What is kept in the session beside the ticket."""

_STATUS_DAYS = 2  # older device status says nothing any more
_OLD_EVERY_MS = HOUR_MS
_TIMELESS = ("profile", "food")
_HALF_BITS = 48


def _sent(label: str) -> Any:
    choices = (
        (ALONE, "Yes, but not what the other already has from somebody else"),
        (ALWAYS, "Yes, always"),
        (NEVER, "No"),
    )
    return choice(label, choices, default=ALONE, advanced=True)


class NightscoutPushForm(UploaderForm):
    """What we need to know to send to a Nightscout."""

    address = address("Address", "Of the other Nightscout, for instance https://ada.example.org", required=True)
    token = secret("Access token", "Of a subject there that may read and write.", required=False)
    api_secret = secret("API secret", "Of the other Nightscout, where there is no token.", required=False)
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), (EVERYTHING, "everything")),
        default="14",
    )
    deletions = choice(
        "What is deleted here",
        (("yes", "is deleted there too"), ("no", "stays there")),
        default="yes",
    )
    interval_min = number("Minutes between visits", 1, 60, default=1, advanced=True)
    glucose = _sent("Send glucose")
    treatments = _sent("Send treatments")
    profile = _sent("Send profiles")
    status = _sent("Send device status")
    food = _sent("Send food")
    activity = _sent("Send activity")


class NightscoutPush:
    """Sends the documents of one person to one site."""

    def __init__(self, access: Access) -> None:
        self._session: Session = dict(access.session)
        self._keep_session = access.keep
        self._access = replace(access, keep=self._keep)
        self._client = PushClient(access.line, access.options["address"])
        self._door = Door(self._access, self._client)
        at_once = self._session.get(AT_ONCE_KEY, AT_ONCE)
        self._sending = Sending(self._client, self._door, at_once, self._slower)
        self._lately = Lately(self._session.get(LATELY_KEY, {}))
        self._mirrors = _fetching_from(access)
        self._may_write = False

    def look(self) -> Sequence[Document]:
        """Get in, and see that we may write, by writing nothing."""
        self._open()
        for collection in filter(self._wants, ("entries", "treatments")):
            try:
                self._door.call(partial(self._client.save, collection, []))
            except NotPermitted:
                raise may_not_write() from None
        return ()

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Send each collection, oldest change first, in as many batches as it takes."""
        self._open()
        begun_ms = cursors.get(BEGUN, self._access.clock.now_ms())
        refused: list[str] = []
        for collection in filter(self._wants, KINDS):
            try:
                for page in self._pages_of(collection, cursors, begun_ms):
                    yield replace(page, cursors={BEGUN: begun_ms, **page.cursors})
            except NotPermitted:
                refused.append(collection)
        if refused and not self._may_write:
            raise may_not_write()
        if refused:
            yield Page({}, unusable=[f"the credential may not write {collection}" for collection in refused])

    def _pages_of(self, collection: str, cursors: Cursors, begun_ms: int) -> Iterator[Page]:
        outgoing, now_ms = self._access.outgoing, self._access.clock.now_ms()
        for batch in outgoing.changed(collection, _after_ms(collection, cursors, now_ms)):
            unknown = self._lately.unknown(collection, batch)
            page = self._carried(collection, unknown, begun_ms)
            if unknown:
                self._lately.remember(collection, batch)
                self._keep(self._session)
            yield replace(page, cursors={collection: int(batch[-1][CHANGED]), f"{collection}_read": now_ms})
        if now_ms - cursors.get(f"{collection}_old", 0) >= _OLD_EVERY_MS:
            yield from self._old_pages(collection, cursors, begun_ms)

    def _old_pages(self, collection: str, cursors: Cursors, begun_ms: int) -> Iterator[Page]:
        """Send what a program before this one wrote and nobody has changed since: it has no stamp to go by."""
        outgoing, now_ms = self._access.outgoing, self._access.clock.now_ms()
        names = (f"{collection}_old_high", f"{collection}_old_low")
        last = _id_of(cursors.get(names[0], 0), cursors.get(names[1], 0))
        for batch in outgoing.never_stamped(collection, last):
            last = batch[-1]["_id"]
            page = self._carried(collection, batch, begun_ms)
            yield replace(page, cursors=dict(zip(names, _halves_of(last), strict=True)))
        for batch in outgoing.never_stamped_by_text(collection) if f"{collection}_old" not in cursors else ():
            yield self._carried(collection, batch, begun_ms)
        # An id begins with the second it was made in: what such a program still writes comes after this.
        recent = ObjectId(f"{(now_ms - DAY_MS) // 1000:08x}" + "0" * 16)
        yield Page({f"{collection}_old": now_ms, **dict(zip(names, _halves_of(max(last, recent)), strict=True))})

    def _carried(self, collection: str, batch: Sequence[Document], begun_ms: int) -> Page:
        """Send what of a batch has to be; when this returns, all of it is acknowledged."""
        wanted = [one for one in batch if self._goes_out(collection, one, begun_ms)]
        if not wanted:
            return Page({})
        try:
            theirs = look_up(self._client, self._door.call, collection, wanted)
            chosen = choose(
                wanted,
                theirs,
                self._access.outgoing,
                taken=self._option(collection),
                deletions=self._access.options.get("deletions") == "yes",
                now_ms=self._access.clock.now_ms(),
            )
            unusable = self._sending.send(collection, chosen)
        except NotPermitted:
            raise may_not_write() from None
        if chosen.sent or chosen.delete:
            self._may_write = True
            log.info(
                "records were sent",
                extra=told(collection=collection, sent=len(chosen.sent), deleted=len(chosen.delete)),
            )
        return Page({}, sent=[one for one in chosen.sent if collection == "entries"], unusable=unusable)

    def _goes_out(self, collection: str, document: Document, begun_ms: int) -> bool:
        """Tell whether a document may go there: it did not come from there, and is not older than was asked for."""
        if document.get(UPLOADER_STAMP) in self._mirrors:
            return False
        days = int(self._access.options.get("first_days", "14"))
        if collection in _TIMELESS or days == int(EVERYTHING):
            return True
        at_ms = time_of(collection, document)
        since_ms = begun_ms - DAY_MS * (min(days, _STATUS_DAYS) if collection == "devicestatus" else days)
        return at_ms is not None and at_ms >= since_ms

    def _wants(self, collection: str) -> bool:
        return self._option(collection) != NEVER

    def _option(self, collection: str) -> str:
        return str(self._access.options.get(KINDS[collection], ALONE))

    def _open(self) -> None:
        try:
            self._door.open()
        except NotPermitted:
            raise may_not_write() from None

    def _keep(self, session: Session) -> None:
        noted = {name: self._session[name] for name in (AT_ONCE_KEY,) if name in self._session}
        self._session = session | noted | {LATELY_KEY: self._lately.kept}
        self._keep_session(self._session)

    def _slower(self, at_once: int) -> None:
        """Remember to send less at once: the other did not keep so much in time."""
        self._session[AT_ONCE_KEY] = at_once
        self._keep(self._session)


def _fetching_from(access: Access) -> frozenset[str]:
    """Return the uploaders here that fetch from the very site we send to."""
    there = site_of(access.options["address"])
    rows = access.outgoing.store.collection(UPLOADERS).find(fields=["options"])
    return frozenset(str(row["_id"]) for row in rows if site_of(row.get("options", {}).get("address")) == there)


def _after_ms(collection: str, cursors: Cursors, now_ms: int) -> int:
    """Return the stamp after which to read: where the last run ended, less what may have been on its way at that time.

    A clock that was ahead and was put right would else hide what is written until it is there again.
    """
    reached_ms = cursors.get(collection, 0)
    read_ms = cursors.get(f"{collection}_read", reached_ms)
    return max(min(reached_ms, min(read_ms, now_ms) - OVERLAP_MS), 0)


def _halves_of(id: ObjectId) -> tuple[int, int]:
    """Return an id as two numbers: cursors are whole numbers, and shorter than an id."""
    return divmod(int(str(id), 16), 1 << _HALF_BITS)


def _id_of(high: int, low: int) -> ObjectId:
    return ObjectId(f"{(high << _HALF_BITS) + low:024x}")


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 1) * MINUTE_MS, lag_ms=0, floor_ms=30_000)


NIGHTSCOUT_PUSH = Vendor(
    name="nightscout_push",
    title="Send to a Nightscout",
    called="Nightscout",
    about="A second home: another Nightscout that gets what is kept here, or one to move out to.",
    form=NightscoutPushForm,
    pace=_pace,
    open=NightscoutPush,
    kinds={kind: KINDS[collection] for kind, collection in COLLECTION_OF.items()},
    rank=GONE,
    when_silent="",
    sends=True,
)
