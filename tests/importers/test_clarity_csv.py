"""Clarity's table: in every language, spelling and unit the same records; nothing lost, doubled or moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock, ZoneSince
from app.importers.bounded import Opened
from app.importers.clarity.format import ClarityCsv
from app.records.sources.sameness import brand_of
from app.store.interface import Document
from tests.importers.clarity_tables import (
    APP,
    ENGLISH,
    HEADERS,
    PHONE,
    Event,
    at,
    readings,
    table,
)
from tests.importers.conftest import Bringing, MakeFile, Reading, read_with
from tests.importers.spellings import PLAIN, SPELLINGS, Spelling

FORMAT = ClarityCsv()
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE_MS = 60_000


def berlin(moment: datetime) -> timedelta:
    """What a phone in Berlin shows, its clock changing with summer time."""
    return moment.astimezone(BERLIN).utcoffset() or timedelta()


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def day_of_a_child() -> list[Event]:
    return [
        Event(at(14, 6, 0, 12), glucose=128),
        Event(at(14, 6, 5, 12), glucose=141),
        Event(at(14, 6, 10, 12), glucose="Low"),
        Event(at(14, 6, 15, 12), glucose="High"),
        Event(at(14, 6, 20, 30), kind="Calibration", glucose=117),
        Event(at(14, 7), kind="Insulin", subtype="Fast-Acting", insulin="3.5"),
        Event(at(14, 7, 1), kind="Insulin", subtype="Long-Acting", insulin="8.5"),
        Event(at(14, 7, 2), kind="Carbs", carbs="45"),
        Event(at(14, 8), kind="Exercise", subtype="Medium", duration="0:45:00"),
        Event(at(14, 9), kind="Notes", info="football"),
        Event(at(14, 6, 25, 12), glucose=150),
        Event(at(14, 6, 30, 12), glucose=160),
    ]


def whole(reading: Reading) -> list[tuple[str, Document]]:
    assert reading.rejected == []
    return reading.documents


def instants(reading: Reading) -> list[int]:
    return sorted(one["date"] for one in reading.of("entries"))


def of(opened: Opened, **more: Any) -> Reading:
    return read_with(FORMAT, opened, **more)


CANONICAL = table(day_of_a_child(), berlin)
SAYABLE = [
    spelling
    for spelling in SPELLINGS
    if spelling.encoding != "cp1252" or spelling.delimiter != ","  # Windows writes a semicolon where it writes commas
]


@pytest.mark.parametrize("spelling", SAYABLE, ids=str)
@pytest.mark.parametrize("unit", ["mg/dL", "mmol/L"])
@pytest.mark.parametrize("language", ["english", "german"])
def test_every_spelling_unit_and_language_says_the_same(
    file: MakeFile, spelling: Spelling, unit: str, language: str
) -> None:
    opened = file(table(day_of_a_child(), berlin, spelling=spelling, unit=unit, language=language))
    assert FORMAT.recognises(opened)
    assert _plain(whole(of(opened))) == _plain(whole(of(file(CANONICAL))))


def _plain(documents: list[tuple[str, Document]]) -> list[tuple[str, Document]]:
    """Leave out the word somebody picked for how hard an exercise was."""
    return [(collection, {**one, "notes": one.get("notes", "")}) for collection, one in documents]


def test_a_blank_in_place_of_the_t_and_no_settings_above_change_nothing(file: MakeFile) -> None:
    for more in ({"between": " "}, {"preamble": False}, {"between": " ", "unit": "mmol/l"}):
        assert _bare(whole(of(file(table(day_of_a_child(), berlin, **more))))) == _bare(whole(of(file(CANONICAL))))  # type: ignore[arg-type]


def _bare(documents: list[tuple[str, Document]]) -> list[tuple[str, Document]]:
    return [
        (collection, {name: value for name, value in one.items() if name not in ("device", "enteredBy")})
        for collection, one in documents
    ]


def test_another_language_is_read_by_place_and_by_what_is_in_a_row(file: MakeFile) -> None:
    opened = file(table(day_of_a_child(), berlin, language="czech", unit="mmol/l"))
    assert FORMAT.recognises(opened) == "the columns are those of Clarity, in another language"
    words = {"glucose_word_0": "low", "glucose_word_1": "high"}
    plain = file(table(day_of_a_child(), berlin))
    assert whole(of(opened, **words)) == whole(of(plain))


def test_what_a_day_becomes(file: MakeFile) -> None:
    reading = of(file(CANONICAL))
    assert [(one["type"], one["date"], one.get("sgv") or one["mbg"]) for one in reading.of("entries")] == [
        ("sgv", ms(at(14, 6, 0, 12)), 128),
        ("sgv", ms(at(14, 6, 5, 12)), 141),
        ("sgv", ms(at(14, 6, 10, 12)), 39),
        ("sgv", ms(at(14, 6, 15, 12)), 401),
        ("mbg", ms(at(14, 6, 20, 30)), 117),
        ("sgv", ms(at(14, 6, 25, 12)), 150),
        ("sgv", ms(at(14, 6, 30, 12)), 160),
    ]
    assert {one["utcOffset"] for one in reading.of("entries")} == {60}
    assert {one["device"] for one in reading.of("entries")} == {"nightlight-import Dexcom G6"}
    assert {brand_of(one["device"]) for one in reading.of("entries")} == {"dexcom"}
    assert [
        (one["eventType"], one.get("insulin"), one.get("carbs"), one.get("duration"), one.get("notes"))
        for one in reading.of("treatments")
    ] == [
        ("Correction Bolus", 3.5, None, None, None),
        ("Note", None, None, None, "Long-acting insulin 8.5 U"),
        ("Carb Correction", None, 45, None, None),
        ("Exercise", None, None, 45, "Medium"),
        ("Note", None, None, None, "football"),
    ]
    assert reading.said == reading.rejected == []


def test_the_thresholds_of_alerts_and_the_name_are_no_records(file: MakeFile) -> None:
    reading = of(file(table([], berlin)))
    assert reading.documents == []
    assert reading.rejected == []
    survey = FORMAT.survey(file(CANONICAL))
    assert "Marker" not in str(survey)
    assert "Marker" not in str(of(file(CANONICAL)).documents)


def test_what_is_checked_first_is_said(file: MakeFile) -> None:
    survey = FORMAT.survey(file(CANONICAL))
    assert dict(survey.facts) == {"Device": APP, "Unit": "mg/dL, by the header", "Transmitters": "1"}
    assert survey.local_times
    assert [(one.name, one.proposed) for one in survey.questions] == [("unit", "mgdl")]


def test_low_and_high_may_stand_in_the_subtype(file: MakeFile) -> None:
    events = [Event(at(14, 6), subtype="Low"), Event(at(14, 6, 5), subtype="High"), Event(at(14, 6, 10))]
    reading = of(file(table([*events, Event(at(14, 7), glucose=120)], berlin)))
    # Without a number no count is looked at first; the readings around them say where they lie.
    assert [one["sgv"] for one in reading.of("entries")] == [39, 401, 120]
    assert [one.why for one in reading.rejected] == ["the record has no value"]


def test_a_word_for_glucose_nobody_knows_is_asked_and_never_guessed(file: MakeFile) -> None:
    events = [*readings(at(14, 6), at(14, 7)), Event(at(14, 8), glucose="Nízká"), Event(at(14, 9), glucose="Vysoká")]
    opened = file(table(events, berlin))
    asked = {one.name: one for one in FORMAT.survey(opened).questions if one.name != "unit"}
    assert [(one.proposed, "nízká" in one.label) for one in asked.values()] == [(None, True), (None, False)]
    answered = of(opened, glucose_word_0="low", glucose_word_1="high")
    assert [one["sgv"] for one in answered.of("entries")][-2:] == [39, 401]
    assert len(of(opened).rejected) == 2


def test_the_unit_is_asked_only_where_nothing_tells(file: MakeFile) -> None:
    def proposed(unit: str, header: str) -> str | None:
        made = table(day_of_a_child(), berlin, unit=unit, header=[name.format(u=header) for name in ENGLISH])
        return next(one.proposed for one in FORMAT.survey(file(made)).questions if one.name == "unit")

    assert proposed("mg/dL", "mg/dL") == "mgdl"
    assert proposed("mmol/L", "mmol/L") == "mmol"
    assert proposed("mg/dL", "") == "mgdl"
    assert proposed("mmol/L", "") is None
    assert proposed("mg/dL", "mmol/L") is None


def test_dates_an_office_program_rewrote_are_read_in_the_order_they_show(file: MakeFile) -> None:
    rewritten = CANONICAL.replace(b"2026-02-14T", b"14.02.2026 ")
    opened = file(rewritten)
    assert [one.proposed for one in FORMAT.survey(opened).questions if one.name == "date_order"] == ["dmy"]
    assert whole(of(opened)) == whole(of(file(CANONICAL)))


def test_a_reading_has_one_name_in_every_export(file: MakeFile) -> None:
    events = readings(at(10), at(12))
    half = table(events[: len(events) // 2], berlin, unit="mmol/L", language="german")
    names = [one["identifier"] for one in of(file(half)).of("entries")]
    assert set(names) < {one["identifier"] for one in of(file(table(events, berlin))).of("entries")}


def test_without_transmitter_time_and_value_name_a_reading(file: MakeFile) -> None:
    events = readings(at(10), at(10, 1), counted=False)
    one, other = (
        [entry["identifier"] for entry in of(file(table(events, berlin, unit=unit))).of("entries")]
        for unit in ("mg/dL", "mmol/L")
    )
    assert one == other
    assert len(set(one)) == 13


@pytest.mark.parametrize("counted", [None, False], ids=["with-transmitter-time", "without"])
def test_in_autumn_both_hours_keep_all_their_readings(file: MakeFile, counted: bool | None) -> None:
    """2026-10-25, 01:00 UTC: clocks go back from 3 to 2, and rows sorted by wall time mix both hours."""
    events = readings(at(24, 12, month=10), at(25, 12, month=10), counted=counted)
    reading = of(file(table(events, berlin)))
    assert reading.rejected == []
    if counted is None:
        assert instants(reading) == [ms(event.at) for event in events]
        offsets = {one["date"]: one["utcOffset"] for one in reading.of("entries")}
        assert offsets[ms(at(25, 0, 55, month=10))] == 120
        assert offsets[ms(at(25, 1, 0, month=10))] == 60
        values = {one["date"]: one["sgv"] for one in reading.of("entries")}
        assert [values[ms(event.at)] for event in events] == [event.glucose for event in events]
    else:
        assert instants(reading) == [ms(event.at) for event in events]
        assert any("came twice" in said for said in reading.said)


def test_in_spring_no_reading_is_lost_or_moved(file: MakeFile) -> None:
    """2026-03-29, 01:00 UTC: clocks go forward from 2 to 3."""
    events = readings(at(28, 12, month=3), at(29, 12, month=3))
    reading = of(file(table(events, berlin)), now_ms=ms(at(1, month=12)))
    assert instants(reading) == [ms(event.at) for event in events]
    assert {one["utcOffset"] for one in reading.of("entries")} == {60, 120}


def journey(moment: datetime) -> timedelta:
    """Berlin, ten days in New York, Berlin again; the phone follows when it is switched on."""
    abroad = at(10, 18, 2) <= moment < at(20, 9, 1)
    return timedelta(hours=-5) if abroad else berlin(moment)


def test_a_journey_there_and_back_loses_and_moves_nothing(file: MakeFile) -> None:
    events = readings(at(1), at(27))
    made = table(events, journey)
    reading = of(file(made))
    assert instants(reading) == [ms(event.at) for event in events]
    by_instant = {one["date"]: one for one in reading.of("entries")}
    assert by_instant[ms(at(15))]["utcOffset"] == -300
    assert by_instant[ms(at(25))]["utcOffset"] == 60
    assert [by_instant[ms(event.at)]["sgv"] for event in events] == [event.glucose for event in events]
    assert any("UTC−5:00" in said and "UTC+1:00" in said for said in reading.said)


def test_readings_of_both_hours_a_journey_showed_are_stored(bringing: Bringing) -> None:
    events = readings(at(10, 4), at(11, 1))
    made = table(events, journey)
    one = bringing.bring(made)
    assert one.result is not None
    assert (one.result.new.total(), one.result.known.total()) == (len(events), 0)
    assert [entry["date"] for entry in bringing.entries()] == [ms(event.at) for event in events]


def test_what_was_eaten_and_injected_on_a_journey_lies_beside_its_readings(file: MakeFile) -> None:
    doses = [
        Event(at(day, 12, 3), kind="Insulin", subtype="Fast-Acting", insulin=f"{day}.5") for day in (5, 12, 18, 22)
    ]
    meals = [Event(at(day, 12, 4), kind="Carbs", carbs=str(day)) for day in (5, 12, 18, 22)]
    reading = of(file(table([*readings(at(1), at(27)), *doses, *meals], journey)))
    treatments = reading.of("treatments")
    assert sorted(one["created_at"] for one in treatments) == sorted(
        event.at.strftime("%Y-%m-%dT%H:%M:%S.000Z") for event in (*doses, *meals)
    )
    assert sum(one.get("insulin", 0) for one in treatments) == 59
    assert sum(one.get("carbs", 0) for one in treatments) == 57


def test_a_sensor_worn_abroad_all_its_life_lies_where_its_neighbours_put_it(file: MakeFile) -> None:
    """Ten-day sensors: the second never sees the clock change that began the journey, nor the one that ends it."""

    def shown(moment: datetime) -> timedelta:
        return timedelta(hours=-8) if at(8, 15) <= moment < at(21, 7) else berlin(moment)

    first = [at(1), at(10, 12), at(20, 14), at(28)]
    events = [
        event
        for number, (began, ends) in enumerate(pairwise(first))
        for event in readings(began + timedelta(minutes=35), ends, transmitter=f"S{number}", began=began)
    ]
    assert instants(of(file(table(events, shown)))) == sorted(ms(event.at) for event in events)


def test_entered_journeys_and_the_transmitter_say_the_same(file: MakeFile) -> None:
    known = WallClock(
        [
            ZoneSince(0, BERLIN),
            ZoneSince(ms(at(10, 18, 2)), ZoneInfo("America/New_York")),
            ZoneSince(ms(at(20, 9, 1)), BERLIN),
        ]
    )
    opened = file(table(readings(at(1), at(27)), journey))
    reading = of(opened, wall_clock=known)
    assert reading.documents == of(opened).documents
    assert not any("journey" in said for said in reading.said)


def test_a_person_who_moved_for_good_is_placed_by_the_zones_that_were_entered(file: MakeFile) -> None:
    moved_ms = ms(at(10, 18))
    known = WallClock([ZoneSince(0, BERLIN), ZoneSince(moved_ms, ZoneInfo("America/New_York"))])

    def shown(moment: datetime) -> timedelta:
        return timedelta(hours=-5) if ms(moment) >= moved_ms else timedelta(hours=1)

    events = readings(at(1), at(27))
    assert instants(of(file(table(events, shown)), wall_clock=known)) == [ms(event.at) for event in events]


def test_a_receiver_and_a_phone_have_clocks_of_their_own(file: MakeFile) -> None:
    by_phone = readings(at(1), at(8))
    by_receiver = readings(at(1, 0, 2), at(8, 0, 2), transmitter="8R9XYZ", source="SM71234567")
    receiver = {event.at for event in by_receiver}

    def shown(moment: datetime) -> timedelta:
        # Nobody set the receiver for the first days.
        return timedelta(hours=4) if moment in receiver and moment < at(3) else timedelta(hours=1)

    events = [*by_phone, *by_receiver]
    reading = of(file(table(events, shown)))
    assert instants(reading) == sorted(ms(event.at) for event in events)


def test_a_quartz_that_drifts_is_no_changed_clock(file: MakeFile) -> None:
    began = at(1, month=1)
    events = readings(at(1, month=1), at(28, month=3), every_min=30)

    def drifting(moment: datetime) -> timedelta:
        return timedelta(hours=1, seconds=int((moment - began) / timedelta(days=1) * 3))

    reading = of(file(table(events, drifting)), now_ms=ms(at(1, month=12)))
    assert len(instants(reading)) == len(events)
    assert reading.said == []
    assert {one["utcOffset"] for one in reading.of("entries")} == {60}


def test_a_transmitter_that_was_made_to_count_anew_loses_nothing(file: MakeFile, bringing: Bringing) -> None:
    events = [
        *readings(at(1, month=1), at(1, 6, month=1), began=at(1, month=1)),
        *readings(at(10, month=4), at(10, 6, month=4), began=at(10, month=4)),
    ]
    assert {event.ticks for event in events[:73]} == {event.ticks for event in events[73:]}
    made = table(events, berlin)
    assert instants(of(file(made), now_ms=ms(at(1, month=12)))) == sorted(ms(event.at) for event in events)
    assert len(bringing_entries(bringing, made)) == len(events)


def bringing_entries(bringing: Bringing, made: bytes) -> list[Document]:
    bringing.bring(made)
    return bringing.entries()


def test_two_sensors_that_share_a_second_both_stay(bringing: Bringing) -> None:
    events = [
        *readings(at(1), at(1, 2)),
        *readings(at(1), at(1, 2), transmitter="8R9XYZ", start=120),
    ]
    found = bringing_entries(bringing, table(events, berlin))
    assert len(found) == len(events)
    assert sorted(entry["sgv"] for entry in found) == sorted(int(event.glucose) for event in events)


@pytest.mark.parametrize("off_min", [0, 3, 90])
def test_one_reading_that_two_displays_exported_is_one(bringing: Bringing, off_min: int) -> None:
    by_phone, by_receiver = readings(at(1), at(1, 2)), readings(at(1), at(1, 2), source="SM71234567")
    rows = table(by_phone, berlin).splitlines(keepends=True)
    others = table(by_receiver, lambda moment: berlin(moment) + timedelta(minutes=off_min), preamble=False)
    made = b"".join([*rows, *others.splitlines(keepends=True)[1:]])
    assert len(bringing_entries(bringing, made)) == len(by_phone)


def test_sensors_of_one_name_that_each_count_from_the_beginning_stay_apart(bringing: Bringing) -> None:
    events = [
        event
        for began in (at(1), at(3), at(11, 6))
        for event in readings(began + timedelta(minutes=30), began + timedelta(hours=3), began=began)
    ]
    assert len(bringing_entries(bringing, table(events, berlin))) == len(events)


def test_the_count_tells_the_hour_where_no_transmitter_is_named(file: MakeFile) -> None:
    events = [Event(one.at, glucose=110, transmitter="") for one in readings(at(24, 22, month=10), at(25, 4, month=10))]
    reading = of(file(table(events, berlin)))
    assert instants(reading) == [ms(event.at) for event in events]
    assert len({one["identifier"] for one in reading.of("entries")}) == len(events)


def test_the_same_file_twice_and_halves_in_any_order_add_nothing(bringing: Bringing) -> None:
    events = [*readings(at(1), at(3)), *day_of_a_child()]
    halves = [table(events[:400], berlin), table(events[200:], berlin, unit="mmol/L", language="german")]
    for half in reversed(halves):
        bringing.bring(half)
    before = len(bringing.entries()), len(bringing.treatments())
    again = bringing.bring(table(events, berlin))
    assert again.result is not None
    assert again.result.new.total() == 0
    assert (len(bringing.entries()), len(bringing.treatments())) == before == (577 + 7, 5)


def test_what_a_phone_had_uploaded_is_not_doubled(bringing: Bringing) -> None:
    from app.actor import NOBODY
    from app.records.entries import Entries

    events = readings(at(1), at(1, 6))
    phone = [
        {"type": "sgv", "sgv": int(event.glucose), "date": ms(event.at) + 20_000, "device": "xDrip-DexcomG6"}
        for event in events[::2]
    ]
    Entries(bringing.house.store, bringing.house.clock, NOBODY).save(phone)
    assert len(bringing_entries(bringing, table(events, berlin))) == len(events)


def test_rows_that_cannot_be_used_are_told_by_number_and_cost_no_other(file: MakeFile) -> None:
    events = [
        Event(at(14, 6), glucose=128),
        Event(at(14, 6, 5), glucose="12x"),
        Event(at(14, 6, 10), glucose=""),
        Event(at(14, 6, 15), glucose=0),
        Event(at(14, 6, 20), kind="Insulin", subtype="Fast-Acting", insulin="900"),
        Event(at(14, 6, 25), kind="Carbs", carbs="many"),
        Event(at(14, 6, 30), kind="Exercise", duration="long"),
        Event(at(14, 6, 35), glucose=5000),
        Event(at(14, 6, month=12), glucose=128),
        Event(at(14, 6, 40), glucose=130),
    ]
    made = table(events, berlin, preamble=False).replace(b"2026-02-14T07:40:00", b"yesterday")
    reading = of(file(made))
    assert [one["sgv"] for one in reading.of("entries")] == [128]
    assert [(one.place, one.why) for one in reading.rejected] == [
        ("row 3", "'12x' is no number"),
        ("row 4", "the record has no value"),
        ("row 5", "the glucose is no reading"),
        ("row 6", "the insulin is no amount"),
        ("row 7", "'many' is no number"),
        ("row 8", "the duration is no time"),
        ("row 9", "5000 mg/dL is no reading"),
        ("row 10", "'yesterday' is no date and time"),
        ("row 11", "the time is in the future"),
    ]


def test_a_reading_without_a_time_is_said_to_be_lost(file: MakeFile) -> None:
    made = CANONICAL.replace(b"2026-02-14T07:05:12", b"")
    assert [one.why for one in of(file(made)).rejected] == ["the record has no time"]


@pytest.mark.parametrize(
    ("event", "notes"),
    [
        (Event(at(14, 6), kind="Health", subtype="Illness"), "Health: Illness"),
        (Event(at(14, 6), kind="Health"), "Health"),
        (Event(at(14, 6), kind="Alert", subtype="Urgent Low", glucose=55), "Alert: Urgent Low, 55"),
        (Event(at(14, 6), kind="Something New", subtype="Kind", glucose=55), "Something New: Kind, 55"),
        (Event(at(14, 6), kind="Notes", info="école 🎒"), "école 🎒"),
    ],
)
def test_all_else_with_a_time_is_a_note(file: MakeFile, event: Event, notes: str) -> None:
    reading = of(file(table([*readings(at(13), at(13, 1)), event], berlin)))
    [note] = reading.of("treatments")
    assert (note["eventType"], note["notes"]) == ("Note", notes)
    assert len(reading.of("entries")) == 13


def test_insulin_of_no_kind_counts_as_fast_and_says_so_and_long_acting_never_counts(file: MakeFile) -> None:
    events = [
        Event(at(14, 6), kind="Insulin", insulin="2"),
        *(
            Event(at(14, 7, minute), kind="Insulin", subtype=word, insulin="9")
            for minute, word in enumerate(("Long-Acting", "Langwirkend", "Action lente", "De acción prolongada"))
        ),
    ]
    first, *others = of(file(table(events, berlin))).of("treatments")
    assert (first["insulin"], "does not say" in first["notes"]) == (2, True)
    assert all("insulin" not in one and one["notes"] == "Long-acting insulin 9 U" for one in others)


@pytest.mark.parametrize(
    ("unit", "rate", "direction"),
    [
        ("mg/dL", "0.5", "Flat"),
        ("mg/dL", "-1", "Flat"),
        ("mg/dL", "1,5", "FortyFiveUp"),
        ("mg/dL", "-2.5", "SingleDown"),
        ("mg/dL", "3.1", "DoubleUp"),
        ("mmol/L", "-0.2", "DoubleDown"),
        ("mg/dL", "fast", None),
        ("mg/dL", "", None),
    ],
)
def test_a_rate_of_change_becomes_a_direction(file: MakeFile, unit: str, rate: str, direction: str | None) -> None:
    row = ["1", "2026-02-14T07:00:00", "EGV", "", "", "", PHONE, "7.1", "", "", "", rate, "100", "8G0ABC"]
    made = PLAIN.bytes_of([[name.format(u=unit) for name in ENGLISH], row])
    [entry] = of(file(made), unit="mmol" if "mmol" in unit else "mgdl").of("entries")
    assert entry.get("direction") == direction


def test_columns_are_found_by_name_wherever_they_are_and_without_an_index(file: MakeFile) -> None:
    header, *rows = [line.split(",") for line in CANONICAL.decode().splitlines()]
    moved = [13, 12, 7, 2, 3, 1, 6, 4, 5, 8, 9, 10, 11]
    made = PLAIN.bytes_of([[row[place] for place in moved] for row in (header, *rows)])
    assert whole(of(file(made))) == whole(of(file(CANONICAL)))


@pytest.mark.parametrize("language", HEADERS)
def test_a_file_without_an_index_is_known_in_every_language(file: MakeFile, language: str) -> None:
    lines = table(day_of_a_child(), berlin, language=language).decode().splitlines()
    made = "\n".join(line.partition(",")[2] for line in lines)
    opened = file(made)
    assert FORMAT.recognises(opened)
    assert len(of(opened).found) >= 10


def test_a_real_layout_with_quotes_and_a_mark_is_read(file: MakeFile) -> None:
    quoted = "\r\n".join(
        ",".join(f'"{field}"' for field in line.split(",")) for line in CANONICAL.decode().splitlines()
    )
    assert whole(of(file(b"\xef\xbb\xbf" + quoted.encode()))) == whole(of(file(CANONICAL)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04rest",
        b"Index,Timestamp,Something\n1,2026-01-01T00:00:00,x\n",
        b"Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL,Scan Glucose mg/dL\n",
        b'{"sgv": 120}',
    ],
)
def test_other_files_are_none_of_its_own(file: MakeFile, content: bytes) -> None:
    assert FORMAT.recognises(file(content)) is None


def test_a_file_is_recognised_among_all_formats(bringing: Bringing) -> None:
    one = bringing.look(CANONICAL)
    assert (one.format, one.stage) == ("clarity-csv", "ready")
    assert one.others == ()
    assert one.preview is not None
    assert one.preview.new.total() == 12


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_garbage_within_a_file_never_breaks_the_reader(file: MakeFile, data: st.DataObject) -> None:
    content = bytearray(CANONICAL)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(len(",".join(ENGLISH)), len(content) - 1))
        content[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=12))
    reading = of(file(bytes(content)))
    assert len(reading.found) + len(reading.rejected) <= 40
    assert all(one["date"] % 1 == 0 and 0 < one.get("sgv", one.get("mbg", 0)) <= 1000 for one in reading.of("entries"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 3 * 288), st.integers(-44, 56)), max_size=5),
    st.integers(0, 299),
)
def test_however_often_the_clock_is_changed_nothing_is_lost_and_intervals_are_true(
    file: MakeFile, changes: list[tuple[int, int]], second: int
) -> None:
    """Quarter hours from UTC, changed at any reading: where all lie is the zone's to say, how far apart is not."""
    first = at(1) + timedelta(seconds=second)
    events = readings(first, first + timedelta(days=3))
    settings_at = sorted(dict(changes).items())

    def shown(moment: datetime) -> timedelta:
        number = int((moment - first).total_seconds() // 300)
        quarters = next((quarters for since, quarters in reversed(settings_at) if since <= number), 4)
        return timedelta(minutes=15 * quarters)

    found = instants(of(file(table(events, shown, preamble=False))))
    assert len(found) == len(events)
    assert {later - earlier for earlier, later in pairwise(found)} == {300_000}


def test_the_moment_is_never_taken_from_the_zone_of_this_machine(
    file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert instants(of(file(CANONICAL)))[0] == ms(datetime(2026, 2, 14, 6, 0, 12, tzinfo=UTC))


def test_a_time_that_says_its_zone_after_all_is_read_as_what_the_display_showed(file: MakeFile) -> None:
    plain = whole(of(file(CANONICAL)))
    place = CANONICAL.index(b"2026-02-")
    odd = CANONICAL[: place + 16] + b"+01" + CANONICAL[place + 19 :]
    assert len(whole(of(file(odd)))) >= len(plain) - 1
