"""t:connect's blocks: readings, rates and boluses as the cloud would have brought them, in every spelling, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.glucose.units import mmoll_of
from app.importers.tconnect.blocks import kind_in
from app.importers.tconnect.format import TConnectCsv
from app.records.sources.documents import ms_of
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import Bringing, MakeFile, read_with
from tests.importers.spellings import PLAIN, SPELLINGS, Spelling

FORMAT = TConnectCsv()

READINGS = ("DeviceType", "SerialNumber", "Description", "EventDateTime", "Readings (CGM / BGM)", "")
IOB = ("Type", "EventID", "EventDateTime", "IOB", "")
BASAL = ("Type", "EventID", "EventDateTime", "BasalRate", "")
BOLUS = (
    *("Type", "Description", "BG", "IOB", "BolusRequestID", "BolusCompletionID", "CompletionDateTime"),
    *("InsulinDelivered", "FoodDelivered", "CorrectionDelivered", "CompletionStatusID", "CompletionStatusDesc"),
    *("BolusIsComplete", "BolexCompletionID", "BolexSize", "BolexStartDateTime", "BolexCompletionDateTime"),
    *("BolexInsulinDelivered", "BolexIOB", "BolexCompletionStatusID", "BolexCompletionStatusDesc"),
    *("ExtendedBolusIsComplete", "EventDateTime", "RequestDateTime", "BolusType", "BolusRequestOptions"),
    *("StandardPercent", "Duration", "CarbSize", "UserOverride", "TargetBG", "CorrectionFactor", "FoodBolusSize"),
    *("CorrectionBolusSize", "ActualTotalBolusRequested", "IsQuickBolus", "Note", ""),
)
PREAMBLE = [
    ["Name", "Ada Example"],
    ["Report Date Range", "03/01/2026 - 03/14/2026"],
    [],
]

DATES = {
    "iso": "%Y-%m-%dT%H:%M:%S",
    "american": "%m/%d/%Y %H:%M:%S",
    "american, halves": "%m/%d/%Y %I:%M:%S %p",
    "german": "%d.%m.%Y %H:%M:%S",
}
ISO = DATES["iso"]


def at(text: str, form: str = ISO) -> str:
    """A wall-clock time of 14 March 2026, or of the day that is named, as the file writes it."""
    whole = text if "T" in text else f"2026-03-14T{text}"
    return datetime.fromisoformat(whole).strftime(form)


def utc(hour: int, minute: int = 0, second: int = 0, day: int = 14, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1000


def reading(time: str, value: str, kind: str = "EGV") -> list[str]:
    return ["t:slim X2 Insulin Pump", "90556643", kind, time, value, ""]


def rate(time: str, value: str) -> list[str]:
    return ["Basal", "3", time, value, ""]


def bolus(time: str, **fields: str) -> list[str]:
    told = {
        "Type": "Bolus",
        "Description": "Standard",
        "CompletionStatusDesc": "Completed",
        "CompletionDateTime": time,
        "EventDateTime": time,
        "RequestDateTime": time,
        "StandardPercent": "100",
        "CarbSize": "0",
        "UserOverride": "0",
        **fields,
    }
    assert told.keys() <= set(BOLUS)
    return [told.get(name, "") for name in BOLUS]


def blocks(*parts: tuple[Sequence[str], Iterable[Sequence[str]]], spelling: Spelling = PLAIN) -> bytes:
    whole: list[Sequence[str]] = list(PREAMBLE)
    for header, rows in parts:
        whole += [header, *rows, []]
    return spelling.bytes_of(whole)


def boluses(*rows: Sequence[str]) -> bytes:
    return blocks((BOLUS, rows))


def day_of_a_child(spelling: Spelling = PLAIN, *, mmol: bool = False, form: str = ISO) -> bytes:
    def glucose(mgdl: int) -> str:
        return spelling.number(mmoll_of(mgdl)) if mmol else str(mgdl)

    number = spelling.number
    return blocks(
        (
            READINGS,
            [
                reading(at("07:00:00", form), glucose(128)),
                reading(at("07:05:00", form), glucose(130)),
                reading(at("07:07:30", form), glucose(142), "BG"),
                reading(at("07:10:00", form), "Low"),
            ],
        ),
        (IOB, [["IOB", "81", at("07:00:00", form), number("6.91"), ""]]),
        (
            BASAL,
            [
                rate(at("06:00:00", form), number(0.85)),
                rate(at("07:30:00", form), "0"),
                rate(at("08:00:00", form), "1"),
            ],
        ),
        (
            BOLUS,
            [
                bolus(at("07:08:00", form), InsulinDelivered=number("4.50"), CarbSize="45", BolusCompletionID="1"),
                bolus(
                    at("09:00:00", form),
                    Description="Automatic Bolus/Correction",
                    InsulinDelivered=number(0.35),
                    BolusCompletionID="2",
                ),
                bolus(
                    at("12:00:00", form),
                    Description="Extended 50.00%/0.00",
                    InsulinDelivered=number("1.50"),
                    BolexInsulinDelivered=number("1.50"),
                    BolexStartDateTime=at("12:00:00", form),
                    BolexCompletionDateTime=at("14:00:00", form),
                    StandardPercent=number("50.00"),
                    ActualTotalBolusRequested=number("3.00"),
                    CarbSize="30",
                    BolusCompletionID="3",
                ),
            ],
        ),
        spelling=spelling,
    )


NAMES = (
    "sgv",
    "mbg",
    "eventType",
    "glucose",
    "insulin",
    "enteredinsulin",
    "carbs",
    "absolute",
    "duration",
    "automatic",
)


def told(document: Document) -> tuple[Any, ...]:
    values = {name: document[name] for name in NAMES if document.get(name) is not None}
    return ms_of(document.get("date") or document.get("created_at")), values


EXPECTED: list[tuple[Any, ...]] = [
    (utc(6), {"sgv": 128}),
    (utc(6, 5), {"sgv": 130}),
    (utc(6, 7, 30), {"mbg": 142}),
    (utc(6, 7, 30), {"eventType": "BG Check", "glucose": 142}),
    (utc(6, 10), {"sgv": 39}),
    (utc(5), {"eventType": "Temp Basal", "absolute": 0.85, "duration": 90}),
    (utc(6, 30), {"eventType": "Temp Basal", "absolute": 0, "duration": 30}),
    (utc(6, 8), {"eventType": "Meal Bolus", "insulin": 4.5, "carbs": 45}),
    (utc(8), {"eventType": "Correction Bolus", "insulin": 0.35, "automatic": True}),
    (utc(11), {"eventType": "Combo Bolus", "insulin": 1.5, "enteredinsulin": 3, "carbs": 30, "duration": 120}),
]


def test_what_a_day_becomes(file: MakeFile) -> None:
    found = read_with(FORMAT, file(day_of_a_child()))
    assert [told(document) for _, document in found.documents] == EXPECTED
    assert {document["utcOffset"] for _, document in found.documents} == {60}
    assert found.rejected == []
    assert any("newest basal rate is left out" in text for text in found.said)
    assert any("Control-IQ" in text for text in found.said)


@pytest.mark.parametrize("mmol", [False, True], ids=["mgdl", "mmol"])
@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_every_spelling_says_the_same(file: MakeFile, spelling: Spelling, mmol: bool) -> None:
    # Three numbers are a handful: whoever brings the file says in which unit they are.
    answers = {"unit": "mmol" if mmol else "mgdl"}
    for form in DATES.values():
        found = read_with(FORMAT, file(day_of_a_child(spelling, mmol=mmol, form=form)), **answers)
        assert [told(document) for _, document in found.documents] == EXPECTED
        assert found.rejected == []


def test_the_order_of_columns_and_columns_nobody_knows_do_not_matter(file: MakeFile) -> None:
    header = ("Surprise", "Readings (CGM / BGM)", "Event Date Time", "DESCRIPTION")
    found = read_with(FORMAT, file(blocks((header, [["?", "120", at("07:00:00"), "egv"]]))))
    assert [told(document) for _, document in found.documents] == [(utc(6), {"sgv": 120})]


def test_it_sees_its_own_and_no_other(file: MakeFile) -> None:
    assert "t:connect" in str(FORMAT.recognises(file(day_of_a_child())))
    assert FORMAT.recognises(file(blocks((BASAL, [])))) is not None
    libre = "Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL\n"
    clarity = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Insulin Value (u)\n"
    glooko = "Timestamp,Insulin Type,Carbs Input (g),Insulin Delivered (U)\n"
    for other in (libre, clarity, glooko, "", "\x00", "[]", "<xml/>", "PK\x03\x04", "EventDateTime,IOB2\n"):
        assert FORMAT.recognises(file(other)) is None


@pytest.mark.parametrize(
    ("header", "kind"),
    [(READINGS, "readings"), (IOB, "iob"), (BASAL, "basal"), (BOLUS, "bolus"), (PREAMBLE[0], None), ((), None)],
)
def test_blocks_are_told_apart_by_the_names_in_them(header: Sequence[str], kind: str | None) -> None:
    assert kind_in(header) == kind


def test_the_survey_says_what_is_in_the_file(file: MakeFile) -> None:
    survey = FORMAT.survey(file(day_of_a_child()))
    facts = dict(survey.facts)
    assert facts["Holds"] == "4 readings, 1 insulin on board, 3 basal rates, 3 boluses"
    assert facts["Pump"] == "t:slim X2 Insulin Pump 90556643"
    assert facts["Unit"] == "mg/dL, by the size of the numbers"
    assert survey.local_times


@pytest.mark.parametrize(
    ("dates", "proposed"),
    [
        (["2026-03-01T08:05:00"], "ymd"),
        (["03/14/2026 08:05:00"], "mdy"),
        (["14/03/2026 08:05:00"], "dmy"),
        (["03/04/2026 08:05:00"], "mdy"),  # by the range above the blocks
    ],
)
def test_the_order_of_dates_is_found_out(file: MakeFile, dates: list[str], proposed: str) -> None:
    made = blocks((READINGS, [reading(date, "120") for date in dates]))
    assert {one.name: one.proposed for one in FORMAT.survey(file(made)).questions}["date_order"] == proposed


def test_an_order_nothing_tells_is_asked(file: MakeFile) -> None:
    made = PLAIN.bytes_of([READINGS, reading("03/04/2026 08:05:00", "120")])
    questions = {one.name: one.proposed for one in FORMAT.survey(file(made)).questions}
    assert questions["date_order"] is None


# Boluses


@pytest.mark.parametrize(
    ("delivered", "extended", "percent", "whole", "now"),
    [
        ("1.50", "1.50", "50", "3.00", 1.5),  # the part given at once alone
        ("3.00", "1.50", "50", "3.00", 1.5),  # both in one number
        ("2.00", "2.00", "0", "2.00", 0.0),  # nothing at once
        ("1.50", "0.40", "50", "3.00", 1.5),  # the extended part was stopped
        ("1.90", "0.40", "50", "3.00", 1.5),
        ("1.00", "2.00", "", "", 1.0),  # nobody says what was asked for
    ],
)
def test_the_parts_of_an_extended_bolus_are_told_apart(
    file: MakeFile, delivered: str, extended: str, percent: str, whole: str, now: float
) -> None:
    row = bolus(
        at("12:00:00"),
        InsulinDelivered=delivered,
        BolexInsulinDelivered=extended,
        StandardPercent=percent,
        ActualTotalBolusRequested=whole,
        Duration="90",
    )
    [combo] = read_with(FORMAT, file(boluses(row))).of("treatments")
    assert (combo["eventType"], combo["insulin"], combo["duration"]) == ("Combo Bolus", now, 90)
    assert combo["enteredinsulin"] == pytest.approx(now + float(extended))


def test_a_bolus_in_two_rows_is_counted_once(file: MakeFile) -> None:
    shared = {"BolusRequestID": "77", "StandardPercent": "50", "ActualTotalBolusRequested": "3.00", "CarbSize": "30"}
    first = bolus(at("12:00:00"), InsulinDelivered="1.50", BolusCompletionID="5", BolexInsulinDelivered="0", **shared)
    second = bolus(
        "",
        InsulinDelivered="1.50",
        BolexInsulinDelivered="1.50",
        BolexStartDateTime=at("12:00:10"),
        BolexCompletionDateTime=at("13:00:10"),
        BolexCompletionID="6",
        **shared,
    )
    found = read_with(FORMAT, file(boluses(first, second))).of("treatments")
    assert sum(one.get("enteredinsulin", one["insulin"]) for one in found) == 3
    assert sum(one.get("carbs", 0) for one in found) == 30


def test_an_extended_part_whose_length_nobody_knows_is_not_lost(file: MakeFile) -> None:
    row = bolus(at("12:00:00"), InsulinDelivered="1", BolexInsulinDelivered="2", Duration="0")
    [whole] = read_with(FORMAT, file(boluses(row))).of("treatments")
    assert (whole["eventType"], whole["insulin"]) == ("Correction Bolus", 3)


def test_of_a_bolus_that_was_not_completed_counts_what_was_given(file: MakeFile) -> None:
    row = bolus(
        at("12:00:00"), InsulinDelivered="1.1", CompletionStatusDesc="User Aborted", CarbSize="40", UserOverride="1"
    )
    [given_] = read_with(FORMAT, file(boluses(row))).of("treatments")
    assert (given_["insulin"], given_["carbs"]) == (1.1, 40)
    assert given_["notes"] == ("The bolus was not completed: User Aborted. Changed by the user against the calculator")


def test_a_bolus_of_which_nothing_was_given_is_its_carbs_alone(file: MakeFile) -> None:
    rows = [bolus(at("12:00:00"), InsulinDelivered="0", CarbSize="40"), bolus(at("13:00:00"), InsulinDelivered="0")]
    [carbs] = read_with(FORMAT, file(boluses(*rows))).of("treatments")
    assert (carbs["eventType"], carbs["carbs"]) == ("Carb Correction", 40)


@pytest.mark.parametrize("column", ["Description", "BolusRequestOptions", "BolusType"])
def test_a_bolus_control_iq_asked_for_is_automatic(file: MakeFile, column: str) -> None:
    row = bolus(at("12:00:00"), InsulinDelivered="0.4", **{column: "Automatic Bolus/Correction"})
    [given_] = read_with(FORMAT, file(boluses(row))).of("treatments")
    assert given_["automatic"] is True


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"InsulinDelivered": ""}, "how much"),
        ({"InsulinDelivered": "a lot"}, "is no number"),
        ({"InsulinDelivered": "900"}, "insulin"),
        ({"CarbSize": "many"}, "is no number"),
    ],
)
def test_a_bolus_that_cannot_be_is_named_with_its_row(file: MakeFile, changed: dict[str, str], why: str) -> None:
    rows = [bolus(at("12:00:00"), **{"InsulinDelivered": "1", **changed}), bolus(at("13:00:00"), InsulinDelivered="2")]
    found = read_with(FORMAT, file(boluses(*rows)))
    assert [one["insulin"] for one in found.of("treatments")] == [2]
    [rejected] = found.rejected
    assert rejected.place == "row 5"
    assert why in rejected.why


@given(
    st.lists(
        st.tuples(st.integers(0, 2500), st.integers(0, 1500), st.sampled_from(["0", "40", "100"]), st.integers(0, 150)),
        max_size=15,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_those_of_what_was_delivered(file: MakeFile, doses: list[tuple[int, int, str, int]]) -> None:
    rows, insulin, carbs_g = [], 0.0, 0
    for number, (now, later, percent, carbs) in enumerate(doses):
        extended = later if percent != "100" else 0
        # What was asked for at once was given, so that the two ways of writing can be told apart.
        whole = now / (int(percent) / 100) if percent != "0" else extended
        rows.append(
            bolus(
                (datetime(2026, 3, 13) + timedelta(minutes=number)).isoformat(),  # noqa: DTZ001
                InsulinDelivered=str((now if percent != "0" else 0) / 100),
                BolexInsulinDelivered=str(extended / 100) if extended else "",
                StandardPercent=percent,
                ActualTotalBolusRequested=str(whole / 100),
                Duration="60",
                CarbSize=str(carbs),
                BolusCompletionID=str(number),
            )
        )
        insulin += ((now if percent != "0" else 0) + extended) / 100
        carbs_g += carbs
    found = read_with(FORMAT, file(boluses(*rows))).of("treatments")
    assert sum(one.get("enteredinsulin", one.get("insulin", 0)) for one in found) == pytest.approx(insulin)
    assert sum(one.get("carbs", 0) for one in found) == carbs_g


# Rates


def test_a_rate_holds_until_the_next_whichever_way_the_rows_go(file: MakeFile) -> None:
    rows = [rate(at(f"{hour:02}:00:00"), str(hour / 10)) for hour in (6, 8, 9, 12)]
    forward = read_with(FORMAT, file(blocks((BASAL, rows)))).of("treatments")
    backward = read_with(FORMAT, file(blocks((BASAL, rows[::-1])))).of("treatments")
    assert [(one["absolute"], one["duration"]) for one in forward] == [(0.6, 120), (0.8, 60), (0.9, 180)]
    assert sorted(forward, key=lambda one: one["created_at"]) == sorted(backward, key=lambda one: one["created_at"])


def test_nobody_knows_for_how_long_a_rate_held_before_a_hole_of_days(file: MakeFile) -> None:
    rows = [rate(at("2026-03-01T06:00:00"), "0.8"), rate(at("2026-03-09T06:00:00"), "0.9")]
    [held] = read_with(FORMAT, file(blocks((BASAL, rows)))).of("treatments")
    assert held["duration"] == 24 * 60


def test_a_rate_that_cannot_be_read_ends_the_one_before_and_holds_for_nothing(file: MakeFile) -> None:
    rows = [rate(at(f"{hour:02}:00:00"), value) for hour, value in ((6, "0.8"), (7, "fast"), (9, "0.9"), (10, "1"))]
    found = read_with(FORMAT, file(blocks((BASAL, rows))))
    assert [(one["absolute"], one["duration"]) for one in found.of("treatments")] == [(0.8, 60), (0.9, 60)]
    assert [one.place for one in found.rejected] == ["row 6"]


# Readings and times


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("EGV", "", "no value"),
        ("EGV", "?", "is no number"),
        ("Ketone", "120", "no kind of reading"),
        ("BG", "9000", ""),
    ],
)
def test_a_reading_that_is_none_is_named(file: MakeFile, kind: str, value: str, why: str) -> None:
    rows = [reading(at("07:00:00"), value, kind), reading(at("07:05:00"), "120")]
    found = read_with(FORMAT, file(blocks((READINGS, rows))))
    assert [one["sgv"] for one in found.of("entries")] == [120]
    assert why in found.rejected[0].why


def test_zero_is_no_reading_and_no_error(file: MakeFile) -> None:
    rows = [reading(at("07:00:00"), "0"), reading(at("07:05:00"), "120")]
    found = read_with(FORMAT, file(blocks((READINGS, rows))))
    assert (len(found.documents), found.rejected) == (1, [])


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_rows(file: MakeFile, newest_first: bool) -> None:
    back_ms = utc(1, day=26, month=10) - 86_400_000  # 25 October 2026, 01:00 UTC
    times = range(back_ms - 2 * 3_600_000, back_ms + 2 * 3_600_000, 300_000)
    rows = []
    for at_ms in times:
        offset_h = 2 if at_ms < back_ms else 1
        local = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=offset_h)
        rows.append(reading(local.strftime(ISO), "120"))
    made = blocks((READINGS, rows[::-1] if newest_first else rows))
    found = read_with(FORMAT, file(made))
    assert sorted(one["date"] for one in found.of("entries")) == list(times)
    assert len({one["identifier"] for one in found.of("entries")}) == len(times)
    assert any("came twice" in text for text in found.said)


def test_what_is_still_to_come_is_rejected(file: MakeFile) -> None:
    later = (datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(days=1)).strftime(ISO)
    found = read_with(FORMAT, file(blocks((READINGS, [reading(later, "120")]))))
    assert (found.documents, len(found.rejected)) == ([], 1)


def test_words_between_the_blocks_are_no_records_and_a_hole_in_a_block_ends_nothing(file: MakeFile) -> None:
    made = PLAIN.bytes_of(
        [
            *PREAMBLE,
            READINGS,
            reading(at("07:00:00"), "120"),
            [],
            reading(at("07:05:00"), "125"),
            [],
            ["Insulin on board"],
            IOB,
            ["IOB", "81", at("07:00:00"), "6.91"],
        ]
    )
    found = read_with(FORMAT, file(made))
    assert [one["sgv"] for one in found.of("entries")] == [120, 125]
    assert found.rejected == []


# Imports


def test_a_file_brought_twice_adds_nothing(bringing: Bringing) -> None:
    first = bringing.bring(day_of_a_child())
    assert first.format == "tconnect-csv"
    before = (bringing.entries(), bringing.treatments())
    assert (len(before[0]), len(before[1])) == (4, 6)
    again = bringing.bring(day_of_a_child() + b"\r\n")
    assert again.result is not None
    assert again.result.new.total() == 0
    assert (bringing.entries(), bringing.treatments()) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_overlapping_halves_in_any_order_are_the_whole(bringing: Bringing, order: tuple[int, int]) -> None:
    def part(first: int, end: int) -> bytes:
        hours = range(first, end)
        return blocks(
            (READINGS, [reading(at(f"{hour:02}:05:00"), str(100 + hour)) for hour in hours]),
            (BASAL, [rate(at(f"{hour:02}:00:00"), str(hour // 3 / 10)) for hour in hours]),
            (
                BOLUS,
                [bolus(at(f"{hour:02}:10:00"), InsulinDelivered="1", BolusCompletionID=str(hour)) for hour in hours],
            ),
        )

    def told_of(documents: Iterable[Document]) -> list[tuple[Any, ...]]:
        return [told(one) for one in documents]

    halves = (part(0, 14), part(10, 24))
    for place in order:
        bringing.bring(halves[place])
    brought = (told_of(bringing.entries()), told_of(bringing.treatments()))
    assert len(brought[0]) == 24
    assert len(brought[1]) == 24 + 23
    bringing.bring(part(0, 24))
    assert (told_of(bringing.entries()), told_of(bringing.treatments())) == brought


def test_an_import_is_taken_back_whole(bringing: Bringing) -> None:
    done = bringing.bring(day_of_a_child())
    bringing.undo(done)
    assert bringing.entries() == bringing.treatments() == []


@given(st.binary(max_size=400))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_of_any_kind_is_a_report_and_no_error(file: MakeFile, garbage: bytes) -> None:
    whole = day_of_a_child()
    middle = len(whole) // 2
    for content in (garbage, whole[:middle] + garbage + whole[middle:]):
        opened = file(content)
        if FORMAT.recognises(opened):
            read_with(FORMAT, opened, date_order="ymd", unit="mgdl")
