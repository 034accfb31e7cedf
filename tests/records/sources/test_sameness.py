"""What counts as already there: properties of the judgement over any readings, and the cases people meet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.records.sources.ranks import IMPORT_STAMP
from app.records.sources.sameness import Verdict, brand_of, judge_others, judge_readings, judge_treatments
from app.store.interface import Document
from tests.clocks import START_MS

MINUTE_MS = 60_000
DEXCOM, LIBRE, UNNAMED = "xDrip-DexcomG5", "xDrip-LimiTTer", "xDrip"
OURS = "nightlight-dexcom-share"


def reading(at_ms: int, sgv: float = 120, device: str = OURS, **more: Any) -> Document:
    return {"type": "sgv", "date": at_ms, "sgv": sgv, "device": device, **more}


def judged(
    incoming: list[Document],
    there: list[Document],
    *,
    taken: str = "always",
    interval_min: int = 5,
    now: int = START_MS,
) -> Verdict:
    return judge_readings(incoming, there, taken=taken, interval_ms=interval_min * MINUTE_MS, now_ms=now)


def ids(documents: list[Document]) -> set[int]:
    return {id(document) for document in documents}


times = st.integers(START_MS - 6 * 60 * MINUTE_MS, START_MS)
devices = st.sampled_from([OURS, DEXCOM, LIBRE, UNNAMED, ""])
values = st.integers(39, 401)
readings = st.lists(st.builds(reading, times, values, devices), max_size=30)
modes = st.sampled_from(["alone", "always"])


@given(readings, readings, modes)
def test_every_reading_is_judged_exactly_once(incoming: list[Document], there: list[Document], taken: str) -> None:
    verdict = judged(incoming, there, taken=taken)
    parts = [ids(verdict.new), ids(verdict.known), ids(verdict.held)]
    assert sum(map(len, parts)) == len(incoming)
    assert parts[0] | parts[1] | parts[2] == ids(incoming)


@given(readings, readings, modes, st.integers(0, 30), st.randoms())
def test_halves_in_any_order_end_as_the_whole(
    incoming: list[Document], there: list[Document], taken: str, cut: int, random: Any
) -> None:
    whole = judged(incoming, there, taken=taken)
    shuffled = list(incoming)
    random.shuffle(shuffled)
    halves = [judged(half, there, taken=taken) for half in (shuffled[:cut], shuffled[max(0, cut - 5) :])]
    assert ids(halves[0].new) | ids(halves[1].new) == ids(whole.new)
    assert ids(halves[0].held) | ids(halves[1].held) == ids(whole.held)


@given(readings, modes)
def test_what_is_there_already_to_the_letter_is_never_new(there: list[Document], taken: str) -> None:
    verdict = judged([dict(one) for one in there], there, taken=taken)
    assert not verdict.new
    assert not verdict.held


@given(readings)
def test_with_nobody_else_everything_is_new(incoming: list[Document]) -> None:
    assert ids(judged(incoming, [], taken="alone").new) == ids(incoming)


@given(st.lists(times, max_size=20), st.lists(times, max_size=20), values, modes)
def test_two_brands_on_one_body_are_never_one(ours: list[int], theirs: list[int], sgv: int, taken: str) -> None:
    incoming = [reading(at_ms, sgv) for at_ms in ours]
    verdict = judged(incoming, [reading(at_ms, sgv, LIBRE) for at_ms in theirs], taken=taken)
    assert ids(verdict.new) == ids(incoming)


@given(readings, readings)
def test_no_twin_within_tolerance_is_stored_twice(incoming: list[Document], there: list[Document]) -> None:
    for new in judged(incoming, there).new:
        for other in there:
            brands = {brand_of(new["device"]), brand_of(other["device"])} - {""}
            near = abs(new["date"] - other["date"]) <= 30_000 and abs(new["sgv"] - other["sgv"]) <= 1
            assert not (len(brands) < 2 and near)


@given(readings, readings)
def test_what_is_there_is_completed_and_never_changed(incoming: list[Document], there: list[Document]) -> None:
    for one in incoming:
        one["direction"] = "Flat"
    for stored, missing in judged(incoming, there).completions:
        assert set(missing) <= {"direction", "filtered", "noise"}
        assert not any(stored.get(name) for name in missing)


@pytest.mark.parametrize(
    ("apart_ms", "apart_mgdl", "same"),
    [
        (0, 0, True),
        (10_000, 0, True),
        (150_000, 1, True),
        (-150_000, -1, True),
        (150_001, 0, False),
        (10_000, 2, False),
    ],
)
def test_the_phones_reading_of_a_five_minute_sensor_is_ours(apart_ms: int, apart_mgdl: int, same: bool) -> None:
    verdict = judged([reading(START_MS, 120)], [reading(START_MS + apart_ms, 120 + apart_mgdl, DEXCOM)])
    assert bool(verdict.known) is same


@pytest.mark.parametrize(("apart_ms", "same"), [(30_000, True), (31_000, False)])
def test_with_a_reading_each_minute_half_a_minute_is_the_limit(apart_ms: int, same: bool) -> None:
    ours = reading(START_MS, 120, "nightlight-librelinkup")
    minutely = [reading(START_MS - 60 * MINUTE_MS + place * MINUTE_MS, 90, UNNAMED) for place in range(30)]
    verdict = judged([ours], [*minutely, reading(START_MS + apart_ms, 120, UNNAMED)])
    assert bool(verdict.known) is same
    assert bool(judged([ours], [reading(START_MS + apart_ms, 120, UNNAMED)], interval_min=1).known) is same


def test_a_missing_arrow_is_added_and_a_present_one_left() -> None:
    bare, told = reading(START_MS, 120, UNNAMED), reading(START_MS - 300_000, 118, UNNAMED, direction="FortyFiveUp")
    verdict = judged(
        [reading(START_MS, 120, direction="Flat"), reading(START_MS - 300_000, 118, direction="Flat")], [bare, told]
    )
    assert verdict.completions == [(bare, {"direction": "Flat"})]


def test_while_the_phone_uploads_its_readings_win_whatever_their_number() -> None:
    phone = [reading(START_MS - place * 300_000, 130, DEXCOM) for place in range(6)]
    ours = [reading(one["date"] + 9_000, 124) for one in phone]
    assert len(judged(ours, phone, taken="alone").known) == 6
    assert len(judged(ours, phone, taken="always").new) == 6


def test_a_hole_in_the_phones_readings_is_filled_at_once() -> None:
    phone = [reading(START_MS - place * 300_000, 130, DEXCOM) for place in (0, 1, 4, 5)]
    ours = [reading(START_MS - place * 300_000, 124) for place in range(6)]
    assert [one["date"] for one in judged(ours, phone, taken="alone").new] == [
        START_MS - 600_000,
        START_MS - 900_000,
    ]


def test_the_newest_reading_is_left_to_a_live_phone_for_ten_minutes_and_no_longer() -> None:
    phone = [reading(START_MS - 300_000, 130, DEXCOM)]
    newest = reading(START_MS - 1000, 124)
    assert judged([newest], phone, taken="alone").held == [newest]
    assert judged([newest], phone, taken="alone", now=START_MS + 10 * MINUTE_MS).new == [newest]


def test_another_uploader_is_not_waited_for() -> None:
    newest = reading(START_MS - 1000, 124)
    other = reading(START_MS - 300_000, 130, DEXCOM, nl_uploader="another")
    assert judged([newest], [other], taken="alone").new == [newest]


def test_a_phone_that_fell_silent_is_not_waited_for() -> None:
    phone = [reading(START_MS - 31 * MINUTE_MS, 130, DEXCOM)]
    newest = reading(START_MS - 1000, 124)
    assert judged([newest], phone, taken="alone").new == [newest]


@pytest.mark.parametrize(
    ("device", "brand"),
    [
        ("xDrip-DexcomG6", "dexcom"),
        ("share2", "dexcom"),
        ("CGMBLEKit Dexcom G6 21.0", "dexcom"),
        (LIBRE, "libre"),
        ("nightlight-librelinkup", "libre"),
        ("nightlight-dexcom-share", "dexcom"),
        ("MDT-600", "medtronic"),
        ("xDrip", ""),
        ("loop://iPhone", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_brands_are_told_by_the_device(device: Any, brand: str) -> None:
    assert brand_of(device) == brand


def test_a_finger_stick_is_one_within_a_minute_and_of_one_value() -> None:
    stick = {"type": "mbg", "mbg": 110, "date": START_MS}
    near, far = {**stick, "date": START_MS + 60_000}, {**stick, "date": START_MS + 60_001}
    other_value = {**near, "mbg": 111}
    assert judge_others([stick], [near]).known == [stick]
    assert judge_others([stick], [far, other_value, reading(START_MS)]).new == [stick]


def treatment(minutes_ago: float, kind: str, **more: Any) -> Document:
    return {"eventType": kind, "created_at": iso_of(START_MS - int(minutes_ago * MINUTE_MS)), **more}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (treatment(5, "Note"), [treatment(5, "Note")]),
        (treatment(5, "Correction Bolus", insulin=1.0), [treatment(6.5, "Bolus", insulin=1.005)]),
        (treatment(5, "Carb Correction", carbs=20), [treatment(4, "Meal Bolus", carbs=20, insulin=3)]),
        (
            treatment(5, "Meal Bolus", carbs=20, insulin=3),
            [treatment(5.5, "Carb Correction", carbs=20), treatment(5.5, "Bolus", insulin=3)],
        ),
        (treatment(5, "Sensor Start"), [treatment(34, "Sensor Start")]),
        (treatment(5, "Site Change"), [treatment(-20, "Site Change")]),
        (
            treatment(30, "Temp Basal", absolute=0.5, duration=30),
            [treatment(25, "Temp Basal", absolute=0.5, duration=30)],
        ),
    ],
)
def test_a_treatment_somebody_else_entered_is_there(ours: Document, theirs: list[Document]) -> None:
    assert judge_treatments([ours], theirs, basals_taken="always").known == [ours]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (treatment(5, "Note"), [treatment(5.1, "Note")]),
        (treatment(5, "Correction Bolus", insulin=1.0), [treatment(5, "Bolus", insulin=1.02)]),
        (treatment(5, "Correction Bolus", insulin=1.0), [treatment(7.1, "Bolus", insulin=1.0)]),
        (treatment(5, "Meal Bolus", carbs=20, insulin=3), [treatment(5.5, "Bolus", insulin=3)]),
        (treatment(5, "Sensor Start"), [treatment(36, "Sensor Start"), treatment(5, "Site Change")]),
        (
            treatment(30, "Temp Basal", absolute=0.5, duration=30),
            [treatment(29, "Temp Basal", absolute=0.6, duration=30)],
        ),
        (
            treatment(60, "Temp Basal", absolute=0.5, duration=30),
            [treatment(44, "Temp Basal", absolute=0.5, duration=30)],
        ),
        (treatment(5, "Exercise", duration=30), []),
    ],
)
def test_a_treatment_that_differs_is_new(ours: Document, theirs: list[Document]) -> None:
    assert judge_treatments([ours], theirs, basals_taken="always").new == [ours]


def test_no_basal_is_taken_while_a_loop_sets_its_own() -> None:
    ours = treatment(30, "Temp Basal", absolute=0.5, duration=30)
    loop = [treatment(29, "Temp Basal", absolute=0.6, duration=30)]
    assert judge_treatments([ours], loop, basals_taken="alone").known == [ours]


@pytest.mark.parametrize(
    ("there", "is_known"),
    [
        ({"enteredBy": "file", IMPORT_STAMP: "one"}, False),
        ({"enteredBy": "another file", IMPORT_STAMP: "one"}, True),
        ({"enteredBy": "file"}, True),
    ],
)
def test_basals_of_the_same_source_in_another_file_do_not_keep_out_the_next(there: Document, is_known: bool) -> None:
    def basal(at_ms: int, **more: Any) -> Document:
        return {"eventType": "Temp Basal", "created_at": iso_of(at_ms), "absolute": 0.6, "duration": 5, **more}

    following = basal(START_MS + 5 * MINUTE_MS, enteredBy="file")
    verdict = judge_treatments([following], [basal(START_MS, **there)], basals_taken="alone")
    assert verdict.known == ([following] if is_known else [])
