from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.delta import buckets, delta_of
from app.glucose.units import Unit
from tests.glucose.samples import MINUTE_MS, NOW_MS, Sample, ago


def test_a_change_over_five_minutes_is_the_difference() -> None:
    delta = delta_of(buckets([ago(5, 115), ago(0, 120)], NOW_MS))
    assert delta is not None
    assert (delta.absolute_mgdl, delta.elapsed_min, delta.interpolated) == (5, 5, False)
    assert (delta.mgdl, delta.mean_5_min_ago_mgdl, delta.text(Unit.MGDL)) == (5, 115, "+5")


def test_a_change_over_eleven_minutes_is_worked_out_for_five() -> None:
    delta = delta_of(buckets([ago(11, 120), ago(0, 85)], NOW_MS))
    assert delta is not None
    assert delta.interpolated
    assert delta.mean_5_min_ago_mgdl == pytest.approx(100.90909, abs=1e-5)
    assert (delta.mgdl, delta.text(Unit.MGDL)) == (-16, "−16")
    assert (delta.measured_text(Unit.MGDL), round(delta.elapsed_min)) == ("−35", 11)


@pytest.mark.parametrize(("before", "now", "text"), [(85, 90, "+0.3"), (100, 109, "+0.5"), (100, 100, "+0.0")])
def test_a_change_in_mmol_is_the_difference_of_the_shown_numbers(before: float, now: float, text: str) -> None:
    delta = delta_of(buckets([ago(5, before), ago(0, now)], NOW_MS))
    assert delta is not None
    assert delta.text(Unit.MMOLL) == delta.measured_text(Unit.MMOLL) == text


def test_buckets_are_centred_on_the_newest_reading_and_include_their_ends() -> None:
    newest, *older = buckets([ago(7.5, 100), ago(2.5, 110), ago(0, 120)], NOW_MS)
    assert (newest.from_ms, newest.to_ms) == (NOW_MS - 150_000, NOW_MS + 150_000)
    assert newest.mean_mgdl == 115
    assert [len(bucket.readings) for bucket in older] == [1, 0, 0]


def test_a_reading_on_the_border_belongs_to_the_newer_bucket() -> None:
    newest, second, *_ = buckets([ago(2.5, 100), ago(0, 120)], NOW_MS)
    assert (len(newest.readings), len(second.readings)) == (2, 0)


def test_several_readings_of_a_one_minute_sensor_are_averaged() -> None:
    newest, previous, *_ = buckets([ago(minutes, 100 + minutes) for minutes in range(20, -1, -1)], NOW_MS)
    assert (newest.mean_mgdl, newest.last_mgdl) == (101, 100)
    assert (previous.mean_mgdl, previous.last_mgdl) == (105, 103)


def test_readings_in_the_future_are_passed_over() -> None:
    newest, *_ = buckets([ago(0, 100), Sample(NOW_MS + MINUTE_MS, 300)], NOW_MS)
    assert newest.last_mgdl == 100


def test_the_walk_back_ends_at_a_gap_of_all_buckets() -> None:
    found = buckets([ago(30, 100), ago(0, 100)], NOW_MS)
    assert [len(bucket.readings) for bucket in found] == [1, 0, 0, 0]
    assert delta_of(found) is None


def test_an_empty_bucket_between_is_skipped() -> None:
    delta = delta_of(buckets([ago(10, 100), ago(0, 120)], NOW_MS))
    assert delta is not None
    assert (delta.elapsed_min, delta.mgdl) == (10, 10)


@pytest.mark.parametrize("sentinel", [39, 37, 5])
def test_low_and_errors_have_no_mean_and_no_change(sentinel: float) -> None:
    found = buckets([ago(5, 80), ago(0, sentinel)], NOW_MS)
    assert found[0].mean_mgdl is None
    assert delta_of(found) is None
    assert delta_of(buckets([ago(5, sentinel), ago(0, 80)], NOW_MS)) is None


def test_errors_are_told_apart_from_low() -> None:
    newest, *_ = buckets([ago(1, 5), ago(0, 39)], NOW_MS)
    assert [reading.mgdl for reading in newest.errors] == [5]


def test_without_readings_there_are_no_buckets() -> None:
    assert buckets([], NOW_MS) == ()
    assert delta_of(()) is None


@given(st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 401)), min_size=1, max_size=60))
def test_a_change_is_always_between_readings_that_exist(raw: list[tuple[int, int]]) -> None:
    readings = [ago(minutes, mgdl) for minutes, mgdl in sorted(raw, reverse=True)]
    delta = delta_of(buckets(readings, NOW_MS))
    if delta:
        assert delta.previous_ms < delta.recent_ms <= NOW_MS
        assert {delta.previous_ms, delta.recent_ms} <= {reading.at_ms for reading in readings}
        assert abs(delta.absolute_mgdl) <= 401 - 40
