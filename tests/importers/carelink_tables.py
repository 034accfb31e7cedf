"""Makes exports as CareLink writes them, of invented people: sections of events, sensor and totals, newest first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from openpyxl import Workbook

from app.glucose.units import mmoll_of
from tests.importers.spellings import PLAIN, Spelling

DEVICE, SERIAL = "MiniMed 780G MMT-1886", "NG0000001H"
DATES = {
    "year first": "%Y/%m/%d",
    "day first": "%d/%m/%Y",
    "month first": "%m/%d/%Y",
    "german": "%d.%m.%Y",
    "two digits": "%d.%m.%y",
}
DASHES = "-------"

HEADER = (
    *("Index", "Date", "Time", "New Device Time", "BG Source", "BG Reading (UNIT)", "Linked BG Meter ID"),
    *("Basal Rate (U/h)", "Temp Basal Amount", "Temp Basal Type", "Temp Basal Duration (h:mm:ss)", "Bolus Type"),
    *("Bolus Volume Selected (U)", "Bolus Volume Delivered (U)", "Bolus Duration (h:mm:ss)", "Prime Type"),
    *("Prime Volume Delivered (U)", "Estimated Reservoir Volume after Fill (U)", "Alert", "User Cleared Alerts"),
    *("SmartGuard Correction Bolus Feature", "Suspend", "Rewind", "BWZ Estimate (U)", "BWZ Target High BG (UNIT)"),
    *("BWZ Target Low BG (UNIT)", "BWZ Carb Ratio (RATIO)", "BWZ Insulin Sensitivity (UNIT/U)"),
    *("BWZ Carb Input (CARBS)", "BWZ BG/SG Input (UNIT)", "BWZ Correction Estimate (U)", "BWZ Food Estimate (U)"),
    *("BWZ Active Insulin (U)", "BWZ Status", "Sensor Calibration BG (UNIT)", "Sensor Glucose (UNIT)", "ISIG Value"),
    *("Event Marker", "Bolus Number", "Bolus Cancellation Reason", "BWZ Unabsorbed Insulin Total (U)"),
    *("Final Bolus Estimate", "Scroll Step Size", "Insulin Action Curve Time", "Sensor Calibration Rejected Reason"),
    *("Preset Bolus", "Bolus Source", "BLE Network Device", "Device Update Event", "Network Device Associated Reason"),
    *("Network Device Disassociated Reason", "Network Device Disconnected Reason", "Sensor Exception"),
    "Preset Temp Basal Name",
)
GLUCOSE = frozenset(
    {
        *("BG Reading", "Sensor Glucose", "Sensor Calibration BG", "BWZ BG/SG Input", "BWZ Insulin Sensitivity"),
        *("BWZ Target High BG", "BWZ Target Low BG"),
    }
)
NAMES = tuple(name.partition(" (")[0] for name in HEADER)


@dataclass(frozen=True)
class Event:
    """A row: its wall-clock time and its fields by plain name; numbers as such, glucose in mg/dL."""

    local: datetime
    fields: dict[str, Any]


def at(text: str) -> datetime:
    """A wall-clock time of 14 March 2026, or of the day that is named."""
    return datetime.fromisoformat(text if "T" in text else f"2026-03-14T{text}")


def row(time: str | datetime, **fields: Any) -> Event:
    """Make a row; names are written with ``_`` for blanks, and ``BG_SG`` for ``BG/SG``."""
    names = {name.replace("BG_SG", "BG/SG").replace("_", " "): value for name, value in fields.items()}
    assert names.keys() <= set(NAMES), names.keys() - set(NAMES)
    return Event(time if isinstance(time, datetime) else at(time), names)


def bolus(
    time: str | datetime,
    units: float,
    *,
    number: Any = "",
    selected: float | None = None,
    type: str = "Normal",
    source: str = "BOLUS_WIZARD",
    carbs: float | None = None,
    seconds: int = 40,
    **more: Any,
) -> list[Event]:
    """Make the rows of a bolus: what was chosen, what was delivered up to a minute later, and the calculator's."""
    chosen = units if selected is None else selected
    local = time if isinstance(time, datetime) else at(time)
    both: dict[str, Any] = {"Bolus_Type": type, "Bolus_Number": number, "Bolus_Source": source, **more}
    made = [
        row(local, Bolus_Volume_Selected=chosen, **both),
        row(local + timedelta(seconds=seconds), Bolus_Volume_Delivered=units, **both),
    ]
    if carbs is not None:
        made.append(wizard(local + timedelta(seconds=2), chosen, carbs))
    return made


def wizard(time: str | datetime, estimate: float, carbs: float, **more: Any) -> Event:
    told = {"BWZ_Estimate": estimate, "BWZ_Carb_Input": carbs, "BWZ_Carb_Ratio": 10, "BWZ_Status": "Delivered"}
    settings = {"BWZ_Target_High_BG": 120, "BWZ_Target_Low_BG": 100, "BWZ_Insulin_Sensitivity": 50}
    return row(time, **{**told, **settings, "BWZ_Food_Estimate": carbs / 10, **more})


