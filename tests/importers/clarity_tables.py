"""Tables as Clarity exports them, made on the spot: in several languages, sorted by the time the display showed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.glucose.units import mmoll_of
from tests.importers.spellings import PLAIN, Spelling

ENGLISH = (
    *("Index", "Timestamp (YYYY-MM-DDThh:mm:ss)", "Event Type", "Event Subtype", "Patient Info", "Device Info"),
    *("Source Device ID", "Glucose Value ({u})", "Insulin Value (u)", "Carb Value (grams)", "Duration (hh:mm:ss)"),
    *("Glucose Rate of Change ({u}/min)", "Transmitter Time (Long Integer)", "Transmitter ID"),
)
GERMAN = (
    *("Index", "Zeitstempel (JJJJ-MM-TTThh:mm:ss)", "Ereignistyp", "Ereignissubtyp", "Patienteninfo", "Geräteinfo"),
    *("Quellgeräte-ID", "Glukosewert ({u})", "Insulinwert (u)", "Kohlenhydratwert (Gramm)", "Dauer (hh:mm:ss)"),
    *("Glukoseänderungsrate ({u}/min)", "Transmitterzeit (lange Ganzzahl)", "Transmitter-ID"),
)
CZECH = (
    *("Index", "Časové razítko (RRRR-MM-DDThh:mm:ss)", "Typ události", "Podtyp události", "Údaje o pacientovi"),
    *("Informace o zařízení", "ID zdrojového zařízení", "Hodnota glukózy ({u})", "Hodnota inzulinu (u)"),
    *("Hodnota sacharidů (gramy)", "Doba trvání (hh:mm:ss)", "Rychlost změny glukózy ({u}/min)"),
    *("Čas vysílače (dlouhé celé číslo)", "ID vysílače"),
)
HEADERS = {"english": ENGLISH, "german": GERMAN, "czech": CZECH}
WORDS = {
    "english": {},
    "german": {
        **{"EGV": "EGW", "Low": "Niedrig", "High": "Hoch", "Calibration": "Kalibrierung", "Carbs": "Kohlenhydrate"},
        **{"Fast-Acting": "Schnellwirkend", "Long-Acting": "Langwirkend", "Exercise": "Bewegung", "Notes": "Notizen"},
    },
    "czech": {
        **{"EGV": "Odhad glukózy", "Calibration": "Kalibrace", "Insulin": "Inzulin", "Carbs": "Sacharidy"},
        **{"Fast-Acting": "Rychle působící", "Long-Acting": "Dlouhodobě působící", "Exercise": "Cvičení"},
        **{"Notes": "Poznámky"},
    },
}
TRANSMITTER, PHONE, APP = "8G0ABC", "iPhone G6", "Dexcom G6 Mobile App"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

Offset = Callable[[datetime], timedelta]


@dataclass(frozen=True)
class Event:
    """Something that happened at ``at`` (UTC); ``glucose`` is mg/dL or a word."""

    at: datetime
    kind: str = "EGV"
    subtype: str = ""
    glucose: float | str = ""
    insulin: str = ""
    carbs: str = ""
    duration: str = ""
    info: str = ""
    transmitter: str = TRANSMITTER
    began: datetime = BEGAN
    counted: bool | None = None
    source: str = PHONE

    @property
    def ticks(self) -> str:
        counts = self.kind in ("EGV", "Calibration") if self.counted is None else self.counted
        return str(int((self.at - self.began).total_seconds())) if counts else ""


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0, *, month: int = 2) -> datetime:
    """A moment of 2026, in UTC."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


def fixed(hours: float) -> Offset:
    """A display that never changes its clock."""
    return lambda moment: timedelta(hours=hours)


def readings(first: datetime, last: datetime, *, every_min: int = 5, start: int = 100, **more: object) -> list[Event]:
    """A reading each few minutes, their values counting up and beginning again."""
    count = int((last - first).total_seconds() // (60 * every_min)) + 1
    moments = (first + timedelta(minutes=every_min * number) for number in range(count))
    return [Event(moment, glucose=start + number % 150, **more) for number, moment in enumerate(moments)]  # type: ignore[arg-type]


def table(
    events: Iterable[Event],
    offset: Offset,
    *,
    language: str = "english",
    unit: str = "mg/dL",
    spelling: Spelling = PLAIN,
    between: str = "T",
    preamble: bool = True,
    header: Sequence[str] | None = None,
) -> bytes:
    """The file: settings without a time first, then everything by the time the display showed."""
    words = WORDS[language]

    def glucose(value: float | str) -> str:
        if isinstance(value, str):
            return words.get(value, value)
        return spelling.number(f"{mmoll_of(value):.1f}") if "mmol" in unit.lower() else str(int(value))

    def row(shown: datetime, event: Event) -> list[str]:
        return [
            *(shown.strftime(f"%Y-%m-%d{between}%H:%M:%S"), words.get(event.kind, event.kind)),
            *(words.get(event.subtype, event.subtype), event.info, "", event.source, glucose(event.glucose)),
            *(spelling.number(event.insulin), event.carbs, event.duration, ""),
            *(event.ticks, event.transmitter if event.ticks else ""),
        ]

    shown = sorted(((event.at + offset(event.at), event) for event in events), key=lambda one: one[0])
    made = settings(unit, words) if preamble else []
    made += [row(moment, event) for moment, event in shown]
    named = [name.format(u=unit) for name in header or HEADERS[language]]
    return spelling.bytes_of([named, *([str(number), *each] for number, each in enumerate(made, 1))])


def settings(unit: str, words: dict[str, str]) -> list[list[str]]:
    """What comes without a time: whose it is, the device, the thresholds of its alerts."""
    low = "3.9" if "mmol" in unit.lower() else "70"
    return [
        ["", "FirstName", "", "Ada-Marker", *[""] * 9],
        ["", "LastName", "", "Example-Marker", *[""] * 9],
        ["", "DateOfBirth", "", "2018-04-01", *[""] * 9],
        ["", "Device", "", "", APP, PHONE, *[""] * 7],
        ["", "Alert", words.get("Low", "Low"), "", APP, PHONE, low, "", "", "", "", "", ""],
        ["", "Alert", "Signal Loss", "", APP, PHONE, "", "", "", "0:20:00", "", "", ""],
    ]
