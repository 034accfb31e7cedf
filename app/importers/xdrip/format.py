"""xDrip+'s own database, as its menu exports it: a SQLite file, often in a zip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.importers.bounded import Opened
from app.importers.databases import Database, database_with, lent
from app.importers.format import Found, How, Item, Rejected, Said, Survey, Unreadable
from app.importers.xdrip.mapping import (
    Collected,
    Readings,
    Row,
    Surroundings,
    Treatments,
    calibration,
    finger_stick,
)
from app.records.sources.documents import BadRecord
from app.store.sqlite.foreign import ForeignFile, ForeignFileBroken


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that is read: the word for one of its records, and the columns that are asked for."""

    word: str
    name: str
    columns: Sequence[str]


_READINGS = _Table(
    "reading",
    "BgReadings",
    (
        *("_id", "uuid", "timestamp", "calculated_value", "calculated_value_slope", "dg_mgdl", "dg_slope"),
        *("hide_slope", "raw_data", "filtered_data", "noise", "source_info"),
    ),
)
_STICKS = _Table("finger stick", "BloodTest", ("_id", "uuid", "timestamp", "mgdl", "state"))
_CALIBRATIONS = _Table(
    "calibration",
    "Calibration",
    (
        *("_id", "uuid", "timestamp", "slope", "intercept", "check_in"),
        *("first_slope", "first_intercept", "first_scale"),
    ),
)
_TREATMENTS = _Table(
    "treatment",
    "Treatments",
    ("_id", "uuid", "timestamp", "created_at", "eventType", "notes", "carbs", "insulin", "insulinJSON"),
)
_SENSORS = _Table("sensor", "Sensors", ("_id", "uuid", "started_at", "stopped_at"))
_TABLES = (_READINGS, _STICKS, _CALIBRATIONS, _TREATMENTS, _SENSORS)
"""In the order in which they are read: most starts of sensors are told among the treatments, so sensors come last."""


class XdripDatabase:
    """Reads xDrip+'s database."""

    name = "xdrip-database"
    title = "xDrip+ (database export)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        database = database_with(file, b"BgReadings")
        return f"{database.words} holds xDrip+'s BgReadings" if database else None

    def survey(self, file: Opened) -> Survey:
        """Look whether the database is whole, and what is in it."""
        with lent(file, _database(file)) as opened:
            if "BgReadings" not in opened.tables:
                raise Unreadable("There are no readings of xDrip+ in it")
            warnings = () if opened.is_whole() else ("The database is damaged: some records may be missing.",)
            there = [table.name for table in _TABLES if table.name in opened.tables]
        facts = (("Unit", "mg/dL, as xDrip+ keeps it"), ("Tables", ", ".join(there)))
        return Survey(facts, warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record, table after table."""
        around = Surroundings(how.now_ms, how.wall_clock.offset_min)
        readings, treatments = Readings(around), Treatments(around)
        mappers: dict[str, Callable[[Row], Collected]] = {
            _READINGS.name: readings.documents,
            _STICKS.name: lambda row: finger_stick(row, around),
            _CALIBRATIONS.name: lambda row: calibration(row, around),
            _TREATMENTS.name: treatments.documents,
            _SENSORS.name: treatments.sensor,
        }
        with lent(file, _database(file)) as opened:
            for table in _TABLES:
                if table.name in opened.tables:
                    yield from _items(opened, table, mappers[table.name])


def _items(opened: ForeignFile, table: _Table, documents: Callable[[Row], Collected]) -> Iterator[Item]:
    try:
        for number, row in enumerate(opened.rows(table.name, table.columns), 1):
            place = f"{table.word} {row['_id'] or number}"
            try:
                found = list(documents(row))
            except BadRecord as problem:
                yield Rejected(place, str(problem))
                continue
            for collection, document in found:
                yield Found(collection, document, place)
    except ForeignFileBroken as broken:
        yield Said(f"What is left of {table.name} cannot be read: {broken}.")


def _database(file: Opened) -> Database:
    database = database_with(file, b"BgReadings")
    if database is None:
        raise Unreadable("There is no database of xDrip+ in it")
    return database
