"""CareLink as an uploader: its form, its pace, and the one page each visit brings; a day is all there is to be had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from marshmallow import validate

from app.records.sources.documents import MINUTE_MS
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS, GLUCOSE, STATUS
from app.records.sources.ranks import LIVE
from app.store.interface import Document
from app.uploaders.carelink.auth import Account
from app.uploaders.carelink.errors import NotThere, Refused, not_shared
from app.uploaders.carelink.mapper import page_of
from app.uploaders.carelink.payload import Payload, patient_data
from app.uploaders.carelink.people import CARE_PARTNER, about, me, patients, whose
from app.uploaders.carelink.sign_in import CareLinkSignIn
from app.uploaders.errors import SchemaChanged, Transient
from app.uploaders.form import UploaderForm, address, number, taken, text, zone
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor

DISPLAY, GUARDIAN = "display", "guardian"
"""The two ways to the data: what the app shows, and the older one of the Guardian app."""


class CareLinkForm(UploaderForm):
    """What we need to know of a CareLink account; its password is entered on CareLink's own page only."""

    country = text(
        "Country", "Two letters, for instance DE or US: where the CareLink account was made.", most=2, required=True
    )
    country.validators.append(validate.Regexp(r"[A-Za-z]{2}\Z", error="Two letters, for instance DE or US."))
    patient_id = text("Person", "Only when several people share with this account: test, then pick.", most=80)
    zone = zone(
        help="Of the pump's clock, for the time in which CareLink does not tell it. Empty: the person's time zone."
    )
    interval_min = number("Minutes between readings", 1, 15, default=5, advanced=True)
    glucose = taken("Take glucose")
    boluses = taken("Take boluses")
    carbs = taken("Take carbs")
    basals = taken("Take the basal of the automatic mode")
    events = taken("Take finger sticks and alarms")
    status = taken("Take pump status")
    server = address("Other server", "Only when CareLink has moved, or to go through a proxy.", advanced=True)


class CareLinkSource:
    """What CareLink shows of one person to one account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch the last day as it is shown now; nothing when nothing was uploaded lately."""
        person_id = whose(self._account)
        payload = self._payload(person_id)
        if payload is None:
            yield Page({})
            return
        zone = self._access.options.get("zone", "")
        clock = self._access.wall_clock.in_zone(ZoneInfo(zone)) if zone else self._access.wall_clock
        yield page_of(payload, person_id, cursors, clock, self._access.clock.now_ms())

    def look(self) -> Sequence[Document]:
        """Fetch and return the entries on hand."""
        page = next(self.pages({}))
        return sorted(page.documents.get("entries", ()), key=lambda entry: entry["date"])

    def _payload(self, person_id: str) -> Payload | None:
        """Return the payload by the way that had data last, else by the other. Raises ``NoPatient`` and many more."""
        usual = self._account.remembered("way") or DISPLAY
        refusal: NotThere | Refused | None = None
        try:
            found = self._by(usual, person_id)
        except (NotThere, Refused) as failure:
            found, refusal = None, failure
        if found is None:
            found = self._by_the_other(usual, person_id)
        if found is None and refusal is not None:
            if isinstance(refusal, Refused):
                self._check_sharing(person_id)
            raise refusal
        return found

    def _by_the_other(self, usual: str, person_id: str) -> Payload | None:
        """Return what the other way has; that it has nothing, or is not there for this account, is no failure."""
        way = GUARDIAN if usual == DISPLAY else DISPLAY
        try:
            found = self._by(way, person_id, renewing=False)
        except (Transient, SchemaChanged):
            return None
        if found is not None:
            self._account.remember(way=way)
        return found

    def _by(self, way: str, person_id: str, *, renewing: bool = True) -> Payload | None:
        if way == GUARDIAN:
            path = self._access.constants["paths"]["guardian"].replace("{user}", quote(person_id, safe=""))
            return patient_data(about(self._account, path, renewing=renewing))
        return patient_data(self._displayed(person_id, renewing=renewing))

    def _displayed(self, person_id: str, *, renewing: bool) -> Any:
        """Return what the app displays; its address moves with the app, so it is asked for anew when it is gone."""
        who, account = me(self._account), self._account
        wanted = {"username": who.username, "role": who.role, "appVersion": self._access.constants["app_version"]}
        if who.role == CARE_PARTNER:
            wanted["patientId"] = person_id
        problem: NotThere | None = None
        for url in self._display_urls(renewing=renewing):
            try:
                return account.call(partial(account.client.message, url, wanted), renewing=renewing)
            except NotThere as failure:
                problem = problem or failure
        raise problem or NotThere("CareLink does not say where the data is")

    def _display_urls(self, *, renewing: bool) -> Iterator[str]:
        """Yield the addresses to try: as known, as CareLink tells them now, as it told them to older apps."""
        display = self._access.constants["paths"]["display"]
        known = self._account.addresses().cumulus
        if known:
            yield known + display
        now = self._account.addresses(anew=True).cumulus
        if now and now != known:
            yield now + display
        told = about(
            self._account,
            self._access.constants["paths"]["settings"],
            {"countryCode": str(self._access.options.get("country", "")).lower(), "language": "en"},
            renewing=renewing,
        )
        older = told.get("blePereodicDataEndpoint") if isinstance(told, Mapping) else None
        if isinstance(older, str) and older:
            yield older

    def _check_sharing(self, person_id: str) -> None:
        """Say so when the reason for a refusal is that the person no longer shares. Raises ``NoPatient``."""
        if me(self._account).role != CARE_PARTNER:
            return
        try:
            found = patients(self._account)
        except (Transient, SchemaChanged):
            return
        if all(one.id != person_id for one in found):
            self._account.remember(patient_id="")
            raise not_shared()


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 5) * MINUTE_MS, lag_ms=50_000, floor_ms=30_000)


CARELINK = Vendor(
    name="carelink",
    title="CareLink",
    about="A MiniMed pump or a Guardian or Simplera sensor of Medtronic, through CareLink Connect.",
    form=CareLinkForm,
    pace=_pace,
    open=CareLinkSource,
    kinds={
        GLUCOSE: "glucose",
        BOLUSES: "boluses",
        CARBS: "carbs",
        BASALS: "basals",
        EVENTS: "events",
        STATUS: "status",
    },
    rank=LIVE,
    when_silent="Check in the CareLink Connect app that it shows readings, that the wearer's phone is near the pump "
    "and online, and that the MiniMed Mobile app is running on it.",
    silent_after_ms=30 * MINUTE_MS,
    sign_in=CareLinkSignIn(),
)
