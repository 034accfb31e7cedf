"""Treatments with everything that is added to them, and sorted by what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.units import Unit
from app.live.enrichment import Enriched, enriched
from tests.live.presents import present
from tests.live.uploads import at, done, sgv

READINGS = [sgv(20, 100), sgv(10, 121), sgv(5, 38)]


def made(*treatments: dict[str, Any], unit: Unit = Unit.MGDL, entries: list[dict[str, Any]] | None = None) -> Enriched:
    known = present(READINGS if entries is None else entries, treatments)
    return enriched(known.treatments, known.sensor, unit)


def one(treatment: dict[str, Any], unit: Unit = Unit.MGDL, entries: list[dict[str, Any]] | None = None) -> Any:
    [found] = made(treatment, unit=unit, entries=entries).treatments
    return found


def test_a_moment_is_added_and_nothing_is_lost() -> None:
    found = one(done(15, "Note", unknown={"a": 1}))
    assert (found["mills"], found["unknown"], found["enteredBy"]) == (at(15), {"a": 1}, "Mum")
    assert "endmills" not in found
    assert "duration" not in found


def test_what_lasts_has_an_end() -> None:
    assert one(done(15, "Exercise", duration=30))["endmills"] == at(-15)
    assert "endmills" not in one(done(15, "Temp Basal", duration=0))
    assert one(done(15, "Exercise", duration=30, endmills=7))["endmills"] == 7


def test_a_duration_may_be_told_in_milliseconds_alone() -> None:
    found = one(done(15, "Temp Basal", durationInMilliseconds=1_779_000))
    assert (found["duration"], found["endmills"]) == (30, at(-15))
    assert one(done(15, "Temp Basal", duration=10, durationInMilliseconds=1_779_000))["duration"] == 10


def test_a_rate_may_be_told_as_an_amount() -> None:
    assert one(done(15, "Temp Basal", amount="0.4"))["absolute"] == 0.4
    assert one(done(15, "Temp Basal", amount=0.4, absolute=0))["absolute"] == 0
    assert "absolute" not in one(done(15, "Temp Basal", amount="none"))


def test_a_treatment_without_a_type_has_an_empty_one() -> None:
    assert one({"created_at": at(15), "notes": "x"})["eventType"] == ""


@pytest.mark.parametrize(
    ("minutes", "mgdl"), [(15, 111), (20, 100), (30, 100), (10, 121), (2, 121), (-60, 121), (12, 111)]
)
def test_it_is_drawn_in_the_middle_of_the_readings_around_it(minutes: float, mgdl: int) -> None:
    assert one(done(minutes, "Note"))["mgdl"] == mgdl


def test_without_readings_it_is_drawn_at_180() -> None:
    assert one(done(15, "Note"), entries=[])["mgdl"] == 180


@pytest.mark.parametrize(
    ("fields", "unit", "drawn"),
    [
        ({"glucose": 90}, Unit.MGDL, {"mgdl": 90}),
        ({"glucose": "118", "units": "mg/dl"}, Unit.MMOLL, {"mgdl": 118}),
        ({"glucose": 900}, Unit.MGDL, {"mgdl": 396.34}),
        ({"glucose": 5.5}, Unit.MMOLL, {"mmol": 5.5}),
        ({"glucose": 5.5, "units": "mmol"}, Unit.MGDL, {"mmol": 5.5}),
        ({"glucose": 33, "units": "mmol/L"}, Unit.MGDL, {"mmol": 22}),
        ({"glucose": "high"}, Unit.MGDL, {"mgdl": 111}),
    ],
)
def test_its_own_glucose_is_where_it_is_drawn(fields: dict[str, Any], unit: Unit, drawn: dict[str, float]) -> None:
    found = one(done(15, "BG Check", **fields), unit)
    assert {name: found[name] for name in ("mgdl", "mmol") if name in found} == drawn


def test_they_are_sorted_by_what_they_are_about() -> None:
    found = made(
        done(60, "Site Change"),
        done(50, "CGM Sensor Start"),
        done(40, "Insulin Change"),
        done(30, "Pump Battery Change"),
        done(20, "Combo Bolus", duration=10),
        done(10, "Temp Basal Start", duration=10),
        done(5, "Temporary Target Cancel", duration=3),
    )
    names = [
        [treatment["eventType"] for treatment in treatments]
        for treatments in (
            found.site_changes,
            found.sensor,
            found.insulin_changes,
            found.battery_changes,
            found.combo_boluses,
            found.temp_basals,
            found.temp_targets,
        )
    ]
    assert names == [
        ["Site Change"],
        ["CGM Sensor Start"],
        ["Insulin Change"],
        ["Pump Battery Change"],
        ["Combo Bolus"],
        ["Temp Basal Start"],
        ["Temporary Target Cancel"],
    ]
    assert len(found.treatments) == 7


def test_what_runs_ends_when_the_next_of_its_kind_begins() -> None:
    found = made(
        done(60, "Temp Basal", absolute=1, duration=60),
        done(45, "Temp Basal", duration=0),
        done(30, "Temp Basal", absolute=2, duration=60),
        done(20, "Temp Basal", absolute=3, duration=5),
    )
    assert [(one["absolute"], one["duration"], one["endmills"]) for one in found.temp_basals] == [
        (1, 15, at(45)),
        (2, 10, at(20)),
        (3, 5, at(15)),
    ]
    assert [one["duration"] for one in found.treatments] == [60, 0, 60, 5]


def test_switches_stay_without_an_end_and_say_who_cut_them() -> None:
    found = made(
        done(90, "Profile Switch", profile="Day", duration=0),
        done(60, "Profile Switch", profile="Sport", duration=60),
        done(30, "Profile Switch", profile="Night", duration=0),
    )
    told = [
        (one["profile"], one["duration"], one.get("cuttedby"), one.get("cutting")) for one in found.profile_switches
    ]
    assert told == [("Day", 0, None, None), ("Sport", 30, "Night", None), ("Night", 0, None, "Sport")]


@pytest.mark.parametrize(
    "fields",
    [
        {"targetTop": 6, "targetBottom": 5, "units": "mmol"},
        {"targetTop": 6, "targetBottom": 5},
        {"targetTop": "6", "targetBottom": "5", "units": "mg/dl"},
    ],
)
def test_targets_are_in_mgdl_whatever_they_say(fields: dict[str, Any]) -> None:
    [found] = made(done(5, "Temporary Target", duration=30, **fields)).temp_targets
    assert (found["targetTop"], found["targetBottom"]) == pytest.approx((108.09354, 90.07795))
    assert found["units"] == "mg/dl"


def test_targets_in_mgdl_stay() -> None:
    [found] = made(done(5, "Temporary Target", duration=30, targetTop="120", targetBottom=110)).temp_targets
    assert (found["targetTop"], found["targetBottom"], "units" in found) == (120, 110, False)


def test_deleted_treatments_are_none() -> None:
    assert made(done(15, "Site Change") | {"isValid": False}) == made()


def test_stored_documents_are_not_touched() -> None:
    treatment = done(15, "Temporary Target", duration=30, targetTop=6)
    before = dict(treatment)
    made(treatment)
    assert treatment == before
