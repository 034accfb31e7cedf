"""What phone, pump and transmitter say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.rules.finding import BLIND, NOTHING
from app.glucose.levels import Level
from tests.alarms.situations import found_by, only
from tests.live.device_documents import by_loop, by_transmitter, by_xdrip, when
from tests.live.uploads import done

# The uploader's battery.


@pytest.mark.parametrize(
    ("percent", "level", "title"),
    [
        (30, Level.WARN, "Warning Uploader Battery is Low"),
        (21, Level.WARN, "Warning Uploader Battery is Low"),
        (20, Level.URGENT, "Urgent Uploader Battery is Low"),
        (1, Level.URGENT, "Urgent Uploader Battery is Low"),
    ],
)
def test_a_low_battery_of_the_uploader(percent: int, level: Level, title: str) -> None:
    notice = only(found_by("upbat", (), (), [by_xdrip(battery=percent)]))
    assert (notice.level, notice.title, notice.group, notice.sound) == (level, title, "Uploader Battery", "echo")
    assert notice.message.endswith(f"{percent}%")


def test_a_full_battery_is_no_alarm_and_a_silent_phone_is_unknown() -> None:
    assert found_by("upbat", (), (), [by_xdrip(battery=31)]) == NOTHING
    assert found_by("upbat", (), (), [by_xdrip(31, battery=5)]) == BLIND
    assert found_by("upbat") == BLIND


def test_the_lowest_of_several_phones_counts_and_each_is_named() -> None:
    other = {**by_loop(), "uploader": {"name": "iPhone", "battery": 25}}
    notice = only(found_by("upbat", (), (), [by_xdrip(battery=9), other]))
    assert notice.level is Level.URGENT
    assert len(notice.message.splitlines()) == 2


# The pump.


def by_pump(minutes: float = 2, clock: float | None = None, **pump: Any) -> dict[str, Any]:
    said = {"clock": when(minutes if clock is None else clock), "reservoir": 86.4, "battery": {"percent": 80}}
    return {"device": "openaps://rig", "created_at": when(minutes), "pump": said | pump}


@pytest.mark.parametrize(
    ("status", "level", "title"),
    [
        (by_pump(reservoir=9.9), Level.WARN, "Warning, Pump Reservoir Low"),
        (by_pump(reservoir=0.5), Level.URGENT, "URGENT: Pump Reservoir Low"),
        (by_pump(battery={"percent": 29}), Level.WARN, "Warning, Pump Battery Low"),
        (by_pump(battery={"voltage": 1.29}), Level.URGENT, "URGENT: Pump Battery Low"),
        (by_pump(clock=31), Level.WARN, "Warning, Pump data stale"),
        (by_pump(clock=61), Level.URGENT, "URGENT: Pump data stale"),
        (by_pump(reservoir=3, battery={"percent": 29}), Level.URGENT, "URGENT: Pump Reservoir Low"),
    ],
)
def test_what_is_wrong_with_the_pump_is_the_title(status: dict[str, Any], level: Level, title: str) -> None:
    notice = only(found_by("pump", (), (), [status]))
    assert (notice.level, notice.title, notice.group, notice.sound) == (level, title, "Pump", "echo")


def test_battery_and_reservoir_are_the_message() -> None:
    notice = only(found_by("pump", (), (), [by_pump(reservoir=4)]))
    assert notice.message == "Pump Battery: 80%\nPump Reservoir: 4.00U"


@pytest.mark.parametrize(
    "status", [by_pump(), by_pump(reservoir=10), by_pump(battery={"percent": 30}), by_pump(clock=30)]
)
def test_a_pump_that_is_well_is_no_alarm(status: dict[str, Any]) -> None:
    assert found_by("pump", (), (), [status]) == NOTHING


def test_a_suspended_pump_warns_where_that_is_wanted() -> None:
    status = by_pump(status={"suspended": True})
    assert found_by("pump", (), (), [status]) == NOTHING
    assert only(found_by("pump", (), (), [status], PUMP_WARN_ON_SUSPEND="on")).title == "Pump Suspended"


def test_a_quiet_night_is_quiet_of_batteries_alone() -> None:
    night = {"PUMP_WARN_BATT_QUIET_NIGHT": "on", "DAY_START": "11"}
    assert found_by("pump", (), (), [by_pump(battery={"percent": 5})], **night) == NOTHING
    assert only(found_by("pump", (), (), [by_pump(reservoir=1)], **night)).level is Level.URGENT


def test_a_loop_put_out_of_action_has_no_pump_to_alarm_about() -> None:
    status, offline = by_pump(reservoir=1), done(10, "OpenAPS Offline", duration=60)
    assert found_by("pump", (), [offline], [status]) == NOTHING


def test_a_pump_that_is_no_longer_heard_at_all_is_unknown() -> None:
    assert found_by("pump", (), (), [by_pump(121)]) == BLIND
    assert found_by("pump") == BLIND


# The transmitter.


def test_a_state_that_is_not_well_warns() -> None:
    notice = only(found_by("xdripjs", (), (), [by_transmitter(state=1, stateString="Stopped")]))
    assert (notice.level, notice.title) == (Level.WARN, "CGM Transmitter state: Stopped")
    assert (notice.group, notice.repeat_ms) == ("xDrip-js", 30 * 60_000)


def test_a_wish_for_calibration_informs() -> None:
    notice = only(found_by("xdripjs", (), (), [by_transmitter(state=7, stateString="Need Calibration")]))
    assert notice.level is Level.INFO
    assert not notice.is_alarm


@pytest.mark.parametrize("volts", [{"voltagea": 299, "voltageb": 310}, {"voltagea": 320, "voltageb": 289}])
def test_low_cells_warn(volts: dict[str, int]) -> None:
    notice = only(found_by("xdripjs", (), (), [by_transmitter(state=6, stateString="OK", **volts)]))
    assert (notice.level, notice.title) == (Level.WARN, "CGM Transmitter Battery Low")


def test_a_transmitter_that_is_well_is_no_alarm_and_a_silent_one_unknown() -> None:
    well = by_transmitter(state=6, stateString="OK", voltagea=310, voltageb=300)
    assert found_by("xdripjs", (), (), [well]) == NOTHING
    assert found_by("xdripjs") == BLIND


def test_how_often_a_transmitter_is_told_of_can_be_set() -> None:
    status = by_transmitter(state=1, stateString="Stopped")
    notice = only(found_by("xdripjs", (), (), [status], XDRIPJS_STATE_NOTIFY_INTRVL="2"))
    assert notice.repeat_ms == 2 * 3_600_000


@pytest.mark.parametrize(
    ("plugin", "status"),
    [("upbat", by_xdrip(battery=5)), ("pump", by_pump(reservoir=1)), ("xdripjs", by_transmitter(state=1))],
)
def test_nothing_is_said_unless_somebody_switched_it_on(plugin: str, status: dict[str, Any]) -> None:
    assert found_by(plugin, (), (), [status], **{f"{plugin.upper()}_ENABLE_ALERTS": "off"}) == NOTHING
    assert found_by(plugin, **{f"{plugin.upper()}_ENABLE_ALERTS": "off"}) == NOTHING
