"""How old what a person wears is, and when somebody is to be told."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.levels import Level
from app.live.ages import BATTERY, CANNULA, INSULIN, Worn, sensor_worn, worn
from tests.live.presents import present
from tests.live.uploads import at, done

HOUR_MIN = 60


def cannula(hours: float, minutes: float = 0, **settings: str) -> Worn:
    known = present(treatments=[done(hours * HOUR_MIN + minutes, "Site Change")], **settings)
    return worn(known.treatments, CANNULA, known.now_ms, known.settings, "CAGE")


@pytest.mark.parametrize(
    ("hours", "level"),
    [(43, Level.NONE), (44, Level.INFO), (48, Level.WARN), (71, Level.WARN), (72, Level.URGENT), (500, Level.URGENT)],
)
def test_an_age_matters_from_some_hours_on(hours: int, level: Level) -> None:
    found = cannula(hours)
    assert found.age
    assert (found.age.age_h, found.level) == (hours, level)


def test_the_hours_are_settings() -> None:
    assert cannula(50, CAGE_URGENT="50").level is Level.URGENT
    assert cannula(50, CAGE_URGENT="soon").level is Level.WARN


@pytest.mark.parametrize(
    ("hours", "minutes", "alert"),
    [
        (48, 0, Level.WARN),
        (48, 20, Level.WARN),
        (48, 21, None),
        (49, 0, None),
        (72, 5, Level.URGENT),
        (44, 5, Level.INFO),
    ],
)
def test_it_is_announced_when_the_hour_has_come(hours: int, minutes: int, alert: Level | None) -> None:
    assert cannula(hours, minutes, CAGE_ENABLE_ALERTS="on").alert == alert
    assert cannula(hours, minutes).alert is None


def test_nothing_is_known_where_nobody_recorded_a_change() -> None:
    known = present(treatments=[done(60, "Note")])
    assert worn(known.treatments, CANNULA, known.now_ms, known.settings, "CAGE") == Worn(None)


@pytest.mark.parametrize(("change", "feature"), [(INSULIN, "IAGE"), (BATTERY, "BAGE")])
def test_others_are_read_alike(change: str, feature: str) -> None:
    known = present(treatments=[done(90, change), done(300, change), done(10, "Site Change"), done(-10, change)])
    found = worn(known.treatments, change, known.now_ms, known.settings, feature)
    assert found.age
    assert (found.age.event.at_ms, found.age.age_h) == (at(90), 1)


def test_what_is_deleted_was_never_changed() -> None:
    known = present(treatments=[done(90, "Site Change") | {"isValid": False}])
    assert worn(known.treatments, CANNULA, known.now_ms, known.settings, "CAGE").age is None


@pytest.mark.parametrize(
    ("treatments", "name", "age_h"),
    [
        ([done(60, "Sensor Change")], "Sensor Change", 1),
        ([done(180, "Sensor Change"), done(120, "Sensor Start")], "Sensor Start", 2),
        ([done(180, "Sensor Start"), done(120, "Sensor Change")], "Sensor Change", 2),
        ([done(120, "Sensor Start"), done(120, "Sensor Change")], "Sensor Change", 2),
        ([done(180, "Sensor Stop")], "Sensor Start", None),
    ],
)
def test_a_sensors_age_counts_from_its_newest_event(
    treatments: list[dict[str, Any]], name: str, age_h: int | None
) -> None:
    known = present(treatments=treatments)
    ages, found = sensor_worn(known.treatments, known.now_ms, known.settings)
    assert ages.newest_name == name
    assert (found.age.age_h if found.age else None) == age_h


def test_a_sensors_age_matters_too() -> None:
    known = present(treatments=[done(166 * HOUR_MIN, "Sensor Start")], SAGE_ENABLE_ALERTS="on")
    _, found = sensor_worn(known.treatments, known.now_ms, known.settings)
    assert (found.level, found.alert) == (Level.URGENT, Level.URGENT)
