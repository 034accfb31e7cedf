"""Google Health Connect's backup: a zip with a SQLite database, or that database alone.

Tables and columns are called differently from one Android to the next, so they are looked up. Glucose is kept in
mmol/L. There is no insulin in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.glucose.units import Unit, from_unit
from app.importers.bounded import Opened
from app.importers.databases import Database, database_with, lent
from app.importers.format import Found, How, Item, Rejected, Said, Survey, Unreadable, unit_question
from app.importers.health.sources import Choice, Sources
from app.importers.health.xml import CARBS, GLUCOSE
from app.importers.readings import Magnitude
from app.records.sources.acts import MOST_CARBS_G, Act, bg_check, carb_correction
from app.records.sources.documents import (
    HIGHEST_MGDL,
    BadRecord,
    amount_of,
    checked_instant,
    checked_offset,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.store.sqlite.foreign import ForeignFile, ForeignFileBroken

VENDOR = "health-connect"
_WORD = b"blood_glucose_record"
_MOST_APPS = 5000
_INTERSTITIAL = 1
_BLOOD = (2, 3, 4, 5, 6)
_TYPED_IN = 3

_GLUCOSE_COLUMNS: Mapping[str, Sequence[str]] = {
    "uuid": ("uuid",),
    "at": ("time", "instant_time", "start_time"),
    "offset_s": ("zone_offset", "start_zone_offset"),
    "value": ("level", "blood_glucose_level", "blood_glucose"),
    "specimen": ("specimen_source",),
    "method": ("recording_method",),
    "app": ("app_info_id", "application_info_id"),
}
_FOOD_COLUMNS: Mapping[str, Sequence[str]] = {
    "uuid": ("uuid",),
    "at": ("start_time", "time"),
    "offset_s": ("start_zone_offset", "zone_offset"),
    "value": ("total_carbohydrate", "total_carbohydrates", "carbohydrate"),
    "name": ("meal_name", "name"),
    "app": ("app_info_id", "application_info_id"),
}
_APP_COLUMNS: Mapping[str, Sequence[str]] = {
    "id": ("row_id", "_id", "id"),
    "name": ("app_name",),
    "package": ("package_name",),
}


class HealthConnect:
    """Reads backups of Health Connect."""

    name = "health-connect"
    title = "Google Health Connect (backup)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        database = database_with(file, _WORD)
        return f"{database.words} holds Health Connect's records of blood glucose" if database else None

    def survey(self, file: Opened) -> Survey:
        """Look at all records: which app wrote what, and in which unit."""
        with lent(file, _database(file)) as opened:
            whole = opened.is_whole()
            content = _Content(opened)
            magnitude = Magnitude()
            sources = content.sources(magnitude)
        warnings = () if whole else ("The database is damaged: some records may be missing.",)
        unit, contradiction = magnitude.proposed(Unit.MMOLL)
        questions = (unit_question(unit), *sources.questions())
        return Survey(
            (*sources.facts, ("Unit", "mmol/L, as Health Connect keeps it")), False, questions, warnings + contradiction
        )

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record that is taken."""
        with lent(file, _database(file)) as opened:
            content = _Content(opened)
            choice = content.sources(Magnitude()).choice(how.answers)
            mapper = _Mapper(how, choice)
            yield from _items(content, GLUCOSE, mapper)
            yield from _items(content, CARBS, mapper)
        if mapper.left_out:
            yield Said(f"{mapper.left_out} records of apps that were not chosen are left out.")


@dataclass(frozen=True, slots=True)
class _Record:
    kind: str
    number: int
    row: Mapping[str, Any]
    app: str

    @property
    def place(self) -> str:
        return f"{self.kind} record {self.number}"


