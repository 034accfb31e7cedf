"""A rig's files: what a pump wrote as several records is one act again, and no dose is lost or counted twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import iso_of
from app.importers.bounded import Opened
from app.importers.format import Unreadable
from app.importers.openaps.format import OpenapsFiles
from app.records.sources.documents import ms_of
from app.store.interface import Document
from tests.importers.conftest import Bringing, MakeFile, Reading, read_with
from tests.importers.databases_made import zipped

FORMAT = OpenapsFiles()
AT_MS = 1_773_468_000_000  # 2026-03-14T06:00:00Z, 07:00 in Berlin
MINUTE = 60_000


def zoned(minutes: float) -> str:
    return iso_of(AT_MS + 60 * MINUTE + int(minutes * MINUTE))[:19] + "+01:00"


def wall(minutes: float) -> str:
    return iso_of(AT_MS + 60 * MINUTE + int(minutes * MINUTE))[:19]


def pump(kind: str, minutes: float, time: Any = zoned, /, **fields: Any) -> dict[str, Any]:
    return {"_type": kind, "timestamp": time(minutes), **fields}


def temp(minutes: float, rate: float, length: int, time: Any = zoned, kind: str = "absolute") -> list[dict[str, Any]]:
    return [
        pump("TempBasalDuration", minutes, time, **{"duration (min)": length}),
        pump("TempBasal", minutes, time, rate=rate, temp=kind),
    ]


def history(*events: dict[str, Any]) -> bytes:
    """A pump history as a rig keeps it, newest first."""
    return json.dumps(sorted(events, key=lambda one: one["timestamp"], reverse=True)).encode()


def reading(minutes: float, mgdl: int, **more: Any) -> dict[str, Any]:
    at_ms = AT_MS + int(minutes * MINUTE)
    return {
        **{"date": at_ms, "dateString": iso_of(at_ms), "sgv": mgdl, "glucose": mgdl, "type": "sgv"},
        **{"display_time": wall(minutes), "system_time": wall(minutes + 300), "direction": "Flat", "noise": 1},
        **more,
    }


DAY = (
    pump("Bolus", 10, amount=3.5, programmed=3.5, unabsorbed=0, duration=0),
    pump("BolusWizard", 10.5, carb_input=45, carb_ratio=10, bg=120, units="mgdl"),
    pump("Bolus", 30, amount=1.2, programmed=1.2, duration=0),
    pump("Bolus", 40, amount=2, programmed=2, duration=90),
    pump("BolusWizard", 60, carb_input=15, carb_ratio=10),
    pump("JournalEntryMealMarker", 70, carb_input=8),
    *temp(80, 1.85, 30),
    *temp(90, 0, 0),
    *temp(100, 150, 60, kind="percent"),
    pump("PumpSuspend", 120),
    pump("PumpResume", 165),
    pump("Rewind", 200),
    pump("Prime", 203, type="manual", amount=8.5),
    pump("Prime", 206, type="fixed", amount=0.3),
    pump("CalBGForPH", 220, amount=117),
    pump("BGReceived", 219, amount=117),
    pump("LowBattery", 230),
    pump("ChangeTime", 231),
)


def told(document: Document) -> tuple[object, ...]:
    at_ms = ms_of(document.get("date") or document.get("created_at")) or 0
    names = ("eventType", "insulin", "carbs", "absolute", "percent", "duration", "notes")
    return (round((at_ms - AT_MS) / MINUTE, 2), *(document.get(name) for name in names))


def treatments(reading: Reading) -> list[tuple[object, ...]]:
    return [told(one) for one in reading.of("treatments")]


EXPECTED = [
    (10, "Meal Bolus", 3.5, 45, None, None, None, None),
    (30, "Correction Bolus", 1.2, None, None, None, None, None),
    (40, "Combo Bolus", 0, None, None, None, 90, None),
    (60, "Carb Correction", None, 15, None, None, None, None),
    (70, "Carb Correction", None, 8, None, None, None, None),
    (80, "Temp Basal", None, None, 1.85, None, 30, None),
    (90, "Temp Basal", None, None, None, None, 0, None),
    (100, "Temp Basal", None, None, None, 50, 60, None),
    (120, "Temp Basal", None, None, 0, None, 45, None),
    (200, "Insulin Change", None, None, None, None, None, None),
    (206, "Site Change", None, None, None, None, None, None),
    (219, "BG Check", None, None, None, None, None, None),
]


def test_what_a_day_of_a_pump_becomes(file: MakeFile) -> None:
    result = read_with(FORMAT, file(history(*DAY), "pumphistory-24h-zoned.json"))
    assert treatments(result) == EXPECTED
    assert [(one["mbg"], one["type"]) for one in result.of("entries")] == [(117, "mbg")]
    assert result.said == ["Records of the pump that are not imported: ChangeTime, LowBattery."]
    assert result.rejected == []
    (combo,) = [one for one in result.of("treatments") if one["eventType"] == "Combo Bolus"]
    assert (combo["enteredinsulin"], combo["splitExt"]) == (2, 100)


def test_the_sum_of_insulin_and_carbs_is_that_of_the_file(file: MakeFile) -> None:
    result = read_with(FORMAT, file(history(*DAY)))
    given_u = sum(one.get("enteredinsulin") or one.get("insulin") or 0 for one in result.of("treatments"))
    assert given_u == pytest.approx(3.5 + 1.2 + 2)
    assert sum(one.get("carbs") or 0 for one in result.of("treatments")) == 45 + 15 + 8


def test_a_pump_without_a_zone_is_placed_by_the_persons(file: MakeFile) -> None:
    plain = [{**one, "timestamp": one["timestamp"][:19]} for one in DAY]
    opened = file(history(*plain))
    assert FORMAT.survey(opened).local_times
    assert not FORMAT.survey(file(history(*DAY))).local_times
    assert treatments(read_with(FORMAT, opened)) == EXPECTED


def test_the_night_on_which_the_clocks_went_back_is_read_newest_first(file: MakeFile) -> None:
    night = [f"2026-10-25T{time}" for time in ("04:00:00", "02:30:00", "02:10:00", "02:40:00", "02:20:00", "01:00:00")]
    raw = json.dumps([{"_type": "Bolus", "timestamp": at, "amount": 1 + n} for n, at in enumerate(night)])
    result = read_with(FORMAT, file(raw))
    found = {one["insulin"]: one["created_at"][11:16] for one in result.of("treatments")}
    assert found == {1: "03:00", 2: "01:30", 3: "01:10", 4: "00:40", 5: "00:20", 6: "23:00"}
    assert "came twice" in result.said[0]


def test_a_suspend_nobody_ended_is_a_note(file: MakeFile) -> None:
    result = read_with(FORMAT, file(history(pump("PumpSuspend", 0), pump("PumpSuspend", 30), pump("PumpResume", 40))))
    assert treatments(result) == [
        (0, "Note", None, None, None, None, None, "Pump suspended"),
        (30, "Temp Basal", None, None, 0, None, 10, None),
    ]


def test_a_cannula_filled_without_a_rewind_is_a_site_change(file: MakeFile) -> None:
    primes = [pump("Prime", 0, type="fixed"), pump("Prime", 10, type="fixed"), pump("Prime", 300, type="manual")]
    assert treatments(read_with(FORMAT, file(history(*primes)))) == [(0, "Site Change", *[None] * 6)]


def test_readings_are_at_their_date_whatever_the_rigs_clock_says(file: MakeFile) -> None:
    raw = json.dumps(
        [reading(5, 128), reading(0, 120, sgv=None), reading(-5, 5), reading(-10, 0), {"sgv": 120, "date": 0}]
    )
    result = read_with(FORMAT, file(raw, "glucose.json"))
    entries = result.of("entries")
    assert [(one["sgv"], (one["date"] - AT_MS) / MINUTE, one["direction"], one["noise"]) for one in entries] == [
        (128, 5, "Flat", 1),
        (120, 0, "Flat", 1),
    ]
    assert {one["utcOffset"] for one in entries} == {60}
    assert [one.why for one in result.rejected] == [
        "5 is an error code of the sensor, and no glucose",
        "it has no time",
    ]


SUGGESTED = {"reason": "COB: 0", "bg": 120, "eventualBG": 110, "rate": 0.9, "duration": 30, "deliverAt": zoned(0)}
ENACTED = {**SUGGESTED, "timestamp": zoned(0.5), "recieved": True}
IOB = [
    {"iob": 1.25, "activity": 0.01, "basaliob": 0.2, "time": zoned(0)},
    {"iob": 1.2, "activity": 0.01, "time": zoned(5)},
]


def test_what_a_loop_decided_is_one_device_status(file: MakeFile) -> None:
    made = zipped(
        {
            "enact/suggested.json": json.dumps(SUGGESTED).encode(),
            "enact/enacted.json": json.dumps(ENACTED).encode(),
            "monitor/iob.json": json.dumps(IOB).encode(),
        }
    )
    (status,) = read_with(FORMAT, file(made)).of("devicestatus")
    assert status["created_at"] == iso_of(AT_MS)
    assert status["openaps"]["suggested"]["timestamp"] == zoned(0)
    assert status["openaps"]["enacted"]["recieved"]
    assert status["openaps"]["iob"]["iob"] == 1.25
    assert status["device"].startswith("openaps://")


PROFILE = {
    "dia": 6,
    "carb_ratio": 10,
    "sens": 45,
    "basalprofile": [
        {"i": 0, "start": "00:00:00", "minutes": 0, "rate": 0.8},
        {"i": 1, "start": "06:30:00", "minutes": 390, "rate": 1.1},
    ],
    "bg_targets": {"units": "mg/dL", "targets": [{"start": "00:00:00", "offset": 0, "low": 100, "high": 110}]},
    "isfProfile": {"units": "mg/dL", "sensitivities": [{"offset": 0, "sensitivity": 45, "endOffset": 1440}]},
    "carb_ratios": {"units": "grams", "schedule": [{"start": "00:00:00", "offset": 0, "ratio": 10}]},
}


def test_settings_become_a_profile_once_their_date_is_known(file: MakeFile) -> None:
    opened = file(json.dumps(PROFILE), "profile.json")
    questions = {one.name: one.proposed for one in FORMAT.survey(opened).questions}
    assert questions == {"profile_since": ""}
    without = read_with(FORMAT, opened)
    assert without.found == []
    assert "not known since when" in without.said[0]
    (profile,) = read_with(FORMAT, opened, profile_since="2026-03-14").of("profile")
    assert profile["startDate"] == "2026-03-13T23:00:00.000Z"
    store = profile["store"][profile["defaultProfile"]]
    assert [(one["time"], one["value"]) for one in store["basal"]] == [("00:00", 0.8), ("06:30", 1.1)]
    assert (store["sens"][0]["value"], store["carbratio"][0]["value"], store["dia"]) == (45, 10, 6)
    assert (store["target_low"][0]["value"], store["target_high"][0]["value"]) == (100, 110)
    assert store["timezone"] == "Europe/Berlin"
    assert read_with(FORMAT, opened, profile_since="some day").rejected[0].why == "'some day' is no date and time"


def test_settings_in_files_of_their_own_are_one_profile_in_mgdl(file: MakeFile) -> None:
    made = zipped(
        {
            "settings/basal_profile.json": json.dumps(PROFILE["basalprofile"]).encode(),
            "settings/bg_targets.json": json.dumps(
                {"units": "mmol/L", "targets": [{"start": "00:00:00", "low": 5.5, "high": 6}]}
            ).encode(),
            "settings/insulin_sensitivities.json": json.dumps(
                {"units": "mmol/L", "sensitivities": [{"start": "00:00:00", "sensitivity": 2.5}]}
            ).encode(),
            "settings/carb_ratios.json": json.dumps(PROFILE["carb_ratios"]).encode(),
            "monitor/glucose.json": json.dumps([reading(0, 120)]).encode(),
        }
    )
    questions = {one.name: one.proposed for one in FORMAT.survey(file(made)).questions}
    assert questions["profile_since"] == "2026-03-14"
    (profile,) = read_with(FORMAT, file(made)).of("profile")
    store = profile["store"]["OpenAPS"]
    assert (store["sens"][0]["value"], store["target_low"][0]["value"]) == (45, 99.1)


def test_settings_that_are_not_whole_are_no_profile(file: MakeFile) -> None:
    result = read_with(FORMAT, file(json.dumps(PROFILE["basalprofile"])), profile_since="2026-03-14")
    assert result.found == []
    assert "not all there" in result.said[0]


def test_it_sees_its_own_and_leaves_nightscouts_files_alone(file: MakeFile) -> None:
    own = (history(*DAY), json.dumps([reading(0, 120)]), json.dumps(SUGGESTED), json.dumps(IOB), json.dumps(PROFILE))
    for content in own:
        assert FORMAT.recognises(file(content)) is not None
    assert "glucose.json in it" in str(FORMAT.recognises(file(zipped({"monitor/glucose.json": own[1].encode()}))))
    others: tuple[Any, ...] = (
        [{"sgv": 120, "date": AT_MS, "type": "sgv", "device": "xDrip", "dateString": iso_of(AT_MS)}],
        [
            {
                "eventType": "Temp Basal",
                "created_at": iso_of(AT_MS),
                "_type": "TempBasal",
                "timestamp": zoned(0),
                "rate": 1,
            }
        ],
        [{"device": "openaps://rig", "created_at": iso_of(AT_MS), "openaps": {"suggested": SUGGESTED}}],
        [{"store": {"Default": {}}, "defaultProfile": "Default", "startDate": iso_of(AT_MS)}],
        {},
        [],
        5,
    )
    for value in others:
        assert FORMAT.recognises(file(json.dumps(value))) is None
    for raw in (b"", b"\x00", b"Device,Serial", b"PK\x03\x04", b"[{", zipped({"a.json": b"[]"})):
        assert FORMAT.recognises(file(raw)) is None


def test_a_long_history_is_seen_by_its_beginning(file: MakeFile) -> None:
    made = history(*[pump("Bolus", n, amount=1, programmed=1, note="x" * 100) for n in range(2000)])
    assert len(made) > 1 << 17
    opened = file(made)
    assert FORMAT.recognises(opened) is not None
    assert sum(one["insulin"] for one in read_with(FORMAT, opened).of("treatments")) == 2000


def test_the_unit_of_finger_sticks_is_asked_only_where_nothing_tells(file: MakeFile) -> None:
    def unit(*amounts: float) -> str | None:
        raw = history(*[pump("CalBGForPH", 10 * n, amount=amount) for n, amount in enumerate(amounts)])
        return {one.name: one.proposed for one in FORMAT.survey(file(raw)).questions}["unit"]

    assert unit(117) == "mgdl"
    assert unit(6.5) is None
    assert unit(*[6.5] * 12) == "mmol"
    opened = file(history(pump("CalBGForPH", 0, amount=6.5)))
    assert [one["mbg"] for one in read_with(FORMAT, opened, unit="mmol").of("entries")] == [117]
    assert "unit" not in {one.name for one in FORMAT.survey(file(history(pump("Bolus", 0, amount=1)))).questions}


def test_records_that_cannot_be_used_are_told(file: MakeFile) -> None:
    raw = json.dumps(
        [
            {"_type": "Bolus", "timestamp": "soon", "amount": 1},
            {"_type": "Bolus", "timestamp": zoned(0), "amount": 900},
            {"_type": "TempBasal", "timestamp": zoned(5), "rate": 1, "temp": "absolute"},
            {"_type": "Bolus", "timestamp": "2030-01-01T00:00:00+01:00", "amount": 1},
            "nonsense",
            {"_type": "Bolus", "timestamp": zoned(10), "amount": 1},
        ]
    )
    result = read_with(FORMAT, file(raw, "history.json"))
    assert [one["insulin"] for one in result.of("treatments")] == [1]
    assert sorted((one.place, one.why) for one in result.rejected) == [
        ("history.json, record 1", "it has no time"),
        ("history.json, record 2", "the insulin is no amount"),
        ("history.json, record 3", "a temporary basal rate without its duration"),
        ("history.json, record 4", "the time is in the future"),
        ("history.json, record 5", "it is no record of a pump"),
    ]


def test_several_files_that_tell_of_the_same_count_once(bringing: Bringing) -> None:
    made = zipped(
        {
            "monitor/pumphistory.json": history(*[{**one, "timestamp": one["timestamp"][:19]} for one in DAY[:6]]),
            "monitor/pumphistory-24h-zoned.json": history(*DAY),
            "monitor/glucose.json": json.dumps([reading(5 * n, 100 + n) for n in range(10)]).encode(),
            "settings/glucose.json": json.dumps([reading(5 * n, 100 + n) for n in range(5, 15)]).encode(),
        }
    )
    one = bringing.bring(made)
    assert one.result is not None
    assert one.result.rejected == 0
    assert sum(each.get("insulin") or 0 for each in bringing.treatments()) == pytest.approx(4.7)
    assert [entry["sgv"] for entry in bringing.entries() if entry["type"] == "sgv"] == [100 + n for n in range(15)]


def test_two_files_that_overlap_in_any_order_are_the_whole(bringing: Bringing) -> None:
    events = [
        event for n in range(20) for event in (pump("Bolus", 60 * n, amount=1 + n), *temp(60 * n + 20, n / 10, 30))
    ]
    bringing.bring(history(*events[24:]))
    bringing.bring(history(*events[:39]))
    again = bringing.look(history(*events))
    assert again.preview is not None
    assert again.preview.new.total() == 0
    assert sum(each.get("insulin") or 0 for each in bringing.treatments()) == sum(1 + n for n in range(20))


def test_a_file_no_rig_writes_is_left_out_by_its_size(file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.importers.openaps.parts.MOST_BYTES", 500)
    made = zipped({"a.json": history(*DAY), "b.json": history(pump("Bolus", 0, amount=1))})
    opened = file(made)
    assert FORMAT.survey(opened).warnings == ("a.json is larger than any file of a rig and is left out.",)
    assert len(read_with(FORMAT, opened).found) == 1


GOOD = zipped({"pumphistory.json": history(*DAY), "profile.json": json.dumps(PROFILE).encode()})
WHOLE = (history(*DAY), json.dumps(PROFILE).encode(), json.dumps(IOB).encode(), json.dumps(ENACTED).encode(), GOOD)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    which=st.integers(0, len(WHOLE) - 1),
    place=st.floats(0, 1),
    garbage=st.binary(max_size=30),
    skipped=st.integers(0, 40),
)
def test_no_garbage_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, which: int, place: float, garbage: bytes, skipped: int
) -> None:
    whole = WHOLE[which]
    cut = int(place * len(whole))
    opened = _opened(tmp_path_factory, whole[:cut] + garbage + whole[cut + skipped :])
    if FORMAT.recognises(opened):
        try:
            read_with(FORMAT, opened, profile_since="2026-03-14")
        except Unreadable:
            return


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), which=st.sampled_from([[*DAY], PROFILE, IOB, ENACTED, [reading(0, 120)]]))
def test_no_value_of_another_type_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, which: Any
) -> None:
    garbled = json.loads(json.dumps(which))
    place = garbled
    while isinstance(place, list | dict) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], list | dict) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(_JSON)
            break
        place = place[key]
    opened = _opened(tmp_path_factory, json.dumps(garbled).encode("utf-8", "surrogatepass"))
    if FORMAT.recognises(opened):
        try:
            read_with(FORMAT, opened, profile_since="2026-03-14")
        except Unreadable:
            return


def _opened(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> Opened:
    path = tmp_path_factory.mktemp("garbled") / "file"
    path.write_bytes(content)
    return Opened.at(path)
