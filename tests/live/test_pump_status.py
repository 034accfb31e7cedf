"""Which device status speaks for the pump, and how much what it says matters."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.levels import Level
from app.live.pump_status import PumpStatus
from tests.live.device_documents import by_androidaps, by_loop, by_old_rig, when
from tests.live.presents import present
from tests.live.uploads import done


def pump(*statuses: dict[str, Any], **settings: str) -> PumpStatus:
    found = present(statuses=statuses, **settings).pump
    assert found
    return found


def saying(minutes: float = 2, **fields: Any) -> dict[str, Any]:
    return {"device": "pump", "created_at": when(minutes), "pump": {"clock": when(minutes), **fields}}


def test_the_newest_clock_speaks_whenever_it_came() -> None:
    late_news = saying(1, reservoir=50) | {"pump": {"clock": when(90), "reservoir": 50}}
    assert pump(by_androidaps(6), late_news).status.device == "openaps://samsung SM-A515F"


def test_a_pump_without_a_clock_speaks_when_its_status_came() -> None:
    found = pump(by_androidaps(6), {"device": "x", "created_at": when(3), "pump": {"reservoir": 9}})
    assert (found.status.device, found.clock_ms) == ("x", None)
    assert found.clock_level is Level.NONE


def test_a_pump_silent_for_twice_the_urgent_minutes_says_nothing() -> None:
    assert present(statuses=[by_loop(121)]).pump is None
    assert present(statuses=[by_loop(119)]).pump is not None
    assert present(statuses=[by_loop(25)], PUMP_URGENT_CLOCK="12").pump is None


def test_a_status_without_a_pump_says_nothing() -> None:
    assert present(statuses=[{"device": "x", "created_at": when(3), "pump": None}]).pump is None


@pytest.mark.parametrize(
    ("minutes", "level"), [(30, Level.NONE), (31, Level.WARN), (60, Level.WARN), (61, Level.URGENT)]
)
def test_an_old_clock_matters(minutes: int, level: Level) -> None:
    found = pump(saying(minutes))
    assert (found.clock_level, found.level) == (level, level)


@pytest.mark.parametrize(
    ("units", "level"), [(10, Level.NONE), (9.9, Level.WARN), (5, Level.WARN), (4.9, Level.URGENT)]
)
def test_an_empty_reservoir_matters(units: float, level: Level) -> None:
    found = pump(saying(reservoir=units))
    assert found.reservoir
    assert (found.reservoir.level, found.level) == (level, level)


@pytest.mark.parametrize(
    ("percent", "level"), [(30, Level.NONE), (29, Level.WARN), (20, Level.WARN), (19, Level.URGENT)]
)
def test_a_low_battery_in_percent_matters(percent: float, level: Level) -> None:
    found = pump(saying(battery={"percent": percent, "voltage": 1.0}))
    assert found.battery
    assert (found.battery.value, found.battery.level, found.level) == (percent, level, level)


@pytest.mark.parametrize(("volts", "level"), [(1.35, Level.NONE), (1.34, Level.WARN), (1.29, Level.URGENT)])
def test_a_low_battery_in_volts_matters(volts: float, level: Level) -> None:
    found = pump(saying(battery={"voltage": volts}))
    assert found.battery
    assert (found.battery.value, found.battery.level) == (volts, level)


def test_a_battery_of_zero_percent_is_one_nobody_measures() -> None:
    assert pump(saying(battery={"percent": 0})).battery is None


@pytest.mark.parametrize(
    ("zone", "level"), [("UTC", Level.URGENT), ("Asia/Tokyo", Level.URGENT), ("US/Hawaii", Level.NONE)]
)
def test_batteries_are_quiet_at_night_by_the_persons_clock(zone: str, level: Level) -> None:
    """It is 10:00 UTC, 19:00 in Tokyo and midnight in Hawaii."""
    quiet = present(statuses=[saying(battery={"percent": 9})], zone=zone, PUMP_WARN_BATT_QUIET_NIGHT="on").pump
    assert quiet
    assert quiet.level is level


def test_batteries_are_loud_at_night_where_nobody_wants_quiet() -> None:
    loud = present(statuses=[saying(battery={"percent": 9})], zone="US/Hawaii").pump
    assert loud
    assert loud.level is Level.URGENT


def test_a_reservoir_that_only_says_more_than_has_its_own_level() -> None:
    found = pump(saying(reservoir=2, reservoir_display_override="50+", reservoir_level_override=-3))
    assert found.reservoir
    assert found.reservoir.level is Level.NONE


@pytest.mark.parametrize("told", ["much", 17, None, {}])
def test_a_level_nobody_knows_is_not_taken(told: Any) -> None:
    found = pump(saying(reservoir=2, reservoir_level_override=told))
    assert found.reservoir
    assert found.reservoir.level is Level.URGENT


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"status": {"status": "normal"}}, "normal"),
        ({"status": {"bolusing": True, "suspended": True}}, "bolusing"),
        ({"status": {"status": "normal", "suspended": True}}, "suspended"),
        ({"status": {"status": "prime"}}, "prime"),
        ({"status": {"timestamp": "x"}}, "normal"),
        ({"suspended": True, "bolusing": False}, "suspended"),
        ({"suspended": False, "bolusing": False}, "normal"),
        ({"status": {}}, ""),
        ({"status": "normal"}, ""),
        ({}, ""),
    ],
)
def test_what_the_pump_does_is_one_word(fields: dict[str, Any], word: str) -> None:
    assert pump(saying(**fields)).word == word


def test_a_suspended_pump_is_a_warning_where_somebody_wants_one() -> None:
    assert pump(saying(suspended=True)).level is Level.NONE
    warned = pump(saying(suspended=True), PUMP_WARN_ON_SUSPEND="on")
    assert (warned.word_level, warned.level) == (Level.WARN, Level.WARN)


def test_a_loop_put_out_of_action_makes_no_alarm_of_its_pump() -> None:
    offline = done(30, "OpenAPS Offline", duration=60)
    assert pump_level([offline]) is Level.NONE
    assert pump_level([offline | {"duration": 20}]) is Level.URGENT
    assert pump_level([]) is Level.URGENT


def pump_level(treatments: list[dict[str, Any]]) -> Level:
    found = present(statuses=[saying(reservoir=1)], treatments=treatments).pump
    assert found
    return found.level


def test_a_clock_that_runs_ahead_does_not_hide_what_comes_after() -> None:
    """A status of an hour ago whose pump lives three hours ahead."""
    ahead = saying(-180, reservoir=100) | {"created_at": when(60), "srvCreated": when(60)}
    assert pump(ahead, saying(2, reservoir=42)).status.document["pump"]["reservoir"] == 42


def test_real_statuses_are_understood() -> None:
    rig = pump(by_old_rig())
    assert rig.volts
    assert rig.reservoir
    assert (rig.reservoir.value, rig.volts.value, rig.percent) == (81.9, 1.51, None)
