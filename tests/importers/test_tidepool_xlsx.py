"""Tidepool's workbook: its sheets hold the documents the service gives, whatever unit they are written in."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from app.clock import iso_of
from app.importers.formats import recognised
from app.importers.going_through import surveyed
from app.importers.tidepool.rows import member_for
from app.importers.tidepool.xlsx_format import TidepoolXlsx
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import Bringing, MakeFile, read_with
from tests.importers.test_tidepool_json import served, without_profiles
from tests.importers.tidepool_files import MINUTE_MS, SHEETS, account, as_json, as_workbook, record

FORMAT = TidepoolXlsx()


def found_in(file: MakeFile, content: bytes) -> dict[tuple[str, str], Document]:
    read = read_with(FORMAT, file(content))
    assert not read.rejected
    return {(collection, document["identifier"]): document for collection, document in read.documents}


def changed(content: bytes, change: Any) -> bytes:
    """The same workbook after somebody worked on it."""
    book = load_workbook(BytesIO(content))
    change(book)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


@pytest.mark.parametrize("unit", ["mmol/L", "mg/dL"])
def test_a_workbook_holds_the_documents_the_service_gives(file: MakeFile, unit: str) -> None:
    records = account()
    found = found_in(file, as_workbook(records, unit))
    assert without_profiles(found) == served(records)
    profiles = [document for (collection, _), document in found.items() if collection == "profile"]
    assert [one["startDate"] for one in profiles] == [
        iso_of(START_MS - 700 * MINUTE_MS),
        iso_of(START_MS - 600 * MINUTE_MS),
    ]


def test_a_workbook_and_a_json_file_are_one_import(bringing: Bringing) -> None:
    bringing.bring(as_json(account()))
    before = bringing.entries(), bringing.treatments()
    one = bringing.bring(as_workbook(account()))
    assert one.result is not None
    assert one.result.new.total() == 0
    assert (bringing.entries(), bringing.treatments()) == before


def test_a_workbook_is_known_by_its_sheets_or_its_columns(file: MakeFile) -> None:
    content = as_workbook(account())
    [first, *_] = recognised(file(content, "export.xlsx"))
    assert (first.format.name, first.why) == ("tidepool-xlsx", "its sheets are those of Tidepool's export")
    resaved = changed(content, lambda book: book.remove(book["EXPORT ERROR"]))
    assert "Tidepool Data Type" in (FORMAT.recognises(file(resaved)) or "")
    other = Workbook()
    assert other.active is not None
    other.active.append(["Time", "mg/dL"])
    saved = BytesIO()
    other.save(saved)
    for content in (saved.getvalue(), b"PK\x03\x04", b"", as_json(account()).encode()):
        assert FORMAT.recognises(file(content)) is None


def test_people_see_unit_and_sheets_first(file: MakeFile) -> None:
    survey = surveyed(FORMAT, file(as_workbook(account(), "mg/dL")))
    facts = dict(survey.facts)
    assert facts["Unit"] == "mg/dL"
    assert facts["Sheets"].startswith("CGM, SMBG, Bolus")
    assert not survey.warnings
    assert not survey.questions


def test_a_visible_error_sheet_warns_and_a_hidden_one_does_not(file: MakeFile) -> None:
    broken = file(as_workbook(account(), is_whole=False))
    assert "export a shorter time" in surveyed(FORMAT, broken).warnings[0]
    assert any("export a shorter time" in text for text in read_with(FORMAT, broken).said)
    whole = read_with(FORMAT, file(as_workbook(account())))
    assert not any("export a shorter time" in text for text in whole.said)


def test_an_empty_export_is_said(file: MakeFile) -> None:
    empty = file(as_workbook([]))
    assert surveyed(FORMAT, empty).warnings == ("Tidepool found no data for this export.",)
    assert read_with(FORMAT, empty).found == []


def test_columns_are_found_by_name_wherever_they_stand(file: MakeFile) -> None:
    def turned(book: Workbook) -> None:
        for sheet in book.worksheets[1:]:
            rows = [list(reversed(row)) for row in sheet.iter_rows(values_only=True)]
            sheet.delete_rows(1, sheet.max_row)
            for row in rows:
                sheet.append(["extra", *row])

    records = account()
    found = found_in(file, changed(as_workbook(records), turned))
    assert without_profiles(found) == served(records)


def test_times_written_as_text_are_times(file: MakeFile) -> None:
    def as_text(book: Workbook) -> None:
        for row in book["CGM"].iter_rows(min_row=2, max_col=1):
            row[0].value = row[0].value.isoformat() + "Z"

    records = [one for one in account() if one["type"] == "cbg"]
    assert found_in(file, changed(as_workbook(records), as_text)) == served(records)


def test_a_bad_row_is_named_with_its_sheet_and_number(file: MakeFile) -> None:
    def spoil(book: Workbook) -> None:
        book["CGM"]["E3"] = "high"
        book["CGM"]["A4"] = None
        book["Bolus"]["I2"] = "=1/0"

    read = read_with(FORMAT, file(changed(as_workbook(account()), spoil)))
    assert [one.place for one in read.rejected][:2] == ["CGM, row 3", "CGM, row 4"]
    assert len([one for one in read.found if one.document.get("type") == "sgv"]) == 11


def test_a_sheet_nobody_knows_is_passed_over(file: MakeFile) -> None:
    def added(book: Workbook) -> None:
        book.create_sheet("My notes").append(["what", "a", "day"])
        book.create_sheet("Empty")

    records = account()
    assert without_profiles(found_in(file, changed(as_workbook(records), added))) == served(records)


def test_a_pumps_repetitions_of_a_sensor_fill_holes_only(file: MakeFile) -> None:
    own = record("cbg", 10, value=7.1, units="mmol/L")
    repeated = [record("cbg", ago, value=7.1, units="mmol/L", deviceId="tandem1234") for ago in (9.5, 11, 15, 20)]
    found = found_in(file, as_workbook([*repeated, own]))
    assert sorted((START_MS - one["date"]) / MINUTE_MS for one in found.values()) == [10, 15, 20]


def test_targets_of_profiles_whose_names_are_lost_are_those_of_all(file: MakeFile) -> None:
    records = [one for one in account() if one["type"] == "pumpSettings"]
    content = changed(as_workbook(records), lambda book: book["BG Targets"].delete_cols(6))
    found = found_in(file, content)
    assert [one["store"]["Weekday"]["target_low"][0]["value"] for one in found.values()] == [80, 99.1]


@pytest.mark.parametrize("cut", [30, 200, 1000, 5000, -50, -500])
def test_a_damaged_workbook_is_said(bringing: Bringing, cut: int) -> None:
    one = bringing.look(as_workbook(account())[:cut])
    assert one.stage == "unreadable"
    assert bringing.entries() == []


@pytest.mark.parametrize(
    ("header", "member"),
    [
        ("Zulu Time", "time"),
        ("Tidepool Wizard Type", "type"),
        ("Duration (mins)", "duration"),
        ("Suppressed Delivery Type", "suppressed.deliveryType"),
        ("Recommended Net", "recommended.net"),
        ("Change From", "change.from"),
        ("Reason Suspended", "reason.suspended"),
        ("Basal Schedule Start", "basalSchedule.start"),
        ("Carb Ratio Amount", "carbRatio.amount"),
        ("Insulin Sensitivity", "insulinSensitivity"),
        ("Insulin Sensitivity Amount", "insulinSensitivity.amount"),
        ("BG Target Range Setting", "bgTarget.range"),
        ("Insulin Carb Ratio", "insulinCarbRatio"),
        ("  timezone   offset ", "timezoneOffset"),
        ("Id", "id"),
        ("", ""),
    ],
)
def test_headers_name_members(header: str, member: str) -> None:
    assert member_for(header) == member


def test_every_sheet_the_exporter_writes_is_tried_here() -> None:
    written = {sheet for sheet, _ in SHEETS.values()}
    book = load_workbook(BytesIO(as_workbook(account())))
    assert written <= set(book.sheetnames)
