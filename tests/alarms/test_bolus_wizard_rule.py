"""Glucose that wants a bolus, and a high that insulin on board answers already."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.notice import Snooze
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.glucose.levels import Level
from app.glucose.units import Unit
from tests.alarms.situations import found_by, only, readings
from tests.live.device_documents import a_profile, by_loop
from tests.live.uploads import at, sgv


def iob(units: float) -> list[dict[str, Any]]:
    status = by_loop()
    status["loop"]["iob"]["iob"] = units
    return [status]


def found(mgdl: float, units: float, **named: Any) -> Finding:
    """Sensitivity 50 mg/dL for a unit, target 100 to 120."""
    return found_by("bwp", readings(mgdl), (), iob(units), [a_profile()], **named)


@pytest.mark.parametrize(
    ("mgdl", "level", "title", "sound"),
    [
        (150, Level.WARN, "Warning, Check BG, time to bolus?", "bike"),
        (170, Level.WARN, "Warning, Check BG, time to bolus?", "bike"),
        (171, Level.URGENT, "Urgent, Check BG, time to bolus?", "updown"),
    ],
)
def test_too_little_insulin_on_board(mgdl: int, level: Level, title: str, sound: str) -> None:
    notice = only(found(mgdl, 0))
    assert (notice.level, notice.title, notice.sound, notice.event_name) == (level, title, sound, "bwp")
    assert notice.group == "default"
    assert "BWP: " in notice.message


@pytest.mark.parametrize(("mgdl", "units"), [(145, 0), (120, 0), (100, 0), (160, 0.5)])
def test_a_small_bolus_or_none_is_no_alarm(mgdl: float, units: float) -> None:
    assert found(mgdl, units) == NOTHING


def test_a_high_with_enough_insulin_on_board_asks_for_quiet() -> None:
    title = "Snoozing high alarm since there is enough IOB"
    [snooze] = found(200, 1.6).snoozes
    assert snooze == Snooze(Level.URGENT, "bwp", title, snooze.message, 600_000)
    assert found(200, 1.6).notices == ()
    [longer] = found(200, 1.6, BWP_SNOOZE_MINS="30").snoozes
    assert longer.length_ms == 1_800_000


def test_a_high_that_is_only_expected_asks_for_quiet_too() -> None:
    entries = [sgv(5, 150), sgv(0, 170)]
    assert found_by("bwp", entries, (), iob(2), [a_profile()]).snoozes
    assert not found_by("bwp", [sgv(5, 110), sgv(0, 112)], (), iob(2), [a_profile()]).snoozes


def test_nothing_asks_for_quiet_while_glucose_is_not_high() -> None:
    for mgdl in (39, 50, 70, 100, 179):
        assert found(mgdl, 5).snoozes == ()


def test_the_limits_can_be_set() -> None:
    assert found(150, 0, BWP_WARN="0.7") == NOTHING
    assert only(found(150, 0, BWP_URGENT="0.55")).level is Level.URGENT


@pytest.mark.parametrize(
    ("entries", "statuses", "profiles", "named"),
    [
        (readings(200), iob(0), [], {}),
        (readings(200), [], [a_profile()], {}),
        (readings(200), iob(0), [a_profile()], {"ENABLE": "bwp"}),
        (readings(200), iob(0), [a_profile(sens=[])], {}),
    ],
    ids=["no profile", "nobody knows what is on board", "iob is off", "no sensitivity"],
)
def test_without_what_it_takes_there_is_no_preview(entries: Any, statuses: Any, profiles: Any, named: Any) -> None:
    assert found_by("bwp", entries, (), statuses, profiles, **named) == NOTHING


def test_without_a_current_reading_nobody_can_tell() -> None:
    assert found_by("bwp", readings(200, ago_min=16), (), iob(0), [a_profile()]) == BLIND
    assert found_by("bwp", [], (), iob(0), [a_profile()]) == BLIND


def test_it_counts_in_either_unit() -> None:
    assert only(found(171, 0, unit=Unit.MMOLL)).level is Level.URGENT
    assert at(0) > 0
