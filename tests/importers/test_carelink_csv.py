"""CareLink's export: each event once though told in pieces, totals never, in every spelling and as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actor import NOBODY
from app.importers.carelink.format import CareLinkCsv
from app.importers.formats import recognised
from app.importers.going_through import surveyed
from app.records.sources.documents import ms_of
from app.records.sources.ranks import LIVE
from app.records.treatments import Treatments
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.carelink_tables import DATES, HEADER, SERIAL, Event, Export, at, bolus, row, wizard
from tests.importers.conftest import Bringing, MakeFile, Reading, read_with
from tests.importers.spellings import SPELLINGS, Spelling

FORMAT = CareLinkCsv()
MICRO = "CLOSED_LOOP_MICRO_BOLUS"


def utc(hour: int, minute: int = 0, second: int = 0, day: int = 14, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1000


def day_of_a_child(**how: Any) -> Export:
    """A day with everything in it; the times below are Berlin's, an hour ahead of UTC."""
    return (
        Export(**how)
        .events(
            row("06:00:00", Basal_Rate=0.85),
            bolus("07:08:00", 4.5, number=101, carbs=45),
            bolus("09:00:00", 0.35, number=102, source="CLOSED_LOOP_AUTO_INSULIN"),
            bolus("10:00:00", 1.25, number=103, source="CLOSED_LOOP_BG_CORRECTION"),
            bolus("12:00:00", 1.5, number=104, type="Dual (normal part)", selected=1.5, carbs=30),
            bolus("12:00:05", 1.5, number=104, type="Dual (square part)", Bolus_Duration=timedelta(hours=2)),
            row("07:07:30", BG_Reading=142, BG_Source="ENTERED_IN_BG_ENTRY", Linked_BG_Meter_ID="A1"),
            row(
                "13:00:00", Temp_Basal_Amount=150, Temp_Basal_Type="Percent", Temp_Basal_Duration=timedelta(minutes=30)
            ),
            row("14:00:00", Suspend="USER_SUSPEND"),
            row("14:25:00", Suspend="NORMAL_PUMPING"),
            row("15:00:00", Rewind="Rewind"),
            row("15:02:00", Prime_Type="Tubing fill", Prime_Volume_Delivered=8.5),
            row("15:05:00", Prime_Type="Cannula fill", Prime_Volume_Delivered=0.3),
            row("16:00:00", Alert="LOW RESERVOIR"),
            row("16:03:00", Alert="LOW RESERVOIR"),
            row("17:00:00", Event_Marker="Exercise marker"),
        )
        .sensor(
            row("07:00:00", Sensor_Glucose=128, ISIG_Value=21.5),
            row("07:05:00", Sensor_Glucose=130, ISIG_Value=22.5),
            row("08:00:00", Sensor_Exception="SENSOR CONNECTED"),
        )
        .daily(("2026-03-13", 23.5), ("2026-03-14", 11.25))
    )


NAMES = ("sgv", "mbg", "eventType", "glucose", "insulin", "enteredinsulin", "carbs", "absolute", "percent", "duration")


def told(document: Document) -> tuple[Any, ...]:
    values = {name: document[name] for name in NAMES if document.get(name) is not None}
    if document.get("automatic"):
        values["automatic"] = True
    return ms_of(document.get("date") or document.get("created_at")), values


def in_order(documents: Iterable[tuple[str, Document]]) -> list[tuple[Any, ...]]:
    return sorted((told(document) for _, document in documents), key=repr)


EXPECTED = sorted(
    [
        (utc(6), {"sgv": 128}),
        (utc(6, 5), {"sgv": 130}),
        (utc(6, 7, 30), {"mbg": 142}),
        (utc(6, 7, 30), {"eventType": "BG Check", "glucose": 142}),
        (utc(6, 8, 40), {"eventType": "Meal Bolus", "insulin": 4.5, "carbs": 45}),
        (utc(8, 0, 40), {"eventType": "Correction Bolus", "insulin": 0.35, "automatic": True}),
        (utc(9, 0, 40), {"eventType": "Correction Bolus", "insulin": 1.25}),
        (
            utc(11, 0, 40),
            {"eventType": "Combo Bolus", "insulin": 1.5, "enteredinsulin": 3, "carbs": 30, "duration": 120},
        ),
        (utc(12), {"eventType": "Temp Basal", "percent": 50, "duration": 30}),
        (utc(13), {"eventType": "Temp Basal", "absolute": 0, "duration": 25}),
        (utc(14), {"eventType": "Insulin Change"}),
        (utc(14, 5), {"eventType": "Site Change"}),
        (utc(15), {"eventType": "Note"}),
        (utc(16), {"eventType": "Exercise"}),
        (utc(7), {"eventType": "Sensor Start"}),
    ],
    key=repr,
)


