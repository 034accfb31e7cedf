"""Health Connect's backup: one app's glucose, in mmol/L, from tables that are called differently everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.importers.bounded import Opened
from app.importers.format import Unreadable
from app.importers.health.connect_format import HealthConnect
from app.importers.xdrip.format import XdripDatabase
from tests.importers.conftest import Bringing, MakeFile, read_with
from tests.importers.databases_made import database, zipped

FORMAT = HealthConnect()
AT_MS = 1_773_468_000_000  # 2026-03-14T06:00:00Z
MINUTE = 60_000

SCHEMA = """
CREATE TABLE application_info_table (row_id INTEGER PRIMARY KEY AUTOINCREMENT, package_name TEXT NOT NULL UNIQUE,
  app_name TEXT, app_icon BLOB, record_types_used TEXT);
CREATE TABLE steps_record_table (row_id INTEGER PRIMARY KEY, uuid BLOB, count INTEGER, app_info_id INTEGER);
CREATE TABLE blood_glucose_record_table (row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB UNIQUE NOT NULL,
  last_modified_time INTEGER, recording_method INTEGER, app_info_id INTEGER, time INTEGER, zone_offset INTEGER,
  local_date INTEGER, specimen_source INTEGER, level REAL, relation_to_meal INTEGER, meal_type INTEGER);
CREATE TABLE nutrition_record_table (row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB UNIQUE NOT NULL,
  app_info_id INTEGER, start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, total_carbohydrate REAL,
  meal_name TEXT, meal_type INTEGER);
