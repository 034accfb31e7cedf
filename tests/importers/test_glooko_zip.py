"""Glooko's export: in every spelling, unit and language the same records; daily totals never doses; nothing twice."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actor import NOBODY
from app.glucose.units import mmoll_of
from app.importers.formats import recognised
from app.importers.glooko.format import GlookoZip
from app.records.entries import Entries
from app.records.sources.documents import ms_of
from app.records.treatments import Treatments
from app.store.interface import Document
from tests.importers.conftest import Bringing, MakeFile, Reading, read_with
from tests.importers.spellings import PLAIN, SPELLINGS, Spelling

FORMAT = GlookoZip()

CGM = ("Timestamp", "CGM Glucose Value ({u})", "Serial Number")
METER = ("Timestamp", "Glucose Value ({u})", "Manual Reading (M)", "Serial Number")
BOLUS = (
    *("Timestamp", "Insulin Type", "Blood Glucose Input ({u})", "Carbs Input (g)", "Carbs Ratio"),
    *("Insulin Delivered (U)", "Initial Delivery (U)", "Extended Delivery (U)", "Serial Number"),
)
BASAL = (
    *("Timestamp", "Insulin Type", "Duration (minutes)", "Percentage (%)", "Rate", "Insulin Delivered (U)"),
    "Serial Number",
)
TOTALS = ("Timestamp", "Total Bolus (U)", "Total Insulin (U)", "Total Basal (U)", "Serial Number")
ALARMS = ("Timestamp", "Alarm/Event", "Serial Number")
GERMAN = {
    CGM: ("Zeitstempel", "CGM-Glukosewert ({u})", "Seriennummer"),
    METER: ("Zeitstempel", "Glukosewert ({u})", "Manueller Messwert (M)", "Seriennummer"),
    BOLUS: (
        *("Zeitstempel", "Insulintyp", "Blutzuckereingabe ({u})", "Kohlenhydrateingabe (g)", "KH-Verhältnis"),
        *("Abgegebenes Insulin (E)", "Anfangsabgabe (E)", "Verlängerte Abgabe (E)", "Seriennummer"),
    ),
    BASAL: (
        *("Zeitstempel", "Insulintyp", "Dauer (Minuten)", "Prozentsatz (%)", "Rate", "Abgegebenes Insulin (E)"),
        "Seriennummer",
    ),
    TOTALS: ("Zeitstempel", "Gesamtbolus (E)", "Gesamtinsulin (E)", "Gesamtbasal (E)", "Seriennummer"),
    ALARMS: ("Zeitstempel", "Alarm/Ereignis", "Seriennummer"),
}
UNKNOWN = {header: tuple(f"Колонка {place}" for place in range(len(header))) for header in GERMAN}
for glucose_header in (CGM, METER):
    UNKNOWN[glucose_header] = ("Время", "Глюкоза ({u})", *UNKNOWN[glucose_header][2:])
FORMS = {
    "ymd": "%Y-%m-%d %H:%M",
    "dmy": "%d/%m/%Y %H:%M",
    "dmy dots": "%d.%m.%Y %H:%M",
    "mdy": "%m/%d/%Y %H:%M",
    "mdy halves": "%m/%d/%Y %I:%M %p",
    "seconds": "%Y-%m-%d %H:%M:%S",
}
Tables = Mapping[str, bytes]


def on(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


class Writing:
    """Writes tables in one spelling, unit, form of dates and language."""

    def __init__(
        self,
        spelling: Spelling = PLAIN,
        *,
        mmol: bool = False,
        form: str = "ymd",
        headers: Mapping[tuple[str, ...], tuple[str, ...]] | None = None,
        preamble: bool = True,
        bare_hours: bool = False,
    ) -> None:
        self.spelling = spelling
        self.mmol = mmol
        self.form = form
        self.headers = headers or {}
        self.preamble = preamble
        self.bare_hours = bare_hours

    def glucose(self, mgdl: int) -> str:
        return self.spelling.number(mmoll_of(mgdl)) if self.mmol else str(mgdl)

    def table(self, header: tuple[str, ...], rows: Sequence[tuple[datetime, *tuple[str, ...]]]) -> bytes:
        unit = "mmol/L" if self.mmol else "mg/dL"
        named = [name.format(u=unit) for name in self.headers.get(header, header)]
        above = [["Name:Ada Example", "Date Range:2026-03-10 - 2026-03-16"]] if self.preamble else []
        told = [[self._date(at), *map(self.spelling.number, fields)] for at, *fields in rows]
        return self.spelling.bytes_of([*above, named, *told])

    def _date(self, at: datetime) -> str:
        text = at.strftime(FORMS[self.form])
        if self.bare_hours:
            date, _, time = text.partition(" ")
            return "/".join(part.lstrip("0") for part in date.split("/")) + " " + time.removeprefix("0")
        return text


def day_of_a_child(writing: Writing | None = None) -> dict[str, bytes]:
    """One of everything, in the middle of a month so that the order of dates is known; newest first, as Glooko does."""
    w = writing or Writing()
    n = str
    return {
        "export/cgm_data_1.csv": w.table(
            CGM,
            [
                (on(14, 7, 15), w.glucose(141), "SN1"),
                (on(14, 7, 10), w.glucose(128), "SN1"),
                (on(14, 7, 5), w.glucose(121), "SN1"),
            ],
        ),
        "export/bg_data_1.csv": w.table(METER, [(on(14, 9, 0), w.glucose(117), "M", "SN2")]),
        "export/Insulin data/bolus_data_1.csv": w.table(
            BOLUS,
            [
                (on(14, 12, 0), "Dual", "", "30", "10", n(3.5), n(1.5), n(2.0), "SN3"),
                (on(14, 10, 0), "Normal", "", "", "", n(0.55), n(0.55), "0", "SN3"),
                (on(14, 7, 23), "Normal", w.glucose(141), "45", "10", n(4.5), n(4.5), "0", "SN3"),
            ],
        ),
        "export/Insulin data/basal_data_1.csv": w.table(
            BASAL,
            [
                (on(14, 2, 0), "Temp", "60", "150", n(1.2), "", "SN3"),
                (on(14, 5, 0), "Suspend", "30", "", "0", "", "SN3"),
                (on(14, 0, 0), "Scheduled", "360", "", n(0.8), "", "SN3"),
            ],
        ),
        "export/Insulin data/insulin_data_1.csv": w.table(TOTALS, [(on(14, 0, 0), n(12.5), n(31.7), n(19.2), "SN3")]),
        "export/alarms_data_1.csv": w.table(
            ALARMS, [(on(14, 3, 0), "Occlusion", "SN3"), (on(14, 6, 0), "Pod activated", "SN3")]
        ),
    }


def packed(tables: Tables) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tables.items():
            archive.writestr(name, content)
    return made.getvalue()


def told(document: Document) -> tuple[object, ...]:
    names = ("eventType", "sgv", "mbg", "glucose", "insulin", "carbs", "absolute", "duration", "notes", "utcOffset")
    at = document.get("date") or document.get("created_at")
    return (ms_of(at), *(document.get(name) for name in names), document["identifier"])


def whole(reading: Reading) -> list[tuple[object, ...]]:
    return [told(document) for _, document in reading.documents]


def canonical(file: MakeFile) -> list[tuple[object, ...]]:
    return whole(read_with(FORMAT, file(packed(day_of_a_child()))))


def test_what_a_day_becomes(file: MakeFile) -> None:
    reading = read_with(FORMAT, file(packed(day_of_a_child())))
    entries = [(one["type"], one["date"], one.get("sgv") or one.get("mbg")) for one in reading.of("entries")]
    assert sorted(entries) == [
        ("mbg", utc(14, 8, 0), 117),
        ("sgv", utc(14, 6, 5), 121),
        ("sgv", utc(14, 6, 10), 128),
        ("sgv", utc(14, 6, 15), 141),
    ]
    assert {one["utcOffset"] for _, one in reading.documents} == {60}
    names = ("created_at", "eventType", "insulin", "carbs", "absolute", "duration", "notes")
    acts = sorted((tuple(one.get(name) for name in names) for one in reading.of("treatments")), key=lambda act: act[:2])
    assert [act[1:] for act in acts] == [
        ("Temp Basal", None, None, 0.8, 120, None),
        ("Temp Basal", None, None, 1.2, 60, None),
        ("Note", None, None, None, None, "Pump alarm: Occlusion"),
        ("Temp Basal", None, None, 0.8, 120, None),
        ("Temp Basal", None, None, 0, 30, None),
        ("Temp Basal", None, None, 0.8, 30, None),
        ("Insulin Change", None, None, None, None, None),
        ("Site Change", None, None, None, None, None),
        ("Meal Bolus", 4.5, 45, None, None, None),
        ("BG Check", None, None, None, None, None),
        ("Correction Bolus", 0.55, None, None, None, None),
        (
            "Meal Bolus",
            3.5,
            30,
            None,
            None,
            "1.5 U at once, 2 U extended over a time the file does not tell",
        ),
    ]
    assert reading.rejected == []


@pytest.mark.parametrize("mmol", [False, True], ids=["mgdl", "mmol"])
@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_every_spelling_says_the_same(file: MakeFile, spelling: Spelling, mmol: bool) -> None:
    found = read_with(FORMAT, file(packed(day_of_a_child(Writing(spelling, mmol=mmol)))))
    assert found.rejected == []
    assert whole(found) == canonical(file)


@pytest.mark.parametrize("headers", [None, GERMAN, UNKNOWN], ids=["english", "german", "unknown"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("preamble", [True, False])
def test_every_language_and_form_of_date_says_the_same(
    file: MakeFile, headers: Mapping[tuple[str, ...], tuple[str, ...]] | None, form: str, preamble: bool
) -> None:
    made = packed(day_of_a_child(Writing(form=form, headers=headers, preamble=preamble)))
    found = read_with(FORMAT, file(made))
    assert found.rejected == []
    assert whole(found) == canonical(file)


def test_dates_without_leading_zeros_are_read(file: MakeFile) -> None:
    made = packed(day_of_a_child(Writing(form="mdy", bare_hours=True)))
    assert whole(read_with(FORMAT, file(made))) == canonical(file)


def test_daily_totals_never_become_doses(file: MakeFile) -> None:
    day = day_of_a_child()
    reading = read_with(FORMAT, file(packed(day)))
    assert sum(one.get("insulin", 0) for one in reading.of("treatments")) == 3.5 + 0.55 + 4.5
    assert any("insulin_data_1.csv" in text and "daily totals" in text for text in reading.said)
    totals = day["export/Insulin data/insulin_data_1.csv"]
    for name in ("bolus_data_9.csv", "manual_insulin_data_1.csv", "anything.csv"):
        renamed = read_with(FORMAT, file(packed({**day, name: totals})))
        assert whole(renamed) == whole(reading)
    alone = read_with(FORMAT, file(totals, "insulin_data_1.csv"))
    assert alone.documents == []


def test_it_sees_its_own_and_no_other(file: MakeFile) -> None:
    day = day_of_a_child()
    assert FORMAT.recognises(file(packed(day))) == "it holds basal_data_1.csv, bolus_data_1.csv, insulin_data_1.csv"
    assert [one.format.name for one in recognised(file(packed(day)))] == ["glooko-zip"]
    for name, content in day.items():
        assert [one.format.name for one in recognised(file(content, name))][:1] == ["glooko-zip"]
    copied = day_of_a_child(Writing(Spelling("\t"), form="seconds", preamble=False))
    assert FORMAT.recognises(file(copied["export/cgm_data_1.csv"], "copy.txt"))
    clarity = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Glucose Value (mg/dL)\n1,2026-03-14T07:05:00,EGV,128\n"
    mysugr = "Date,Time,Tags,Blood Sugar Measurement (mg/dL)\nMar 14, 2026,7:05:41 AM,,128\n"
    other_zip = packed({"apple_health_export/export.xml": b"<HealthData/>", "readme.csv": b"a,b\n1,2\n"})
    for other in (clarity, mysugr, other_zip, packed({}), "", "\x00\x01", "[]", "PK\x03\x04", packed(day)[:200]):
        assert FORMAT.recognises(file(other)) is None


def test_one_table_alone_is_read_as_well(file: MakeFile) -> None:
    table = day_of_a_child()["export/Insulin data/bolus_data_1.csv"]
    reading = read_with(FORMAT, file(table, "my boluses.csv"))
    assert sorted(one["insulin"] for one in reading.of("treatments")) == [0.55, 3.5, 4.5]


def test_what_was_given_is_believed_before_the_rate_and_a_column_of_zeros_is_empty(file: MakeFile) -> None:
    def rates(*given: str) -> list[float]:
        rows = [(on(14, hour), "Scheduled", "60", "", "0.8", one, "SN3") for hour, one in enumerate(given, 1)]
        table = Writing().table(BASAL, rows)
        return [
            one["absolute"] for one in read_with(FORMAT, file(packed({"basal_data_1.csv": table}))).of("treatments")
        ]

    assert rates("0.4", "0", "") == [0.4, 0, 0.8]
    assert rates("0", "0") == [0.8, 0.8]


def test_rates_nobody_can_tell(file: MakeFile) -> None:
    rows = [
        (on(14, 1), "Temp", "60", "150", "", "", "SN3"),
        (on(14, 3), "Scheduled", "", "", "0.8", "", "SN3"),
        (on(14, 4), "Suspend", "", "", "", "", "SN3"),
        (on(14, 5), "Temp", "60", "", "", "", "SN3"),
    ]
    reading = read_with(FORMAT, file(packed({"basal_data_1.csv": Writing().table(BASAL, rows)})))
    assert [(one["eventType"], one["notes"]) for one in reading.of("treatments")] == [
        ("Note", "Temporary basal 150 % for 60 min"),
        ("Note", "Pump suspended"),
    ]
    assert [one.why for one in reading.rejected] == [
        "a basal rate does not say how long it was given",
        "a basal rate has no rate",
    ]
    assert reading.rejected[0].place == "basal_data_1.csv row 4"


def test_the_small_tables(file: MakeFile) -> None:
    w = Writing()
    day = {
        "carbs_data_1.csv": w.table(("Timestamp", "Carbs (g)"), [(on(14, 8), "20"), (on(14, 7, 24), "45")]),
        "food_data_1.csv": w.table(
            ("Timestamp", "Name", "Carbs (g)", "Fat (g)", "Protein (g)", "Calories"),
            [(on(14, 8), "Bread", "20", "1.5", "4", "90")],
        ),
        "notes_data_1.csv": w.table(("Timestamp", "Value"), [(on(14, 8), "school trip")]),
        "manual_insulin_data_1.csv": w.table(
            ("Timestamp", "Name", "Value", "Insulin Type"),
            [
                (on(14, 8), "Aspart", "3", "Rapid"),
                (on(14, 22), "Glargine", "12", "Long"),
                (on(14, 23), "Mystery", "7", ""),
            ],
        ),
        "medication_data_1.csv": w.table(
            ("Timestamp", "Name", "Value", "Medication Type"), [(on(14, 8), "Metformin", "500", "mg")]
        ),
        "exercise_data_1.csv": w.table(
            ("Timestamp", "Name", "Intensity", "Duration (minutes)", "Calories Burned"),
            [(on(14, 16), "Swimming", "high", "45", "300")],
        ),
        "Insulin data/bolus_data_1.csv": day_of_a_child()["export/Insulin data/bolus_data_1.csv"],
    }
    reading = read_with(FORMAT, file(packed(day)))
    found = {
        (one["eventType"], one.get("insulin"), one.get("carbs"), one.get("duration"), one.get("notes"))
        for one in reading.of("treatments")
        if one["eventType"] != "Meal Bolus"
    }
    assert found == {
        ("Carb Correction", None, 20, None, None),
        ("Carb Correction", None, 20, None, "Bread"),
        ("Note", None, None, None, "school trip"),
        ("Correction Bolus", 3, None, None, "Aspart"),
        ("Note", None, None, None, "Long-acting insulin 12 U. Glargine"),
        ("Note", None, None, None, "Insulin 7 U (Mystery)"),
        ("Note", None, None, None, "Medication: Metformin 500 mg"),
        ("Exercise", None, None, 45, "Swimming, high"),
        ("Correction Bolus", 0.55, None, None, None),
    }
    assert reading.rejected == []


def test_carbs_of_two_tables_are_one_meal(bringing: Bringing) -> None:
    w = Writing()
    bringing.bring(
        packed(
            {
                "carbs_data_1.csv": w.table(("Timestamp", "Carbs (g)"), [(on(14, 8), "20")]),
                "food_data_1.csv": w.table(("Timestamp", "Name", "Carbs (g)"), [(on(14, 8), "Bread", "20")]),
            }
        )
    )
    assert [one["carbs"] for one in bringing.treatments()] == [20]


def test_the_same_file_twice_and_overlapping_files_add_only_what_is_new(bringing: Bringing) -> None:
    day = day_of_a_child()
    first = bringing.bring(packed(day))
    assert first.result is not None
    count = first.result.new.total()
    assert count == len(bringing.entries()) + len(bringing.treatments()) == 16
    again = bringing.bring(packed(day))
    assert again.result is not None
    assert (again.result.new.total(), again.result.known.total()) == (0, count)
    w = Writing()
    later = {
        "cgm_data_1.csv": w.table(
            CGM, [(on(14, 7, 20), "150", "SN1"), (on(14, 7, 15), "141", "SN1"), (on(14, 7, 10), "128", "SN1")]
        )
    }
    more = bringing.bring(packed(later))
    assert more.result is not None
    assert (more.result.new.total(), more.result.known.total()) == (1, 2)


def test_a_file_in_the_other_unit_is_the_same_file(bringing: Bringing) -> None:
    bringing.bring(packed(day_of_a_child()))
    again = bringing.bring(packed(day_of_a_child(Writing(mmol=True))))
    assert again.result is not None
    assert again.result.new.total() == 0


def test_it_can_be_taken_back(bringing: Bringing) -> None:
    bringing.undo(bringing.bring(packed(day_of_a_child())))
    assert bringing.entries() == []
    assert bringing.treatments() == []


def test_two_equal_doses_of_one_minute_are_two_and_two_equal_alarms_one(bringing: Bringing) -> None:
    w = Writing()
    dose = (on(14, 7), "Normal", "", "", "", "0.5", "0.5", "0", "SN3")
    day = {
        "bolus_data_1.csv": w.table(BOLUS, [dose, dose]),
        "bolus_data_2.csv": w.table(BOLUS, [dose]),
        "alarms_data_1.csv": w.table(ALARMS, [(on(14, 3), "Occlusion", "SN3")] * 2),
    }
    bringing.bring(packed(day))
    assert [one.get("insulin") for one in bringing.treatments()] == [None, 0.5, 0.5]


def test_the_order_of_dates_is_one_for_all_tables(file: MakeFile) -> None:
    w = Writing(form="mdy", preamble=False)
    early = w.table(CGM, [(on(3, 7, month=4), "120", "SN1")])
    late = w.table(ALARMS, [(on(14, 3), "Occlusion", "SN3")])

    def proposed(tables: Tables) -> str | None:
        survey = FORMAT.survey(file(packed(tables)))
        return next(one.proposed for one in survey.questions if one.name == "date_order")

    assert proposed({"cgm_data_1.csv": early}) is None
    assert proposed({"cgm_data_1.csv": early, "alarms_data_1.csv": late}) == "mdy"
    above = b"Name:Ada,Date Range:04/03/2026 - 04/16/2026\n"
    assert proposed({"cgm_data_1.csv": above + early}) == "mdy"


def test_an_unknown_order_of_dates_is_asked_for(bringing: Bringing) -> None:
    table = Writing(form="dmy", preamble=False).table(CGM, [(on(3, 7, month=4), "120", "SN1")])
    one = bringing.look(packed({"cgm_data_1.csv": table}))
    assert one.stage == "asks"
    bringing.confirm(bringing.answer(one, {"date_order": "dmy"}))
    assert [entry["date"] for entry in bringing.entries()] == [utc(3, 5, month=4)]


def test_a_unit_the_numbers_contradict_is_asked_for_and_the_answer_counts(file: MakeFile) -> None:
    w = Writing(mmol=True)
    table = w.table(CGM, [(on(14, 7, minute), str(120 + minute), "SN1") for minute in range(0, 60, 5)])
    opened = file(packed({"cgm_data_1.csv": table}))
    survey = FORMAT.survey(opened)
    assert next(one.proposed for one in survey.questions if one.name == "unit") is None
    assert survey.warnings
    assert read_with(FORMAT, opened, unit="mgdl").of("entries")[0]["sgv"] == 120


def test_without_a_unit_the_size_of_the_numbers_tells(file: MakeFile) -> None:
    header = ("Timestamp", "CGM Glucose Value", "Serial Number")

    def proposed(*values: str) -> str | None:
        rows = [(on(14, 7, place), value, "SN1") for place, value in enumerate(values)]
        survey = FORMAT.survey(file(packed({"cgm_data_1.csv": Writing().table(header, rows)})))
        return next(one.proposed for one in survey.questions if one.name == "unit")

    assert proposed("128") == "mgdl"
    assert proposed(*["7.1"] * 12) == "mmol"
    assert proposed("7.1") is None


def test_hours_that_come_twice_are_told_apart_by_the_order_of_rows(file: MakeFile) -> None:
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)
    steps = [begin + timedelta(minutes=5 * place) for place in range(60)]
    local = [
        (one + timedelta(hours=2 if one < begin + timedelta(hours=3) else 1)).replace(tzinfo=None) for one in steps
    ]
    rows = [(at, str(100 + place), "SN1") for place, at in enumerate(local)]
    for in_order in (rows, rows[::-1]):
        reading = read_with(FORMAT, file(packed({"cgm_data_1.csv": Writing().table(CGM, in_order)})))
        times = sorted(one["date"] for one in reading.of("entries"))
        assert all(later - earlier == 300_000 for earlier, later in pairwise(times))
        assert any("came twice" in text for text in reading.said)


def test_rows_that_cannot_be_used_are_told_by_table_and_row_and_cost_no_other(file: MakeFile) -> None:
    w = Writing()
    rows = [(on(14, 7, 5), "128", "SN1"), (on(14, 7, 10), "abc", "SN1"), (on(14, 7, 15), "0", "SN1")]
    table = (
        w.table(CGM, rows) + b"yesterday,120,SN1\r\n2026-13-45 07:00,120,SN1\r\n2031-03-14 07:00,120,SN1\r\n,,\r\nx\r\n"
    )
    bolus = w.table(BOLUS, [(on(14, 7), "Normal", "", "", "", "lots", "", "", "SN3")])
    reading = read_with(FORMAT, file(packed({"cgm_data_1.csv": table, "bolus_data_1.csv": bolus})))
    assert [one["sgv"] for one in reading.of("entries")] == [128]
    assert [one.place for one in reading.rejected] == [
        "bolus_data_1.csv row 3",
        "cgm_data_1.csv row 4",
        "cgm_data_1.csv row 6",
        "cgm_data_1.csv row 7",
        "cgm_data_1.csv row 8",
        "cgm_data_1.csv row 10",
    ]


def test_low_and_high_are_readings(file: MakeFile) -> None:
    rows = [(on(14, 7), "Low", "SN1"), (on(14, 8), "High", "SN1")]
    reading = read_with(FORMAT, file(packed({"cgm_data_1.csv": Writing().table(CGM, rows)})))
    assert [one["sgv"] for one in reading.of("entries")] == [39, 401]


def test_a_table_nobody_knows_is_said_and_costs_no_other(file: MakeFile) -> None:
    w = Writing()
    tables = {**day_of_a_child(), "export/something_1.csv": w.table(("Timestamp", "Что-то"), [(on(14, 7), "x")])}
    reading = read_with(FORMAT, file(packed(tables)))
    assert len(reading.documents) == 16
    assert any("something_1.csv" in text for text in reading.said)


def test_what_a_pumps_cloud_told_already_is_not_doubled(bringing: Bringing) -> None:
    house = bringing.house
    Treatments(house.store, house.clock, NOBODY).save(
        [
            {"eventType": "Meal Bolus", "created_at": "2026-03-14T06:23:41.000Z", "insulin": 4.5, "carbs": 45},
            {"eventType": "Temp Basal", "created_at": "2026-03-14T01:10:41.000Z", "absolute": 0.3, "duration": 30},
        ]
    )
    Entries(house.store, house.clock, NOBODY).save(
        [{"type": "sgv", "sgv": 128, "date": utc(14, 6, 10) + 41_000, "device": "xDrip"}]
    )
    bringing.bring(packed(day_of_a_child()))
    assert len([one for one in bringing.treatments() if one["eventType"] == "Meal Bolus"]) == 2
    assert [one["sgv"] for one in bringing.entries() if one["type"] == "sgv"] == [121, 128, 141]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400), name=st.sampled_from(["bolus_data_1.csv", "basal_data_1.csv", "cgm_data_1.csv"])
)
def test_whatever_is_in_a_table_nothing_breaks(file: MakeFile, content: bytes, name: str) -> None:
    whole_file = file(
        packed({**day_of_a_child(), f"b/{name}": day_of_a_child()["export/cgm_data_1.csv"][:60] + content})
    )
    assert len(read_with(FORMAT, whole_file).documents) >= 16


A_DAY = packed(day_of_a_child())  # once: a zip says when it was made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_left_of_a_zip_it_ends_with_a_report(bringing: Bringing, data: st.DataObject) -> None:
    content = bytearray(A_DAY)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    one = bringing.look(bytes(content[:cut]))
    assert one.stage in ("unreadable", "asks", "ready")
