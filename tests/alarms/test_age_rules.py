"""What a person wears has reached an age."""

from __future__ import annotations

import pytest

from app.alarms.rules.finding import NOTHING
from app.glucose.levels import Level
from tests.alarms.situations import found_by, only
from tests.clocks import START_MS
from tests.live.uploads import MINUTE_MS, done

HOUR = 60


@pytest.mark.parametrize(
    ("plugin", "event", "hours", "level", "title", "message", "sound"),
    [
        ("cage", "Site Change", 44, Level.INFO, "Cannula age 44 hours", "Change cannula soon", "incoming"),
        ("cage", "Site Change", 48, Level.WARN, "Cannula age 48 hours", "Time to change cannula", "incoming"),
        ("cage", "Site Change", 72, Level.URGENT, "Cannula age 72 hours", "Cannula change overdue!", "persistent"),
        (
            "iage",
            "Insulin Change",
            44,
            Level.INFO,
            "Insulin reservoir age 44 hours",
            "Change insulin reservoir soon",
            "incoming",
        ),
        (
            "iage",
            "Insulin Change",
            48,
            Level.WARN,
            "Insulin reservoir age 48 hours",
            "Time to change insulin reservoir",
            "incoming",
        ),
        (
            "iage",
            "Insulin Change",
            72,
            Level.URGENT,
            "Insulin reservoir age 72 hours",
            "Insulin reservoir change overdue!",
            "persistent",
        ),
        (
            "bage",
            "Pump Battery Change",
            312,
            Level.INFO,
            "Pump battery age 312 hours",
            "Change pump battery soon",
            "incoming",
        ),
        (
            "bage",
            "Pump Battery Change",
            336,
            Level.WARN,
            "Pump battery age 336 hours",
            "Time to change pump battery",
            "incoming",
        ),
        (
            "bage",
            "Pump Battery Change",
            360,
            Level.URGENT,
            "Pump battery age 360 hours",
            "Pump Battery change overdue!",
            "persistent",
        ),
        (
            "sage",
            "Sensor Start",
            144,
            Level.INFO,
            "Sensor age 6 days 0 hours",
            "Change/restart sensor soon",
            "incoming",
        ),
        (
            "sage",
            "Sensor Change",
            164,
            Level.WARN,
            "Sensor age 6 days 20 hours",
            "Time to change/restart sensor",
            "incoming",
        ),
        (
            "sage",
            "Sensor Start",
            166,
            Level.URGENT,
            "Sensor age 6 days 22 hours",
            "Sensor change/restart overdue!",
            "persistent",
        ),
    ],
)
def test_an_age_is_told_in_the_minutes_in_which_it_is_reached(
    plugin: str, event: str, hours: int, level: Level, title: str, message: str, sound: str
) -> None:
    for minutes in (0, 20):
        notice = only(found_by(plugin, (), [done(hours * HOUR + minutes, event)]))
        assert (notice.level, notice.title, notice.message) == (level, title, message)
        assert (notice.sound, notice.group, notice.plugin) == (sound, plugin.upper(), plugin)
    for minutes in (-1, 21, 59):
        assert found_by(plugin, (), [done(hours * HOUR + minutes, event)]) == NOTHING


@pytest.mark.parametrize(("plugin", "event"), [("cage", "Site Change"), ("iage", "Insulin Change"),
                                               ("bage", "Pump Battery Change"), ("sage", "Sensor Start")])  # fmt: skip
def test_nothing_is_told_unless_somebody_switched_it_on(plugin: str, event: str) -> None:
    settings = {f"{plugin.upper()}_ENABLE_ALERTS": "off", f"{plugin.upper()}_WARN": "48"}
    assert found_by(plugin, (), [done(48 * HOUR, event)], **settings) == NOTHING
    assert found_by(plugin, ()) == NOTHING


def test_the_hours_can_be_set() -> None:
    assert only(found_by("cage", (), [done(50 * HOUR, "Site Change")], CAGE_WARN="50")).level is Level.WARN


def test_one_age_is_one_notice_and_that_of_the_next_cannula_another() -> None:
    changed = done(44 * HOUR, "Site Change")
    first = only(found_by("cage", (), [changed]))
    again = only(found_by("cage", (), [changed], now_ms=START_MS + 15 * MINUTE_MS))
    other = only(found_by("cage", (), [done(44 * HOUR + 1, "Site Change")]))
    assert first.key == again.key
    assert other.key != first.key
