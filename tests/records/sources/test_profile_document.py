"""Pump settings become a profile, and a new one only when they really changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.profile import profile_of
from app.glucose.schedule import schedule_of
from app.records.sources.documents import BadRecord
from app.records.sources.profile_document import (
    PumpProfile,
    Sight,
    profile_document,
    profile_store,
    schedule,
    sight_of,
    store_name,
)
from tests.clocks import START_MS

DAY = PumpProfile(
    "Day",
    basal=[(0, 0.8), (360, 1.05)],
    carb_ratio=[(0, 10.0)],
    sens=[(0, 45.0)],
    target_low=[(0, 110.0)],
    target_high=[(0, 110.0)],
    dia_h=5.0,
)


def test_settings_are_read_back_as_what_they_were() -> None:
    [stored] = profile_store([DAY], "Europe/Berlin").values()
    read: Any = profile_of("Day", stored)
    assert [read.basal.at(second) for second in (0, 359 * 60, 360 * 60)] == [0.8, 0.8, 1.05]
    assert (read.sens.at(0), read.carb_ratio.at(0), read.dia.at(0)) == (45.0, 10.0, 5.0)
    assert (read.target_low.at(0), read.target_high.at(0), read.zone_name) == (110.0, 110.0, "Europe/Berlin")


def test_a_schedule_begins_at_midnight_with_what_the_evening_ended_with() -> None:
    assert schedule([(360, 1.0), (1200, 0.5)]) == [
        {"time": "00:00", "timeAsSeconds": 0, "value": 0.5},
        {"time": "06:00", "timeAsSeconds": 21600, "value": 1.0},
        {"time": "20:00", "timeAsSeconds": 72000, "value": 0.5},
    ]


def test_equal_neighbours_are_one_step_and_the_order_does_not_matter() -> None:
    assert schedule([(600, 1.0), (0, 1.0), (300, 1.0)]) == schedule([(0, 1.0)])


@pytest.mark.parametrize("step", [(-1, 1.0), (1440, 1.0), (0, -0.1), (0, float("nan")), (0, float("inf"))])
def test_a_step_that_cannot_be_is_refused(step: tuple[int, float]) -> None:
    with pytest.raises(BadRecord):
        schedule([step])


def test_a_ratio_of_zero_is_not_in_use_and_a_basal_rate_of_zero_is() -> None:
    [stored] = profile_store([PumpProfile("Day", basal=[(0, 0.0)], carb_ratio=[(0, 0.0)], sens=[])], "").values()
    assert stored == {"units": "mg/dl", "basal": [{"time": "00:00", "timeAsSeconds": 0, "value": 0.0}]}


@pytest.mark.parametrize(
    ("name", "kept"), [("Sport 1.5", "Sport 1.5"), ("$ick", "ick"), (" ", "Default"), ("a\x00", "a")]
)
def test_a_name_no_key_can_have_is_changed_as_little_as_possible(name: str, kept: str) -> None:
    assert store_name(name) == kept


def test_the_same_settings_are_the_same_document_whenever_they_are_seen() -> None:
    store = profile_store([DAY], "UTC")
    first = sight_of("Day", store, None, START_MS)
    again = sight_of("Day", dict(store), first.as_document(), START_MS + 5)
    assert first == again
    one, other = (profile_document("v", "a", "Day", store, sight, "nightlight-v") for sight in (first, again))
    assert one == other
    assert one["startDate"] == one["created_at"] == "2026-11-21T10:00:00.000Z"


def test_changed_settings_are_a_new_document_and_so_is_a_change_back() -> None:
    store, other = profile_store([DAY], "UTC"), profile_store([PumpProfile("Day", basal=[(0, 2.0)])], "UTC")
    first = sight_of("Day", store, None, START_MS)
    second = sight_of("Day", other, first.as_document(), START_MS + 1)
    third = sight_of("Day", store, second.as_document(), START_MS + 2)
    sights = (first, store), (second, other), (third, store)
    documents = [profile_document("v", "a", "Day", held, sight, "us") for sight, held in sights]
    assert len({one["identifier"] for one in documents}) == 3


def test_another_profile_made_active_is_a_change() -> None:
    store = profile_store([DAY], "UTC")
    first = sight_of("Day", store, None, START_MS)
    assert sight_of("Night", store, first.as_document(), START_MS + 1).since_ms == START_MS + 1


@pytest.mark.parametrize("known", [{}, "?", None, {"fingerprint": "other", "since_ms": 5}])
def test_whatever_was_kept_before_does_no_harm(known: Any) -> None:
    assert sight_of("Day", {}, known, START_MS) == Sight(sight_of("Day", {}, None, 0).fingerprint, START_MS)


@given(st.dictionaries(st.integers(0, 1439), st.integers(0, 400), min_size=1, max_size=20))
def test_every_minute_has_the_value_of_the_last_step_before_it(steps: dict[int, int]) -> None:
    read: Any = schedule_of(schedule((minute, value / 100) for minute, value in steps.items()))
    for minute in (*steps, 0, 1439):
        earlier = [one for one in steps if one <= minute]
        assert read.at(minute * 60) == steps[max(earlier or steps)] / 100
