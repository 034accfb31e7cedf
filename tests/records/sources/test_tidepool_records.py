"""Tidepool's records as documents: which record is which, where it came from, readings, and events of devices."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.glucose.sentinels import Sense, sense_of
from app.glucose.units import MGDL_PER_MMOLL
from app.records.sources.documents import BadRecord
from app.records.sources.kinds import COLLECTIONS, KINDS, kind_of
from app.records.sources.sameness import brand_of
from app.records.sources.tidepool.glucose import mgdl_in
from app.records.sources.tidepool.reading import TYPES, Made, Reading
from app.store.interface import Document
from tests.clocks import START_MS

MINUTE_MS = 60_000
BERLIN = ZoneInfo("Europe/Berlin")
AT_MS = START_MS - 60 * MINUTE_MS


def in_berlin(at_ms: int) -> tzinfo:
    return BERLIN


def record(type: str, **fields: Any) -> dict[str, Any]:
    made = {"type": type, "id": "r1", "time": iso_of(AT_MS), "deviceId": "DexG6_8ABCDE", **fields}
    return {name: value for name, value in made.items() if value is not ...}


def made_of(*records: Any, knows_profile: bool = True, **options: Any) -> list[Made]:
    reading = Reading(START_MS, in_berlin, knows_profile=knows_profile, **options)
    for one in records:
        reading.see(one)
    made = [each for one in records for each in reading.documents(one)]
    return [*made, *reading.rest()]


def documents_of(*records: Any, **options: Any) -> list[Document]:
    return [made.document for made in made_of(*records, **options)]


def document_of(type: str, **fields: Any) -> Document:
    [document] = documents_of(record(type, **fields))
    return document


def reading_of(value: Any, units: Any = "mmol/L", **fields: Any) -> Document:
    return document_of("cbg", value=value, units=units, **fields)


def test_a_reading_has_its_moment_value_device_and_offset() -> None:
    assert reading_of(7.10496, timezoneOffset=60) == {
        "type": "sgv",
        "sgv": 128,
        "date": AT_MS,
        "dateString": iso_of(AT_MS),
        "sysTime": iso_of(AT_MS),
        "device": "nightlight-tidepool Dexcom G6",
        "identifier": reading_of(9)["identifier"],
        "utcOffset": 60,
    }


@given(st.integers(13, 1000))
def test_whole_mgdl_survive_the_way_through_mmoll(mgdl: int) -> None:
    assert mgdl_in(mgdl / MGDL_PER_MMOLL, "mmol/L") == mgdl
    assert mgdl_in(mgdl, "mg/dL") == mgdl
    assert mgdl_in(str(mgdl), "mg/dL") == mgdl


@pytest.mark.parametrize(
    ("value", "units", "mgdl"),
    [
        (7.1, "mmol/l", 128),
        (7.1, "mmol", 128),
        (7.1, None, 128),
        (7.1, 7, 128),
        (33.3, "", 600),
        (36, None, 36),
        (39, None, 39),
        (120, None, 120),
        (35.5, "mmol/L", 640),
        ("7.1", "mmol/L", 128),
    ],
)
def test_a_unit_that_is_missing_is_seen_from_the_number(value: Any, units: Any, mgdl: int) -> None:
    assert mgdl_in(value, units) == mgdl


@pytest.mark.parametrize("value", [None, "", "high", 0, -5, True, [7], {"value": 7}, float("nan"), float("inf"), 120])
def test_what_is_no_glucose_is_left_out(value: Any) -> None:
    with pytest.raises(BadRecord):
        reading_of(value, "mmol/L")


@pytest.mark.parametrize(
    ("value", "side", "sense"),
    [
        (39, "low", Sense.LOW),
        (40, "low", Sense.LOW),
        (20, "low", Sense.LOW),
        (9, "low", Sense.LOW),
        (400, "high", Sense.HIGH),
        (401, "high", Sense.HIGH),
        (500, "high", Sense.HIGH),
        (600, "high", Sense.HIGH),
    ],
)
@pytest.mark.parametrize("type", ["cbg", "smbg"])
def test_below_and_above_what_a_device_measures_is_never_a_number(
    type: str, value: int, side: str, sense: Sense
) -> None:
    notes = [{"code": "something/else"}, {"code": "bg/out-of-range", "threshold": 40, "value": side}]
    entry = documents_of(record(type, value=value / MGDL_PER_MMOLL, units="mmol/L", annotations=notes))[0]
    assert sense_of(entry["sgv" if type == "cbg" else "mbg"]) is sense


@pytest.mark.parametrize("notes", [None, [], "bg/out-of-range", [None, 7, {"code": "bg/out-of-range"}], {"code": 1}])
def test_other_annotations_change_nothing(notes: Any) -> None:
    assert reading_of(7.1, annotations=notes)["sgv"] == 128


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ({"payload": {"trend": "flat", "trendRate": 0.2}}, "Flat"),
        ({"payload": {"trend": "singleUp"}}, "SingleUp"),
        ({"payload": {"trend": "fortyFiveDown"}}, "FortyFiveDown"),
        ({"payload": {"trend": "notComputable"}}, "NOT COMPUTABLE"),
        ({"payload": {"trend": "rateOutOfRange"}}, "RATE OUT OF RANGE"),
        ({"payload": {"trend": "none"}}, "NONE"),
        ({"payload": {"trend": "sideways"}}, "NONE"),
        ({"payload": {"trend": "flat", "transmitterId": "x"}, "deviceId": "unknown"}, "Flat"),
        ({"payload": {"trend": "flat"}, "deviceId": "MMT-1780"}, None),
        ({"payload": {"trend": 4}}, None),
        ({"payload": "{}"}, None),
        ({}, None),
        ({"trend": "rapidFall", "deviceId": "Loop"}, "DoubleDown"),
        ({"trend": "constant", "deviceId": "Loop"}, "Flat"),
        ({"trend": "unheard", "deviceId": "Loop"}, None),
    ],
)
def test_a_trend_is_told_only_where_its_words_are_known(fields: dict[str, Any], direction: str | None) -> None:
    assert reading_of(7.1, **fields).get("direction") == direction


def test_a_finger_stick_is_an_entry_and_a_treatment_and_never_a_sensors_reading() -> None:
    entry, check = documents_of(record("smbg", value=7.1, units="mmol/L", subType="linked"))
    assert (entry["type"], entry["mbg"], "sgv" in entry) == ("mbg", 128, False)
    assert (check["eventType"], check["glucose"], check["glucoseType"], check["units"]) == (
        "BG Check",
        128,
        "Finger",
        "mg/dl",
    )
    assert entry["identifier"] != check["identifier"]
    assert documents_of(record("smbg", value=7.1, subType="scanned"))[1]["glucoseType"] == "Sensor"


def test_a_calibration_is_a_finger_stick_unless_it_was_told_already() -> None:
    calibration = record("deviceEvent", id="c1", subType="calibration", value=7.1, units="mmol/L")
    [entry] = documents_of(calibration)
    assert (entry["type"], entry["mbg"]) == ("mbg", 128)
    before = record("smbg", time=iso_of(AT_MS - 4 * MINUTE_MS), value=7.1, units="mmol/L")
    assert len(documents_of(calibration, before)) == 2
    for other in (before | {"time": iso_of(AT_MS - 20 * MINUTE_MS)}, before | {"value": 7.3}):
        assert len(documents_of(calibration, other)) == 3


def test_ketones_are_noted() -> None:
    assert document_of("bloodKetone", value=1.25, units="mmol/L")["notes"] == "Ketones 1.2 mmol/L"
    with pytest.raises(BadRecord):
        document_of("bloodKetone", value="lots")


@pytest.mark.parametrize(
    ("written", "at_ms", "offset_min"),
    [
        ("2026-11-21T09:00:00.000Z", AT_MS, None),
        ("2026-11-21T09:00:00Z", AT_MS, None),
        ("2026-11-21T19:00:00.000+10:00", AT_MS, 600),
        ("2026-11-21T01:00:00-0800", AT_MS, -480),
        ("2026-11-21T14:45:00.123456+05:45", AT_MS + 123, 345),
    ],
)
def test_times_are_instants_whatever_offset_they_are_written_in(
    written: str, at_ms: int, offset_min: int | None
) -> None:
    entry = reading_of(7.1, time=written)
    assert (entry["date"], entry.get("utcOffset")) == (at_ms, offset_min)


@pytest.mark.parametrize(
    ("offset", "kept"),
    [(60, 60), (-210.0, -210), ("-300", -300), (None, None), (5000, None), ("x", None), (True, None)],
)
def test_the_offset_of_the_record_is_kept_where_a_zone_has_it(offset: Any, kept: int | None) -> None:
    assert reading_of(7.1, timezoneOffset=offset).get("utcOffset") == kept


@pytest.mark.parametrize(
    "time", [None, "", "soon", 17, "1999-01-01T00:00:00Z", iso_of(START_MS + 6 * MINUTE_MS), ["2026-11-21T09:00:00Z"]]
)
@pytest.mark.parametrize("type", ["cbg", "bolus", "basal", "food", "deviceEvent"])
def test_a_record_without_a_moment_or_from_another_age_is_left_out(type: str, time: Any) -> None:
    with pytest.raises(BadRecord):
        document_of(type, time=time, value=7.1, normal=1, rate=1, duration=1)


def test_a_record_is_the_same_by_its_id_and_another_by_its_moment() -> None:
    one = reading_of(7.1)["identifier"]
    assert reading_of(9.9, guid="g", deviceId="other", time="2026-11-21T10:00:00.900+01:00")["identifier"] == one
    others = [
        reading_of(7.1, id="r2"),
        reading_of(7.1, time=iso_of(AT_MS + 1000)),
        reading_of(7.1, id=..., guid="g"),
        reading_of(7.1, id=...),
        reading_of(7.1, id="", guid=" "),
        reading_of(7.1, id=7, deviceId="other"),
        document_of("food", nutrition={"carbohydrate": {"net": 3}}),
    ]
    names = [one, *(other["identifier"] for other in others)]
    assert names[4] == names[5]
    assert len(set(names)) == len(names) - 1


def test_without_an_id_the_guid_and_without_both_moment_device_and_subtype_tell_records_apart() -> None:
    def primed(**fields: Any) -> str:
        told = {"id": ..., "primeTarget": "cannula", "subType": "prime", **fields}
        name: str = document_of("deviceEvent", **told)["identifier"]
        return name

    assert primed(guid="g", deviceId="a") == primed(guid="g", deviceId="b")
    assert primed() == primed(payload={"any": 1})
    assert len({primed(), primed(guid="g"), primed(deviceId="b"), primed(subType="reservoirChange")}) == 4


@pytest.mark.parametrize(
    ("fields", "device", "brand"),
    [
        ({"deviceId": "DexG6_8ABCDE"}, "nightlight-tidepool Dexcom G6", "dexcom"),
        ({"deviceId": "DexG5MobRec_SM12345"}, "nightlight-tidepool Dexcom G5", "dexcom"),
        ({"deviceId": "Dexcom G7 8ABCDE"}, "nightlight-tidepool Dexcom G7", "dexcom"),
        ({"deviceId": "DexHealthKit_Dexcom:com.dexcom.CGM"}, "nightlight-tidepool Dexcom", "dexcom"),
        ({"deviceId": "AbbottFreeStyleLibre2-ABC"}, "nightlight-tidepool FreeStyle Libre", "libre"),
        ({"deviceId": "MMT-1780:NG1234567H"}, "nightlight-tidepool Medtronic", "medtronic"),
        ({"deviceId": "SenseonicsEversense"}, "nightlight-tidepool Eversense", "eversense"),
        ({"deviceId": "tandem12345"}, "nightlight-tidepool", ""),
        ({"deviceId": None}, "nightlight-tidepool", ""),
        (
            {"deviceId": "x", "origin": {"name": "com.dexcom.G6", "type": "application"}},
            "nightlight-tidepool Dexcom G6",
            "dexcom",
        ),
        ({"deviceId": "x", "origin": {"name": "com.loopkit.Loop"}}, "nightlight-tidepool via Loop", ""),
        (
            {"deviceId": "Dexcom G6 21.0", "origin": {"name": "com.loopkit.Loop"}},
            "nightlight-tidepool Dexcom G6 via Loop",
            "dexcom",
        ),
        ({"deviceId": "x", "origin": {"name": "org.tidepool.Loop"}}, "nightlight-tidepool via Tidepool Loop", ""),
        ({"deviceId": "x", "origin": {"name": "info.nightscout.androidaps"}}, "nightlight-tidepool via AndroidAPS", ""),
        ({"deviceId": "x", "origin": {"name": "AAPS"}}, "nightlight-tidepool via AndroidAPS", ""),
        ({"deviceId": "x", "origin": {"name": "xDrip"}}, "nightlight-tidepool via xDrip", ""),
        ({"deviceId": "x", "origin": {"name": "org.nightscout.ABC.trio"}}, "nightlight-tidepool via Trio", ""),
        ({"deviceId": "x", "origin": {"name": "com.apple.HealthKit"}}, "nightlight-tidepool via Apple Health", ""),
        ({"deviceId": "x", "origin": {"name": "com.maker.app"}}, "nightlight-tidepool via com.maker.app", ""),
        ({"deviceId": "x", "origin": {"name": "iPhone of Ada"}}, "nightlight-tidepool", ""),
        ({"deviceId": "x", "origin": "com.loopkit.Loop"}, "nightlight-tidepool", ""),
        (
            {
                "deviceId": "HealthKit",
                "origin": {
                    "payload": {
                        "sourceRevision": {"source": {"name": "Ada's iPhone", "bundleIdentifier": "com.dexcom.G7"}},
                        "device": {"manufacturer": "Dexcom", "model": "G7"},
                    }
                },
            },
            "nightlight-tidepool Dexcom G7",
            "dexcom",
        ),
    ],
)
def test_the_device_names_sensor_and_app_so_that_brands_match(fields: dict[str, Any], device: str, brand: str) -> None:
    found = reading_of(7.1, **fields)["device"]
    assert found == device
    assert brand_of(found) == brand


def test_a_treatment_names_the_app_it_came_from() -> None:
    origin = {"name": "com.loopkit.Loop"}
    carbs = {"carbohydrate": {"net": 15}}
    assert document_of("food", nutrition=carbs, origin=origin)["enteredBy"] == "nightlight-tidepool via Loop"
    assert document_of("food", nutrition=carbs)["enteredBy"] == "nightlight-tidepool"


@pytest.mark.parametrize(
    ("fields", "event_type", "notes"),
    [
        ({"subType": "prime", "primeTarget": "cannula", "volume": 0.5}, "Site Change", None),
        ({"subType": "reservoirChange", "status": {"subType": "status"}}, "Insulin Change", None),
        ({"subType": "alarm", "alarmType": "low_insulin"}, "Note", "Alarm: low insulin"),
        ({"subType": "alarm", "alarmType": "OCCLUSION"}, "Note", "Alarm: occlusion"),
        (
            {"subType": "alarm", "alarmType": "other", "payload": {"alarm_type": "pumpReset"}},
            "Note",
            "Alarm: pump reset",
        ),
        ({"subType": "alarm"}, "Note", "Alarm: unknown"),
        (
            {"subType": "status", "status": "suspended", "reason": {"suspended": "automatic"}},
            "Note",
            "Pump suspended (automatic)",
        ),
        ({"subType": "status", "status": "resumed", "reason": "manual"}, "Note", "Pump resumed"),
        (
            {"subType": "timeChange", "change": {"from": "2026-03-29T02:00:05", "to": "2026-03-29T03:00:05"}},
            "Note",
            "Clock of the device was set: from 2026-03-29 02:00 to 2026-03-29 03:00",
        ),
        ({"subType": "timeChange"}, "Note", "Clock of the device was set"),
        (
            {"subType": "pumpSettingsOverride", "overrideType": "physicalActivity"},
            "Note",
            "Pump settings overridden: physical activity",
        ),
    ],
)
def test_events_of_a_device(fields: dict[str, Any], event_type: str, notes: str | None) -> None:
    found = document_of("deviceEvent", **fields)
    assert (found["eventType"], found.get("notes")) == (event_type, notes)


@pytest.mark.parametrize(
    "fields",
    [
        {"subType": "prime", "primeTarget": "tubing"},
        {"subType": "prime"},
        {"subType": "status", "status": "pondering"},
        {"subType": "status", "status": {"id": "x"}},
        {"subType": "somethingNew"},
        {"subType": None},
        {"subType": ["prime"]},
        {},
    ],
)
def test_events_of_no_use_are_passed_over(fields: dict[str, Any]) -> None:
    assert documents_of(record("deviceEvent", **fields)) == []


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ({"value": 30, "units": "minutes"}, 30),
        ({"value": 1.5, "units": "hours"}, 90),
        ({"value": 90, "units": "seconds"}, 1.5),
        (1_800_000, 30),
        ({"value": 30, "units": "fortnights"}, None),
        ({"value": "long"}, None),
        ({"value": 40, "units": "days"}, None),
        (None, None),
    ],
)
def test_sports_last_as_long_as_their_unit_says(duration: Any, minutes: float | None) -> None:
    found = document_of("physicalActivity", duration=duration, name="Run", reportedIntensity="high")
    assert (found["eventType"], found.get("duration"), found["notes"]) == ("Exercise", minutes, "Run, high")


@pytest.mark.parametrize("found", [None, 7, "cbg", [], [{}]])
def test_what_is_no_record_is_said(found: Any) -> None:
    with pytest.raises(BadRecord):
        documents_of(found)


@pytest.mark.parametrize("type", ["upload", "cgmSettings", "dosingDecision", "somethingNew", None, 7, ["cbg"]])
def test_types_of_no_use_are_passed_over_whatever_is_in_them(type: Any) -> None:
    assert documents_of({"type": type, "time": 7}) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    *("value", "units", "subType", "deliveryType", "normal", "extended", "duration", "rate", "percent", "suppressed"),
    *("bolus", "carbInput", "nutrition", "origin", "payload", "annotations", "timezoneOffset", "id", "guid", "dose"),
    *("change", "reason", "basalSchedules", "bgTarget", "bgTargets", "carbRatio", "activeSchedule", "time", "trend"),
)


@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(NAMES), anything, max_size=8),
    st.sampled_from(["normal", "temp", "prime", "calibration", "status", "timeChange", "alarm"]),
)
def test_whatever_is_in_a_record_it_is_a_document_or_is_said(type: str, fields: dict[str, Any], sub_type: str) -> None:
    told = {"type": type, "time": iso_of(AT_MS), "subType": sub_type, "deliveryType": sub_type, **fields}
    reading = Reading(START_MS, in_berlin, knows_profile=False)
    reading.see(told)
    try:
        made = [*reading.documents(told), *reading.rest()]
        reading.settings(told)
    except BadRecord:
        return
    for one in made:
        assert one.collection in COLLECTIONS
        assert one.document["identifier"]
        assert kind_of(one.collection, one.document) in KINDS
