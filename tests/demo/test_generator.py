from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.child import Child
from app.demo.generator import Documents, child_of, documents_between, profile_of, reading_step_ms
from app.demo.plans import plan_of
from app.demo.simulation import lived_day, sensor_glucose
from app.live.building import reading_of, treatment_of
from app.live.picture import Reading
from app.live.reports import latest_facts, report_of

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
CHILD = Child(1, "Europe/Berlin")


@pytest.fixture(scope="module")
def fortnight() -> Documents:
    return documents_between(CHILD, NOW_MS - 14 * DAY_MS, NOW_MS)


def readings(documents: Documents) -> list[Reading]:
    found = [reading_of({"_id": entry["date"], **entry}) for entry in documents.entries if entry["type"] == "sgv"]
    assert all(found)
    return [reading for reading in found if reading]


def of_type(documents: Documents, event_type: str) -> list[dict]:
    return [treatment for treatment in documents.treatments if treatment["eventType"] == event_type]


def sorted_texts(documents: Documents) -> list[str]:
    everything = (*documents.entries, *documents.treatments, *documents.statuses)
    return sorted(json.dumps(document, sort_keys=True) for document in everything)


def test_a_fortnight_looks_like_a_childs_on_a_loop(fortnight: Documents) -> None:
    values = [reading.mgdl for reading in readings(fortnight)]
    in_range = sum(70 <= mgdl <= 180 for mgdl in values) / len(values)
    assert 0.6 < in_range < 0.95
    assert 0.005 < sum(mgdl < 70 for mgdl in values) / len(values) < 0.06
    assert 0.005 < sum(mgdl > 250 for mgdl in values) / len(values) < 0.1
    assert 3900 < len(values) <= 14 * 288
    assert 40 <= len(of_type(fortnight, "Meal Bolus")) <= 90
    assert 300 < len(of_type(fortnight, "Temp Basal")) < 2000
    assert len(of_type(fortnight, "Correction Bolus")) > 20
    assert of_type(fortnight, "Carb Correction")
    assert of_type(fortnight, "Exercise")
    assert of_type(fortnight, "Note")
    assert len(fortnight.statuses) > 3900


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_other_seeds_are_other_children_no_less_plausible(seed: int, fortnight: Documents) -> None:
    other = documents_between(Child(seed, "America/New_York"), NOW_MS - 14 * DAY_MS, NOW_MS)
    values = [reading.mgdl for reading in readings(other)]
    assert 0.6 < sum(70 <= mgdl <= 180 for mgdl in values) / len(values) < 0.97
    assert min(values) < 70 < 230 < max(values)
    assert sorted_texts(other) != sorted_texts(fortnight)


def test_glucose_never_jumps(fortnight: Documents) -> None:
    for earlier, later in pairwise(readings(fortnight)):
        if later.at_ms - earlier.at_ms == 5 * MINUTE_MS:
            assert abs(later.mgdl - earlier.mgdl) <= 32, CHILD.local(later.at_ms)


def test_one_day_runs_into_the_next_at_four_in_the_morning(fortnight: Documents) -> None:
    for earlier, later in pairwise(readings(fortnight)):
        if CHILD.local(later.at_ms).strftime("%H:%M") == "04:00":
            assert abs(later.mgdl - earlier.mgdl) <= 15


def test_there_is_one_gap_of_forty_minutes(fortnight: Documents) -> None:
    gaps = [later.at_ms - earlier.at_ms for earlier, later in pairwise(readings(fortnight))]
    assert gaps.count(45 * MINUTE_MS) == 1
    long_gaps = [gap for gap in gaps if gap > 45 * MINUTE_MS]
    assert set(long_gaps) == {(120 + 5) * MINUTE_MS}


def test_a_new_sensor_warms_up_for_two_hours(fortnight: Documents) -> None:
    started = [datetime.fromisoformat(t["created_at"]).timestamp() * 1000 for t in of_type(fortnight, "Sensor Start")]
    assert started
    for at_ms in started:
        assert not [r for r in readings(fortnight) if at_ms <= r.at_ms < at_ms + 119 * MINUTE_MS]
        assert [r for r in readings(fortnight) if at_ms + 119 * MINUTE_MS <= r.at_ms < at_ms + 130 * MINUTE_MS]


def test_a_false_low_comes_in_one_night_and_nobody_feeds_it(fortnight: Documents) -> None:
    nights = [date(2026, 11, 7) + timedelta(days=n) for n in range(14)]
    [night] = [night for night in nights if plan_of(CHILD, night).dip]
    lived, dip = lived_day(CHILD, night), plan_of(CHILD, night).dip
    assert dip is not None
    middle = (dip.from_min + dip.until_min) // 2
    assert sensor_glucose(CHILD, lived, lived.begin_ms + middle * MINUTE_MS) < lived.sensed[middle] - 35
    assert lived.sensed[middle] > 80
    assert not [given for given in lived.given if given.event_type == "Carb Correction" and given.at_min in dip]


@pytest.mark.parametrize(("event_type", "days"), [("Site Change", 3), ("Sensor Start", 10)])
def test_site_and_sensor_are_changed_in_their_rhythm(event_type: str, days: int) -> None:
    month = [date(2026, 11, 20) - timedelta(days=back) for back in range(40, -1, -1)]
    dates = [day for day in month if any(given.event_type == event_type for given in lived_day(CHILD, day).given)]
    assert {later - earlier for earlier, later in pairwise(dates)} == {timedelta(days=days)}
    assert dates[-1] > date(2026, 11, 20) - timedelta(days=days)


