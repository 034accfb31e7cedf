"""What Glooko's records become: times, units, doses told once, rates under rates, and what nobody can read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock
from app.records.sources.documents import BadRecord
from app.records.sources.layers import SCHEDULED, SUSPENDED, TEMPORARY, Layers
from app.store.interface import Document
from app.uploaders.glooko.basals import basal
from app.uploaders.glooko.known import SAME_ENTERED_MS, Known
from app.uploaders.glooko.mapper import (
    Origin,
    activity,
    alarm,
    extended_bolus,
    extended_minutes,
    food,
    glucose_in,
    injection,
    long_injection,
    meter_reading,
    normal_bolus,
    note,
    noted_insulin,
    pump_event,
    sensor_reading,
)
from app.uploaders.glooko.moments import Moments, as_wall_clock
from tests.clocks import START_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BERLIN = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
AT = Origin("mum@example.org", "guid-1", START_MS, 60)
Make = Callable[[dict[str, Any], Origin], list[Document]]


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def placed(**record: Any) -> tuple[int, int]:
    moment = Moments(BERLIN, START_MS).of(record, "g")
    return moment.at_ms, moment.offset_min


@pytest.mark.parametrize(
    ("record", "utc", "offset_min"),
    [
        ({"pumpTimestamp": "2026-03-14T07:05:41.000Z"}, "2026-03-14T06:05:41Z", 60),
        ({"displayTime": "2026-03-14T07:05:41Z"}, "2026-03-14T06:05:41Z", 60),
        ({"timestamp": "2026-07-14T07:05:41.000Z"}, "2026-07-14T05:05:41Z", 120),
        ({"timestamp": "2026-07-14 07:05:41"}, "2026-07-14T05:05:41Z", 120),
        ({"timestamp": "2026-07-14T07:05:41.000+02:00"}, "2026-07-14T05:05:41Z", 120),
        ({"timestamp": "2026-07-14T07:05:41-05:00"}, "2026-07-14T12:05:41Z", -300),
        ({"timestamp": "2026-07-14T07:05:41+00:00"}, "2026-07-14T07:05:41Z", 0),
        (
            {"pumpTimestamp": "2026-03-14T07:05:41.000Z", "pumpTimestampUtcOffset": "-04:00"},
            "2026-03-14T11:05:41Z",
            -240,
        ),
        ({"pumpTimestamp": "2026-03-14T07:05:41.000Z", "pumpTimestampUtcOffset": "soon"}, "2026-03-14T06:05:41Z", 60),
        ({"pumpTimestamp": "2026-03-14T07:05:41.000Z", "pumpTimestampUtcOffset": "+23:00"}, "2026-03-14T06:05:41Z", 60),
        ({"pumpTimestamp": "2026-03-14T07:05:41Z", "timestamp": "2020-01-01T00:00:00Z"}, "2026-03-14T06:05:41Z", 60),
        ({"pumpTimestamp": None, "timestamp": "2026-03-14T07:05:41Z"}, "2026-03-14T06:05:41Z", 60),
        ({"x": 1773471941}, "2026-03-14T06:05:41Z", 60),
        ({"x": 1773471941, "timestamp": "2026-03-14T07:05:41.000Z"}, "2026-03-14T06:05:41Z", 60),
    ],
)
def test_a_z_is_the_wall_clocks_and_an_offset_is_true(record: dict[str, Any], utc: str, offset_min: int) -> None:
    assert placed(**record) == (instant(utc), offset_min)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"updatedAt": "2026-03-14T06:20:03.000Z"},
        {"startTime": 1773471941, "updatedAt": "2026-03-14T06:20:03.000Z"},
        {"timestamp": "soon"},
        {"timestamp": 1773471941},
        {"timestamp": "2026-03-14"},
        {"timestamp": "1999-03-14T07:05:41Z"},
        {"timestamp": "2026-11-21T11:06:00Z"},
        {"x": "1773471941"},
        {"x": True},
        {"x": -5},
        {"x": 1e30},
    ],
)
def test_a_record_without_a_time_of_its_own_or_from_the_future_is_left_out(record: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        placed(**record)


def test_an_hour_that_was_left_out_is_moved_on() -> None:
    assert placed(timestamp="2026-03-29T02:30:00Z") == (instant("2026-03-29T01:30:00Z"), 120)


def test_in_the_hour_that_comes_twice_readings_that_would_coincide_lie_an_hour_apart() -> None:
    moments = Moments(BERLIN, START_MS, spaced=True)
    late = "2026-10-25T09:00:00.000Z"
    texts = ["02:00:10", "02:05:10", "02:55:10", "02:00:12", "02:05:12", "02:55:12"]
    found = [
        moments.of({"displayTime": f"2026-10-25T{text}.000Z", "updatedAt": late}, str(place))
        for place, text in enumerate(texts)
    ]
    first = instant("2026-10-25T00:00:10Z")
    assert [one.at_ms - first for one in found] == [
        0,
        5 * MINUTE_MS,
        55 * MINUTE_MS,
        HOUR_MS + 2000,
        HOUR_MS + 5 * MINUTE_MS + 2000,
        HOUR_MS + 55 * MINUTE_MS + 2000,
    ]
    assert [one.offset_min for one in found] == [120] * 3 + [60] * 3
    assert not any(one.is_sure for one in found)
    again = moments.of({"displayTime": "2026-10-25T02:00:12.000Z", "updatedAt": late}, "3")
    assert again == found[3]


def test_in_the_hour_that_comes_twice_nothing_is_placed_after_the_server_knew_it() -> None:
    moments = Moments(BERLIN, START_MS, spaced=True)
    known = "2026-10-25T00:45:00.000Z"
    for guid in ("a", "b"):
        moment = moments.of({"displayTime": "2026-10-25T02:30:00.000Z", "updatedAt": known}, guid)
        assert (moment.at_ms, moment.is_sure) == (instant("2026-10-25T00:30:00Z"), True)


def test_an_offset_beside_the_time_settles_the_hour_that_comes_twice() -> None:
    later = {"pumpTimestamp": "2026-10-25T02:30:00.000Z", "pumpTimestampUtcOffset": "+01:00"}
    assert placed(**later) == (instant("2026-10-25T01:30:00Z"), 60)


@given(st.integers(1_700_000_000, START_MS // 1000))
def test_the_wall_clocks_text_is_read_back_as_the_instant_it_was(at_s: int) -> None:
    text = as_wall_clock(at_s * 1000, BERLIN)
    found = {place.at_ms for place in BERLIN.places(datetime.fromisoformat(text).replace(tzinfo=None))}
    assert at_s * 1000 in found
    assert Moments(BERLIN, START_MS).of({"timestamp": text}, "g").at_ms in found


@pytest.mark.parametrize(
    ("record", "mgdl"),
    [
        ({"glucoseValue": 12800}, 128),
        ({"glucoseValue": 13150}, 132),
        ({"value": 13149.9}, 131),
        ({"value": "12800"}, 128),
        ({"value": 3900}, 39),
        ({"value": 40100}, 401),
        ({"y": 7.1, "value": 12800}, 128),
    ],
)
def test_glucose_is_hundredths_of_mgdl_whatever_the_user_sees(record: dict[str, Any], mgdl: int) -> None:
    assert glucose_in(record) == mgdl


@pytest.mark.parametrize("value", [0, None, "", "HIGH", True, -100, 1e9, [], {}])
def test_glucose_that_is_none_is_left_out(value: Any) -> None:
    with pytest.raises(BadRecord):
        glucose_in({"value": value, "y": 7.1})


def test_a_meters_reading_is_an_entry_and_a_bg_check() -> None:
    entry, check = meter_reading({"value": 11200}, AT)
    assert (entry["type"], entry["mbg"], entry["date"], entry["utcOffset"]) == ("mbg", 112, START_MS, 60)
    assert (check["eventType"], check["glucose"], check["glucoseType"], check["units"]) == (
        "BG Check",
        112,
        "Finger",
        "mg/dl",
    )


def test_carbs_belong_to_a_bolus_only_on_the_same_record() -> None:
    [meal] = normal_bolus({"insulinDelivered": 3.2, "carbsInput": 40, "insulinOnBoard": 0.6}, AT)
    assert (meal["eventType"], meal["insulin"], meal["carbs"]) == ("Meal Bolus", 3.2, 40)
    [correction] = normal_bolus({"insulinDelivered": "0.55", "carbsInput": 0}, AT)
    assert (correction["eventType"], correction["insulin"]) == ("Correction Bolus", 0.55)
    assert "carbs" not in correction
    assert "automatic" not in correction


@pytest.mark.parametrize(
    "flag", [{"isAutomatic": True}, {"automatic": 1}, {"bolusType": "AUTOMATIC"}, {"type": "auto"}]
)
def test_a_bolus_of_the_pumps_own_is_marked(flag: dict[str, Any]) -> None:
    assert normal_bolus({"insulinDelivered": 0.3, **flag}, AT)[0]["automatic"] is True


@pytest.mark.parametrize(
    "flag", [{"isAutomatic": False}, {"bolusType": "normal"}, {"type": "wizard"}, {"source": "Autosoft"}]
)
def test_a_bolus_of_a_persons_is_not(flag: dict[str, Any]) -> None:
    assert "automatic" not in normal_bolus({"insulinDelivered": 0.3, **flag}, AT)[0]


def test_a_bolus_that_gave_nothing_is_none_and_its_carbs_are_kept() -> None:
    assert normal_bolus({"insulinDelivered": 0, "carbsInput": 0}, AT) == []
    [eaten] = normal_bolus({"insulinDelivered": 0, "carbsInput": 15}, AT)
    assert (eaten["eventType"], eaten["carbs"]) == ("Carb Correction", 15)


@pytest.mark.parametrize(
    "record", [{}, {"insulinProgrammed": 3}, {"insulinDelivered": "much"}, {"insulinDelivered": -1}, {"value": 320}]
)
def test_a_dose_that_is_not_told_is_not_guessed(record: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        normal_bolus(record, AT)


@pytest.mark.parametrize(
    ("record", "now", "later", "minutes"),
    [
        ({"initialDelivery": 1.5, "extendedDelivery": 2, "duration": 7200}, 1.5, 2, 120),
        ({"insulinDelivered": 3.5, "initialDelivery": 1.5, "duration": 7200}, 1.5, 2, 120),
        ({"insulinDelivered": 3.5, "extendedDelivery": 2, "duration": 7200}, 1.5, 2, 120),
        ({"insulinDelivered": 2, "duration": 7200}, 0, 2, 120),
        ({"insulinDelivered": 2, "duration": 120}, 0, 2, 120),
    ],
)
def test_an_extended_bolus_is_told_in_its_two_parts(
    record: dict[str, Any], now: float, later: float, minutes: float
) -> None:
    [combo] = extended_bolus({**record, "carbsInput": 30}, AT)
    assert combo["eventType"] == "Combo Bolus"
    assert combo["insulin"] == now
    assert combo["enteredinsulin"] == now + later
    assert combo["relative"] == pytest.approx(later / (minutes / 60))
    assert combo["duration"] == minutes
    assert combo["carbs"] == 30


@pytest.mark.parametrize(
    ("extended_u", "duration", "minutes"),
    [
        (2, 7200, 120),  # seconds
        (5, 1800, 30),  # ten units per hour: just believed
        (6, 1440, 1440),  # faster than that as seconds
        (2, 120, 120),
        (0.3, 120, 120),  # believed by its rate, but no pump extends for two minutes
        (12, 3600, 60),  # fast, but as minutes it would last days
        (2, 0, 0),
        (0, 3600, 0),
    ],
)
def test_a_duration_of_unknown_unit_is_taken_as_what_a_pump_can_do(
    extended_u: float, duration: float, minutes: float
) -> None:
    assert extended_minutes(extended_u, duration) == minutes


def test_an_extended_dose_without_a_time_keeps_its_insulin() -> None:
    [bolus] = extended_bolus({"insulinDelivered": 2}, AT)
    assert (bolus["eventType"], bolus["insulin"]) == ("Correction Bolus", 2)


def test_injections_are_told_by_their_kind() -> None:
    [rapid] = injection({"units": 4, "insulinName": "Aspart"}, AT)
    assert (rapid["eventType"], rapid["insulin"], rapid["notes"]) == ("Correction Bolus", 4, "Aspart")
    [slow] = long_injection({"dose": 12, "insulinName": "Glargine"}, AT)
    assert (slow["eventType"], slow["notes"]) == ("Note", "Long-acting insulin 12 U. Glargine")
    assert "insulin" not in slow
    assert "insulin" not in noted_insulin({"units": 12, "insulinType": "Long Acting"}, AT)[0]
    assert noted_insulin({"units": 2, "insulinType": "Fast Acting"}, AT)[0]["insulin"] == 2


def test_a_pens_priming_is_no_dose() -> None:
    assert injection({"units": 2, "isPrime": True}, AT) == []


def test_food_activity_notes_and_alarms() -> None:
    [eaten] = food({"carbs": "45.0", "fat": 12, "protein": "x", "name": "Pasta"}, AT)
    assert (eaten["eventType"], eaten["carbs"], eaten["fat"], eaten["notes"]) == ("Carb Correction", 45, 12, "Pasta")
    assert "protein" not in eaten
    assert food({"name": "Tea"}, AT) == []
    [moved] = activity({"duration": 2700, "name": "Running", "intensity": "high"}, AT)
    assert (moved["eventType"], moved["duration"], moved["notes"]) == ("Exercise", 45, "Running, high")
    [written] = note({"text": " two\n lines "}, AT)
    assert (written["eventType"], written["notes"]) == ("Note", "two lines")
    assert note({"text": ""}, AT) == []
    [rang] = alarm({"alarmType": "Occlusion"}, AT)
    assert (rang["eventType"], rang["notes"]) == ("Note", "Pump alarm: Occlusion")
    with pytest.raises(BadRecord):
        alarm({}, AT)


def test_a_new_pod_is_a_new_site_and_new_insulin() -> None:
    assert [one["eventType"] for one in pump_event({"eventType": "pod_activated"}, AT)] == [
        "Site Change",
        "Insulin Change",
    ]
    assert pump_event({"eventType": "somethingNew"}, AT) == []


def test_every_document_says_whose_and_which_it_is() -> None:
    record = {"insulinDelivered": 1, "units": 1, "carbs": 9, "value": 12000, "eventType": "pod_activated", "text": "x"}
    makers: list[Make] = [sensor_reading, meter_reading, normal_bolus, injection, food, pump_event, note, activity]
    made = [document for make in makers for document in make(record | {"duration": 60}, AT)]
    assert {one.get("enteredBy") or one["device"] for one in made} == {"nightlight-glooko"}
    other = [
        document for make in makers for document in make(record, Origin("mum@example.org", "guid-2", START_MS, 60))
    ]
    assert not {one["identifier"] for one in made} & {one["identifier"] for one in other}


def beneath(layer: str, layers: Layers | None = None, at_ms: int = START_MS, **record: Any) -> list[Document]:
    return basal(layer, record, Origin("mum@example.org", "guid-1", at_ms, 60), layers or Layers())


def test_rates_are_temp_basals_and_never_insulin() -> None:
    [scheduled] = beneath(SCHEDULED, rate=0.85, duration=3600, startTime=25200)
    assert (scheduled["eventType"], scheduled["absolute"], scheduled["duration"]) == ("Temp Basal", 0.85, 60)
    [temporary] = beneath(TEMPORARY, rate="1.2", duration="1800")
    assert (temporary["absolute"], temporary["duration"]) == (1.2, 30)
    [stopped] = beneath(SUSPENDED, duration=900)
    assert (stopped["absolute"], stopped["duration"]) == (0, 15)
    assert not any("insulin" in one for one in (scheduled, temporary, stopped))


def test_what_was_given_is_believed_before_the_rate() -> None:
    assert beneath(SCHEDULED, rate=0.85, insulinDelivered=0.4, duration=3600)[0]["absolute"] == 0.4
    assert beneath(SCHEDULED, rate=0.85, insulinDelivered=0, duration=3600)[0]["absolute"] == 0.85


def test_a_stop_that_goes_on_is_a_note_until_its_end_is_known() -> None:
    [going_on], [ended] = beneath(SUSPENDED), beneath(SUSPENDED, duration=600)
    assert (going_on["eventType"], going_on["notes"]) == ("Note", "Pump suspended")
    assert ended["eventType"] == "Temp Basal"
    assert going_on["identifier"] == ended["identifier"]


def test_a_percentage_of_something_unknown_is_a_note() -> None:
    [told] = beneath(TEMPORARY, percentage=150, duration=3600)
    assert (told["eventType"], told["notes"]) == ("Note", "Temporary basal 150 % for 60 min")
    with pytest.raises(BadRecord):
        beneath(TEMPORARY, duration=3600)


def test_a_rate_of_the_program_is_shown_where_nothing_else_held() -> None:
    layers = Layers()
    layers.learn(TEMPORARY, (START_MS + HOUR_MS, START_MS + 2 * HOUR_MS))
    layers.learn(SUSPENDED, (START_MS - HOUR_MS, START_MS + 30 * MINUTE_MS))
    pieces = beneath(SCHEDULED, layers, rate=0.8, duration=6 * 3600)
    assert [(one["created_at"], one["duration"]) for one in pieces] == [
        ("2026-11-21T10:30:00.000Z", 30),
        ("2026-11-21T12:00:00.000Z", 240),
    ]
    assert len({one["identifier"] for one in pieces}) == 2
    assert beneath(SUSPENDED, layers, duration=6 * 3600)[0]["duration"] == 360


def told_after(first: list[Document], second: list[Document], within_ms: int = SAME_ENTERED_MS) -> list[Document]:
    known = Known()
    known.learn("normal_boluses", first)
    return known.untold("foods", second, within_ms)


def test_carbs_that_are_on_a_bolus_are_told_once() -> None:
    meal = normal_bolus({"insulinDelivered": 3, "carbsInput": 40}, AT)
    near = Origin("mum@example.org", "food", START_MS + 119_000, 60)
    far = Origin("mum@example.org", "food", START_MS + 121_000, 60)
    assert told_after(meal, food({"carbs": 40}, near)) == []
    assert len(told_after(meal, food({"carbs": 40}, far))) == 1
    assert len(told_after(meal, food({"carbs": 41}, near))) == 1


def test_two_foods_at_one_time_are_two() -> None:
    known = Known()
    for guid in ("a", "b"):
        bread = food({"carbs": 15}, Origin("mum@example.org", guid, START_MS, 60))
        assert known.untold("foods", bread, SAME_ENTERED_MS) == bread
        known.learn("foods", bread)


def test_a_dose_that_is_told_twice_keeps_the_carbs_of_the_second_record() -> None:
    combo = extended_bolus({"initialDelivery": 1.5, "extendedDelivery": 2, "duration": 7200}, AT)
    beside = normal_bolus({"insulinDelivered": 1.5, "carbsInput": 30, "automatic": True}, AT)
    [left] = told_after(combo, beside)
    assert (left["eventType"], left["carbs"]) == ("Carb Correction", 30)
    assert "insulin" not in left
    assert "automatic" not in left
    assert told_after(combo, normal_bolus({"insulinDelivered": 1.5}, AT)) == []
    assert len(told_after(combo, normal_bolus({"insulinDelivered": 1.6}, AT))) == 1
