"""What the chart gets from the server: places, shapes' ranges, doses, basal, and the tail that changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.kinds import ALL_KINDS
from app.live.picture import Facts, Picture, Reading, Treatment
from app.records.person import Person
from app.web.chart import axis, first_difference, marks, place_of, table_rows
from app.web.viewer import Viewer

BERLIN = Person("Mia", "Europe/Berlin", Unit.MGDL, Thresholds())
EVERYTHING = Viewer(BERLIN, Unit.MGDL, ALL_KINDS)
START_MS = 1_795_223_640_000  # 2026-11-21T01:14:00Z
MINUTE_MS = 60_000


def at(minutes: float) -> int:
    return START_MS + round(minutes * MINUTE_MS)


def reading(minutes: float, mgdl: float = 120, kind: str = "sgv") -> Reading:
    return Reading(f"r{minutes}", at(minutes), None, mgdl, kind=kind)


def treatment(minutes: float, event_type: str = "Meal Bolus", **fields: Any) -> Treatment:
    return Treatment(f"t{minutes}", at(minutes), event_type, **fields)


def picture(*items: Reading | Treatment) -> Picture:
    in_order = sorted(items, key=lambda item: item.at_ms)
    readings = tuple(item for item in in_order if isinstance(item, Reading))
    return Picture(1, readings, tuple(item for item in in_order if isinstance(item, Treatment)), Facts())


def rows(*items: Reading | Treatment, since: float = 0, viewer: Viewer = EVERYTHING) -> dict[str, Any]:
    return marks(picture(*items), at(since), viewer)


@given(st.floats(13, 600), st.floats(13, 600))
def test_a_lower_reading_is_never_drawn_higher(one: float, other: float) -> None:
    lower, higher = sorted((one, other))
    assert 0 <= place_of(lower) <= place_of(higher) <= 1000


def test_low_and_error_codes_lie_on_the_lower_edge_and_high_on_the_upper() -> None:
    assert [place_of(mgdl) for mgdl in (1, 10, 37, 39)] == [0, 0, 0, 0]
    assert [place_of(mgdl) for mgdl in (400, 401, 501, 601)] == [1000, 1000, 1000, 1000]
    assert 0 < place_of(41) < place_of(399) < 1000


def test_readings_carry_their_text_in_the_viewers_unit_and_their_range() -> None:
    found = rows(reading(0, 62), reading(5, 39), reading(10, 401), viewer=replace(EVERYTHING, unit=Unit.MMOLL))
    assert [row[2:] for row in found["readings"]] == [["3.4", "low"], ["LOW", "very-low"], ["HIGH", "very-high"]]


def test_finger_readings_are_told_apart() -> None:
    found = rows(reading(0), reading(1, kind="mbg"))
    assert (len(found["readings"]), len(found["fingers"])) == (1, 1)


def test_doses_have_their_amounts_and_a_loops_small_ones_no_label() -> None:
    found = rows(
        treatment(0, insulin=1.2, carbs=18),
        treatment(1, "SMB", insulin=0.15, automatic=True),
        treatment(2, "SMB", insulin=2, automatic=True),
        treatment(3, "Note"),
        treatment(4, carbs=0, insulin=0),
    )
    assert [row[1:3] + row[4:] for row in found["marks"]] == [
        ["carbs", "18 g", False],
        ["insulin", "1.20 U", False],
        ["insulin", "0.15 U", True],
        ["insulin", "2.00 U", False],
    ]


def basal(*treatments: Treatment, since: float = 0) -> list[list[Any]]:
    spans: list[list[Any]] = rows(*treatments, since=since)["basal"]
    return [
        [(span[0] * 1000 - START_MS) / MINUTE_MS, (span[1] * 1000 - START_MS) / MINUTE_MS, *span[2:]] for span in spans
    ]


def test_a_temp_basal_runs_until_its_end_or_the_next_one() -> None:
    first = treatment(0, "Temp Basal", absolute=0.5, duration_min=30)
    second = treatment(10, "Temp Basal", absolute=1.0, duration_min=30)
    assert basal(first, second) == [[0, 10, 0.5, "0.50 U/h"], [10, 40, 1.0, "1.00 U/h"]]


def test_a_cancelled_temp_basal_ends_and_nothing_is_drawn_after_it() -> None:
    first = treatment(0, "Temp Basal", absolute=0.5, duration_min=30)
    assert basal(first, treatment(10, "Temp Basal", duration_min=0)) == [[0, 10, 0.5, "0.50 U/h"]]


def test_a_rate_of_zero_is_drawn_as_zero_and_an_unknown_rate_not_at_all() -> None:
    assert basal(treatment(0, "Temp Basal", absolute=0, duration_min=30)) == [[0, 30, 0, "0 U/h"]]
    assert basal(treatment(0, "Temp Basal", percent=-50, duration_min=30)) == []
    assert basal() == []


def test_a_running_basal_belongs_to_what_came_after_its_start() -> None:
    running = treatment(0, "Temp Basal", absolute=0.5, duration_min=30)
    assert len(basal(running, since=20)) == 1
    assert basal(running, since=31) == []


def test_whoever_may_not_see_treatments_gets_none_of_them() -> None:
    viewer = replace(EVERYTHING, kinds=frozenset({"entries"}))
    found = rows(
        reading(0), treatment(1, insulin=1), treatment(2, "Temp Basal", absolute=1, duration_min=30), viewer=viewer
    )
    assert (len(found["readings"]), found["marks"], found["basal"]) == (1, [], [])


def test_the_axis_has_the_persons_limits_in_the_viewers_unit() -> None:
    person = replace(BERLIN, thresholds=Thresholds(55, 72, 160, 240))
    shown = axis(Viewer(person, Unit.MMOLL, ALL_KINDS))
    assert [(tick["text"], tick["kind"]) for tick in shown["ticks"]] == [
        ("13.3", "edge"), ("8.9", "target"), ("4.0", "target"), ("3.1", "edge"),
    ]  # fmt: skip


def test_the_table_says_the_same_in_words_and_local_time_newest_first() -> None:
    items = picture(reading(0, 62), reading(5, 131, "mbg"), treatment(2, carbs=8))
    assert table_rows(items, at(0), at(6), EVERYTHING) == [
        {"time": "02:19", "value": "131 mg/dL", "what": "in range, finger"},
        {"time": "02:16", "value": "8 g", "what": "carbs"},
        {"time": "02:14", "value": "62 mg/dL", "what": "low"},
    ]


_minutes = st.integers(0, 60)
_some_readings = st.lists(st.tuples(_minutes, st.integers(40, 300)), max_size=12, unique_by=lambda pair: pair[0])
_some_doses = st.lists(st.tuples(_minutes, st.integers(1, 9)), max_size=6, unique_by=lambda pair: pair[0])
_some_temps = st.lists(st.tuples(_minutes, st.integers(0, 40)), max_size=6, unique_by=lambda pair: pair[0])


def _random_picture(readings: Any, doses: Any, temps: Any) -> Picture:
    return picture(
        *(reading(minute, mgdl) for minute, mgdl in readings),
        *(treatment(minute, carbs=carbs) for minute, carbs in doses),
        *(treatment(minute + 0.5, "Temp Basal", absolute=length / 10, duration_min=length) for minute, length in temps),
    )


_pictures = st.builds(_random_picture, _some_readings, _some_doses, _some_temps)


@given(_pictures, _pictures)
def test_the_old_rows_with_the_changed_tail_are_the_new_rows(before: Picture, after: Picture) -> None:
    shown, wanted = marks(before, at(0), EVERYTHING), marks(after, at(0), EVERYTHING)
    from_ms = first_difference(before, after, at(0))
    if from_ms is not None:
        tail = marks(after, from_ms, EVERYTHING)
        for kind in ("readings", "fingers", "marks"):
            shown[kind] = [row for row in shown[kind] if row[0] < tail["from_s"]] + tail[kind]
        shown["basal"] = [row for row in shown["basal"] if row[1] < tail["from_s"]] + tail["basal"]
    assert shown == wanted


def test_equal_pictures_differ_nowhere_and_what_slid_out_is_no_difference() -> None:
    old, new = picture(reading(0), reading(10)), picture(reading(10))
    assert first_difference(new, new, at(0)) is None
    assert first_difference(old, new, at(5)) is None
    assert first_difference(old, new, at(0)) == at(0)
