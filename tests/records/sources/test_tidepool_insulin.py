"""Insulin and carbs of Tidepool's records: what was given and nothing else, carbs with their bolus, nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.records.sources.documents import BadRecord
from app.store.interface import Document
from tests.records.sources.test_tidepool_records import AT_MS, MINUTE_MS, document_of, documents_of, record

HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def bolus(**fields: Any) -> Document:
    return document_of("bolus", **fields)


def test_a_bolus_alone_is_a_correction() -> None:
    found = bolus(subType="normal", normal=1.25)
    assert (found["eventType"], found["insulin"], found["created_at"]) == ("Correction Bolus", 1.25, iso_of(AT_MS))
    assert "automatic" not in found
    assert "carbs" not in found


@pytest.mark.parametrize("fields", [{"subType": "automated"}, {"subType": "normal", "deliveryContext": "algorithm"}])
def test_what_the_loop_gave_is_automatic(fields: dict[str, Any]) -> None:
    assert bolus(normal=0.35, **fields)["automatic"] is True


def test_an_extended_bolus_is_given_over_its_time() -> None:
    found = bolus(subType="square", extended=1.5, duration=90 * MINUTE_MS)
    assert (found["eventType"], found["enteredinsulin"], found["insulin"]) == ("Combo Bolus", 1.5, 0)
    assert (found["relative"], found["duration"], found["splitNow"], found["splitExt"]) == (1, 90, 0, 100)


def test_an_interrupted_bolus_is_what_was_delivered() -> None:
    found = bolus(
        subType="dual/square",
        normal=2.5,
        extended=1.2,
        expectedExtended=2.5,
        duration=HOUR_MS,
        expectedDuration=2 * HOUR_MS,
    )
    assert (found["enteredinsulin"], found["insulin"], found["duration"], found["relative"]) == (3.7, 2.5, 60, 1.2)
    assert found["notes"] == "Interrupted: 3.7 of 5 U given"
    stopped = bolus(subType="normal", normal=1.5, expectedNormal=5)
    assert (stopped["insulin"], stopped["notes"]) == (1.5, "Interrupted: 1.5 of 5 U given")
    assert "notes" not in bolus(subType="normal", normal=5, expectedNormal=5)


@pytest.mark.parametrize(
    "fields",
    [
        {"subType": "normal", "normal": 0, "expectedNormal": 5},
        {"subType": "dual/square", "normal": 0, "extended": 0, "expectedExtended": 2, "duration": 0},
        {"subType": "square", "extended": 0, "duration": 0},
    ],
)
def test_a_bolus_cancelled_before_the_first_drop_is_none(fields: dict[str, Any]) -> None:
    assert documents_of(record("bolus", **fields)) == []


def test_extended_insulin_of_unknown_time_is_not_lost() -> None:
    found = bolus(subType="dual/square", normal=1, extended=2)
    assert (found["eventType"], found["insulin"]) == ("Correction Bolus", 3)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"normal": "plenty"},
        {"normal": -1},
        {"normal": 500},
        {"normal": True},
        {"extended": 1, "duration": "long"},
        {"normal": 1, "duration": -5},
    ],
)
def test_a_bolus_without_a_possible_amount_is_said(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        bolus(**fields)


@given(st.floats(0.05, 30), st.floats(0.05, 30), st.integers(0, 480))
def test_no_insulin_is_lost_or_added_whatever_the_shape(now_u: float, extended_u: float, minutes: int) -> None:
    for normal, extended in ((now_u, None), (None, extended_u), (now_u, extended_u)):
        [found] = documents_of(record("bolus", normal=normal, extended=extended, duration=minutes * MINUTE_MS))
        given_u = found.get("enteredinsulin", found["insulin"])
        assert given_u == pytest.approx((normal or 0) + (extended or 0), abs=0.002)


def wizard(**fields: Any) -> dict[str, Any]:
    return record("wizard", **{"id": "w1", "bolus": "b1", "carbInput": 48, **fields})


def given_bolus(**fields: Any) -> dict[str, Any]:
    return record("bolus", **{"id": "b1", "subType": "normal", "normal": 4.8, **fields})


@pytest.mark.parametrize("turned", [False, True])
def test_carbs_join_the_bolus_they_led_to_in_whatever_order(turned: bool) -> None:
    both = [wizard(time=iso_of(AT_MS - 20_000)), given_bolus()]
    [found] = documents_of(*reversed(both) if turned else both)
    assert (found["eventType"], found["insulin"], found["carbs"]) == ("Meal Bolus", 4.8, 48)
    assert found["created_at"] == iso_of(AT_MS)
    assert found["identifier"] == documents_of(given_bolus())[0]["identifier"]


def test_carbs_join_an_extended_bolus() -> None:
    [found] = documents_of(wizard(), given_bolus(subType="dual/square", normal=2, extended=2, duration=HOUR_MS))
    assert (found["eventType"], found["insulin"], found["enteredinsulin"], found["carbs"]) == ("Combo Bolus", 2, 4, 48)


def test_a_bolus_within_the_calculation_is_the_bolus() -> None:
    inner = {"type": "bolus", "id": "b1", "subType": "normal", "normal": 4.8}
    [found] = documents_of(wizard(bolus=inner))
    assert (found["eventType"], found["insulin"], found["carbs"]) == ("Meal Bolus", 4.8, 48)
    alone = documents_of(given_bolus(time=wizard()["time"]))[0]
    assert found["identifier"] == alone["identifier"]
    [nameless] = documents_of(wizard(bolus={"normal": 4.8, "id": None, "time": None}))
    assert (nameless["insulin"], nameless["carbs"]) == (4.8, 48)
    twice = documents_of(wizard(bolus=inner), given_bolus())
    assert len({one["identifier"] for one in twice}) == 1
    assert twice[0]["carbs"] == 48


@pytest.mark.parametrize(
    "other",
    [
        None,
        given_bolus(id="b2"),
        given_bolus(time=iso_of(AT_MS - 2 * HOUR_MS)),
        given_bolus(normal=0, expectedNormal=5),
    ],
)
def test_carbs_whose_bolus_did_not_come_stand_alone(other: dict[str, Any] | None) -> None:
    found = documents_of(wizard(), *([other] if other else []))
    alone = [one for one in found if one["eventType"] == "Carb Correction"]
    assert [one["carbs"] for one in alone] == [48]
    assert sum(one.get("carbs", 0) for one in found) == 48


@pytest.mark.parametrize("carbs", [0, None, "", "0"])
def test_a_calculation_without_carbs_is_nothing(carbs: Any) -> None:
    [found] = documents_of(wizard(carbInput=carbs), given_bolus())
    assert found["eventType"] == "Correction Bolus"


def test_one_calculation_told_twice_is_one_meal() -> None:
    [found] = documents_of(wizard(), wizard(id="w2"), given_bolus())
    assert found["carbs"] == 48


def test_of_two_boluses_of_one_id_each_gets_its_own_carbs() -> None:
    earlier = iso_of(AT_MS - 5 * HOUR_MS)
    found = documents_of(
        wizard(), wizard(id="w2", time=earlier, carbInput=20), given_bolus(), given_bolus(time=earlier, normal=2)
    )
    assert [(one["insulin"], one["carbs"]) for one in found] == [(4.8, 48), (2, 20)]


def test_exchanges_become_grams_and_are_told() -> None:
    [found] = documents_of(wizard(carbInput=3, carbUnits="exchanges"), given_bolus())
    assert (found["carbs"], found["notes"]) == (45, "3 exchanges of 15 g")


def test_food_is_carbs_with_what_else_is_in_it() -> None:
    nutrition = {
        "carbohydrate": {"net": 15.5, "total": 17, "units": "grams"},
        "fat": {"total": 3, "units": "grams"},
        "protein": {"total": 2},
    }
    found = document_of("food", nutrition=nutrition, name="Apple")
    assert (found["eventType"], found["carbs"], found["fat"], found["protein"]) == ("Carb Correction", 15.5, 3, 2)
    assert found["notes"] == "Apple"
    assert document_of("food", nutrition={"carbohydrate": {"total": 17}})["carbs"] == 17
    assert documents_of(record("food", nutrition={"carbohydrate": {"net": 0}})) == []
    with pytest.raises(BadRecord):
        document_of("food", nutrition={})


def test_food_the_calculator_was_told_of_is_not_told_twice() -> None:
    food = record("food", time=iso_of(AT_MS + 90_000), nutrition={"carbohydrate": {"net": 48}})
    assert sum(one.get("carbs", 0) for one in documents_of(wizard(), given_bolus(), food)) == 48
    for other in (
        food | {"time": iso_of(AT_MS + 10 * MINUTE_MS)},
        food | {"nutrition": {"carbohydrate": {"net": 20}}},
    ):
        found = documents_of(wizard(), given_bolus(), other)
        assert len(found) == 2


@pytest.mark.parametrize(
    ("formulation", "event_type", "insulin"),
    [
        ({"simple": {"actingType": "rapid", "brand": "Novolog"}}, "Correction Bolus", 6),
        ({"simple": {"actingType": "long", "brand": "Lantus"}}, "Note", None),
        ({"simple": {"actingType": "intermediate"}}, "Note", None),
        ({}, "Correction Bolus", 6),
        (None, "Correction Bolus", 6),
    ],
)
def test_injections_are_boluses_but_for_slow_insulin(formulation: Any, event_type: str, insulin: float | None) -> None:
    found = document_of("insulin", dose={"total": 6, "units": "Units"}, formulation=formulation)
    assert (found["eventType"], found.get("insulin")) == (event_type, insulin)
    if event_type == "Note":
        assert "6 U" in found["notes"]


def basals(knows_profile: bool = True, **fields: Any) -> list[Document]:
    return documents_of(record("basal", **fields), knows_profile=knows_profile)


@pytest.mark.parametrize(
    ("fields", "rate", "minutes"),
    [
        ({"deliveryType": "automated", "rate": 0.425, "duration": 5 * MINUTE_MS}, 0.425, 5),
        ({"deliveryType": "temp", "rate": 0.4, "duration": 30 * MINUTE_MS, "suppressed": {"rate": 0.8}}, 0.4, 30),
        ({"deliveryType": "temp", "percent": 0.5, "duration": 30 * MINUTE_MS, "suppressed": {"rate": 0.8}}, 0.4, 30),
        ({"deliveryType": "temp", "percent": 0, "duration": 30 * MINUTE_MS, "suppressed": {"rate": 0.8}}, 0, 30),
        ({"deliveryType": "suspend", "duration": 12 * MINUTE_MS, "suppressed": {"rate": 0.8}}, 0, 12),
        ({"deliveryType": "suspend", "rate": 0.7, "duration": 12 * MINUTE_MS}, 0, 12),
        ({"deliveryType": "temp", "rate": 0.4, "duration": None, "expectedDuration": 30 * MINUTE_MS}, 0.4, 30),
        ({"deliveryType": "somethingNew", "rate": 0.4, "duration": 30 * MINUTE_MS}, 0.4, 30),
    ],
)
def test_basal_that_is_not_the_profiles_is_a_temp_basal_and_never_insulin(
    fields: dict[str, Any], rate: float, minutes: float
) -> None:
    [found] = basals(**fields)
    assert (found["eventType"], found["absolute"], found["duration"]) == ("Temp Basal", rate, minutes)
    assert "insulin" not in found


def test_a_share_of_an_unknown_rate_stays_a_share() -> None:
    [found] = basals(deliveryType="temp", percent=1.25, duration=30 * MINUTE_MS)
    assert (found["percent"], found["duration"], "absolute" in found) == (25, 30, False)


def test_scheduled_basal_is_the_profiles_business_where_there_is_one() -> None:
    fields = {"deliveryType": "scheduled", "rate": 0.8, "duration": HOUR_MS}
    assert basals(**fields) == []
    [found] = basals(knows_profile=False, **fields)
    assert (found["absolute"], found["duration"]) == (0.8, 60)


def test_a_suspend_of_days_is_told_day_by_day() -> None:
    found = basals(deliveryType="suspend", duration=int(3.5 * DAY_MS))
    assert [one["duration"] for one in found] == [1440, 1440, 1440, 720]
    assert [one["created_at"] for one in found] == [iso_of(AT_MS + day * DAY_MS) for day in range(4)]
    assert len({one["identifier"] for one in found}) == 4
    shorter = basals(deliveryType="suspend", duration=int(1.5 * DAY_MS))
    assert [one["identifier"] for one in shorter] == [one["identifier"] for one in found[:2]]


def test_a_basal_of_no_time_is_nothing() -> None:
    assert basals(deliveryType="temp", rate=0.4, duration=0) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"deliveryType": "temp", "rate": 0.4},
        {"deliveryType": "temp", "duration": 5},
        {"deliveryType": "temp", "rate": "slow", "duration": 5},
        {"deliveryType": "temp", "rate": -1, "duration": 5},
        {"deliveryType": "temp", "rate": 0.4, "duration": 500 * DAY_MS},
        {"deliveryType": "automated", "rate": 900, "duration": 5},
    ],
)
def test_a_basal_without_a_possible_rate_or_length_is_said(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        basals(**fields)