def read(file: MakeFile, *events: Event | list[Event], **answers: str) -> Reading:
    return read_with(FORMAT, file(Export().events(*events).made()), **{"unit": "mgdl", "date_order": "ymd", **answers})


def treatments(file: MakeFile, *events: Event | list[Event], **answers: str) -> list[Document]:
    found = read(file, *events, **answers)
    assert found.rejected == []
    return sorted(found.of("treatments"), key=lambda one: one["created_at"])


# The whole


def test_what_a_day_becomes(file: MakeFile) -> None:
    found = read_with(FORMAT, file(day_of_a_child().made()))
    assert in_order(found.documents) == EXPECTED
    assert found.rejected == []
    assert {document["utcOffset"] for _, document in found.documents} == {60}
    assert any("totals of 2 days" in text for text in found.said)
    assert any("pattern are not imported" in text for text in found.said)


@pytest.mark.parametrize("mmol", [False, True], ids=["mgdl", "mmol"])
@pytest.mark.parametrize("date", DATES.values(), ids=list(DATES))
@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_every_spelling_says_the_same(file: MakeFile, spelling: Spelling, date: str, mmol: bool) -> None:
    # A year of two digits may stand in front or behind: whoever brings the file says which.
    answers = {"date_order": "dmy"} if date == DATES["two digits"] else {}
    opened = file(day_of_a_child(spelling=spelling, date=date, mmol=mmol).made())
    found = read_with(FORMAT, opened, **answers)
    assert in_order(found.documents) == EXPECTED
    assert found.rejected == []


@pytest.mark.parametrize("serials", [False, True], ids=["cells", "numbers"])
def test_a_workbook_says_the_same(file: MakeFile, serials: bool) -> None:
    opened = file(day_of_a_child().workbook(serials=serials))
    assert [one.format.name for one in recognised(opened)] == ["carelink-csv"]
    found = read_with(FORMAT, opened)
    assert in_order(found.documents) == EXPECTED
    assert found.rejected == []


def test_rows_that_go_forward_say_the_same(file: MakeFile) -> None:
    whole = day_of_a_child()
    for section in whole._sections:
        section[2:-1] = reversed(section[2:-1])
    found = read_with(FORMAT, file(whole.made()))
    assert in_order(found.documents) == EXPECTED


def test_columns_in_another_order_with_other_names_say_the_same(file: MakeFile) -> None:
    older = {"Alert": "Alarm", "Bolus Duration (h:mm:ss)": "Programmed Bolus Duration (hh:mm:ss)"}
    header = [
        "Index",
        "Date",
        "Time",
        *reversed([older.get(name, name) for name in HEADER[3:]]),
        "Raw-Type",
        "Raw-Values",
    ]
    found = read_with(FORMAT, file(day_of_a_child(header=header).made()))
    assert in_order(found.documents) == EXPECTED


def test_an_export_without_sections_is_read(file: MakeFile) -> None:
    export = Export(header=[name for name in HEADER if "BWZ" not in name]).events(row("07:00:00", Sensor_Glucose=120))
    lines = [line for line in export.made().decode().splitlines() if not line.startswith("---")]
    found = read_with(FORMAT, file("\n".join(lines)), unit="mgdl")
    assert [entry["sgv"] for entry in found.of("entries")] == [120]


def test_sections_that_repeat_are_all_read(file: MakeFile) -> None:
    export = Export()
    for day in (12, 13, 14):
        export.events(bolus(f"2026-03-{day}T08:00:00", 1.0 * day, number=day))
        export.sensor(row(f"2026-03-{day}T08:00:00", Sensor_Glucose=100 + day))
        export.daily((f"2026-03-{day}", 20.0))
    found = read_with(FORMAT, file(export.made()), unit="mgdl")
    assert sorted(one["insulin"] for one in found.of("treatments")) == [12, 13, 14]
    assert sorted(one["sgv"] for one in found.of("entries")) == [112, 113, 114]


# What it is


def test_it_is_recognised_and_no_other_format_is_taken_for_it(file: MakeFile) -> None:
    whole = day_of_a_child().made()
    assert [one.format.name for one in recognised(file(whole))] == ["carelink-csv"]
    assert FORMAT.recognises(file(b"Index,Date,Time\n1,2026-03-14,07:00\n")) is None
    assert FORMAT.recognises(file(b"PK\x03\x04 but no book")) is None