def test_every_status_tells_every_fact_while_the_sensor_works(fortnight: Documents) -> None:
    report = report_of(fortnight.statuses[-1])
    assert report is not None
    facts = latest_facts([report], until_ms=NOW_MS, sensor_started_ms=None, site_changed_ms=None)
    for name in ("loop", "iob", "cob", "basal", "reservoir", "pump", "phone", "phone_battery"):
        assert getattr(facts, name) is not None, name


def test_the_reservoir_runs_down_until_it_is_changed(fortnight: Documents) -> None:
    levels = [status["pump"]["reservoir"] for status in fortnight.statuses]
    rises = [(before, after) for before, after in pairwise(levels) if after > before]
    assert len(rises) == len(of_type(fortnight, "Site Change"))
    assert all(after > 115 for _, after in rises)
    assert min(levels) > 0


def test_all_identities_are_different_and_everything_is_marked(fortnight: Documents) -> None:
    assert len({(entry["type"], entry["date"]) for entry in fortnight.entries}) == len(fortnight.entries)
    assert len({treatment["identifier"] for treatment in fortnight.treatments}) == len(fortnight.treatments)
    assert len({status["_id"] for status in fortnight.statuses}) == len(fortnight.statuses)
    everything = (*fortnight.entries, *fortnight.treatments, *fortnight.statuses)
    assert {document["app"] for document in everything} == {"nightlight-demo"}


def test_temporary_rates_follow_each_other_without_overlap(fortnight: Documents) -> None:
    runs = [treatment_of({"_id": "x", **treatment}) for treatment in of_type(fortnight, "Temp Basal")]
    for earlier, later in pairwise(sorted(runs, key=lambda run: run.at_ms)):  # type: ignore[union-attr]
        assert earlier is not None
        assert later is not None
        assert earlier.at_ms + (earlier.duration_min or 0) * MINUTE_MS <= later.at_ms
        assert 1 <= (earlier.duration_min or 0) <= 30


moments = st.integers(NOW_MS - 3 * DAY_MS, NOW_MS)


@settings(max_examples=12, deadline=None)
@given(st.lists(moments, min_size=2, max_size=6, unique=True))
def test_pieces_make_the_same_whole(cuts: list[int]) -> None:
    cuts.sort()
    whole = documents_between(CHILD, cuts[0], cuts[-1])
    pieces = [text for start, end in pairwise(cuts) for text in sorted_texts(documents_between(CHILD, start, end))]
    assert sorted(pieces) == sorted_texts(whole)


@settings(max_examples=12, deadline=None)
@given(moments, st.integers(0, 10 * HOUR_MS))
def test_nothing_is_dated_outside_what_was_asked_for(after_ms: int, length_ms: int) -> None:
    found = documents_between(CHILD, after_ms, after_ms + length_ms)
    dated = [entry["date"] for entry in found.entries]
    written = (*found.treatments, *found.statuses)
    dated += [round(datetime.fromisoformat(document["created_at"]).timestamp() * 1000) for document in written]
    assert all(after_ms < at_ms <= after_ms + length_ms for at_ms in dated)


@pytest.mark.parametrize(
    ("speed", "minutes"), [(1, 5), (5, 1), (2, 2.5), (60, 5 / 60), (0.5, 10), (0.1, 50), (1.4, 5), (1000, 0.005)]
)
def test_speed_is_how_close_readings_lie(speed: float, minutes: float) -> None:
    assert reading_step_ms(speed) == minutes * MINUTE_MS


def test_a_closer_look_finds_the_same_readings_and_more_between() -> None:
    plain = documents_between(CHILD, NOW_MS - HOUR_MS, NOW_MS)
    closer = documents_between(CHILD, NOW_MS - HOUR_MS, NOW_MS, step_ms=reading_step_ms(5))
    by_moment = {entry["date"]: entry for entry in closer.entries}
    assert len(by_moment) == 60
    assert all(by_moment[entry["date"]] == entry for entry in plain.entries)
    assert closer.treatments == plain.treatments


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Europe/Berlin", date(2026, 3, 28)),
        ("Europe/Berlin", date(2026, 10, 24)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
        ("Asia/Kathmandu", date(2026, 5, 1)),
    ],
)
def test_nights_of_another_length_lose_and_double_nothing(zone: str, night: date) -> None:
    child = Child(1, zone)
    start = datetime(night.year, night.month, night.day, 22, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start_ms = round(start.timestamp() * 1000)
    found = documents_between(child, start_ms, start_ms + 9 * HOUR_MS)
    times = [reading.at_ms for reading in readings(found)]
    assert times == [start_ms + 5 * MINUTE_MS * n for n in range(1, 9 * 12 + 1)]


def test_a_profile_remembers_its_child() -> None:
    profile = profile_of(CHILD)
    assert child_of(profile) == CHILD
    default = profile["store"]["Default"]
    assert default["timezone"] == "Europe/Berlin"
    assert [item["time"] for item in default["basal"]] == ["00:00", "04:00", "08:00", "20:00"]
    for name in ("basal", "carbratio", "sens", "target_low", "target_high"):
        assert default[name][0]["timeAsSeconds"] == 0
