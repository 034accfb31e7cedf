"""Which uploaders there are, how full their batteries are, and which is the lowest."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.levels import Level
from app.live.uploader_batteries import last_percent, lowest_charge
from tests.live.device_documents import by_androidaps, by_loop, by_old_rig, by_xdrip, when
from tests.live.presents import present


def lowest_percent(*statuses: dict[str, Any]) -> float | None:
    lowest = lowest_charge(present(statuses=statuses).uploaders)
    return lowest.percent if lowest else None


def test_each_device_is_an_uploader_of_its_own() -> None:
    found = present(statuses=[by_loop(5), by_androidaps(4), by_loop(1)]).uploaders
    assert [(one.uri, len(one.charges)) for one in found] == [
        ("loop://iPhone", 2),
        ("openaps://samsung SM-A515F", 1),
    ]


def test_the_lowest_of_all_counts() -> None:
    assert lowest_percent(by_loop(5), by_androidaps(4)) == 55


def test_of_one_device_the_lowest_of_the_ten_minutes_up_to_its_last_word_counts() -> None:
    assert lowest_percent(by_xdrip(25, 10), by_xdrip(12, 40), by_xdrip(3, 42)) == 40


def test_what_is_older_than_half_an_hour_does_not_count() -> None:
    assert present(statuses=[by_loop(31)]).uploaders == ()
    assert lowest_percent(by_loop(29)) == 55


@pytest.mark.parametrize("battery", [False, None, "n/a", "50 days (voltage: 285/275)", -1, 101, {}, [], "", True])
def test_what_is_no_percentage_does_not_count(battery: Any) -> None:
    assert lowest_percent(by_xdrip(2, battery), by_androidaps(4)) == 81
    assert lowest_charge(present(statuses=[by_xdrip(2, battery)]).uploaders) is None


def test_a_percentage_as_text_counts() -> None:
    assert lowest_percent(by_xdrip(2, "42")) == 42


def test_a_flat_battery_counts() -> None:
    assert lowest_percent(by_xdrip(2, 0)) == 0


def test_the_battery_of_a_transmitter_is_not_that_of_a_phone() -> None:
    assert lowest_percent(by_xdrip(2, 3, name="transmitter"), by_xdrip(4, 71)) == 71


def test_an_empty_uploader_is_none() -> None:
    assert present(statuses=[{"device": "x", "created_at": when(2), "uploader": {}}]).uploaders == ()


def test_volts_count_where_nobody_tells_percent() -> None:
    only_volts = {"device": "rig", "created_at": when(2), "uploader": {"batteryVoltage": 3894}}
    lowest = lowest_charge(present(statuses=[only_volts]).uploaders)
    assert lowest
    assert (lowest.percent, lowest.volts, lowest.level) == (None, 3.894, Level.NONE)
    assert lowest_percent(only_volts, by_androidaps(4)) == 81


@pytest.mark.parametrize(("volts", "told"), [(3894, 3.894), (3.9, 3.9), ("4012", 4.012)])
def test_more_than_a_thousand_volts_are_millivolts(volts: Any, told: float) -> None:
    [rig] = present(statuses=[by_old_rig() | {"uploader": {"batteryVoltage": volts, "battery": 64}}]).uploaders
    assert rig.lowest
    assert (rig.lowest.percent, rig.lowest.volts) == (64, told)


@pytest.mark.parametrize(
    ("percent", "level"), [(31, Level.NONE), (30, Level.WARN), (21, Level.WARN), (20, Level.URGENT), (0, Level.URGENT)]
)
def test_a_low_battery_has_a_level(percent: int, level: Level) -> None:
    lowest = lowest_charge(present(statuses=[by_xdrip(2, percent)]).uploaders)
    assert lowest
    assert lowest.level is level


def test_the_levels_are_settings() -> None:
    lowest = lowest_charge(present(statuses=[by_xdrip(2, 40)], UPBAT_WARN="50", UPBAT_URGENT="45").uploaders)
    assert lowest
    assert lowest.level is Level.URGENT


@pytest.mark.parametrize("where", [{"isCharging": True}, {"uploader": {"battery": 81, "isCharging": True}}])
def test_charging_is_told_in_two_places(where: dict[str, Any]) -> None:
    [phone] = present(statuses=[by_androidaps(2) | where]).uploaders
    assert phone.charges[0].charging


def test_the_phone_that_spoke_last_is_asked_alone() -> None:
    asked = present(statuses=[by_xdrip(9, 71), by_xdrip(3, 3, name="transmitter")])
    assert last_percent(asked.statuses) == 71
    assert last_percent(present(statuses=[by_xdrip(9, 71), by_xdrip(3, None)]).statuses) is None
    assert last_percent(()) is None
