"""Whose word on insulin on board counts."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.iob import Insulin, Source
from tests.live.device_documents import a_profile, by_androidaps, by_loop, by_minimed_connect, by_old_rig, when
from tests.live.presents import present
from tests.live.uploads import at, done


def insulin(*statuses: dict[str, Any], treatments: list[dict[str, Any]] | None = None) -> Insulin:
    return present(statuses=statuses, treatments=treatments or [], profiles=[a_profile()]).insulin


@pytest.mark.parametrize(
    ("status", "units", "source", "activity"),
    [
        (by_loop(), 1.5049, Source.LOOP, None),
        (by_androidaps(), 1.12, Source.OPENAPS, 0.011),
        (by_old_rig(), 0.831, Source.OPENAPS, 0.0074),
        (by_minimed_connect(), 0.85, Source.MINIMED, None),
        ({"created_at": when(2), "pump": {"iob": {"iob": "0.4"}}}, 0.4, Source.PUMP, None),
        ({"created_at": when(2), "openaps": {"iob": {}}, "pump": {"iob": {"iob": 0.4}}}, 0.4, Source.PUMP, None),
    ],
)
def test_devices_tell_it_in_their_own_ways(
    status: dict[str, Any], units: float, source: Source, activity: float | None
) -> None:
    found = insulin(status).reported
    assert found
    assert (found.units, found.source, found.activity) == (units, source, activity)


def test_loops_word_stands_before_the_pumps_which_it_uploads_too() -> None:
    pump = {"device": "pump", "created_at": when(1), "pump": {"iob": {"iob": 9}}}
    assert insulin(by_loop(4), pump).units == 1.5049


def test_else_the_newest_word_counts() -> None:
    assert insulin(by_androidaps(3), by_minimed_connect(8)).units == 1.12
    assert insulin(by_androidaps(9), by_minimed_connect(8)).units == 0.85


def test_a_word_counts_for_half_an_hour() -> None:
    assert insulin(by_loop(30)).units == 1.5049
    assert insulin(by_loop(31)).units is None


def test_clocks_may_run_ahead_by_five_minutes() -> None:
    assert insulin(by_loop(-5)).units == 1.5049
    assert insulin(by_loop(-6)).units is None


@pytest.mark.parametrize("iob", [None, "much", True, [], {}, 1e16, -1e308])
def test_what_is_no_number_is_no_word(iob: Any) -> None:
    assert insulin(by_loop(1, iob={"iob": iob, "timestamp": when(1)}), by_loop(6)).units == 1.5049


def test_without_a_device_treatments_count() -> None:
    found = insulin(treatments=[done(60, "Meal Bolus", insulin=2)])
    assert found.reported is None
    assert found.treatments
    assert found.treatments.last
    assert found.units == pytest.approx(1.667, abs=0.001)
    assert found.activity == pytest.approx(0.5)
    assert found.treatments.last.at_ms == at(60)


def test_treatments_stand_beside_a_device() -> None:
    found = insulin(by_loop(), treatments=[done(60, "Meal Bolus", insulin=2)])
    assert found.treatments
    assert found.units == 1.5049
    assert found.treatments.units == pytest.approx(1.667, abs=0.001)


def test_where_nobody_enters_treatments_nothing_is_known() -> None:
    assert insulin().units is None
    assert insulin(treatments=[done(60, "Note")]).units == 0


def test_doses_of_the_future_do_not_count() -> None:
    assert insulin(treatments=[done(-10, "Meal Bolus", insulin=2)]).units == 0


def test_deleted_doses_do_not_count() -> None:
    treatments = [done(60, "Meal Bolus", insulin=2) | {"isValid": False}, done(60, "Note")]
    assert insulin(treatments=treatments).units == 0


def test_deleted_statuses_do_not_count() -> None:
    assert insulin(by_loop() | {"isValid": False}).units is None