@dataclass
class Export:
    """How an export is written; ``made`` puts it together."""

    spelling: Spelling = PLAIN
    date: str = DATES["year first"]
    mmol: bool = False
    carbs: str = "grams"
    ratio: str = "g/U"
    newest_first: bool = True
    device: str = DEVICE
    header: Sequence[str] = HEADER
    _sections: list[list[list[Any]]] = field(default_factory=list)

    def events(self, *events: Event | list[Event], serial: str = SERIAL) -> Export:
        return self._section("Pump", DASHES, _flat(events), serial)

    def sensor(self, *events: Event | list[Event], serial: str = SERIAL) -> Export:
        return self._section("Sensor", DASHES, _flat(events), serial)

    def daily(self, *days: tuple[str, float]) -> Export:
        """Add the totals of days, as CareLink adds them: in boluses' own column."""
        events = [row(f"{day}T00:00:00", Bolus_Volume_Delivered=units, Bolus_Type="Normal") for day, units in days]
        return self._section("Pump", "Aggregated Auto Insulin Data", events, SERIAL)

    def other(self, label: str, *events: Event) -> Export:
        return self._section("Pump", label, list(events), SERIAL)

    def rows(self) -> list[list[Any]]:
        preamble = [
            ["Last Name", "First Name", "Patient ID", "Start Date", "End Date", "Device", self.device, "Hardware"],
            ["Example", "Ada", "", self._day(at("2026-03-13T00:00:00")), self._day(at("2026-03-14T00:00:00"))],
            ["Patient DOB", "", "", "", "", "CGM", "Guardian"],
            ["This file, and; nothing else"],
            [],
        ]
        return [*preamble, *(line for section in self._sections for line in section)]

    def made(self) -> bytes:
        return self.spelling.bytes_of([[self._text(cell) for cell in line] for line in self.rows()])

    def workbook(self, *, serials: bool) -> bytes:
        """Return the same as a workbook, dates and times as bare numbers or as cells of their own kinds."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for line in self.rows():
            sheet.append([_cell(cell, serials=serials) for cell in line])
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def _section(self, kind: str, label: str, events: Sequence[Event], serial: str) -> Export:
        ordered = sorted(events, key=lambda one: one.local, reverse=self.newest_first) if self.newest_first else events
        lines: list[list[Any]] = [
            [DASHES, self.device, kind, serial, label],
            [self._named(name) for name in self.header],
        ]
        for index, event in enumerate(ordered):
            lines.append([self._field(event, index, name.partition(" (")[0]) for name in self.header])
        self._sections.append([*lines, []])
        return self

    def _named(self, name: str) -> str:
        unit = "mmol/L" if self.mmol else "mg/dL"
        return name.replace("UNIT", unit).replace("CARBS", self.carbs).replace("RATIO", self.ratio)

    def _field(self, event: Event, index: int, name: str) -> Any:
        if name == "Index":
            return float(index)
        if name == "Date":
            return Day(event.local)
        if name == "Time":
            return Clock(event.local)
        value = event.fields.get({"Alarm": "Alert", "Programmed Bolus Duration": "Bolus Duration"}.get(name, name), "")
        if name in GLUCOSE and self.mmol and isinstance(value, int | float):
            return mmoll_of(value)
        return value

    def _text(self, cell: Any) -> str:
        if isinstance(cell, Day):
            return self._day(cell.local)
        if isinstance(cell, Clock):
            return cell.local.strftime("%H:%M:%S")
        if isinstance(cell, datetime):
            return f"{self._day(cell)} {cell:%H:%M:%S}"
        if isinstance(cell, timedelta):
            return f"{cell.seconds // 3600}:{cell.seconds // 60 % 60:02}:{cell.seconds % 60:02}"
        if isinstance(cell, float):
            return self.spelling.number(f"{cell:.5f}" if cell == 0 else f"{cell:.3f}".rstrip("0").rstrip("."))
        return str(cell)

    def _day(self, local: datetime) -> str:
        return local.strftime(self.date)


@dataclass(frozen=True)
class Day:
    local: datetime


@dataclass(frozen=True)
class Clock:
    local: datetime


_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001


def _cell(cell: Any, *, serials: bool) -> Any:
    if isinstance(cell, Day):
        return (cell.local.replace(hour=0, minute=0, second=0) - _DAY_ZERO).days if serials else cell.local.date()
    if isinstance(cell, Clock):
        seconds = (cell.local - cell.local.replace(hour=0, minute=0, second=0)).seconds
        return seconds / 86_400 if serials else cell.local.time()
    if isinstance(cell, datetime):
        return (cell - _DAY_ZERO).total_seconds() / 86_400 if serials else cell
    if isinstance(cell, timedelta):
        return cell.total_seconds() / 86_400 if serials else cell
    return None if cell == "" else cell


def _flat(events: Sequence[Event | list[Event]]) -> list[Event]:
    return [one for some in events for one in (some if isinstance(some, list) else [some])]
