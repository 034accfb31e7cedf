"""A pump's settings in Tidepool's records as profiles: units, shapes of targets, and only what really changed."""

from __future__ import annotations

from typing import Any

import pytest

from app.clock import iso_of
from app.records.sources.documents import BadRecord
from app.records.sources.tidepool.reading import Reading
from app.records.sources.tidepool.settings import Settings, changed
from app.store.interface import Document
from tests.clocks import START_MS
from tests.records.sources.test_tidepool_records import in_berlin, record

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

IN_MMOLL: dict[str, Any] = {
    "activeSchedule": "Weekday",
    "basalSchedules": {"Weekday": [{"start": 0, "rate": 0.8}, {"start": 6 * HOUR_MS, "rate": 1.05}]},
    "bgTarget": [{"start": 0, "low": 4.44, "high": 5.55}],
    "carbRatio": [{"start": 0, "amount": 10}, {"start": 12 * HOUR_MS, "amount": 12.5}],
    "insulinSensitivity": [{"start": 0, "amount": 2.7754}],
    "units": {"bg": "mmol/L", "carb": "grams"},
}


def settings_of(**fields: Any) -> Settings:
    reading = Reading(START_MS, in_berlin, knows_profile=False)
    found = reading.settings(record("pumpSettings", **fields))
    assert found is not None
    return found


def profile_of(name: str = "Weekday", **fields: Any) -> Document:
    return settings_of(**{**IN_MMOLL, **fields}).store[name]


def values(schedule: list[Document]) -> list[tuple[str, float]]:
    return [(step["time"], step["value"]) for step in schedule]


def test_settings_are_a_profile_in_mgdl() -> None:
    found = profile_of()
    assert values(found["basal"]) == [("00:00", 0.8), ("06:00", 1.05)]
    assert values(found["carbratio"]) == [("00:00", 10), ("12:00", 12.5)]
    assert values(found["sens"]) == [("00:00", 50)]
    assert values(found["target_low"]) == [("00:00", 80)]
    assert values(found["target_high"]) == [("00:00", 100)]
    assert (found["units"], found["timezone"]) == ("mg/dl", "Europe/Berlin")


@pytest.mark.parametrize("said", ["mg/dL", "mmol/L", None])
def test_the_unit_is_the_one_the_targets_can_only_be_in(said: str | None) -> None:
    units = {"bg": said, "carb": "grams"}
    assert values(profile_of(units=units)["sens"]) == [("00:00", 50)]
    in_mgdl = profile_of(
        units=units,
        bgTarget=[{"start": 0, "low": 80, "high": 100}],
        insulinSensitivity=[{"start": 0, "amount": 25}],
    )
    assert (values(in_mgdl["target_low"]), values(in_mgdl["sens"])) == ([("00:00", 80)], [("00:00", 25)])


def test_without_targets_the_unit_is_the_one_that_is_named() -> None:
    told = {"bgTarget": None, "insulinSensitivity": [{"start": 0, "amount": 25}]}
    assert values(profile_of(units={"bg": "mg/dL"}, **told)["sens"]) == [("00:00", 25)]
    assert values(profile_of(units=None, **{**told, "insulinSensitivity": [{"start": 0, "amount": 2.7754}]})["sens"])[
        0
    ] == ("00:00", 50)


@pytest.mark.parametrize(
    ("target", "low", "high"),
    [
        ({"low": 80, "high": 120}, 80, 120),
        ({"target": 100}, 100, 100),
        ({"target": 100, "range": 10}, 90, 110),
        ({"target": 100, "high": 130}, 100, 130),
        ({"target": 100, "high": 90}, 100, 100),
    ],
)
def test_targets_come_in_several_shapes(target: dict[str, float], low: float, high: float) -> None:
    found = profile_of(bgTarget=[{"start": 0, **target}])
    assert (values(found["target_low"]), values(found["target_high"])) == ([("00:00", low)], [("00:00", high)])