def test_the_survey_says_what_is_in_it(file: MakeFile) -> None:
    survey = surveyed(FORMAT, file(day_of_a_child().made()))
    facts = dict(survey.facts)
    assert facts["Device"] == "MiniMed 780G MMT-1886"
    assert "5 boluses" in facts["Holds"]
    assert facts["Unit"] == "mg/dL, by the header"
    assert survey.local_times
    assert {one.name: one.proposed for one in survey.questions} == {
        "unit": "mgdl",
        "date_order": "ymd",
        "pattern": "no",
    }
    assert "Ada" not in repr(survey)


def test_dates_that_may_be_either_are_asked_for_unless_the_range_above_settles_it(file: MakeFile) -> None:
    export = Export(date=DATES["day first"]).events(bolus("2026-03-04T07:00:00", 1))
    assert {one.name: one.proposed for one in surveyed(FORMAT, file(export.made())).questions}["date_order"] == "dmy"
    lines = [line for line in export.made().decode().splitlines() if "Example" not in line]
    asked = {one.name: one.proposed for one in surveyed(FORMAT, file("\n".join(lines))).questions}
    assert asked["date_order"] is None


# Boluses


def test_a_bolus_told_in_two_rows_is_one(file: MakeFile) -> None:
    [made] = treatments(file, bolus("07:00:00", 2.5, number=7))
    assert (made["eventType"], made["insulin"]) == ("Correction Bolus", 2.5)
    [without] = treatments(file, bolus("07:00:00", 2.5))
    assert without["insulin"] == 2.5


def test_what_was_delivered_counts_and_what_was_chosen_is_noted(file: MakeFile) -> None:
    [made] = treatments(
        file, bolus("07:00:00", 1.2, selected=4.5, number=7, Bolus_Cancellation_Reason="USER_CANCELLED")
    )
    assert made["insulin"] == 1.2
    assert made["notes"] == "Programmed 4.5 U, delivered 1.2 U. user cancelled"


def test_a_bolus_of_which_nothing_was_delivered_is_none(file: MakeFile) -> None:
    [chosen, _] = bolus("07:00:00", 3, number=7)
    nothing = bolus("08:00:00", 0, selected=2, number=8)
    found = read(file, chosen, nothing)
    assert found.of("treatments") == []
    assert any("2 boluses were chosen" in text for text in found.said)


def test_carbs_of_a_bolus_of_which_nothing_was_delivered_are_said(file: MakeFile) -> None:
    found = read(file, bolus("08:00:00", 0, selected=2, number=8, carbs=20))
    assert found.of("treatments") == []
    assert any("no bolus followed" in text for text in found.said)


def test_equal_boluses_close_together_are_all_kept(file: MakeFile) -> None:
    made = treatments(file, *[bolus(f"07:0{minute}:00", 1, number=minute) for minute in range(5)])
    assert [one["insulin"] for one in made] == [1] * 5


def test_a_number_that_comes_again_is_another_bolus(file: MakeFile) -> None:
    made = treatments(file, bolus("2026-03-13T07:00:00", 1, number=7), bolus("07:00:00", 2, selected=3, number=7))
    assert [one["insulin"] for one in made] == [1, 2]
    assert "notes" not in made[0]
    assert made[1]["notes"].startswith("Programmed 3 U")
    [cancelled, _] = bolus("2026-03-13T07:00:00", 2, number=7)
    [alone] = treatments(file, cancelled, bolus("07:00:00", 2, selected=3, number=7))
    assert alone["notes"].startswith("Programmed 3 U")


@pytest.mark.parametrize(
    ("source", "automatic"),
    [
        ("BOLUS_WIZARD", False),
        ("MANUAL", False),
        ("CLOSED_LOOP_BG_CORRECTION", False),
        ("CLOSED_LOOP_AUTO_INSULIN", True),
        ("SOMETHING_NEW", False),
        ("", False),
    ],
)
def test_what_the_pump_decided_is_automatic(file: MakeFile, source: str, automatic: bool) -> None:
    [made] = treatments(file, bolus("07:00:00", 1, source=source))
    assert made.get("automatic", False) is automatic


def test_a_square_wave_told_at_its_end_began_when_it_was_chosen(file: MakeFile) -> None:
    length = timedelta(hours=3)
    rows = bolus("12:00:00", 3, number=9, type="Square", seconds=3 * 3600, carbs=60, Bolus_Duration=length)
    [made] = treatments(file, rows)
    assert (made["eventType"], made["enteredinsulin"], made["duration"]) == ("Combo Bolus", 3, 180)
    assert made["relative"] == 1
    assert made["carbs"] == 60
    assert ms_of(made["created_at"]) == utc(11)


