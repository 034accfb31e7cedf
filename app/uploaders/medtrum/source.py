"""Medtrum as an uploader: its form, its pace, and how rows and the sensor's status become pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.records.sources.documents import DAY_MS, MINUTE_MS, BadRecord, mapped
from app.records.sources.kinds import GLUCOSE
from app.records.sources.ranks import LIVE
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import NoPatient, Patient, PatientAmbiguous
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken, text
from app.uploaders.medtrum.auth import EASYFOLLOW, EASYVIEW, Account
from app.uploaders.medtrum.client import CAREGIVER, PATIENT, Shown
from app.uploaders.medtrum.mapper import (
    MEASURES,
    VENDOR,
    Row,
    column_of,
    entry_of,
    entry_of_now,
    now_of,
    row_of,
    unit_of,
    with_direction,
)
from app.uploaders.vendor import DEEP_OVERLAP_MS, Access, Cursors, Pace, Page, Vendor, overlap_ms

CURSOR, DEEP_CURSOR = "entries", "entries_deep"
LONGEST_WINDOW_MS = DAY_MS
"""What one question may span."""

_LOOK_MS = 60 * MINUTE_MS
_COLUMN = "column"


class MedtrumForm(UploaderForm):
    """What we need to know of a Medtrum account."""

    user = secret("User name or e-mail address", "Better of a caregiver's account than of the patient's.", kind="text")
    password = secret("Password")
    account = choice("Whose account", ((CAREGIVER, "A caregiver's"), (PATIENT, "The patient's own")), default=CAREGIVER)
    region = choice(
        "Region",
        tuple((region, host.partition("://")[2]) for region, host in built_in_constants(VENDOR)["regions"].items()),
        default="eu",
        help="Where the account was made.",
    )
    patient_id = text("Person", "Only when several people share with this account: test, then pick.", most=120)
    first_days = choice("How far back to begin", (("1", "a day"), ("14", "2 weeks"), ("90", "3 months")), default="14")
    interval_min = number("Minutes between visits", 2, 15, default=2, advanced=True)
    glucose = taken("Take glucose")
    style = choice(
        "Way in",
        (("", "Find out"), (EASYVIEW, "EasyView"), (EASYFOLLOW, "EasyFollow")),
        default="",
        help="EasyFollow is older, and for caregivers only.",
        advanced=True,
    )
    server = address("Other server", "Only for another region, or when Medtrum has moved: its address.", advanced=True)


class MedtrumSource:
    """The readings of one patient."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch what came since the cursor less the overlap, a day at a time."""
        now_ms = self._access.clock.now_ms()
        overlap = overlap_ms(cursors.get(DEEP_CURSOR, 0), now_ms)
        start_ms = cursors[CURSOR] - overlap if CURSOR in cursors else now_ms - self._first_days() * DAY_MS
        reached_ms = cursors.get(CURSOR, 0)
        person, current = self._person()
        while True:
            end_ms = min(start_ms + LONGEST_WINDOW_MS, now_ms)
            entries, unusable = self._read(person, current, start_ms, end_ms)
            reached_ms = max([reached_ms, min(end_ms, now_ms - DAY_MS), *(entry["date"] for entry in entries)])
            deep = {DEEP_CURSOR: now_ms} if end_ms >= now_ms and overlap == DEEP_OVERLAP_MS else {}
            yield Page({CURSOR: reached_ms} | deep, {"entries": entries}, unusable=unusable)
            if end_ms >= now_ms:
                return
            start_ms = end_ms

    def look(self) -> Sequence[Document]:
        """Sign in and return the entries of the last hour."""
        now_ms = self._access.clock.now_ms()
        person, current = self._person()
        return self._read(person, current, now_ms - _LOOK_MS, now_ms)[0]

    def _first_days(self) -> int:
        return int(self._access.options.get("first_days", "14"))

    def _read(
        self, person: str, current: Mapping[str, Any], from_ms: int, to_ms: int
    ) -> tuple[list[Document], list[str]]:
        """Return the entries of a time, oldest first, and why rows were left out."""
        shown = self._account.call(lambda client: client.shown(person, from_ms, to_ms))
        latest = to_ms >= self._access.clock.now_ms()
        now = now_of(shown.current or current) if latest else None
        rows, unreadable = _rows_in(shown)
        column = column_of(rows, now)
        if column is not None:
            self._account.learn(**{_COLUMN: column})
        place = self._account.fact(_COLUMN, 0)
        values = [row.values[place] for row in rows if place < len(row.values)]
        unit = unit_of(shown.unit, [*values, *([now.glucose] if now else [])])
        now_ms = self._access.clock.now_ms()
        entries, unusable = mapped(rows, lambda row: entry_of(row, place, unit, person, now_ms))
        if not entries and now is not None and from_ms <= now.at_ms:
            entries, lost = mapped([now], lambda one: entry_of_now(one, unit, person, now_ms))
            unusable += lost
        entries.sort(key=lambda entry: entry["date"])
        return with_direction(entries, now), [*unreadable, *unusable]

    def _person(self) -> tuple[str, Mapping[str, Any]]:
        """Return whose readings they are, and what the sensor says now where the list of people tells that."""
        picked: str = self._access.options.get("patient_id", "")
        if not self._account.is_caregivers:
            # The account's own id is known once it is signed in.
            return self._account.call(lambda client: self._account.uid), {}
        people = self._account.call(lambda client: client.people())
        if picked:
            people = [(patient, told) for patient, told in people if patient.id == picked]
        if not people:
            raise _nobody(picked)
        if len(people) > 1:
            raise _several([patient for patient, _ in people])
        status = people[0][1].get("sensor_status")
        return people[0][0].id, status if isinstance(status, Mapping) else {}


def _rows_in(shown: Shown) -> tuple[list[Row], list[str]]:
    """Return the rows in which the sensor measures, and why others cannot be read; its other states are no fault."""
    rows: list[Row] = []
    unreadable: list[str] = []
    for raw in shown.rows:
        try:
            rows.append(row_of(raw))
        except BadRecord as problem:
            unreadable.append(str(problem))
    states = (MEASURES,) if shown.tells_states else (MEASURES, "")
    return [row for row in rows if row.state in states], unreadable


def _nobody(picked: str) -> NoPatient:
    if picked:
        return NoPatient(
            "Medtrum does not show the person who was picked",
            hint="Ask for a new connection in EasyFollow, then test again and pick.",
        )
    return NoPatient(
        "Nobody shares with this Medtrum account",
        hint="Connect it with the patient in EasyFollow. For the patient's own account, say so above.",
    )


def _several(patients: Sequence[Patient]) -> PatientAmbiguous:
    return PatientAmbiguous(
        f"{len(patients)} people share with this Medtrum account",
        patients=tuple(patients),
        hint="Test, then pick whose readings these are.",
    )


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 2) * MINUTE_MS, lag_ms=30_000, floor_ms=MINUTE_MS)


MEDTRUM = Vendor(
    name=VENDOR,
    title="Medtrum",
    about="A Medtrum account: the patient's, or better a caregiver's.",
    form=MedtrumForm,
    pace=_pace,
    open=MedtrumSource,
    kinds={GLUCOSE: "glucose"},
    rank=LIVE,
    when_silent="Check in Medtrum's app that it shows readings, and that the patient's phone is online.",
    experimental=True,
)
