"""What CareLink's payload becomes: readings, meals and their boluses, basal that was given, sticks, alarms, status."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock
from app.store.interface import Document
from app.uploaders.carelink.mapper import page_of
from app.uploaders.carelink.payload import patient_data
from app.uploaders.vendor import Page
from tests.clocks import START_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ZONE = WallClock.in_zone(ZoneInfo("Europe/Berlin"))  # an hour ahead of UTC in November


def local(minutes_ago: float, offset_min: int = 60) -> str:
    moment = datetime.fromtimestamp((START_MS - int(minutes_ago * MINUTE_MS)) // 1000 + 60 * offset_min, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def sg(value: Any, minutes_ago: float, **more: Any) -> dict[str, Any]:
    return {"kind": "SG", "sg": value, "timestamp": local(minutes_ago), "sensorState": "NO_ERROR_MESSAGE", **more}


def marker(type: str, minutes_ago: float, **values: Any) -> dict[str, Any]:
    return {"type": type, "timestamp": local(minutes_ago), "data": {"dataValues": values}}


def insulin(minutes_ago: float, units: Any = 4.5, **values: Any) -> dict[str, Any]:
    told = {"deliveredFastAmount": units, "programmedFastAmount": units, "activationType": "RECOMMENDED"}
    return marker("INSULIN", minutes_ago, **{**told, "bolusType": "FAST", "completed": True, **values})


def basal(minutes_ago: float, units: Any) -> dict[str, Any]:
    return marker("AUTO_BASAL_DELIVERY", minutes_ago, bolusAmount=units)


def payload(*markers: Any, **more: Any) -> dict[str, Any]:
    return {
        "currentServerTime": START_MS,
        "medicalDeviceFamily": "NGP",
        "lastConduitDateTime": local(0.5),
        "lastConduitUpdateServerDateTime": START_MS - 30_000,
        "sgs": [],
        "markers": list(markers),
        **more,
    }


def page_for(told: Any, cursors: dict[str, int] | None = None, now_ms: int = START_MS) -> Page:
    found = patient_data(told)
    assert found is not None
    return page_of(found, "ada", cursors or {}, ZONE, now_ms)


def treatments(*markers: Any, **more: Any) -> list[Document]:
    found = page_for(payload(*markers, **more))
    assert not found.unusable
    return list(found.documents["treatments"])


def minutes_ago_of(document: Document) -> float:
    at = datetime.fromisoformat(document["created_at"])
    return (START_MS - at.timestamp() * 1000) / MINUTE_MS


# Readings


def test_readings_have_their_instant_their_offset_and_their_brand() -> None:
    [entry] = page_for(payload(sgs=[sg(118, 1)])).documents["entries"]
    assert (entry["sgv"], entry["date"], entry["utcOffset"]) == (118, START_MS - MINUTE_MS, 60)
    assert (entry["device"], entry["type"]) == ("nightlight-carelink", "sgv")
    assert entry["dateString"] == "2026-11-21T09:59:00.000Z"


@pytest.mark.parametrize("value", ["118", "118.0", 118.0, " 118 "])
def test_a_reading_may_be_a_text(value: Any) -> None:
    [entry] = page_for(payload(sgs=[sg(value, 1)])).documents["entries"]
    assert entry["sgv"] == 118


def test_no_reading_is_no_entry_and_no_fault() -> None:
    found = page_for(payload(sgs=[sg(0, 11), sg("0", 6), sg(110, 1)]))
    assert [entry["sgv"] for entry in found.documents["entries"]] == [110]
    assert not found.unusable


def test_the_newest_reading_is_taken_also_when_it_stands_alone() -> None:
    found = page_for(payload(sgs=[sg(110, 6)], lastSG=sg(120, 1)))
    assert [entry["sgv"] for entry in found.documents["entries"]] == [110, 120]
    again = page_for(payload(sgs=[sg(110, 6), sg(120, 1)], lastSG=sg(120, 1, extra=True)))
    assert again.documents["entries"] == found.documents["entries"]


def test_the_older_name_of_the_time_is_read() -> None:
    older = {"sg": 118, "datetime": local(1)[:-3] + ":00.000Z"}
    [entry] = page_for(payload(sgs=[older])).documents["entries"]
    assert entry["date"] == START_MS - MINUTE_MS


@pytest.mark.parametrize(
    "text", ["2026-11-21T10:59:00", "2026-11-21T10:59:00.000-00:00", "2026-11-21T10:59:00Z", "Nov 21, 2026 10:59:00"]
)
def test_whatever_is_written_behind_a_time_it_is_the_pumps(text: str) -> None:
    [entry] = page_for(payload(sgs=[sg(118, 1) | {"timestamp": text}])).documents["entries"]
    assert entry["date"] == START_MS - MINUTE_MS


@pytest.mark.parametrize(("state", "value"), [("SG_BELOW_40_MGDL", 39), ("SG_ABOVE_400_MGDL", 401)])
def test_beyond_the_range_is_low_or_high_and_not_nothing(state: str, value: int) -> None:
    [entry] = page_for(payload(sgs=[sg(0, 1, sensorState=state)])).documents["entries"]
    assert entry["sgv"] == value


def test_a_reading_in_mmol_is_converted_and_one_below_forty_is_not_taken_for_it() -> None:
    assert [e["sgv"] for e in page_for(payload(sgs=[sg(6.5, 6), sg(7, 1)])).documents["entries"]] == [117, 126]
    assert [e["sgv"] for e in page_for(payload(sgs=[sg(39, 1)])).documents["entries"]] == [39]


def test_bad_readings_cost_themselves_alone() -> None:
    bad = [None, {}, sg("x", 6), sg(110, 6) | {"timestamp": "soon"}, sg(771, 5), sg(120, -60), {"sg": 100}, 7]
    found = page_for(payload(sgs=[*bad, sg(118, 1)]))
    assert [entry["sgv"] for entry in found.documents["entries"]] == [118]
    assert len(found.unusable) == len(bad)


def test_duplicates_and_disorder_make_no_difference() -> None:
    listed = [sg(100 + place, place) for place in range(0, 60, 5)]
    there = page_for(payload(sgs=listed)).documents["entries"]
    assert page_for(payload(sgs=[*reversed(listed), *listed[3:5]])).documents["entries"] == there


# The trend


@pytest.mark.parametrize(
    ("word", "direction"),
    [
        ("UP", "SingleUp"),
        ("UP_DOUBLE", "DoubleUp"),
        ("UP_TRIPLE", "TripleUp"),
        ("DOWN", "SingleDown"),
        ("DOWN_DOUBLE", "DoubleDown"),
        ("DOWN_TRIPLE", "TripleDown"),
    ],
)
def test_the_trend_is_that_of_the_newest_reading_alone(word: str, direction: str) -> None:
    older, newest = page_for(payload(sgs=[sg(110, 6), sg(120, 1)], lastSGTrend=word)).documents["entries"]
    assert newest["direction"] == direction
    assert "direction" not in older


@pytest.mark.parametrize(
    ("values", "direction"),
    [((110, 112), "Flat"), ((110, 118), "FortyFiveUp"), ((110, 98), "SingleDown"), ((110, 130), "DoubleUp")],
)
@pytest.mark.parametrize("word", ["NONE", None, ""])
def test_no_trend_is_computed_from_the_last_two(values: tuple[int, int], direction: str, word: Any) -> None:
    found = page_for(payload(sgs=[sg(values[0], 6), sg(values[1], 1)], lastSGTrend=word))
    assert found.documents["entries"][-1]["direction"] == direction


@pytest.mark.parametrize(
    ("listed", "word"),
    [
        ([sg(120, 1)], "NONE"),
        ([sg(110, 31), sg(120, 1)], "NONE"),
        ([sg(110, 6), sg(120, 1)], "SIDEWAYS"),
        ([sg(110, 6), sg(120, 1)], 7),
    ],
)
def test_an_unknown_trend_is_left_out_and_never_flat(listed: list[Any], word: Any) -> None:
    found = page_for(payload(sgs=listed, lastSGTrend=word)).documents["entries"]
    if word == 7:
        assert found[-1].get("direction") != "Flat"
    else:
        assert all("direction" not in entry for entry in found)


def test_a_trend_told_beside_no_reading_belongs_to_none() -> None:
    listed = [sg(110, 11), sg(120, 6), sg(0, 1)]
    for told in (payload(sgs=listed, lastSGTrend="UP"), payload(sgs=listed[:2], lastSG=sg(0, 1), lastSGTrend="UP")):
        assert all("direction" not in entry for entry in page_for(told).documents["entries"])


# Layouts


def test_all_layouts_are_one() -> None:
    deep = payload(insulin(30, "4.5"), marker("MEAL", 30, amount="45"), basal(20, "0.075"), sgs=[sg("118", 1)])
    flat_markers = [
        {"type": "INSULIN", "timestamp": local(30), "deliveredFastAmount": 4.5, "programmedFastAmount": 4.5},
        {"type": "MEAL", "dateTime": local(30), "amount": 45},
        {"type": "AUTO_BASAL_DELIVERY", "timestamp": local(20), "bolusAmount": 0.075},
    ]
    flat = payload(*flat_markers, sgs=[sg(118, 1)])
    wanted = page_for(deep)
    assert page_for({"metadata": {}, "patientData": deep}) == wanted
    assert page_for(flat) == wanted
    assert page_for({"patientData": flat}) == wanted


@pytest.mark.parametrize(
    "told",
    [
        {"sgs": None, "markers": None, "lastSG": None, "notificationHistory": None, "activeInsulin": None},
        {"sgs": {}, "markers": "x", "notificationHistory": [], "activeInsulin": 7, "basal": [], "lastAlarm": {}},
        {"medicalDeviceFamily": None, "lastSG": []},
        {"currentServerTime": "x", "lastConduitDateTime": 7, "lastConduitUpdateServerDateTime": "never"},
    ],
)
def test_missing_and_odd_parts_are_survived(told: dict[str, Any]) -> None:
    assert page_for(payload(**told)).documents["treatments"] == []


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        {},
        {"type": None, "timestamp": local(5)},
        {"type": "MEAL"},
        {"type": "MEAL", "timestamp": 7, "data": {"dataValues": {"amount": 5}}},
        marker("MEAL", 5, amount=-5),
        marker("MEAL", 5),
        marker("INSULIN", 5),
        marker("AUTO_BASAL_DELIVERY", 5),
        marker("INSULIN", 5, deliveredFastAmount=4000),
        marker("INSULIN", -60, deliveredFastAmount=4),
        marker("AUTO_BASAL_DELIVERY", 5, bolusAmount=40),
        marker("BG_READING", 5),
        marker("SOMETHING_NEW", 5, amount=1),
    ],
)
def test_one_bad_marker_costs_itself_alone(bad: Any) -> None:
    found = page_for(payload(marker("MEAL", 60, amount=10), bad, marker("MEAL", 30, amount=20)))
    assert [one["carbs"] for one in found.documents["treatments"]] == [10, 20]
    assert len(found.unusable) == 1


@pytest.mark.parametrize("type", ["AUTO_MODE_STATUS", "TIME_CHANGE"])
def test_markers_that_are_no_act_are_no_fault(type: str) -> None:
    assert treatments(marker(type, 5, autoModeOn=True)) == []


# Meals and boluses


def test_a_meal_and_its_bolus_are_one() -> None:
    [made] = treatments(marker("MEAL", 30, amount=45), insulin(30 - 1 / 60, "4.5"))
    assert (made["eventType"], made["insulin"], made["carbs"]) == ("Meal Bolus", 4.5, 45)
    assert made["enteredBy"] == "nightlight-carelink"
    assert made["utcOffset"] == 60
    assert "notes" not in made


@pytest.mark.parametrize(("apart_s", "together"), [(0, True), (60, True), (61, False), (-60, True), (-61, False)])
def test_a_minute_apart_they_are_still_together(apart_s: int, together: bool) -> None:
    made = treatments(marker("MEAL", 30, amount=45), insulin(30 - apart_s / 60))
    assert {one["eventType"] for one in made} == (
        {"Meal Bolus"} if together else {"Carb Correction", "Correction Bolus"}
    )
    assert sum(one.get("carbs", 0) for one in made) == 45
    assert sum(one.get("insulin", 0) for one in made) == 4.5


def test_each_meal_goes_to_one_bolus_the_nearest() -> None:
    made = treatments(marker("MEAL", 30, amount=45), insulin(30.9, 1), insulin(30.1, 2), marker("MEAL", 29.5, amount=5))
    assert {(one.get("insulin"), one.get("carbs")) for one in made} == {(2, 45), (1, None), (None, 5)}


def test_a_correction_by_the_pump_is_automatic_and_for_no_meal() -> None:
    made = treatments(marker("MEAL", 30, amount=45), insulin(30, 0.4, activationType="AUTOCORRECTION"))
    [correction] = [one for one in made if "insulin" in one]
    assert (correction["eventType"], correction["automatic"]) == ("Correction Bolus", True)
    assert [one["eventType"] for one in made if "carbs" in one] == ["Carb Correction"]


def test_a_bolus_by_hand_is_not_automatic() -> None:
    [made] = treatments(insulin(30, 2, activationType="MANUAL"))
    assert made["eventType"] == "Correction Bolus"
    assert "automatic" not in made


def test_what_was_delivered_counts_and_what_was_wanted_is_noted() -> None:
    [made] = treatments(insulin(30, 4.5, deliveredFastAmount=1.2))
    assert made["insulin"] == 1.2
    assert made["notes"] == "Programmed 4.5 U, delivered 1.2 U"


def test_a_bolus_of_which_nothing_came_is_none_and_its_meal_was_eaten() -> None:
    [made] = treatments(marker("MEAL", 30, amount=45), insulin(30, 4.5, deliveredFastAmount=0))
    assert (made["eventType"], made["carbs"]) == ("Carb Correction", 45)
    assert "insulin" not in made


def test_a_bolus_without_what_was_delivered_is_what_was_programmed() -> None:
    [made] = treatments(marker("INSULIN", 30, programmedFastAmount="2.5"))
    assert made["insulin"] == 2.5


def test_an_extended_part_is_a_combo_bolus() -> None:
    extended = {"programmedExtendedAmount": 2, "deliveredExtendedAmount": "2.0", "effectiveDuration": 60}
    [made] = treatments(insulin(90, 3, bolusType="DUAL", **extended), marker("MEAL", 90, amount=60))
    assert made["eventType"] == "Combo Bolus"
    assert (made["insulin"], made["enteredinsulin"], made["relative"]) == (3, 5, 2)
    assert (made["duration"], made["splitNow"], made["splitExt"]) == (60, 60, 40)
    assert made["carbs"] == 60


@pytest.mark.parametrize("length", [60, 3600, 3_600_000])
def test_a_length_no_bolus_can_last_is_in_smaller_parts(length: int) -> None:
    [made] = treatments(insulin(90, 0, deliveredExtendedAmount=2, effectiveDuration=length))
    assert made["duration"] == 60


def test_an_extended_part_of_unknown_length_is_not_lost() -> None:
    [made] = treatments(insulin(90, 1, deliveredExtendedAmount=2, effectiveDuration=0))
    assert made["insulin"] == 3


def test_a_bolus_told_twice_is_one_the_fuller() -> None:
    [made] = treatments(insulin(30, 4.5, deliveredFastAmount=1), insulin(30, 4.5))
    assert made["insulin"] == 4.5


def test_a_meal_that_stood_alone_is_taken_back_when_its_bolus_is_told() -> None:
    before = page_for(payload(marker("MEAL", 30, amount=45)))
    after = page_for(payload(marker("MEAL", 30, amount=45), insulin(30)))
    [alone] = before.documents["treatments"]
    assert after.deleted["treatments"] == [alone["identifier"]]
    assert not before.deleted


def test_a_bolus_keeps_its_name_when_its_meal_or_more_of_it_is_told() -> None:
    [begun] = treatments(insulin(30, 4.5, deliveredFastAmount=1, completed=False))
    [whole] = treatments(insulin(30, 4.5), marker("MEAL", 30, amount=45))
    assert begun["identifier"] == whole["identifier"]


# Basal


def test_a_dose_is_of_five_minutes_and_its_rate_twelve_times_as_much() -> None:
    [made] = treatments(basal(30, "0.075"))
    assert (made["eventType"], made["absolute"], made["duration"]) == ("Temp Basal", 0.9, 5)
    assert minutes_ago_of(made) == 30
    assert "insulin" not in made


def test_equal_neighbours_are_one() -> None:
    made = treatments(*[basal(minutes, 0.075) for minutes in (35, 30, 25)], basal(20, 0.1), basal(10, 0.1))
    assert [(minutes_ago_of(one), one["absolute"], one["duration"]) for one in made] == [
        (35, 0.9, 15),
        (20, 1.2, 5),
        (10, 1.2, 5),
    ]


def test_no_piece_reaches_across_an_hour() -> None:
    made = treatments(*[basal(minutes, 0.1) for minutes in range(75, 30, -5)])
    assert [(minutes_ago_of(one), one["duration"]) for one in made] == [(75, 15), (60, 30)]


def test_a_day_of_basal_is_units_and_not_a_twelfth() -> None:
    made = treatments(*[basal(minutes, 0.0875) for minutes in range(1440, 0, -5)])
    assert sum(one["absolute"] * one["duration"] / 60 for one in made) == pytest.approx(25.2)


doses = st.lists(
    st.tuples(st.integers(0, 86_000), st.integers(0, 40).map(lambda steps: steps * 0.025)),
    max_size=120,
    unique_by=lambda one: one[0],
)


@given(doses)
def test_rates_times_durations_are_the_doses(given_doses: list[tuple[int, float]]) -> None:
    made = treatments(*[basal(seconds / 60, units) for seconds, units in given_doses])
    given_u = sum(units for _, units in given_doses)
    assert sum(one["absolute"] * one["duration"] / 60 for one in made) == pytest.approx(given_u, abs=0.01)


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 8)), min_size=1, max_size=280))
def test_a_pump_that_is_some_seconds_early_or_late_loses_nothing(steps: list[tuple[int, int]]) -> None:
    told = [basal(1430 - 5 * place + late_s / 60, 0.025 * units) for place, (late_s, units) in enumerate(steps)]
    made = treatments(*told)
    given_u = sum(0.025 * units for _, units in steps)
    assert sum(one["absolute"] * one["duration"] / 60 for one in made) == pytest.approx(given_u, abs=0.01)
    spans = [(minutes_ago_of(one), one["duration"]) for one in made]
    assert all(at - length >= following - 0.01 for (at, length), (following, _) in itertools.pairwise(spans))


def test_a_dose_told_twice_is_given_once() -> None:
    assert treatments(basal(30, 0.1), basal(30, "0.1")) == treatments(basal(30, 0.1))


def test_a_suspension_is_nothing_until_the_next_delivery() -> None:
    made = treatments(basal(50, 0.1), marker("LOW_GLUCOSE_SUSPENDED", 45), basal(20, 0.05))
    assert [(minutes_ago_of(one), one["absolute"], one["duration"]) for one in made] == [
        (50, 1.2, 5),
        (45, 0, 25),
        (20, 0.6, 5),
    ]


def test_a_suspension_within_a_dose_takes_nothing_of_it() -> None:
    made = treatments(basal(50, 0.1), marker("LOW_GLUCOSE_SUSPENDED", 48), basal(40, 0.1))
    assert [(minutes_ago_of(one), one["absolute"], one["duration"]) for one in made] == [
        (50, 1.2, 5),
        (45, 0, 5),
        (40, 1.2, 5),
    ]


def test_a_suspension_that_lasts_goes_to_what_is_known() -> None:
    [made] = treatments(marker("LOW_GLUCOSE_SUSPENDED", 30), marker("LOW_GLUCOSE_SUSPENDED", 25))
    assert (made["absolute"], made["duration"]) == (0, 29.5)


@pytest.mark.parametrize(
    "ends",
    [
        insulin(40, 0.5),
        marker("LOW_GLUCOSE_SUSPENDED", 40, deliverySuspended="false"),
        basal(40, 0.1),
    ],
)
def test_a_suspension_ends_when_the_pump_gives_or_says_so(ends: Any) -> None:
    made = treatments(marker("LOW_GLUCOSE_SUSPENDED", 50), ends)
    first = next(one for one in made if one["eventType"] == "Temp Basal")
    assert (first["absolute"], first["duration"]) == (0, 10)


def test_no_suspension_lasts_longer_than_the_pump_allows() -> None:
    made = treatments(marker("LOW_GLUCOSE_SUSPENDED", 300))
    assert sum(one["duration"] for one in made) == 120


# Sticks


def test_a_finger_stick_is_an_entry_and_a_treatment() -> None:
    found = page_for(payload(marker("BG_READING", 30, unitValue="127", bgUnits="MG_DL")))
    [entry], [check] = found.documents["entries"], found.documents["treatments"]
    assert (entry["type"], entry["mbg"], entry["date"]) == ("mbg", 127, START_MS - 30 * MINUTE_MS)
    assert (check["eventType"], check["glucose"], check["glucoseType"]) == ("BG Check", 127, "Finger")
    assert check["units"] == "mg/dl"


@pytest.mark.parametrize(
    ("values", "more", "mgdl"),
    [
        ({"value": 127}, {}, 127),
        ({"unitValue": "7.1", "bgUnits": "MMOL_L"}, {}, 128),
        ({"value": 7.1}, {}, 128),
        ({"value": 7}, {"bgUnits": "MMOL_L"}, 126),
        ({"value": 127}, {"bgUnits": "MMOL_L"}, 127),
        ({"value": 38}, {"bgUnits": "MG_DL"}, 38),
        ({"value": "7,1"}, {"bgunits": "MMOL_L"}, 128),
    ],
)
def test_a_stick_is_mgdl_in_whatever_unit_it_comes(values: dict[str, Any], more: dict[str, Any], mgdl: int) -> None:
    [entry] = page_for(payload(marker("BG", 30, **values), **more)).documents["entries"]
    assert entry["mbg"] == mgdl


def test_a_calibration_is_a_stick_and_says_so() -> None:
    taken, refused = treatments(
        marker("CALIBRATION", 60, value=110, calibrationSuccess=True),
        marker("CALIBRATION", 30, value=90, calibrationSuccess="false"),
    )
    assert (taken["notes"], refused["notes"]) == ("Calibration", "Calibration, not accepted")


def test_a_stick_that_also_calibrated_is_one() -> None:
    found = page_for(payload(marker("BG_READING", 30.3, value=110), marker("CALIBRATION", 30, value=110)))
    [entry], [check] = found.documents["entries"], found.documents["treatments"]
    assert entry["mbg"] == 110
    assert check["notes"] == "Calibration"
    both = page_for(payload(marker("BG_READING", 30.3, value=110), marker("CALIBRATION", 30, value=111)))
    assert len(both.documents["entries"]) == 2


# Alarms

ALERT = {
    "faultId": 816,
    "GUID": "AAAA",
    "type": "ALERT",
    "messageId": "BC_SID_LOW_SG_INSULIN_DELIVERY_SUSPENDED",
    "dateTime": local(30),
}


def test_an_alert_is_a_note_with_its_number_and_words() -> None:
    [made] = treatments(lastAlarm=ALERT)
    assert (made["eventType"], made["faultId"]) == ("Note", 816)
    assert made["notes"] == "Pump alert 816: low sg insulin delivery suspended"
    assert minutes_ago_of(made) == 30


def test_an_alarm_is_announced() -> None:
    [made] = treatments(lastAlarm={**ALERT, "type": "ALARM"})
    assert made["eventType"] == "Announcement"


def test_an_alarm_is_told_once_wherever_it_is_listed() -> None:
    cleared = {**ALERT, "GUID": "BBBB", "referenceGUID": "AAAA", "triggeredDateTime": local(30), "dateTime": local(10)}
    listed = {"activeNotifications": [ALERT], "clearedNotifications": [cleared]}
    [made] = treatments(lastAlarm=ALERT, notificationHistory=listed)
    [active] = treatments(lastAlarm=ALERT)
    assert made == active


def test_alarms_without_an_id_go_by_time_and_number() -> None:
    one = {"faultId": 1, "dateTime": local(30)}
    two = {"faultId": 2, "dateTime": local(30)}
    listed = {"activeNotifications": [one, two, dict(one)]}
    assert len(treatments(notificationHistory=listed)) == 2


def test_an_alarm_of_an_old_server_is_read() -> None:
    [made] = treatments(lastAlarm={"code": 103, "datetime": local(30), "type": "PUMP", "kind": "ALARM"})
    assert made["notes"] == "Pump notice 103"


def test_bad_alarms_cost_themselves_alone() -> None:
    listed = {"activeNotifications": [None, {"faultId": 1}, ALERT], "clearedNotifications": 7}
    found = page_for(payload(notificationHistory=listed))
    assert len(found.documents["treatments"]) == 1
    assert len(found.unusable) == 2


# Status

STATUS = {
    "activeInsulin": {"amount": 2.1, "datetime": local(2)},
    "reservoirRemainingUnits": "140.2",
    "pumpBatteryLevelPercent": 75,
    "conduitBatteryLevel": 55,
    "gstBatteryLevel": 255,
    "conduitInRange": True,
    "pumpSuspended": False,
    "pumpModelNumber": "MMT-1886",
    "sensorDurationHours": 100,
    "therapyAlgorithmState": {"autoModeShieldState": "AUTO_BASAL", "safeBasalDuration": 0, "more": {}},
    "medicalDeviceTime": str(START_MS - 2 * MINUTE_MS + HOUR_MS),
}


def test_pump_phone_and_sensor_say_how_they_are() -> None:
    [made] = page_for(payload(**STATUS)).documents["devicestatus"]
    assert made["created_at"] == "2026-11-21T09:59:30.000Z"
    assert made["device"] == "nightlight-carelink"
    assert made["pump"] == {
        "clock": "2026-11-21T09:58:00.000Z",
        "reservoir": 140.2,
        "battery": {"percent": 75},
        "status": {"status": "normal", "suspended": False},
        "iob": {"bolusiob": 2.1, "timestamp": "2026-11-21T09:58:00.000Z"},
        "manufacturer": "Medtronic",
        "model": "MMT-1886",
    }
    assert made["uploader"] == {"battery": 55}
    assert made["connect"] == {
        "medicalDeviceFamily": "NGP",
        "sensorDurationHours": 100,
        "conduitInRange": True,
        "therapyAlgorithmState": {"autoModeShieldState": "AUTO_BASAL", "safeBasalDuration": 0},
    }


def test_one_upload_has_one_status_however_often_it_is_fetched() -> None:
    told = payload(**STATUS)
    first = page_for(told).documents["devicestatus"]
    later = page_for({**told, "currentServerTime": START_MS + MINUTE_MS}, now_ms=START_MS + MINUTE_MS)
    assert later.documents["devicestatus"] == first


@pytest.mark.parametrize(
    ("told", "part"),
    [
        ({"activeInsulin": {"amount": -1, "datetime": local(2)}}, "iob"),
        ({"activeInsulin": {"amount": None}}, "iob"),
        ({"reservoirRemainingUnits": -1}, "reservoir"),
        ({"pumpBatteryLevelPercent": 255}, "battery"),
        ({"pumpSuspended": None}, "status"),
    ],
)
def test_what_is_unknown_is_not_said(told: dict[str, Any], part: str) -> None:
    [made] = page_for(payload(**told)).documents["devicestatus"]
    assert part not in made["pump"]


def test_the_older_names_are_read() -> None:
    told = payload(medicalDeviceBatteryLevelPercent=60, medicalDeviceSuspended=True)
    [made] = page_for(told).documents["devicestatus"]
    assert made["pump"]["battery"] == {"percent": 60}
    assert made["pump"]["status"] == {"status": "suspended", "suspended": True}


@pytest.mark.parametrize("family", ["GUARDIAN", "CGM"])
def test_a_sensor_alone_has_no_pump(family: str) -> None:
    [made] = page_for(payload(**STATUS, medicalDeviceFamily=family)).documents["devicestatus"]
    assert "pump" not in made
    assert made["uploader"] == {"battery": 55}


def test_nobodys_name_or_serial_number_is_kept() -> None:
    told = payload(
        **STATUS, firstName="marker", lastName="marker", medicalDeviceSerialNumber="marker", sgs=[sg(118, 1)]
    )
    assert "marker" not in repr(page_for(told).documents)