def test_a_square_wave_of_unknown_length_is_not_lost(file: MakeFile) -> None:
    [made] = treatments(file, bolus("12:00:00", 3, type="Square"))
    assert made["insulin"] == 3


def test_parts_of_a_dual_wave_without_numbers_are_one(file: MakeFile) -> None:
    length = timedelta(hours=1)
    made = treatments(
        file,
        bolus("12:00:00", 2, type="Dual (normal part)"),
        bolus("12:00:05", 1, type="Dual (square part)", Bolus_Duration=length),
    )
    assert [(one["insulin"], one["enteredinsulin"], one["duration"]) for one in made] == [(2, 3, 60)]


def test_a_lone_square_part_is_not_lost(file: MakeFile) -> None:
    length = timedelta(hours=1)
    [made] = treatments(file, bolus("12:00:00", 1, type="Dual (square part)", Bolus_Duration=length))
    assert made["enteredinsulin"] == 1


# Carbs


@pytest.mark.parametrize(("apart_s", "together"), [(0, True), (30, True), (-30, True), (31, False), (-31, False)])
def test_the_calculator_belongs_to_the_bolus_within_half_a_minute(file: MakeFile, apart_s: int, together: bool) -> None:
    entry = wizard(at("07:00:00") + timedelta(seconds=apart_s), 4.5, 45)
    found = read(file, bolus("07:00:00", 4.5), entry)
    [made] = found.of("treatments")
    assert made.get("carbs") == (45 if together else None)
    assert any("no bolus followed" in text for text in found.said) is not together


def test_of_two_boluses_the_calculator_belongs_to_the_one_of_its_estimate(file: MakeFile) -> None:
    entry = wizard("07:00:03", 4.5, 45)
    made = treatments(file, bolus("07:00:02", 1, number=1), bolus("07:00:20", 4.5, number=2), entry)
    assert {(one["insulin"], one.get("carbs")) for one in made} == {(1, None), (4.5, 45)}


def test_a_bolus_changed_against_the_calculator_keeps_its_carbs(file: MakeFile) -> None:
    [made] = treatments(file, bolus("07:00:00", 5), wizard("07:00:03", 4.5, 45))
    assert (made["insulin"], made["carbs"]) == (5, 45)


def test_each_entry_of_the_calculator_is_used_once(file: MakeFile) -> None:
    made = treatments(file, bolus("07:00:00", 4.5, carbs=45), bolus("07:01:00", 4.5), bolus("07:02:00", 1, carbs=10))
    assert sum(one.get("carbs", 0) for one in made) == 55
    assert [one.get("carbs") for one in made] == [45, None, 10]


def test_carbs_that_need_no_insulin_were_eaten(file: MakeFile) -> None:
    [made] = treatments(file, wizard("07:00:00", 0, 12))
    assert (made["eventType"], made["carbs"]) == ("Carb Correction", 12)


def test_carbs_in_exchanges_are_reckoned_from_the_ratio(file: MakeFile) -> None:
    export = Export(carbs="exchanges").events(bolus("07:00:00", 4.5), wizard("07:00:02", 4.5, 3, BWZ_Food_Estimate=4.5))
    opened = file(export.made())
    assert "exchange_g" in {one.name for one in surveyed(FORMAT, opened).questions}
    [made] = read_with(FORMAT, opened).of("treatments")
    assert made["carbs"] == 45
    [asked] = read_with(FORMAT, opened, exchange_g="12").of("treatments")
    assert asked["carbs"] == 36


def test_exchanges_nobody_can_reckon_come_over_as_a_note(file: MakeFile) -> None:
    export = Export(carbs="exchanges", ratio="U/Ex").events(bolus("07:00:00", 4.5), wizard("07:00:02", 4.5, 3))
    [made] = read_with(FORMAT, file(export.made())).of("treatments")
    assert made["insulin"] == 4.5
    assert "carbs" not in made
    assert made["notes"] == "Carbohydrates: 3 exchanges"


# Basal


def test_small_boluses_of_the_automatic_mode_are_basal(file: MakeFile) -> None:
    rows = [bolus(f"07:{minute:02}:00", 0.1, source=MICRO, number=minute) for minute in (0, 5, 10, 30)]
    made = treatments(file, *rows)
    assert {one["eventType"] for one in made} == {"Temp Basal"}
    assert [(one["absolute"], one["duration"]) for one in made] == [(1.2, 5)] * 4
    assert all("insulin" not in one for one in made)


