"""Tidepool as an uploader: its form, its pace, and how pieces of somebody's records become pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any

from app.records.deletion import is_deleted
from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS, BadRecord
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS, GLUCOSE, NEVER, PROFILE
from app.records.sources.profile_document import Sight
from app.records.sources.ranks import COLLECTED
from app.records.sources.tidepool.reading import Made, Reading
from app.records.sources.tidepool.settings import Settings, changed
from app.store.interface import Document
from app.uploaders.errors import Transient
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken, text
from app.uploaders.tidepool.auth import Account
from app.uploaders.tidepool.errors import NotThere, no_longer_shared
from app.uploaders.tidepool.mapper import newest_in, page_of
from app.uploaders.tidepool.people import person_of
from app.uploaders.tidepool.walk import OFFSETS, PIECE_DAYS, SETTINGS, Piece, planned
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor

KINDS: Mapping[str, str] = {
    GLUCOSE: "glucose",
    BOLUSES: "boluses",
    CARBS: "carbs",
    BASALS: "basals",
    EVENTS: "events",
    PROFILE: "profile",
}

_TYPES: Mapping[str, tuple[str, ...]] = {
    GLUCOSE: ("cbg", "smbg", "deviceEvent"),
    BOLUSES: ("bolus", "wizard", "insulin"),
    CARBS: ("wizard", "bolus", "food"),
    BASALS: ("basal",),
    EVENTS: ("smbg", "bloodKetone", "deviceEvent", "physicalActivity"),
}
"""The types of records needed for each kind: carbs of a bolus calculator belong to its bolus."""

_NARROWEST_DAYS = 1.0


class TidepoolForm(UploaderForm):
    """What we need to know of a Tidepool account."""

    email = secret("E-mail address", "Of the account with the data, or of one they are shared with.", kind="text")
    password = secret("Password")
    patient_id = text("Person", "Only when several people share with this account: test, then pick.", most=80)
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), ("3650", "everything")),
        default="14",
    )
    interval_min = number("Minutes between visits", 5, 60, default=5, advanced=True)
    glucose = taken("Take glucose")
    boluses = taken("Take boluses")
    carbs = taken("Take carbs")
    basals = taken("Take basal rates")
    events = taken("Take changes, alarms and notes")
    profile = taken("Take the pump's settings as a profile")
    server = address("Other server", "Only for Tidepool's test server, or when Tidepool has moved.", advanced=True)


class TidepoolSource:
    """The records of one person as one Tidepool account sees them."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)
        self._kinds = {kind for kind, option in KINDS.items() if access.options.get(option) != NEVER}
        self._types = tuple(dict.fromkeys(type for kind in self._kinds for type in _TYPES.get(kind, ())))

    def look(self) -> Sequence[Document]:
        """Sign in and return the newest entries."""
        reading = self._reading(knows_profile=True)
        made: list[Made] = []
        for record in self._fetched(("cbg", "smbg"), None, None):
            with suppress(BadRecord):
                made += reading.documents(record)
        entries = [one.document for one in made if one.collection == "entries"]
        return sorted(entries, key=lambda entry: entry["date"])

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch what is new of each type, oldest first, in as many pieces as it takes; nothing without news."""
        now_ms = self._access.clock.now_ms()
        types = (*self._types, SETTINGS) if PROFILE in self._kinds else self._types
        if not types:
            return
        newest = self._fetched(types, None, None)
        latest, _ = self._settings(newest)
        plan = planned(cursors, newest_in(newest), self._types, self._first_ms(now_ms), now_ms)
        if plan is None:
            yield Page({}, {"profile": self._profiles(latest)})
            return
        knows_profile = bool(latest) or self._has_profile()
        has_offsets = OFFSETS in cursors
        for piece in plan.pieces(self._piece_days, with_settings=PROFILE in self._kinds):
            records = self._piece(piece)
            settings, unusable = self._settings(records)
            reading = self._reading(knows_profile=knows_profile)
            page = page_of(records, piece, plan, reading, self._kinds, has_offsets=has_offsets)
            has_offsets = OFFSETS in page.cursors
            older = [one for one in latest if one.at_ms < piece.ask_from_ms]
            yield replace(
                page,
                documents={**page.documents, "profile": self._profiles([*older, *settings])},
                unusable=[*page.unusable, *unusable],
            )
        self._account.remember(piece_days=None)

    def _first_ms(self, now_ms: int) -> int:
        return now_ms - DAY_MS * int(self._access.options.get("first_days", "14"))

    @property
    def _piece_days(self) -> float:
        days: float = self._account.session.get("piece_days", PIECE_DAYS)
        return days

    def _piece(self, piece: Piece) -> list[Any]:
        """Fetch a piece. One that cannot be had in time is asked for in smaller ones at the next run."""
        try:
            return self._fetched(piece.types, piece.ask_from_ms, piece.ask_to_ms)
        except Transient:
            if piece.ask_to_ms - piece.ask_from_ms > 2 * DAY_MS:
                self._account.remember(piece_days=max(self._piece_days / 2, _NARROWEST_DAYS))
            raise

    def _fetched(self, types: Sequence[str], from_ms: int | None, to_ms: int | None) -> list[Any]:
        person = person_of(self._account, self._access.options.get("patient_id", ""))
        try:
            return self._account.call(lambda client, ticket: client.records(ticket, person, types, from_ms, to_ms))
        except NotThere:
            raise no_longer_shared() from None

    def _reading(self, *, knows_profile: bool) -> Reading:
        return Reading(
            self._access.clock.now_ms(),
            self._access.wall_clock.zone_at,
            knows_profile=knows_profile,
            joins_meals=BOLUSES in self._kinds,
            has_carbs=CARBS in self._kinds,
        )

    def _settings(self, records: Iterable[Any]) -> tuple[list[Settings], list[str]]:
        """Return what the pump was set to in some records, and why others were left out."""
        reading = self._reading(knows_profile=True)
        found: list[Settings] = []
        unusable: list[str] = []
        for record in records if PROFILE in self._kinds else ():
            try:
                settings = reading.settings(record)
            except BadRecord as problem:
                if isinstance(record, Mapping):
                    unusable.append(str(problem))
                continue
            if settings is not None:
                found.append(settings)
        return found, unusable

    def _profiles(self, settings: Sequence[Settings]) -> list[Document]:
        """Return a profile for each change of the settings, and keep in mind what is known by now."""
        known = [Sight(**one) for one in self._account.session.get("settings", ())]
        made, sights = changed(settings, known)
        if settings:
            self._account.remember(settings=[sight.as_document() for sight in sights])
        return made

    def _has_profile(self) -> bool:
        """Tell whether scheduled basal is told by a profile, one of Tidepool's or another that is stored."""
        if PROFILE in self._kinds and self._account.session.get("settings"):
            return True
        stored = self._access.outgoing
        pages = chain(stored.changed("profile", 0), stored.never_stamped("profile"))
        return any(not is_deleted(profile) for page in pages for profile in page)


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 5) * MINUTE_MS, lag_ms=MINUTE_MS, floor_ms=MINUTE_MS)


TIDEPOOL = Vendor(
    name="tidepool",
    title="Tidepool",
    about="A Tidepool account: what pumps, sensors, meters and apps of many makers recorded there.",
    form=TidepoolForm,
    pace=_pace,
    open=TidepoolSource,
    kinds=KINDS,
    rank=COLLECTED,
    when_silent="Look at Tidepool's own site whether the newest data are there: a device may not have been uploaded.",
    silent_after_ms=6 * HOUR_MS,
)
