"""``cage``, ``sage``, ``iage``, ``bage``, ``dbsize``, ``runtimestate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import properties
from tests.live.uploads import at, done

SiteWith = Callable[..., Site]

HOUR_MIN = 60
AGES = "cage sage iage bage"


@pytest.fixture
def ages(site_with: SiteWith) -> Site:
    return site_with(ENABLE=AGES)


def shown(site: Site, name: str, *treatments: dict[str, Any]) -> Any:
    site.treatments.save(treatments)
    return properties(site, name)[name]


def test_the_age_of_the_cannula(ages: Site) -> None:
    changed = done(50 * HOUR_MIN + 17, "Site Change", notes="left")
    assert shown(ages, "cage", changed, done(90 * HOUR_MIN, "Site Change")) == {
        "found": True,
        "age": 50,
        "treatmentDate": at(50 * HOUR_MIN + 17),
        "checkForAlert": False,
        "days": 2,
        "hours": 2,
        "notes": "left",
        "minFractions": 17,
        "level": 1,
        "display": "50h",
    }


def test_a_cannula_from_long_before_the_window_is_known(ages: Site) -> None:
    assert shown(ages, "cage", done(61 * 24 * HOUR_MIN, "Site Change"))["days"] == 61


def test_the_age_of_insulin(ages: Site) -> None:
    assert shown(ages, "iage", done(30, "Insulin Change")) == {
        "found": True,
        "age": 0,
        "treatmentDate": at(30),
        "days": 0,
        "hours": 0,
        "minFractions": 30,
        "level": -3,
        "display": "0h",
    }


def test_the_age_of_the_pumps_battery(ages: Site) -> None:
    found = shown(ages, "bage", done(337 * HOUR_MIN, "Pump Battery Change"))
    assert (found["display"], found["level"], found["checkForAlert"]) == ("14d1h", 1, False)


@pytest.mark.parametrize(
    ("setting", "name", "event", "display"),
    [
        ({"CAGE_DISPLAY": "days"}, "cage", "Site Change", "2d2h"),
        ({"CAGE_DISPLAY": "hours"}, "cage", "Site Change", "50h"),
        ({"BAGE_DISPLAY": "hours"}, "bage", "Pump Battery Change", "50h"),
        ({"BAGE_DISPLAY": "days"}, "bage", "Pump Battery Change", "2d2h"),
    ],
)
def test_ages_are_shown_as_set(
    site_with: SiteWith, setting: dict[str, str], name: str, event: str, display: str
) -> None:
    assert shown(site_with(ENABLE=AGES, **setting), name, done(50 * HOUR_MIN, event))["display"] == display


def test_ages_nobody_knows(ages: Site) -> None:
    answer = properties(ages)
    unknown = {"found": False, "age": 0, "treatmentDate": None, "level": -3}
    assert answer["cage"] == answer["bage"] == unknown | {"checkForAlert": False, "display": "n/a "}
    assert answer["iage"] == unknown
    assert answer["sage"] == {
        "Sensor Start": {"found": False, "level": -3},
        "Sensor Change": {"found": False},
        "min": "Sensor Start",
    }


def test_the_age_of_the_sensor(ages: Site) -> None:
    treatments = [done(150 * HOUR_MIN, "Sensor Start"), done(145 * HOUR_MIN + 5, "Sensor Change", notes="G6")]
    assert shown(ages, "sage", *treatments) == {
        "Sensor Start": {"found": False},
        "Sensor Change": {
            "found": True,
            "treatmentDate": at(145 * HOUR_MIN + 5),
            "age": 145,
            "days": 6,
            "hours": 1,
            "notes": "G6",
            "minFractions": 5,
            "display": "6d1h",
            "displayLong": "6 days 1 hours",
            "level": 0,
        },
        "min": "Sensor Change",
    }


@pytest.mark.parametrize(
    ("name", "event", "hours", "level", "title", "message", "sound"),
    [
        ("cage", "Site Change", 44, 0, "Cannula age 44 hours", "Change cannula soon", "incoming"),
        ("cage", "Site Change", 48, 1, "Cannula age 48 hours", "Time to change cannula", "incoming"),
        ("cage", "Site Change", 72, 2, "Cannula age 72 hours", "Cannula change overdue!", "persistent"),
        (
            "iage",
            "Insulin Change",
            44,
            0,
            "Insulin reservoir age 44 hours",
            "Change insulin reservoir soon",
            "incoming",
        ),
        (
            "iage",
            "Insulin Change",
            48,
            1,
            "Insulin reservoir age 48 hours",
            "Time to change insulin reservoir",
            "incoming",
        ),
        (
            "iage",
            "Insulin Change",
            72,
            2,
            "Insulin reservoir age 72 hours",
            "Insulin reservoir change overdue!",
            "persistent",
        ),
        (
            "bage",
            "Pump Battery Change",
            360,
            2,
            "Pump battery age 360 hours",
            "Pump Battery change overdue!",
            "persistent",
        ),
    ],
)
def test_an_age_is_announced_when_its_hour_comes(
    site_with: SiteWith, name: str, event: str, hours: int, level: int, title: str, message: str, sound: str
) -> None:
    """The original never announces that insulin is overdue."""
    site = site_with(ENABLE=AGES, CAGE_ENABLE_ALERTS="on", IAGE_ENABLE_ALERTS="on", BAGE_ENABLE_ALERTS="on")
    found = shown(site, name, done(hours * HOUR_MIN + 19, event))
    assert found["notification"] == {
        "title": title, "message": message, "pushoverSound": sound, "level": level, "group": name.upper(),
    }  # fmt: skip
    assert "notification" not in properties(site_with(ENABLE=AGES))[name]


def test_a_sensors_age_is_announced_too(site_with: SiteWith) -> None:
    site = site_with(ENABLE=AGES, SAGE_ENABLE_ALERTS="on")
    found = shown(site, "sage", done(164 * HOUR_MIN, "Sensor Start"))["Sensor Start"]
    assert (found["notification"]["title"], found["notification"]["message"]) == (
        "Sensor age 6 days 20 hours",
        "Time to change/restart sensor",
    )


def test_the_size_of_the_database(site: Site) -> None:
    """LoopFollow asks for it."""
    found = properties(site, "dbsize")["dbsize"]
    assert found.keys() == {"display", "status", "totalDataSize", "dataPercentage", "notificationLevel", "details"}
    assert (found["display"], found["status"], found["dataPercentage"], found["notificationLevel"]) == (
        "0%", "current", 0, 0,
    )  # fmt: skip
    assert found["details"]["maxSize"] == 496
    assert found["details"]["dataSize"] == pytest.approx(found["totalDataSize"], abs=0.006)
    assert 0 < found["totalDataSize"] < 5


def test_the_size_in_mebibytes_and_more_than_there_may_be(site_with: SiteWith) -> None:
    found = properties(site_with(DBSIZE_IN_MIB="on", DBSIZE_MAX="0.01"), "dbsize")["dbsize"]
    assert found["display"].endswith("MiB")
    assert found["dataPercentage"] > 100


def test_the_state_is_loaded(site: Site) -> None:
    assert properties(site, "runtimestate") == {"runtimestate": {"state": "loaded"}}