@pytest.mark.parametrize("newest_first", [True, False])
def test_basal_some_seconds_early_or_late_loses_nothing(file: MakeFile, newest_first: bool) -> None:
    times = ("07:00:00", "07:04:50", "07:09:40", "07:15:00")
    rows = [bolus(time, 0.1, source=MICRO, seconds=0)[1] for time in times]
    export = Export(newest_first=newest_first).events(*rows)
    made = read_with(FORMAT, file(export.made()), unit="mgdl", date_order="ymd").of("treatments")
    made.sort(key=lambda one: one["created_at"])
    assert [one["duration"] for one in made] == [pytest.approx(290 / 60, abs=0.001)] * 2 + [5, 5]
    assert sum(one["absolute"] * one["duration"] / 60 for one in made) == pytest.approx(0.4, abs=0.0005)


def test_what_is_basal_may_be_told_beside_the_chosen_amount_only(file: MakeFile) -> None:
    chosen, delivered = bolus("07:00:00", 0.1, source=MICRO, number=1)
    delivered.fields.pop("Bolus Source")
    [made] = treatments(file, chosen, delivered)
    assert made["absolute"] == 1.2


def test_daily_totals_are_never_insulin(file: MakeFile) -> None:
    found = read_with(FORMAT, file(Export().daily(("2026-03-13", 23.5), ("2026-03-14", 11.25)).made()), unit="mgdl")
    assert found.documents == []


def test_a_section_nobody_knows_is_said_and_not_read(file: MakeFile) -> None:
    export = Export().other("Weekly Something Data", bolus("07:00:00", 20)[1]).events(bolus("08:00:00", 1))
    found = read_with(FORMAT, file(export.made()), unit="mgdl")
    assert [one["insulin"] for one in found.of("treatments")] == [1]
    assert any("Weekly Something Data" in text for text in found.said)


def test_the_pattern_is_no_delivered_insulin_and_a_profile_on_request(file: MakeFile) -> None:
    rows = [
        row(f"2026-03-{day}T{hour:02}:00:00", Basal_Rate=rate)
        for day in (12, 13, 14)
        for hour, rate in ((0, 0.5), (6, 0.85), (22, 0.6))
    ]
    rows += bolus("2026-03-13T12:00:00", 4.5, carbs=45)
    without = read(file, *rows)
    assert without.of("profile") == []
    assert {one["eventType"] for one in without.of("treatments")} == {"Meal Bolus"}
    [profile] = read(file, *rows, pattern="yes").of("profile")
    [store] = profile["store"].values()
    assert [(step["time"], step["value"]) for step in store["basal"]] == [
        ("00:00", 0.5),
        ("06:00", 0.85),
        ("22:00", 0.6),
    ]
    assert (store["carbratio"][0]["value"], store["sens"][0]["value"]) == (10, 50)
    assert (store["target_low"][0]["value"], store["target_high"][0]["value"]) == (100, 120)
    assert profile["startDate"] == "2026-03-12T23:00:00.000Z"


def test_temp_basals_are_percent_or_rates(file: MakeFile) -> None:
    hour = timedelta(hours=1)
    percent, rate = treatments(
        file,
        row("07:00:00", Temp_Basal_Amount=70, Temp_Basal_Type="Percent", Temp_Basal_Duration=hour),
        row("09:00:00", Temp_Basal_Amount=1.25, Temp_Basal_Type="Insulin Rate", Temp_Basal_Duration=hour),
    )
    assert (percent["percent"], percent["duration"]) == (-30, 60)
    assert (rate["absolute"], rate["duration"]) == (1.25, 60)


@pytest.mark.parametrize("word", ["USER_SUSPEND", "ALARM_SUSPEND", "NOTSEATED_SUSPEND", "SOMETHING_NEW"])
def test_a_suspension_lasts_until_the_pump_goes_on(file: MakeFile, word: str) -> None:
    [made] = treatments(
        file, row("07:00:00", Suspend=word), row("07:10:00", Suspend=word), row("07:40:00", Suspend="NORMAL_PUMPING")
    )
    assert (made["absolute"], made["duration"]) == (0, 40)
    assert made["notes"] == word.replace("_", " ").lower()


def test_a_suspension_ends_at_the_latest_when_something_is_delivered(file: MakeFile) -> None:
    made = treatments(file, row("07:00:00", Suspend="USER_SUSPEND"), bolus("07:30:00", 1, seconds=0))
    assert made[0]["duration"] == 30


