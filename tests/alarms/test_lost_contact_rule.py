"""Readings that no longer come: told by both clocks, after two days too, and with the name of the broken link."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.rules.finding import NOTHING
from app.glucose.levels import Level
from app.live.chain import Trouble
from app.live.picture import Fact, Facts, Reading
from tests.alarms.situations import found_by, only, readings
from tests.clocks import START_MS
from tests.live.uploads import DAY_MIN, MINUTE_MS, at, sgv


@pytest.mark.parametrize(
    ("minutes", "level", "ago"),
    [
        (15.1, Level.WARN, "15 mins ago"),
        (16, Level.WARN, "16 mins ago"),
        (30, Level.WARN, "30 mins ago"),
        (30.1, Level.URGENT, "30 mins ago"),
        (125, Level.URGENT, "2 hours ago"),
    ],
)
def test_old_data_by_how_old_it_is(minutes: float, level: Level, ago: str) -> None:
    notice = only(found_by("timeago", readings(120, ago_min=minutes), ENABLE="", ALARM_TYPES="simple"))
    assert (notice.level, notice.title) == (level, "Stale data, check rig?")
    assert (notice.group, notice.event_name, notice.sound) == ("Time Ago", "timeago", "echo")
    assert notice.message.splitlines()[:2] == [f"Last received: {ago}", "BG Now: 120 mg/dl"]


@pytest.mark.parametrize("minutes", [0, 5, 15])
def test_new_data_is_no_alarm(minutes: float) -> None:
    assert found_by("timeago", readings(120, ago_min=minutes)) == NOTHING


def test_an_error_code_is_contact() -> None:
    assert found_by("timeago", [*readings(120, ago_min=20), *readings(5)]) == NOTHING


def test_the_minutes_and_both_levels_can_be_set() -> None:
    old = readings(120, ago_min=40)
    assert found_by("timeago", old, TIMEAGO_ENABLE_ALERTS="off") == NOTHING
    assert only(found_by("timeago", old, ALARM_TIMEAGO_URGENT="off")).level is Level.WARN
    assert only(found_by("timeago", old, ALARM_TIMEAGO_URGENT_MINS="45")).level is Level.WARN
    assert found_by("timeago", old, ALARM_TIMEAGO_URGENT="off", ALARM_TIMEAGO_WARN="off") == NOTHING
    assert found_by("timeago", readings(120, ago_min=20), ALARM_TIMEAGO_WARN_MINS="20") == NOTHING


def test_a_clock_that_runs_ahead_makes_no_old_reading_new() -> None:
    entry = sgv(11, 120, srvCreated=at(15))
    assert found_by("timeago", [entry]) == NOTHING
    assert only(found_by("timeago", [entry], now_ms=START_MS + MINUTE_MS)).level is Level.WARN


def test_readings_dated_ahead_are_no_contact_and_the_clock_is_named() -> None:
    entries = [sgv(40, 120), sgv(-60, 130, srvCreated=at(1))]
    notice = only(found_by("timeago", entries))
    assert notice.level is Level.URGENT
    assert notice.message.splitlines()[-1] == "A clock is wrong: the last reading is dated 11:00."


def test_a_reading_of_more_than_two_days_ago_is_not_forgotten() -> None:
    last = Reading("1", at(3 * DAY_MIN), at(3 * DAY_MIN), 120)
    notice = only(found_by("timeago", last_before=last))
    assert notice.level is Level.URGENT
    assert notice.message.splitlines()[0] == "Last received: 3 days ago"


@pytest.mark.parametrize(("minutes", "level"), [(10, None), (16, Level.WARN), (31, Level.URGENT)])
def test_never_having_had_a_reading_counts_from_when_there_could_have_been_one(
    minutes: float, level: Level | None
) -> None:
    found = found_by("timeago", watched_since_ms=at(minutes))
    assert [notice.level for notice in found.notices] == ([level] if level else [])
    if level:
        assert only(found).message == "No reading has come yet."


# The broken link.


def told(trouble: Any = (), **named: Any) -> str:
    return only(found_by("timeago", readings(120, ago_min=40), troubles=lambda: trouble, **named)).message


def test_a_feed_that_is_refused_is_named_after_nightscout_s_lines() -> None:
    trouble = Trouble("Dexcom Share", "Dexcom refused the password", at(50))
    lines = told([trouble]).splitlines()
    assert lines[0] == "Last received: 40 mins ago"
    assert lines[1].startswith("BG Now: 120")
    assert lines[-1] == "Dexcom refused the password at 09:10."


def test_the_times_are_those_of_the_person_s_zone() -> None:
    trouble = Trouble("Dexcom Share", "Dexcom refused the password", at(50))
    assert told([trouble], zone="Europe/Berlin").splitlines()[-1] == "Dexcom refused the password at 10:10."


def test_a_phone_that_fell_silent_is_named() -> None:
    facts = Facts(phone=Fact("Pixel", at(40)))
    assert told(facts=facts).splitlines()[-1] == "The phone stopped sending at 09:20."


def test_a_sensor_that_stopped_while_the_phone_goes_on_is_named() -> None:
    facts = Facts(phone=Fact("Pixel", at(1)))
    assert told(facts=facts).splitlines()[-1] == "The sensor stopped reading at 09:20."


def test_feeds_that_cannot_be_asked_hide_no_alarm() -> None:
    def fail() -> list[Trouble]:
        raise OSError("no store")

    notice = only(found_by("timeago", readings(120, ago_min=40), troubles=fail))
    assert notice.level is Level.URGENT


def test_feeds_are_asked_only_when_contact_is_lost() -> None:
    def fail() -> list[Trouble]:
        raise AssertionError("nobody wants to know")

    assert found_by("timeago", readings(120), troubles=fail) == NOTHING