def test_what_is_set_for_one_profile_goes_before_what_is_set_for_all() -> None:
    basals = {"Work": [{"start": 0, "rate": 1}], "Rest": [{"start": 0, "rate": 2}]}
    found = settings_of(
        **{
            **IN_MMOLL,
            "activeSchedule": "Rest",
            "basalSchedules": basals,
            "bgTargets": {"Work": [{"start": 0, "target": 6}], "Rest": [{"start": 0, "target": 7}]},
            "carbRatios": {"Work": [{"start": 0, "amount": 8}]},
            "insulinSensitivities": {"Work": [{"start": 0, "amount": 3}]},
        }
    )
    assert found.default_profile == "Rest"
    work, rest = found.store["Work"], found.store["Rest"]
    assert values(work["target_low"]) == [("00:00", 108.1)]
    assert values(rest["target_low"]) == [("00:00", 126.1)]
    assert values(work["carbratio"]) == [("00:00", 8)]
    assert values(rest["carbratio"])[0] == ("00:00", 10)
    assert values(rest["sens"]) == [("00:00", 50)]


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ({"bolus": {"calculator": {"insulin": {"duration": 4, "units": "hours"}}}}, 4),
        ({"bolus": {"calculator": {"insulin": {"duration": 270, "units": "minutes"}}}}, 4.5),
        ({"insulinModel": {"modelType": "rapidAdult", "actionDuration": 21600}}, 6),
        ({"insulinModel": {"actionDuration": 21_600_000}}, 6),
        ({"insulinModel": {"actionDuration": 5}}, None),
        ({"bolus": {"calculator": {"insulin": {"duration": 4, "units": "moons"}}}}, None),
        ({}, None),
    ],
)
def test_how_long_insulin_acts_is_told_where_the_pump_knows(fields: dict[str, Any], hours: float | None) -> None:
    assert profile_of(**fields).get("dia") == hours


def test_a_ratio_in_exchanges_is_no_ratio_in_grams() -> None:
    assert "carbratio" not in profile_of(units={"bg": "mmol/L", "carb": "exchanges"})


def test_a_pump_that_names_its_zone_is_read_by_it() -> None:
    assert profile_of(timezone="us/pacific")["timezone"] == "US/Pacific"
    assert profile_of(timezone="Atlantis")["timezone"] == "Europe/Berlin"


def test_an_active_profile_that_is_not_there_is_the_first() -> None:
    assert settings_of(**{**IN_MMOLL, "activeSchedule": "Gone"}).default_profile == "Weekday"


@pytest.mark.parametrize(
    "fields",
    [
        {"basalSchedules": None, "bgTarget": None, "carbRatio": None, "insulinSensitivity": None},
        {"basalSchedules": {"Weekday": [{"start": "dawn", "rate": 1}]}},
        {"basalSchedules": {"Weekday": [{"start": 0, "rate": "slow"}]}},
        {"basalSchedules": {"Weekday": [{"start": 25 * HOUR_MS, "rate": 1}]}},
        {"basalSchedules": {"Weekday": [7]}},
        {"bgTarget": [{"start": 0}]},
    ],
)
def test_settings_nobody_can_read_are_said(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        settings_of(**{**IN_MMOLL, **fields})


def seen(at_ms: int, rate: float) -> Settings:
    return settings_of(time=iso_of(at_ms), activeSchedule="A", basalSchedules={"A": [{"start": 0, "rate": rate}]})


def starts(documents: list[Document]) -> list[str]:
    return [one["startDate"] for one in documents]


def test_only_changes_are_profiles() -> None:
    days = [START_MS - day * DAY_MS for day in range(6, 0, -1)]
    told = [seen(at_ms, rate) for at_ms, rate in zip(days, (1, 1, 2, 2, 1, 1), strict=True)]
    made, sights = changed(reversed(told), ())
    assert starts(made) == [iso_of(days[0]), iso_of(days[2]), iso_of(days[4])]
    assert len({one["identifier"] for one in made}) == 3
    again, same = changed(told, sights)
    assert (again, same) == (made, sights)
    assert changed([seen(days[5], 1)], sights) == ([], sights)


@pytest.mark.parametrize("cut", range(1, 6))
def test_told_in_two_parts_they_are_the_same_changes(cut: int) -> None:
    told = [seen(START_MS - (6 - place) * DAY_MS, rate) for place, rate in enumerate((1, 1, 2, 2, 1, 3))]
    whole, _ = changed(told, ())
    first, sights = changed(told[:cut], ())
    second, _ = changed(told[cut - 1 :], sights)
    assert {one["identifier"] for one in (*first, *second)} == {one["identifier"] for one in whole}