def test_a_suspension_without_an_end_is_said(file: MakeFile) -> None:
    found = read(file, row("07:00:00", Suspend="USER_SUSPEND"))
    assert found.of("treatments") == []
    assert any("suspensions are left out" in text for text in found.said)


# Changes, sticks, alerts


@pytest.mark.parametrize(
    ("rows", "changed"),
    [
        ([("15:00", "rewind"), ("15:02", "Tubing fill"), ("15:05", "Cannula fill")], ["Insulin Change", "Site Change"]),
        ([("15:00", "Cannula fill")], ["Site Change"]),
        ([("15:00", "rewind"), ("15:02", "rewind"), ("15:04", "Tubing fill")], ["Insulin Change"]),
        ([("15:00", "Manual"), ("15:02", "Fixed")], ["Insulin Change", "Site Change"]),
        ([("15:00", "Cannula fill"), ("18:00", "Cannula fill")], ["Site Change", "Site Change"]),
    ],
)
def test_a_change_told_in_pieces_is_one_of_each(
    file: MakeFile, rows: list[tuple[str, str]], changed: list[str]
) -> None:
    events = [
        row(f"{time}:00", Rewind="Rewind") if what == "rewind" else row(f"{time}:00", Prime_Type=what)
        for time, what in rows
    ]
    assert [one["eventType"] for one in treatments(file, *events)] == changed


def test_a_calibration_with_a_reading_of_the_meter_is_one_stick(file: MakeFile) -> None:
    made = treatments(file, row("07:00:00", BG_Reading=142), row("07:01:10", Sensor_Calibration_BG=142))
    assert [(one["eventType"], one["glucose"]) for one in made] == [("BG Check", 142)]
    alone, refused = treatments(
        file,
        row("07:00:00", Sensor_Calibration_BG=142),
        row("09:00:00", Sensor_Calibration_BG=100, Sensor_Calibration_Rejected_Reason="CAL_ERROR"),
    )
    assert (alone["glucose"], alone["notes"]) == (142, "Calibration")
    assert refused["notes"] == "Calibration, not accepted: cal error"


def test_an_alert_that_repeats_is_told_once(file: MakeFile) -> None:
    times = ("07:00:00", "07:04:00", "07:08:00", "07:30:00")
    made = treatments(file, *[row(time, Alert="LOW SG") for time in times], row("07:01:00", Alert="HIGH SG"))
    assert [(one["created_at"][11:16], one["notes"]) for one in made] == [
        ("06:00", "Pump alert: low sg"),
        ("06:01", "Pump alert: high sg"),
        ("06:30", "Pump alert: low sg"),
    ]


@pytest.mark.parametrize("column", ["Alert", "Sensor_Exception"])
def test_a_connected_sensor_is_a_start(file: MakeFile, column: str) -> None:
    [made] = treatments(file, row("07:00:00", **{column: "SENSOR CONNECTED"}))
    assert made["eventType"] == "Sensor Start"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Meal: 45.00grams", "Carb Correction"),
        ("Exercise marker", "Exercise"),
        ("Felt dizzy", "Note"),
        ("Start of day", None),
        ("END", None),
    ],
)
def test_markers_are_what_they_say(file: MakeFile, text: str, kind: str | None) -> None:
    made = treatments(file, row("07:00:00", Event_Marker=text))
    assert [one["eventType"] for one in made] == ([kind] if kind else [])
    if kind == "Carb Correction":
        assert made[0]["carbs"] == 45


# Times


@pytest.mark.parametrize("serial", [SERIAL, "GT0000001M"], ids=["the pump's", "its own"])
def test_a_clock_that_was_set_is_followed(file: MakeFile, serial: str) -> None:
    # The pump ran an hour ahead of Berlin until 12:00 on its own clock, and was put right then.
    set_ms = utc(10)
    times = range(set_ms - 4 * 3_600_000, set_ms + 8 * 3_600_000, 300_000)
    rows = []
    for at_ms in times:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None)
        rows.append(row(moment + timedelta(hours=2 if at_ms < set_ms else 1), Sensor_Glucose=120))
    export = Export(newest_first=False)
    export.events(row("12:00:00", New_Device_Time=at("11:00:00")), bolus("13:00:00", 1))
    export.sensor(*rows, serial=serial)
    for newest_first in (False, True):
        if newest_first:
            for section in export._sections:
                section[2:-1] = reversed(section[2:-1])
        found = read_with(FORMAT, file(export.made()), unit="mgdl")
        assert sorted(entry["date"] for entry in found.of("entries")) == list(times)
        assert len({entry["identifier"] for entry in found.of("entries")}) == len(times)
        assert [ms_of(one["created_at"]) for one in found.of("treatments")] == [utc(12, 0, 40)]
        assert any("clock was set 1 times" in text for text in found.said)


