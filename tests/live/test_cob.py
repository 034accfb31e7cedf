"""Whose word on carbs on board counts."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.cob import Carbs
from tests.live.device_documents import a_profile, by_androidaps, by_loop, by_old_rig, when
from tests.live.presents import present
from tests.live.uploads import at, done

MEAL = done(60, "Meal Bolus", carbs=45)


def carbs(*statuses: dict[str, Any], treatments: tuple[dict[str, Any], ...] = (MEAL,), **profile: Any) -> Carbs:
    return present(statuses=statuses, treatments=treatments, profiles=[a_profile(**profile)]).carbs


@pytest.mark.parametrize(("status", "grams"), [(by_loop(), 25.04), (by_androidaps(), 12), (by_old_rig(), 7)])
def test_a_loops_word_counts(status: dict[str, Any], grams: float) -> None:
    found = carbs(status)
    assert found.reported
    assert (found.grams, found.treatments) == (grams, None)
    assert found.reported.said_ms == at(2)


def test_the_newer_of_suggested_and_enacted_counts() -> None:
    openaps = {"suggested": {"timestamp": when(6), "COB": 20}, "enacted": {"timestamp": when(3), "COB": 18}}
    assert carbs(by_androidaps() | {"openaps": openaps}).grams == 18


def test_what_has_no_time_of_its_own_is_as_old_as_its_status() -> None:
    assert carbs(by_androidaps(4) | {"openaps": {"suggested": {"COB": 20}}}).grams == 20


def test_a_word_older_than_ten_minutes_does_not_count() -> None:
    assert carbs(by_loop(10)).grams == 25.04
    assert carbs(by_loop(11)).grams == pytest.approx(25)
    assert carbs(by_loop(11)).reported is None


@pytest.mark.parametrize("cob", [None, "some", False])
def test_a_loop_that_does_not_say_leaves_it_to_the_treatments(cob: Any) -> None:
    found = carbs(by_loop(2, cob={"timestamp": when(2), "cob": cob}))
    assert found.treatments
    assert found.grams == pytest.approx(25)


def test_without_a_device_treatments_count() -> None:
    found = carbs()
    assert found.treatments
    assert (found.grams, found.treatments.is_decaying) == (pytest.approx(25), True)
    assert found.treatments.raw_carb_impact == pytest.approx(2.5)


def test_insulin_that_acts_delays_carbs() -> None:
    assert carbs(treatments=(done(60, "Meal Bolus", carbs=45, insulin=3),)).grams == pytest.approx(26)


@pytest.mark.parametrize("missing", ["sens", "carbratio"])
def test_without_sensitivity_or_ratio_nothing_is_known(missing: str) -> None:
    assert carbs(by_loop(), **{missing: []}) == Carbs()
    assert present(statuses=[by_loop()], treatments=[MEAL]).carbs == Carbs()


def test_where_nobody_enters_treatments_nothing_is_known() -> None:
    assert carbs(treatments=()).grams is None
    assert carbs(treatments=(done(60, "Note"),)).grams == 0


def test_deleted_meals_do_not_count() -> None:
    assert carbs(treatments=(MEAL | {"isValid": False}, done(60, "Note"))).grams == 0
