"""Eversense NOW as an uploader: its form, its pace, and the one reading there is to fetch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.records.sources.documents import MINUTE_MS, mapped
from app.records.sources.kinds import GLUCOSE
from app.records.sources.ranks import LIVE
from app.store.interface import Document
from app.uploaders.errors import NoPatient, PatientAmbiguous
from app.uploaders.eversense.auth import Account
from app.uploaders.eversense.mapper import VENDOR, entry_of, has_reading, patient_of
from app.uploaders.form import UploaderForm, address, secret, taken, text
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor

CURSOR = "entries"
PACE = Pace(interval_ms=5 * MINUTE_MS, lag_ms=45_000, floor_ms=MINUTE_MS)


class EversenseForm(UploaderForm):
    """What we need to know of an Eversense NOW account."""

    email = secret("E-mail address", "Of the Eversense NOW account that follows.", kind="text")
    password = secret("Password")
    patient_id = text("Person", "Only when this account follows several people: test, then pick.", most=120)
    glucose = taken("Take glucose")
    client_id = text("Client ID", "Of Eversense's app. We bring none.", advanced=True)
    client_secret = secret("Client secret", "Of Eversense's app.", required=False, kind="text")
    server = address("Other server", "Only when Eversense has moved: its address.", advanced=True)


class EversenseSource:
    """The latest reading of one followed person."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch the latest reading: there is no history, so what is missed is lost."""
        person = self._person()
        now_ms = self._access.clock.now_ms()
        entries, unusable = mapped([person] if has_reading(person) else [], lambda one: entry_of(one, now_ms))
        newest_ms = max((entry["date"] for entry in entries), default=cursors.get(CURSOR, 0))
        yield Page({CURSOR: newest_ms} if newest_ms else {}, {"entries": entries}, unusable=unusable)

    def look(self) -> Sequence[Document]:
        """Sign in and return the latest reading."""
        return next(self.pages({})).documents["entries"]

    def _person(self) -> Any:
        found = {patient.id: (patient, one) for one in self._account.following() if (patient := patient_of(one))}
        picked: str = self._access.options.get("patient_id", "")
        if picked and picked not in found:
            raise NoPatient(
                "Eversense NOW does not show the person who was picked",
                hint="Ask for a new invitation in Eversense NOW, then test again and pick.",
            )
        if not found:
            raise NoPatient(
                "This Eversense NOW account follows nobody",
                hint="Invite this account in the Eversense app, then accept the invitation in Eversense NOW.",
            )
        if len(found) > 1 and not picked:
            raise PatientAmbiguous(
                f"This Eversense NOW account follows {len(found)} people",
                patients=tuple(patient for patient, _ in found.values()),
                hint="Test, then pick whose readings these are.",
            )
        return found[picked][1] if picked else next(iter(found.values()))[1]


def _pace(options: Mapping[str, Any]) -> Pace:
    return PACE


EVERSENSE = Vendor(
    name=VENDOR,
    title="Eversense",
    about="An Eversense NOW account that follows an Eversense sensor, in the United States.",
    form=EversenseForm,
    pace=_pace,
    open=EversenseSource,
    kinds={GLUCOSE: "glucose"},
    rank=LIVE,
    when_silent="Check in Eversense NOW that it shows readings and that the transmitter is connected.",
    experimental=True,
)