def test_a_new_time_may_be_a_time_of_day_alone(file: MakeFile) -> None:
    export = Export().events(row("12:00:00", New_Device_Time="11:00:00"), bolus("11:30:00", 2), bolus("18:00:00", 1))
    found = read_with(FORMAT, file(export.made()), unit="mgdl")
    assert any("clock was set" in text for text in found.said)


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_rows(file: MakeFile, newest_first: bool) -> None:
    back_ms = utc(1, day=26, month=10) - 86_400_000  # 25 October 2026, 01:00 UTC
    times = range(back_ms - 2 * 3_600_000, back_ms + 2 * 3_600_000, 300_000)
    rows = []
    for at_ms in times:
        local = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=2 if at_ms < back_ms else 1)
        rows.append(row(local.replace(tzinfo=None), Sensor_Glucose=120))
    export = Export(newest_first=False).sensor(*(reversed(rows) if newest_first else rows))
    found = read_with(FORMAT, file(export.made()), unit="mgdl")
    assert sorted(one["date"] for one in found.of("entries")) == list(times)
    assert len({one["identifier"] for one in found.of("entries")}) == len(times)


@pytest.mark.parametrize("day", [29, 30])
def test_insulin_and_carbs_are_the_same_on_days_clocks_change(file: MakeFile, day: int) -> None:
    rows = [bolus(f"2026-03-{day}T{hour:02}:30:00", 1, number=hour, carbs=10) for hour in range(24)]
    made = treatments(file, *rows)
    assert (sum(one["insulin"] for one in made), sum(one["carbs"] for one in made)) == (24, 240)


def test_what_is_still_to_come_and_what_has_no_time_is_rejected(file: MakeFile) -> None:
    later = datetime.fromtimestamp(START_MS / 1000, UTC).replace(tzinfo=None) + timedelta(days=1)
    found = read(file, row(later, Sensor_Glucose=120), row("07:00:00", Sensor_Glucose=121))
    assert [one["sgv"] for one in found.of("entries")] == [121]
    assert len(found.rejected) == 1
    text = Export().events(row("07:00:00", Sensor_Glucose=120)).made().decode().replace("2026/03/14,07:00:00", ",", 1)
    [rejected] = read_with(FORMAT, file(text), unit="mgdl", date_order="ymd").rejected
    assert rejected.why == "the record has no time"
    assert rejected.place == "row 8"


# Bad rows


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"Bolus_Volume_Delivered": "a lot"}, "is no number"),
        ({"Bolus_Volume_Delivered": 900}, "insulin"),
        ({"Sensor_Glucose": "??"}, "is no number"),
        ({"Sensor_Glucose": 9000}, "is no reading"),
        ({"BG_Reading": "x"}, "is no number"),
        ({"BWZ_Carb_Input": "many"}, "is no number"),
        ({"Temp_Basal_Amount": "x", "Temp_Basal_Duration": "1:00:00"}, "is no number"),
        ({"Basal_Rate": "x"}, "is no number"),
    ],
)
def test_a_field_that_cannot_be_is_named_with_its_row_and_costs_itself_alone(
    file: MakeFile, fields: dict[str, Any], why: str
) -> None:
    found = read(file, row("12:00:00", **fields), bolus("07:00:00", 2))
    assert [one["insulin"] for one in found.of("treatments")] == [2]
    [rejected] = found.rejected
    assert rejected.place == "row 8"
    assert why in rejected.why


def test_no_reading_is_no_error(file: MakeFile) -> None:
    found = read(file, row("07:00:00", Sensor_Glucose=0), row("07:05:00", ISIG_Value=20.5))
    assert (found.documents, found.rejected) == ([], [])


# Totals


bolus_kinds = st.sampled_from(["BOLUS_WIZARD", "MANUAL", "CLOSED_LOOP_AUTO_INSULIN", MICRO])