class _Content:
    """The tables that are for us. Raises ``Unreadable`` where there are none."""

    def __init__(self, opened: ForeignFile) -> None:
        self._opened = opened
        self._tables = {
            GLUCOSE: self._table("blood_glucose_record", _GLUCOSE_COLUMNS),
            CARBS: self._table("nutrition_record", _FOOD_COLUMNS),
        }
        if not self._tables[GLUCOSE]:
            raise Unreadable(
                "Its records of blood glucose are kept in a way we do not know",
                hint="Please report your Android version.",
            )
        self._apps = self._named_apps()

    def records(self, kind: str) -> Iterator[_Record]:
        """Yield the records of a kind, less those that say 0. Raises ``ForeignFileBroken``."""
        for number, row in enumerate(self._rows(self._tables[kind]), 1):
            if row["value"]:
                yield _Record(kind, number, row, self._apps.get(row["app"], ""))

    def sources(self, magnitude: Magnitude) -> Sources:
        """Return which app wrote what; what can no longer be read of a damaged database counts for nothing."""
        sources = Sources()
        for kind in (GLUCOSE, CARBS):
            try:
                for record in self.records(kind):
                    if kind == GLUCOSE:
                        magnitude.see(str(record.row["value"]))
                    if isinstance(record.row["at"], int):
                        sources.see(kind, record.app, min(record.row["at"], _LAST_MS))
            except ForeignFileBroken:
                continue
        return sources

    def _named_apps(self) -> dict[Any, str]:
        named: dict[Any, str] = {}
        try:
            for row in self._rows(self._table("application_info", _APP_COLUMNS)):
                if len(named) < _MOST_APPS:
                    named[row["id"]] = " ".join(str(row["name"] or row["package"] or "").split())[:120]
        except ForeignFileBroken:
            return named
        return named

    def _table(self, start: str, wanted: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, str]] | None:
        """Return a table whose name begins so, and its columns by what they are to us; None without what counts."""
        for table, columns in self._opened.tables.items():
            there = {name.lower(): name for name in columns}
            found = {
                meaning: there[name]
                for meaning, names in wanted.items()
                if (name := next((one for one in names if one in there), ""))
            }
            needed = {"at", "value"} & wanted.keys()
            if table.lower().startswith(start) and needed <= found.keys():
                return table, found
        return None

    def _rows(self, table: tuple[str, dict[str, str]] | None) -> Iterator[dict[str, Any]]:
        if table is None:
            return
        name, columns = table
        nothing = dict.fromkeys((*_GLUCOSE_COLUMNS, *_FOOD_COLUMNS, *_APP_COLUMNS))
        for row in self._opened.rows(name, list(columns.values())):
            yield nothing | {meaning: row[column] for meaning, column in columns.items()}


_LAST_MS = 4_102_444_800_000  # 2100-01-01


class _Mapper:
    def __init__(self, how: How, choice: Choice) -> None:
        self._how = how
        self._choice = choice
        self._unit = how.unit or Unit.MMOLL
        self.left_out = 0

    def found(self, record: _Record) -> Iterator[Found]:
        """Yield the documents of a record. Raises ``BadRecord``."""
        at_ms = record.row["at"]
        if not isinstance(at_ms, int):
            raise BadRecord("it has no time")
        at_ms = checked_instant(at_ms, self._how.now_ms)
        if not self._choice.takes(record.kind, record.app, at_ms):
            self.left_out += 1
            return
        act = Act(
            identifier=_identifier(record, record.kind, at_ms),
            at_ms=at_ms,
            entered_by=_named(record.app),
            offset_min=self._offset_min(record, at_ms),
        )
        if record.kind == GLUCOSE:
            yield from self._glucose(record, act)
            return
        carbs_g = amount_of(record.row["value"], most=MOST_CARBS_G, what="carbohydrate")
        if record.row["name"]:
            act["notes"] = str(record.row["name"])[:500]
        yield Found("treatments", carb_correction(carbs_g=carbs_g, **act), record.place)

    def _glucose(self, record: _Record, act: Act) -> Iterator[Found]:
        value = record.row["value"]
        if not isinstance(value, int | float) or not 0 < value <= HIGHEST_MGDL:
            raise BadRecord("the glucose is no reading")
        mgdl = glucose_of(from_unit(value, self._unit))
        by_finger = self._is_by_finger(record)
        make = meter_entry if by_finger else sensor_entry
        entry = make(
            identifier=act["identifier"],
            at_ms=act["at_ms"],
            glucose_mgdl=mgdl,
            device=act["entered_by"],
            offset_min=act["offset_min"],
        )
        yield Found("entries", entry, record.place)
        if by_finger:
            act["identifier"] = _identifier(record, "bg-check", act["at_ms"])
            yield Found("treatments", bg_check(glucose_mgdl=mgdl, **act), record.place)

    def _is_by_finger(self, record: _Record) -> bool:
        """Tell whether blood was measured: by what the app says of it, else by whether it is a sensor's app."""
        if record.row["specimen"] == _INTERSTITIAL:
            return False
        if record.row["specimen"] in _BLOOD or record.row["method"] == _TYPED_IN:
            return True
        return record.app in self._choice.meters

    def _offset_min(self, record: _Record, at_ms: int) -> int:
        offset_s = record.row["offset_s"]
        known = checked_offset(offset_s / 60) if isinstance(offset_s, int) and abs(offset_s) < 1e6 else None
        return self._how.wall_clock.offset_min(at_ms) if known is None else known


def _items(content: _Content, kind: str, mapper: _Mapper) -> Iterator[Item]:
    try:
        for record in content.records(kind):
            try:
                yield from mapper.found(record)
            except BadRecord as problem:
                yield Rejected(record.place, str(problem))
    except ForeignFileBroken as broken:
        yield Said(f"What is left of the {kind} cannot be read: {broken}.")


def _identifier(record: _Record, kind: str, at_ms: int) -> str:
    uuid = record.row["uuid"]
    key = uuid.hex() if isinstance(uuid, bytes) else str(uuid or f"{record.app}|{at_ms}")
    return identifier_of(VENDOR, "", kind, key)


def _named(app: str) -> str:
    return f"nightlight-import {app}".strip()


def _database(file: Opened) -> Database:
    database = database_with(file, _WORD)
    if database is None:
        raise Unreadable("There is no database of Health Connect in it")
    return database
