"""xDrip+'s database: readings, sticks, calibrations, treatments and sensors come over, each once; none is trusted."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actor import NOBODY
from app.importers.bounded import Opened
from app.importers.format import Unreadable
from app.importers.xdrip.format import XdripDatabase
from app.records.entries import Entries
from app.records.sources.documents import ms_of
from app.records.sources.sameness import brand_of
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import Bringing, MakeFile, read_with
from tests.importers.databases_made import database, zipped

FORMAT = XdripDatabase()
AT_MS = 1_773_468_000_000  # 2026-03-14T06:00:00Z
MINUTE = 60_000

SCHEMA = """
CREATE TABLE android_metadata (locale TEXT);
CREATE TABLE ActiveSettings (_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
CREATE TABLE BgReadings (_id INTEGER PRIMARY KEY AUTOINCREMENT, a REAL, age_adjusted_raw_value REAL,
  calculated_value REAL, calculated_value_slope REAL, calibration_flag INTEGER, dg_delta_name TEXT, dg_mgdl REAL,
  dg_slope REAL, filtered_data REAL, hide_slope INTEGER, ignoreForStats INTEGER, noise TEXT, raw_data REAL,
  sensor INTEGER, source_info TEXT, timestamp INTEGER, uuid TEXT UNIQUE ON CONFLICT FAIL);
CREATE INDEX index_BgReadings_timestamp ON BgReadings(timestamp);
CREATE TABLE BloodTest (_id INTEGER PRIMARY KEY AUTOINCREMENT, created_timestamp INTEGER, mgdl REAL, source TEXT,
  state INTEGER, timestamp INTEGER UNIQUE ON CONFLICT IGNORE, uuid TEXT);
CREATE TABLE Calibration (_id INTEGER PRIMARY KEY AUTOINCREMENT, bg REAL, check_in INTEGER, first_intercept REAL,
  first_scale REAL, first_slope REAL, intercept REAL, slope REAL, timestamp INTEGER, uuid TEXT);
CREATE TABLE Sensors (_id INTEGER PRIMARY KEY AUTOINCREMENT, sensor_location TEXT, started_at INTEGER,
  stopped_at INTEGER, uuid TEXT);
CREATE TABLE Treatments (_id INTEGER PRIMARY KEY AUTOINCREMENT, carbs REAL, created_at TEXT, enteredBy TEXT,
  eventType TEXT, insulin REAL, insulinJSON TEXT, notes TEXT, timestamp INTEGER, uuid TEXT);
"""


def reading(minutes: float, mgdl: float, **more: Any) -> dict[str, Any]:
    at_ms = AT_MS + int(minutes * MINUTE)
    return {"timestamp": at_ms, "calculated_value": mgdl, "uuid": f"r-{at_ms}", "source_info": "G6 Native", **more}


def treatment(minutes: float, event_type: str = "<none>", **more: Any) -> dict[str, Any]:
    at_ms = AT_MS + int(minutes * MINUTE)
    return {
        "timestamp": at_ms,
        "eventType": event_type,
        "uuid": f"t-{at_ms}-{event_type}",
        "enteredBy": "xdrip",
        **more,
    }


def made(**tables: list[dict[str, Any]]) -> bytes:
    return database(SCHEMA, tables)


def told(document: Document) -> tuple[object, ...]:
    at_ms = ms_of(document.get("date") or document.get("created_at")) or 0
    names = ("eventType", "insulin", "carbs", "notes")
    return ((at_ms - AT_MS) / MINUTE, *(document.get(name) for name in names))


ALL = {
    "BgReadings": [reading(0, 120.4), reading(5, 128.6, calculated_value_slope=1.64 / MINUTE)],
    "BloodTest": [{"timestamp": AT_MS + 7 * MINUTE, "mgdl": 117.0, "state": 1, "uuid": "b-1"}],
    "Calibration": [
        {"timestamp": AT_MS + 8 * MINUTE, "slope": 1.1, "intercept": 22.0, "check_in": 0, "uuid": "c-1"},
        {
            **{"timestamp": AT_MS + 9 * MINUTE, "slope": 9.0, "intercept": 9.0, "check_in": 1, "uuid": "c-2"},
            **{"first_slope": 850.5, "first_intercept": 30000.0, "first_scale": 1.0},
        },
    ],
    "Treatments": [
        treatment(10, insulin=3.5, carbs=45.0, notes="breakfast"),
        treatment(20, insulin=1.0),
        treatment(30, carbs=12.0),
        treatment(40, notes="at school"),
        treatment(50, "Site Change"),
        treatment(60),
    ],
    "Sensors": [{"started_at": AT_MS - 60 * MINUTE, "stopped_at": AT_MS + 90 * MINUTE, "uuid": "s-1"}],
}


def test_what_is_in_it(file: MakeFile) -> None:
    result = read_with(FORMAT, file(made(**ALL)))
    entries = result.of("entries")
    assert [(one["type"], one.get("sgv") or one.get("mbg"), (one["date"] - AT_MS) / MINUTE) for one in entries] == [
        ("sgv", 120, 0),
        ("sgv", 129, 5),
        ("mbg", 117, 7),
        ("cal", None, 8),
        ("cal", None, 9),
    ]
    assert {one["utcOffset"] for _, one in result.documents} == {60}
    assert [entry.get("direction") for entry in entries[:2]] == [None, "FortyFiveUp"]
    assert [entry["scale"] for entry in entries[3:]] == [1, 1]
    assert entries[3]["slope"] == pytest.approx(909.090909)
    assert entries[3]["intercept"] == -20000
    assert (entries[4]["slope"], entries[4]["intercept"]) == (850.5, 30000)
    assert "sgv" not in entries[3]
    assert [told(one) for one in result.of("treatments")] == [
        (7, "BG Check", None, None, None),
        (10, "Meal Bolus", 3.5, 45, "breakfast"),
        (20, "Correction Bolus", 1, None, None),
        (30, "Carb Correction", None, 12, None),
        (40, "Note", None, None, "at school"),
        (50, "Site Change", None, None, None),
        (-60, "Sensor Start", None, None, None),
        (90, "Sensor Stop", None, None, None),
    ]
    assert result.rejected == []


@pytest.mark.parametrize(
    ("source_info", "brand"),
    [("G6 Native / G5 Native", "dexcom"), ("Libre2 Native", "libre"), ("Bluetooth Wixel", ""), (None, "")],
)
def test_the_brand_of_the_sensor_is_kept(file: MakeFile, source_info: str | None, brand: str) -> None:
    (entry,) = read_with(FORMAT, file(made(BgReadings=[reading(0, 120, source_info=source_info)]))).of("entries")
    assert brand_of(entry["device"]) == brand
    assert entry["device"].startswith("nightlight-import xDrip+")


def test_it_sees_its_own_packed_or_not_and_no_other(file: MakeFile) -> None:
    plain = made(**ALL)
    for packed in (plain, zipped({"export20260314-060000.sqlite": plain}), gzip.compress(plain)):
        assert "BgReadings" in str(FORMAT.recognises(file(packed)))
        assert len(read_with(FORMAT, file(packed)).found) == 13
    other = database("CREATE TABLE Others (n INTEGER);", {})
    for content in (other, zipped({"a.db": other}), b"", b"BgReadings", b"PK\x03\x04BgReadings", zipped({})):
        assert FORMAT.recognises(file(content)) is None


def test_the_number_xdrip_shows_counts_before_the_one_it_computed(file: MakeFile) -> None:
    rows = [reading(0, 120, dg_mgdl=111.0), reading(5, 120, dg_mgdl=0.0), reading(10, 0, dg_mgdl=99.0)]
    assert [one["sgv"] for one in read_with(FORMAT, file(made(BgReadings=rows))).of("entries")] == [111, 120, 99]


def test_what_is_no_glucose_is_none(file: MakeFile) -> None:
    rows = [
        reading(0, 0),
        reading(1, None),  # type: ignore[arg-type]
        reading(5, 12),
        reading(10, 39),
        reading(15, 5000),
        reading(20, 120) | {"timestamp": 0},
        reading(25, 120) | {"timestamp": START_MS + 60 * MINUTE},
        reading(30, 120) | {"timestamp": "soon"},
    ]
    result = read_with(FORMAT, file(made(BgReadings=rows)))
    assert [one["sgv"] for one in result.of("entries")] == [39]
    assert [(one.place, one.why) for one in result.rejected] == [
        ("reading 3", "12 is an error code of the sensor, and no glucose"),
        ("reading 5", "the glucose is no reading"),
        ("reading 6", "it has no time"),
        ("reading 7", "the time is in the future"),
        ("reading 8", "it has no time"),
    ]


@pytest.mark.parametrize(
    ("slope", "direction"),
    [
        (0.9, "Flat"),
        (1.5, "FortyFiveUp"),
        (2.5, "SingleUp"),
        (4.0, "DoubleUp"),
        (-1.5, "FortyFiveDown"),
        (-9, "DoubleDown"),
    ],
)
def test_the_slope_is_a_direction(file: MakeFile, slope: float, direction: str) -> None:
    rows = [reading(0, 120, calculated_value_slope=slope / MINUTE), reading(5, 120, dg_slope=slope / MINUTE)]
    assert [one["direction"] for one in read_with(FORMAT, file(made(BgReadings=rows))).of("entries")] == [direction] * 2


def test_no_slope_is_never_flat(file: MakeFile) -> None:
    rows = [
        reading(0, 120, calculated_value_slope=0.0),
        reading(5, 120, calculated_value_slope=0.0),
        reading(60, 120, calculated_value_slope=0.0),
        reading(65, 120, calculated_value_slope=2.5 / MINUTE, hide_slope=1),
    ]
    entries = read_with(FORMAT, file(made(BgReadings=rows))).of("entries")
    assert [one.get("direction") for one in entries] == [None, "Flat", None, "NOT COMPUTABLE"]


def test_raw_values_and_noise_come_as_they_are_uploaded(file: MakeFile) -> None:
    rows = [
        reading(0, 120, raw_data=123.456, filtered_data=120.5, noise="2"),
        reading(5, 120, noise="loud", raw_data=0.0),
    ]
    first, second = read_with(FORMAT, file(made(BgReadings=rows))).of("entries")
    assert (first["unfiltered"], first["filtered"], first["noise"]) == (123_456, 120_500, 2)
    assert second.keys().isdisjoint({"unfiltered", "filtered", "noise"})


def test_a_finger_stick_that_was_undone_stays_away(file: MakeFile) -> None:
    sticks = [
        {"timestamp": AT_MS + n * MINUTE, "mgdl": 100.0 + n, "state": state} for n, state in enumerate((1, 3, 9, 17))
    ]
    assert [one["mbg"] for one in read_with(FORMAT, file(made(BloodTest=sticks))).of("entries")] == [100, 101]


def test_long_acting_insulin_is_no_bolus(file: MakeFile) -> None:
    def injections(**units: float) -> str:
        return json.dumps([{"insulin": name, "units": amount} for name, amount in units.items()])

    rows = [
        treatment(0, insulin=12.0, insulinJSON=injections(Lantus=12.0), notes="night"),
        treatment(10, insulin=5.0, insulinJSON=injections(Novorapid=2.0, Tresiba=3.0), carbs=30.0),
        treatment(20, insulin=4.0, insulinJSON="[{"),
        treatment(30, insulin=0.0, insulinJSON=injections(Humalog=1.5)),
    ]
    assert [told(one) for one in read_with(FORMAT, file(made(Treatments=rows))).of("treatments")] == [
        (0, "Note", None, None, "Long-acting insulin 12 U. night"),
        (10, "Meal Bolus", 2, 30, None),
        (10, "Note", None, None, "Long-acting insulin 3 U"),
        (20, "Correction Bolus", 4, None, None),
        (30, "Correction Bolus", 1.5, None, None),
    ]


def test_a_sensor_that_a_treatment_tells_of_starts_once(file: MakeFile) -> None:
    tables = {
        "Treatments": [treatment(0, "Sensor Start", notes="new"), treatment(500, "Sensor Stop")],
        "Sensors": [{"started_at": AT_MS + MINUTE, "stopped_at": AT_MS + 502 * MINUTE, "uuid": "s"}],
    }
    kinds = [one["eventType"] for one in read_with(FORMAT, file(made(**tables))).of("treatments")]
    assert kinds == ["Sensor Start", "Sensor Stop"]


def test_an_older_database_without_some_columns_and_tables_is_read(file: MakeFile) -> None:
    old = database(
        "CREATE TABLE BgReadings (_id INTEGER PRIMARY KEY, timestamp INTEGER, calculated_value REAL);",
        {"BgReadings": [{"timestamp": AT_MS, "calculated_value": 120.0}]},
    )
    assert [one["sgv"] for one in read_with(FORMAT, file(old)).of("entries")] == [120]


def test_a_database_that_is_damaged_is_said_and_gives_what_it_has(file: MakeFile) -> None:
    raw = bytearray(made(**ALL | {"BgReadings": [reading(5 * n, 120) for n in range(4000)]}))
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = b"\xff" * 4096
    opened = file(bytes(raw))
    assert FORMAT.survey(opened).warnings == ("The database is damaged: some records may be missing.",)
    result = read_with(FORMAT, opened)
    assert 100 < len(result.of("entries")) < 4003
    assert any("cannot be read" in said for said in result.said)
    assert FORMAT.survey(file(made(**ALL))).warnings == ()


def test_a_view_in_place_of_a_table_is_not_run(file: MakeFile) -> None:
    endless = "CREATE VIEW BgReadings AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT n FROM r;"
    with pytest.raises(Unreadable):
        FORMAT.survey(file(database(endless, {})))


def test_what_xdrip_uploaded_itself_is_not_doubled(bringing: Bringing) -> None:
    house = bringing.house
    uploaded = {"type": "sgv", "sgv": 120, "date": AT_MS, "device": "xDrip-DexcomG6", "direction": "Flat"}
    Entries(house.store, house.clock, NOBODY).save([uploaded])
    one = bringing.bring(made(BgReadings=[reading(0, 120.4), reading(5, 128.6)]))
    assert one.result is not None
    assert one.result.kinds == [("glucose", 1, 1)]


def test_two_exports_that_overlap_in_any_order_are_the_whole(bringing: Bringing) -> None:
    rows = [reading(5 * n, 100 + n) for n in range(40)]
    doses = [treatment(30 * n, insulin=1.0 + n) for n in range(6)]
    bringing.bring(zipped({"export.sqlite": made(BgReadings=rows[15:], Treatments=doses[2:])}))
    bringing.bring(made(BgReadings=rows[:25], Treatments=doses[:4]))
    again = bringing.look(made(BgReadings=rows, Treatments=doses))
    assert again.preview is not None
    assert again.preview.new.total() == 0
    assert [entry["sgv"] for entry in bringing.entries()] == [100 + n for n in range(40)]
    assert sum(one["insulin"] for one in bringing.treatments()) == 21


GOOD = made(**ALL)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1), garbage=st.binary(min_size=1, max_size=60), cut=st.booleans())
def test_no_garbage_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, place: float, garbage: bytes, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("garbled") / "file"
    at = int(place * len(GOOD))
    path.write_bytes(GOOD[:at] + garbage + (b"" if cut else GOOD[at + len(garbage) :]))
    opened = Opened.at(path)
    if FORMAT.recognises(opened):
        try:
            read_with(FORMAT, opened)
        except Unreadable:
            return