@given(
    st.lists(
        st.tuples(st.integers(0, 250), st.integers(0, 250), bolus_kinds, st.booleans(), st.integers(0, 120)),
        max_size=40,
    ),
    st.booleans(),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_insulin_and_carbs_are_what_the_file_says_was_delivered(
    file: MakeFile, doses: list[tuple[int, int, str, bool, int]], numbered: bool
) -> None:
    rows: list[Event] = []
    insulin_u, carbs_g = 0.0, 0
    for place, (delivered, more, source, is_square, carbs) in enumerate(doses):
        units = min(delivered, 25) / 100 if source == MICRO else delivered / 20
        entered = carbs if source == "BOLUS_WIZARD" and units and carbs else None
        rows += bolus(
            at("2026-03-13T00:00:00") + timedelta(minutes=7 * place),
            units,
            selected=round(units + more / 100, 3),
            number=place if numbered else "",
            source=source,
            type="Square" if is_square and source != MICRO else "Normal",
            carbs=entered,
            Bolus_Duration=timedelta(hours=1),
        )
        insulin_u += units
        carbs_g += entered or 0
    export = Export().events(rows).daily(("2026-03-13", 40.0))
    found = read_with(FORMAT, file(export.made()), unit="mgdl", date_order="ymd")
    assert found.rejected == []
    made = found.of("treatments")
    boluses_u = sum(one.get("enteredinsulin", one.get("insulin", 0)) for one in made)
    basals_u = sum(one["absolute"] * one["duration"] / 60 for one in made if "absolute" in one)
    assert boluses_u + basals_u == pytest.approx(insulin_u, abs=0.01)
    assert sum(one.get("carbs", 0) for one in made) == pytest.approx(carbs_g)


# Imports


def test_a_file_brought_twice_adds_nothing(bringing: Bringing) -> None:
    first = bringing.bring(day_of_a_child().made())
    assert first.format == "carelink-csv"
    before = (bringing.entries(), bringing.treatments())
    assert (len(before[0]), len(before[1])) == (3, 12)
    again = bringing.bring(day_of_a_child(spelling=Spelling(";", ",", "utf-8-sig", "\n")).made())
    assert again.result is not None
    assert again.result.new.total() == 0
    assert (bringing.entries(), bringing.treatments()) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_overlapping_halves_in_any_order_are_the_whole(bringing: Bringing, order: tuple[int, int]) -> None:
    def part(first: int, end: int) -> bytes:
        hours = range(first, end)
        return (
            Export()
            .events(
                *[bolus(f"{hour:02}:10:00", 1 + hour, number=hour, carbs=10 + hour) for hour in hours],
                *[
                    bolus(f"{hour:02}:{minute:02}:00", 0.05, source=MICRO, seconds=5)
                    for hour in hours
                    for minute in range(0, 60, 5)
                ],
            )
            .sensor(*[row(f"{hour:02}:05:00", Sensor_Glucose=100 + hour) for hour in hours])
            .made()
        )

    halves = (part(0, 14), part(10, 24))
    for place in order:
        bringing.bring(halves[place])
    brought = [in_order(("", one) for one in found) for found in (bringing.entries(), bringing.treatments())]
    assert len(brought[0]) == 24
    assert len(brought[1]) == 24 + 24 * 12
    again = bringing.bring(part(0, 24))
    assert again.result is not None
    assert again.result.new.total() == 0


def test_an_import_is_taken_back_whole(bringing: Bringing) -> None:
    done = bringing.bring(day_of_a_child().made())
    bringing.undo(done)
    assert bringing.entries() == bringing.treatments() == []


def test_what_the_cloud_brought_is_not_doubled(bringing: Bringing) -> None:
    bringing.house.store.collection("nl_uploaders").insert_one({"_id": "one", "rank": LIVE, "taken": {}})
    Treatments(bringing.house.store, bringing.house.clock, NOBODY).save(
        [
            {
                "eventType": "Meal Bolus",
                "insulin": 4.5,
                "carbs": 45,
                "created_at": "2026-03-14T06:08:05.000Z",
                "enteredBy": "nightlight-carelink",
                "nl_uploader": "one",
            }
        ]
    )
    bringing.bring(day_of_a_child().made())
    assert len([one for one in bringing.treatments() if one.get("insulin") == 4.5]) == 1


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_of_any_kind_is_a_report_and_no_error(file: MakeFile, garbage: bytes) -> None:
    whole, book = day_of_a_child().made(), day_of_a_child().workbook(serials=True)
    middle = len(whole) // 2
    for content in (garbage, whole[:middle] + garbage + whole[middle:], book[: len(book) // 2] + garbage):
        opened = file(content)
        if FORMAT.recognises(opened):
            read_with(FORMAT, opened, date_order="ymd", unit="mgdl")