"""
APPS = [
    {"row_id": 1, "package_name": "com.dexcom.g7", "app_name": "Dexcom G7"},
    {"row_id": 2, "package_name": "com.example.follower", "app_name": None},
    {"row_id": 3, "package_name": "com.ascensia.contour", "app_name": "Contour"},
    {"row_id": 4, "package_name": "com.example.food", "app_name": "Food"},
]


def uuid(text: str) -> bytes:
    return text.encode().ljust(16, b"-")[:16]


def glucose(minutes: float, mmol: Any, app: int = 1, **more: Any) -> dict[str, Any]:
    at_ms = AT_MS + int(minutes * MINUTE)
    made = {"uuid": uuid(f"{app}{at_ms}"), "time": at_ms, "zone_offset": 3600, "level": mmol, "app_info_id": app}
    return made | {"specimen_source": 0, "recording_method": 1} | more


def food(minutes: float, grams: float, app: int = 4, **more: Any) -> dict[str, Any]:
    at_ms = AT_MS + int(minutes * MINUTE)
    made = {"uuid": uuid(f"f{at_ms}"), "start_time": at_ms, "end_time": at_ms, "start_zone_offset": 3600}
    return made | {"total_carbohydrate": grams, "app_info_id": app} | more


def made(glucoses: list[dict[str, Any]], foods: list[dict[str, Any]] | None = None) -> bytes:
    tables = {
        "application_info_table": APPS,
        "blood_glucose_record_table": glucoses,
        "nutrition_record_table": foods or [],
    }
    return database(SCHEMA, tables)


DAY = [glucose(5 * number, 6 + number / 100) for number in range(60)]


def test_what_is_in_it(file: MakeFile) -> None:
    opened = file(
        zipped({"health_connect_export.db": made([glucose(0, 7.1), glucose(5, 7.2)], [food(10, 45, meal_name="Soup")])})
    )
    result = read_with(FORMAT, opened)
    assert [(one["type"], one["sgv"], one["date"] - AT_MS, one["utcOffset"]) for one in result.of("entries")] == [
        ("sgv", 128, 0, 60),
        ("sgv", 130, 5 * MINUTE, 60),
    ]
    assert {one["device"] for one in result.of("entries")} == {"nightlight-import Dexcom G7"}
    (soup,) = result.of("treatments")
    assert (soup["eventType"], soup["carbs"], soup["notes"]) == ("Carb Correction", 45, "Soup")


def test_it_sees_its_own_and_no_other_database(file: MakeFile) -> None:
    raw = made(DAY)
    for packed in (raw, zipped({"health_connect_export.db": raw})):
        assert "Health Connect" in str(FORMAT.recognises(file(packed)))
        assert XdripDatabase().recognises(file(packed)) is None
    for other in (database("CREATE TABLE BgReadings (n INTEGER);", {}), b"", b"blood_glucose_record", zipped({})):
        assert FORMAT.recognises(file(other)) is None


def test_of_apps_that_wrote_the_same_one_is_taken(file: MakeFile) -> None:
    follower = [glucose(5 * number + 0.1, 6 + number / 100, app=2) for number in range(40)]
    opened = file(made(DAY + follower))
    questions = {one.name: one.proposed for one in FORMAT.survey(opened).questions}
    assert questions["source"] == "Dexcom G7"
    result = read_with(FORMAT, opened)
    assert len(result.of("entries")) == 60
    assert result.said == ["40 records of apps that were not chosen are left out."]
    assert len(read_with(FORMAT, opened, source="com.example.follower").of("entries")) == 40


def test_blood_and_what_was_typed_in_are_finger_sticks(file: MakeFile) -> None:
    rows = [
        glucose(0, 6.0, specimen_source=2),
        glucose(5, 6.0, recording_method=3),
        glucose(10, 6.0, specimen_source=1),
    ]
    result = read_with(FORMAT, file(made(rows)))
    assert [one["type"] for one in result.of("entries")] == ["mbg", "mbg", "sgv"]
    assert [one["eventType"] for one in result.of("treatments")] == ["BG Check", "BG Check"]


def test_names_of_another_android_are_found(file: MakeFile) -> None:
    rows = [{"id": "a", "Instant_Time": AT_MS, "Blood_Glucose_Level": 7.1, "Specimen_Source": 1}]
    script = (
        "CREATE TABLE blood_glucose_record"
        " (id TEXT, Instant_Time INTEGER, Blood_Glucose_Level REAL, Specimen_Source INTEGER);"
    )
    opened = file(database(script, {"blood_glucose_record": rows}))
    assert FORMAT.recognises(opened) is not None
    assert [one["sgv"] for one in read_with(FORMAT, opened).of("entries")] == [128]


def test_a_table_without_what_counts_is_a_clear_refusal(file: MakeFile) -> None:
    strange = database("CREATE TABLE blood_glucose_record_table (uuid BLOB, sugar REAL);", {})
    with pytest.raises(Unreadable, match="in a way we do not know"):
        FORMAT.survey(file(strange))


def test_numbers_that_can_only_be_mgdl_are_asked_about(file: MakeFile) -> None:
    opened = file(made([glucose(0, 120.0)]))
    survey = FORMAT.survey(opened)
    assert survey.questions[0].proposed is None
    assert "look like mg/dL" in survey.warnings[0]
    assert [one["sgv"] for one in read_with(FORMAT, opened, unit="mgdl").of("entries")] == [120]


def test_records_that_cannot_be_used_are_told(file: MakeFile) -> None:
    rows = [
        glucose(0, 0.0),
        glucose(5, "a lot"),
        glucose(10, 9000.0),
        glucose(15, 7.1, time=None),
        glucose(20, 7.1, time=4_000_000_000_000),
        glucose(25, 7.1, zone_offset=None),
    ]
    result = read_with(FORMAT, file(made(rows, [food(30, 5000.0)])), unit="mmol")
    assert [one["utcOffset"] for one in result.of("entries")] == [60]
    assert [(one.place, one.why) for one in result.rejected] == [
        ("glucose record 2", "the glucose is no reading"),
        ("glucose record 3", "the glucose is no reading"),
        ("glucose record 4", "it has no time"),
        ("glucose record 5", "the time is in the future"),
        ("carbs record 1", "the carbohydrate is no amount"),
    ]


def test_the_same_backup_twice_and_a_later_one_add_only_what_is_new(bringing: Bringing) -> None:
    bringing.bring(made(DAY[20:], [food(3, 30)]))
    bringing.bring(made(DAY[:40], [food(3, 30)]))
    again = bringing.look(zipped({"health_connect_export.db": made(DAY, [food(3, 30)])}))
    assert again.preview is not None
    assert again.preview.new.total() == 0
    assert len(bringing.entries()) == 60
    assert [one["carbs"] for one in bringing.treatments()] == [30]


GOOD = made(DAY[:5], [food(3, 30)])


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
