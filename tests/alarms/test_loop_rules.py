"""A loop that no longer loops."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.rules.finding import BLIND, NOTHING
from app.glucose.levels import Level
from tests.alarms.situations import found_by, only
from tests.live.device_documents import by_androidaps, by_loop
from tests.live.uploads import done

KINDS = pytest.mark.parametrize(
    ("plugin", "name", "upload"), [("openaps", "OpenAPS", by_androidaps), ("loop", "Loop", by_loop)]
)


@KINDS
@pytest.mark.parametrize(
    ("minutes", "level"), [(31, Level.WARN), (60, Level.WARN), (61, Level.URGENT), (300, Level.URGENT)]
)
def test_a_loop_that_stopped(plugin: str, name: str, upload: Any, minutes: int, level: Level) -> None:
    notice = only(found_by(plugin, (), (), [upload(minutes)]))
    assert (notice.level, notice.title, notice.group) == (level, f"{name} isn't looping", name)
    assert notice.message.startswith("Last Loop: ")


@KINDS
def test_the_message_says_when_it_last_ran(plugin: str, name: str, upload: Any) -> None:
    assert only(found_by(plugin, (), (), [upload(45)])).message == "Last Loop: 45m ago"


@KINDS
@pytest.mark.parametrize("minutes", [1, 30])
def test_a_loop_that_runs_is_no_alarm(plugin: str, name: str, upload: Any, minutes: int) -> None:
    assert found_by(plugin, (), (), [upload(minutes)]) == NOTHING


@KINDS
def test_a_loop_nobody_has_heard_of_for_hours_is_unknown(plugin: str, name: str, upload: Any) -> None:
    assert found_by(plugin) == BLIND
    assert found_by(plugin, (), (), [upload(361)]) == BLIND


@KINDS
def test_a_loop_put_out_of_action_is_no_alarm(plugin: str, name: str, upload: Any) -> None:
    offline = done(50, "OpenAPS Offline", duration=60)
    assert found_by(plugin, (), [offline], [upload(45)]) == NOTHING
    over = done(70, "OpenAPS Offline", duration=60)
    assert only(found_by(plugin, (), [over], [upload(45)])).level is Level.WARN


@KINDS
def test_the_minutes_can_be_set_and_the_alarm_switched_off(plugin: str, name: str, upload: Any) -> None:
    given = {f"{plugin.upper()}_WARN": "50"}
    assert found_by(plugin, (), (), [upload(45)], **given) == NOTHING
    assert found_by(plugin, (), (), [upload(45)], **{f"{plugin.upper()}_ENABLE_ALERTS": "off"}) == NOTHING


def test_a_loop_that_runs_and_fails_is_not_looping() -> None:
    failing = [by_loop(45), by_loop(5, failureReason="pump")]
    assert only(found_by("loop", (), (), failing)).message == "Last Loop: 45m ago"
