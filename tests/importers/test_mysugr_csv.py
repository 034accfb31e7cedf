"""mySugr's table: what was entered together stays together, in every language and spelling, and no dose is doubled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.glucose.units import mmoll_of
from app.importers.bounded import Opened
from app.importers.libreview.format import LibreViewCsv
from app.importers.mysugr.format import MySugrCsv
from app.records.sources.documents import ms_of
from app.store.interface import Document
from tests.importers.conftest import Bringing, MakeFile, read_with
from tests.importers.spellings import PLAIN, SPELLINGS, Spelling

FORMAT = MySugrCsv()

HEADER = (
    *(
        "Date",
        "Time",
        "Tags",
        "Blood Sugar Measurement ({u})",
        "Insulin Injection Units (Pen)",
        "Basal Injection Units",
    ),
    *("Insulin Injection Units (pump)", "Insulin (Meal)", "Insulin (Correction)", "Temporary Basal Percentage"),
    *("Temporary Basal Duration (Minutes)", "Meal Carbohydrates ({c})", "Meal Descriptions"),
    *("Activity Duration (Minutes)", "Activity Intensity (1: Cosy, 2: Ordinary, 3: Demanding)", "Activity Description"),
    *("Steps", "Note", "Location", "Blood pressure", "Body weight (kg)", "HbA1c (Percent)", "Ketones", "Food type"),
    "Medication",
)
GERMAN = (
    *(
        "Datum",
        "Zeit",
        "Tags",
        "Blutzuckermessung ({u})",
        "Insulininjektionseinheiten (Pen)",
        "Basalinjektionseinheiten",
    ),
    *("Insulininjektionseinheiten (Pumpe)", "Insulin (Mahlzeit)", "Insulin (Korrektur)"),
    *("Temporäre Basalrate (Prozent)", "Dauer der temporären Basalrate (Minuten)", "Kohlenhydrate ({c})"),
    *("Beschreibung der Mahlzeit", "Aktivitätsdauer (Minuten)", "Aktivitätsintensität", "Aktivitätsbeschreibung"),
    *("Schritte", "Notiz", "Ort", "Blutdruck", "Körpergewicht (kg)", "HbA1c (Prozent)", "Ketone", "Lebensmittelart"),
    "Medikamente",
)
NAMES = (
    *("date", "time", "tags", "glucose", "pen", "long", "pump", "meal", "correction", "percent", "temp_min", "carbs"),
    *("food_words", "activity_min", "intensity", "activity_words", "steps", "note", "place", "pressure", "weight"),
    *("hba1c", "ketones", "food", "medication"),
)


def row(date: str, time: str, **values: str) -> list[str]:
    given_values = {"date": date, "time": time, **values}
    assert given_values.keys() <= set(NAMES)
    return [given_values.get(name, "") for name in NAMES]


def table(
    rows: Sequence[Sequence[str]],
    *,
    unit: str = "mg/dL",
    carbs: str = "Grams, Factor 1",
    header: Sequence[str] = HEADER,
    spelling: Spelling = PLAIN,
) -> bytes:
    return spelling.bytes_of([[name.format(u=unit, c=carbs) for name in header], *rows])


ENGLISH_DATES = ("Mar 14, 2026", "9:30:00 PM", "12:15:00 PM", "7:05:41 AM")
GERMAN_DATES = ("14. März 2026", "21:30:00", "12:15:00", "07:05:41")
NUMBERED = ("14.03.2026", "21:30:00", "12:15:00", "07:05:41")


def day_of_a_child(
    spelling: Spelling = PLAIN, *, mmol: bool = False, dates: Sequence[str] = ENGLISH_DATES
) -> list[list[str]]:
    """A day as the app writes it, newest first."""
    day, night, noon, morning = dates

    def glucose(mgdl: int) -> str:
        return spelling.number(mmoll_of(mgdl)) if mmol else str(mgdl)

    return [
        row(day, night, long=spelling.number(8.5), tags="Before bed"),
        row(day, noon, percent="120", temp_min="90", activity_min="45", activity_words="football", steps="4000"),
        row(
            day,
            morning,
            glucose=glucose(128),
            pen=spelling.number(3.5),
            meal="3",
            correction=spelling.number(0.5),
            carbs="45",
            note="at school",
        ),
    ]


def utc(hour: int, minute: int = 0, second: int = 0, day: int = 14, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1000


def told(document: Document) -> tuple[object, ...]:
    names = ("eventType", "mbg", "glucose", "insulin", "carbs", "percent", "duration", "notes")
    return (ms_of(document.get("date") or document.get("created_at")), *(document.get(name) for name in names))


EXPECTED = [
    (utc(20, 30), "Note", None, None, None, None, None, None, "Long-acting insulin 8.5 U. Tags: Before bed"),
    (utc(11, 15), "Temp Basal", None, None, None, None, 20, 90, None),
    (utc(11, 15), "Exercise", None, None, None, None, None, 45, "football"),
    (utc(6, 5, 41), None, 128, None, None, None, None, None, None),
    (utc(6, 5, 41), "Meal Bolus", None, None, 3.5, 45, None, None, "at school"),
    (utc(6, 5, 41), "BG Check", None, 128, None, None, None, None, None),
]


def test_what_a_day_becomes(file: MakeFile) -> None:
    reading = read_with(FORMAT, file(table(day_of_a_child())))
    assert [told(document) for _, document in reading.documents] == EXPECTED
    assert {document["utcOffset"] for _, document in reading.documents} == {60}
    assert reading.rejected == []
    assert reading.said == ["Not imported: steps."]


def test_it_sees_its_own_and_no_other(file: MakeFile) -> None:
    assert "mySugr" in str(FORMAT.recognises(file(table(day_of_a_child()))))
    assert FORMAT.recognises(file(table(day_of_a_child(), header=GERMAN))) is not None
    assert LibreViewCsv().recognises(file(table(day_of_a_child()))) is None
    libre = "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL\n"
    glooko = "Timestamp,Insulin Type,Blood Glucose Input (mg/dl),Carbs Input (g),Insulin Delivered (U)\n"
    medtronic = "Index;Date;Time;BG Reading (mg/dL);Basal Rate (U/h);BWZ Carb Input (grams);Bolus Type\n"
    for other in (libre, glooko, medtronic, "", "\x00", "[]", "<xml/>", "PK\x03\x04"):
        assert FORMAT.recognises(file(other)) is None


@pytest.mark.parametrize("mmol", [False, True], ids=["mgdl", "mmol"])
@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_every_spelling_says_the_same(file: MakeFile, spelling: Spelling, mmol: bool) -> None:
    unit = "mmol/L" if mmol else "mg/dL"
    made = table(day_of_a_child(spelling, mmol=mmol), unit=unit, spelling=spelling)
    reading = read_with(FORMAT, file(made))
    assert [told(document) for _, document in reading.documents] == EXPECTED


@pytest.mark.parametrize("header", [HEADER, GERMAN], ids=["english", "german"])
@pytest.mark.parametrize("dates", [ENGLISH_DATES, GERMAN_DATES, NUMBERED], ids=["english", "german", "numbered"])
def test_every_language_says_the_same(file: MakeFile, header: Sequence[str], dates: Sequence[str]) -> None:
    reading = read_with(FORMAT, file(table(day_of_a_child(dates=dates), header=header)))
    assert [told(document) for _, document in reading.documents] == EXPECTED


def test_the_order_of_dates_is_asked_only_where_months_are_numbers_and_nothing_tells(file: MakeFile) -> None:
    def asked(*dates: str) -> dict[str, str | None]:
        made = table([row(date, "07:00:00", glucose="120") for date in dates])
        return {one.name: one.proposed for one in FORMAT.survey(file(made)).questions}

    assert "date_order" not in asked("Mar 3, 2026")
    assert asked("03.04.2026")["date_order"] is None
    assert asked("03.04.2026", "14.04.2026")["date_order"] == "dmy"
    assert asked("2026-04-03")["date_order"] == "ymd"


def test_exchanges_become_grams_by_the_factor_in_the_header(file: MakeFile) -> None:
    rows = [row("Mar 14, 2026", "7:00:00 AM", carbs="2.5")]
    (carbs,) = read_with(FORMAT, file(table(rows, carbs="Exchanges, Factor 12"))).of("treatments")
    assert (carbs["eventType"], carbs["carbs"]) == ("Carb Correction", 30)
    assert ("Carbohydrates", "exchanges of 12 g") in FORMAT.survey(
        file(table(rows, carbs="Exchanges, Factor 12"))
    ).facts


def test_exchanges_nobody_explains_are_asked_about(file: MakeFile) -> None:
    made = table([row("Mar 14, 2026", "7:00:00 AM", carbs="2", pen="3")], carbs="Exchanges")
    questions = {one.name: one.proposed for one in FORMAT.survey(file(made)).questions}
    assert questions["exchange_g"] is None
    assert read_with(FORMAT, file(made)).rejected[0].why == "it is not known how many grams an exchange is"
    (meal,) = read_with(FORMAT, file(made), exchange_g="10").of("treatments")
    assert (meal["insulin"], meal["carbs"]) == (3, 20)


def test_a_dose_and_its_parts_are_one_dose(file: MakeFile) -> None:
    day = "Mar 14, 2026"
    rows = [
        row(day, "7:00:00 AM", pen="4", meal="3", correction="1"),
        row(day, "8:00:00 AM", pump="5", meal="5"),
        row(day, "9:00:00 AM", meal="2", correction="0.5"),
        row(day, "10:00:00 AM", long="12"),
    ]
    treatments = read_with(FORMAT, file(table(rows))).of("treatments")
    assert [one.get("insulin") for one in treatments] == [4, 5, 2.5, None]
    assert sum(one.get("insulin", 0) for one in treatments) == 11.5
    assert "Temp Basal" not in {one["eventType"] for one in treatments}


def test_words_go_with_what_they_were_written_to_or_stand_alone(file: MakeFile) -> None:
    day = "Mar 14, 2026"
    rows = [
        row(day, "7:00:00 AM", glucose="120", note="woke up", tags="Fasting", ketones="0.4"),
        row(day, "8:00:00 AM", note="headache", medication="Ibuprofen"),
        row(day, "9:00:00 AM", steps="120", place="Vienna, Ring 1", weight="31.5"),
    ]
    reading = read_with(FORMAT, file(table(rows)))
    assert [(one["eventType"], one["notes"]) for one in reading.of("treatments")] == [
        ("BG Check", "woke up. Ketones 0.4. Tags: Fasting"),
        ("Note", "headache. Medication: Ibuprofen"),
    ]
    assert reading.said == ["Not imported: steps, weight, places."]
    assert "Vienna" not in str(reading.documents)


def test_a_zone_beside_the_time_counts_before_the_persons(file: MakeFile) -> None:
    header = [*HEADER, "Time zone"]
    rows = [
        [*row("Mar 14, 2026", "7:00:00 AM", pen="1"), "America/New_York"],
        [*row("Mar 14, 2026", "6:00:00 AM", pen="2"), "GMT+01:00"],
        [*row("Mar 14, 2026", "5:00:00 AM", pen="3"), ""],
    ]
    reading = read_with(FORMAT, file(table(rows, header=header)))
    assert [(told(one)[0], one["utcOffset"]) for one in reading.of("treatments")] == [
        (utc(11), -240),
        (utc(5), 60),
        (utc(4), 60),
    ]
    assert FORMAT.survey(file(table(rows, header=header))).local_times
    assert not FORMAT.survey(file(table(rows[:2], header=header))).local_times


def test_the_hour_that_came_twice_is_read_newest_first(file: MakeFile) -> None:
    day = "Oct 25, 2026"
    rows = [
        row(day, "4:00:00 AM", pen="4"),
        row(day, "2:30:00 AM", pen="3"),
        row(day, "2:45:00 AM", pen="2"),
        row(day, "1:00:00 AM", pen="1"),
        row("Oct 24, 2026", "8:00:00 PM", pen="1"),
    ]
    reading = read_with(FORMAT, file(table(rows)))
    assert [told(one)[0] for one in reading.of("treatments")] == [
        utc(3, day=25, month=10),
        utc(1, 30, day=25, month=10),
        utc(0, 45, day=25, month=10),
        utc(23, day=24, month=10),
        utc(18, day=24, month=10),
    ]
    assert "came twice" in reading.said[0]


def test_rows_that_cannot_be_used_are_told_by_number(file: MakeFile) -> None:
    day = "Mar 14, 2026"
    rows = [
        row("someday", "7:00:00 AM", pen="1"),
        row(day, "noon", pen="1"),
        row(day, "7:00:00 AM", pen="a lot"),
        row(day, "8:00:00 AM", pen="999"),
        row("Dec 14, 2026", "8:00:00 AM", pen="1"),
        row(day, "9:00:00 AM", percent="9000", temp_min="60"),
        row(day, "10:00:00 AM", pen="1"),
    ]
    reading = read_with(FORMAT, file(table(rows)), date_order="dmy")
    assert [(one.place, one.why) for one in reading.rejected] == [
        ("row 2", "'someday 7:00:00 AM' is no date and time"),
        ("row 3", "'2026-03-14 noon' is no date and time"),
        ("row 4", "'a lot' is no number"),
        ("row 5", "the insulin is no amount"),
        ("row 6", "the time is in the future"),
        ("row 7", "the temporary basal rate is none"),
    ]
    assert [one["insulin"] for one in reading.of("treatments")] == [1]


def test_two_entries_of_one_moment_both_stay(bringing: Bringing) -> None:
    rows = [
        row("Mar 14, 2026", "7:05 AM", pen="2", glucose="120"),
        row("Mar 14, 2026", "7:05 AM", pen="2", glucose="131"),
    ]
    bringing.bring(table(rows))
    assert [one["insulin"] for one in bringing.treatments() if "insulin" in one] == [2, 2]
    assert sorted(one["mbg"] for one in bringing.entries()) == [120, 131]


def test_an_entry_that_was_edited_is_not_doubled(bringing: Bringing) -> None:
    bringing.bring(table([row("Mar 14, 2026", "7:05:41 AM", pen="2")]))
    bringing.bring(table([row("Mar 14, 2026", "7:05:41 AM", pen="3", note="corrected")]))
    assert [one["insulin"] for one in bringing.treatments()] == [2]


def test_overlapping_halves_in_any_order_are_the_whole(bringing: Bringing) -> None:
    days = [each for day in range(28, 0, -1) for each in day_of_a_child(dates=(f"Mar {day}, 2026", *ENGLISH_DATES[1:]))]
    bringing.bring(table(days[:50]))
    bringing.bring(table(days[30:]))
    again = bringing.look(table(days))
    assert again.preview is not None
    assert again.preview.new.total() == 0
    assert len(bringing.entries()) == 28
    assert sum(one.get("insulin", 0) for one in bringing.treatments()) == 28 * 3.5
    assert sum(one.get("carbs", 0) for one in bringing.treatments()) == 28 * 45


GOOD = table(day_of_a_child())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, len(GOOD)), garbage=st.binary(max_size=40), skipped=st.integers(0, 60))
def test_no_garbage_breaks_it(tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes, skipped: int) -> None:
    path = tmp_path_factory.mktemp("garbled") / "file"
    path.write_bytes(GOOD[:cut] + garbage + GOOD[cut + skipped :])
    opened = Opened.at(path)
    if FORMAT.recognises(opened):
        read_with(FORMAT, opened, unit="mgdl", date_order="dmy")
