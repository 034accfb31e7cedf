"""LibreLinkUp as an uploader: its form, its pace, and how current reading, graph and sensor become one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.records.sources.documents import MINUTE_MS, mapped
from app.records.sources.kinds import EVENTS, GLUCOSE
from app.records.sources.ranks import LIVE
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import NoPatient, Patient, PatientAmbiguous
from app.uploaders.form import UploaderForm, address, choice, number, secret, switch, taken, text
from app.uploaders.librelinkup.auth import Account
from app.uploaders.librelinkup.mapper import current_entry, graph_entry, sensor_start
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor

CURSOR = "entries"
NEAR_MS = 150_000
"""A graph point this close to the current reading is the same one, smoothed."""


class LinkUpForm(UploaderForm):
    """What we need to know of a LibreLinkUp account."""

    email = secret("E-mail address", "Of the LibreLinkUp account that follows, not of the patient.", kind="text")
    password = secret("Password")
    region = choice(
        "Region",
        (("", "Find out"), *((region, region.upper()) for region in built_in_constants("librelinkup")["regions"])),
        default="",
        help="Where the account lives; LibreLinkUp tells when it is another.",
        advanced=True,
    )
    patient_id = text("Person", "Only when several people share with this account: test, then pick.", most=80)
    accept_terms = switch(
        "I have read LibreLinkUp's new terms and privacy policy and accept them",
        "Good for one time. Without it, accept them in the app.",
    )
    interval_min = number("Minutes between readings", 1, 15, default=5, advanced=True)
    glucose = taken("Take glucose")
    sensor = taken("Take sensor starts")
    version = text("App version", "Only when LibreLinkUp wants a newer one than we know.", most=20, advanced=True)
    server = address("Other server", "Only when LibreLinkUp has moved. {region} stands for the region.", advanced=True)


class LinkUpSource:
    """The readings of one patient as one LibreLinkUp account sees them."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch the current reading, the sensor and the graph of about twelve hours; there is no more to be had."""
        patient_id = self._patient_id()
        found = self._account.call(lambda client, ticket: client.graph(ticket, patient_id))
        yield page_of(found, patient_id, cursors, self._access.clock.now_ms())

    def look(self) -> Sequence[Document]:
        """Sign in and return the entries on hand."""
        page = next(self.pages({}))
        return sorted([*page.documents["entries"], *page.fillers], key=lambda entry: entry["date"])

    def _patient_id(self) -> str:
        picked: str = self._access.options.get("patient_id", "")
        if picked:
            return picked
        connections = self._account.call(lambda client, ticket: client.connections(ticket))
        patients = [Patient(str(one["patientId"]), _name_of(one)) for one in connections if _has_id(one)]
        if not patients:
            raise NoPatient(
                "Nobody shares with this LibreLinkUp account",
                hint="Invite this account in the patient's app, then accept the invitation in LibreLinkUp.",
            )
        if len(patients) > 1:
            raise PatientAmbiguous(
                f"{len(patients)} people share with this LibreLinkUp account",
                patients=tuple(patients),
                hint="Test, then pick whose readings these are.",
            )
        return patients[0].id


def page_of(found: Mapping[str, Any], patient_id: str, cursors: Cursors, now_ms: int) -> Page:
    """Return the page for one answer of the graph: the current reading exactly, the graph's points as fillers."""
    connection = found.get("connection")
    connection = connection if isinstance(connection, Mapping) else {}
    newest = [connection["glucoseMeasurement"]] if connection.get("glucoseMeasurement") else []
    current, bad_current = mapped(newest, lambda one: current_entry(one, patient_id, now_ms))
    points, bad_points = mapped(found.get("graphData") or (), lambda one: graph_entry(one, patient_id, now_ms))
    sensors, bad_sensors = mapped(_sensors_in(found, connection), lambda one: sensor_start(one, patient_id, now_ms))
    points = [point for point in points if all(abs(point["date"] - entry["date"]) >= NEAR_MS for entry in current)]
    newest_ms = max((entry["date"] for entry in (*current, *points)), default=cursors.get(CURSOR, 0))
    return Page(
        {CURSOR: newest_ms} if newest_ms else {},
        {"entries": current, "treatments": sensors},
        fillers=sorted(points, key=lambda entry: entry["date"]),
        unusable=[*bad_current, *bad_points, *bad_sensors],
    )


def _sensors_in(found: Mapping[str, Any], connection: Mapping[str, Any]) -> list[Any]:
    active = [one.get("sensor") for one in found.get("activeSensors") or () if isinstance(one, Mapping)]
    return [sensor for sensor in (connection.get("sensor"), *active) if isinstance(sensor, Mapping) and sensor.get("a")]


def _has_id(connection: Any) -> bool:
    return isinstance(connection, Mapping) and bool(connection.get("patientId"))


def _name_of(connection: Mapping[str, Any]) -> str:
    names = (str(connection.get(part) or "").strip() for part in ("firstName", "lastName"))
    return " ".join(name for name in names if name) or "unnamed"


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 5) * MINUTE_MS, lag_ms=20_000, floor_ms=MINUTE_MS)


LIBRELINKUP = Vendor(
    name="librelinkup",
    title="LibreLinkUp",
    about="A LibreLinkUp account that follows a FreeStyle Libre.",
    form=LinkUpForm,
    pace=_pace,
    open=LinkUpSource,
    kinds={GLUCOSE: "glucose", EVENTS: "sensor"},
    rank=LIVE,
    when_silent="Check in the LibreLinkUp app that it shows readings, and that the patient's phone is near the sensor.",
)
