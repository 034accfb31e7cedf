"""Whose data it is, as people enter it."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.units import Unit
from app.records.person import Person, read_person
from tests.web.conftest import Serve
from tests.web.household import Household, household_at, make_hashes_cheap, words_in

MGDL = {"very_low_mgdl": "54", "bottom_mgdl": "70", "top_mgdl": "180", "very_high_mgdl": "250"}
MMOL = {"very_low_mmol": "3.0", "bottom_mmol": "3.9", "top_mmol": "10.0", "very_high_mmol": "13.9"}
ADA = {"name": "Ada", "zone": "Europe/Berlin", "unit": "mgdl", **MGDL, **MMOL}


def kept(household: Household) -> Person:
    return read_person(household.site.house.store, household.site.house.settings)


def save(household: Household, **entered: Any) -> Any:
    return household.mum().fill("/person", **{**ADA, **entered})


def test_what_is_entered_is_kept_and_told(household: Household) -> None:
    answer = save(household, name=" Ada ", zone="america/new_york", bottom_mgdl="80")
    assert answer.headers["Location"] == "/"
    person = kept(household)
    assert (person.name, person.zone, person.thresholds.bottom) == ("Ada", "America/New_York", 80)
    assert household.told()[-1] == "person changed"


def test_limits_in_mmol_are_kept_as_the_same_limits_in_mgdl(household: Household) -> None:
    save(household, unit="mmol", bottom_mgdl="1", bottom_mmol="4,5")
    person = kept(household)
    assert person.unit is Unit.MMOLL
    limits = person.thresholds
    assert (limits.very_low, limits.bottom, limits.top, limits.very_high) == (54, 81, 180, 250)


def test_the_form_shows_the_limits_in_both_units(household: Household) -> None:
    page = household.mum().get("/person").text
    for name, value in {**MGDL, **MMOL}.items():
        assert f'name="{name}" type="text" value="{value}"' in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Enter a name."),
        ({"zone": "Berlin"}, "There is no such time zone."),
        ({"top_mgdl": "high"}, "Enter a number."),
        ({"top_mgdl": "nan"}, "Enter a number."),
        ({"top_mgdl": ""}, "Enter a number."),
        ({"bottom_mgdl": "190"}, "Each limit must be higher than the one before."),
        ({"very_high_mgdl": "1e300"}, "Limits lie between 40 and 400 mg/dL."),
        ({"unit": "mmol", "very_low_mmol": "1"}, "Limits lie between 2.2 and 22.2 mmol/L."),
        ({"unit": "stones"}, "Please look at the marked answers."),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_entered(
    household: Household, wrong: dict[str, str], words: str
) -> None:
    before = kept(household)
    answer = save(household, zone="Asia/Tokyo", **wrong) if "zone" not in wrong else save(household, **wrong)
    assert answer.status_code == 400
    assert words in words_in(answer)
    assert wrong.get("zone", "Asia/Tokyo") in answer.text
    assert kept(household) == before


def test_a_name_cannot_break_out_of_the_page(household: Household) -> None:
    save(household, name="<script>alert(1)</script>")
    page = household.mum().get("/").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(("environment", "bottom"), [({}, "70"), ({"BG_TARGET_BOTTOM": "75"}, "75")])
def test_limits_somebody_has_set_are_offered_else_those_of_the_consensus(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], bottom: str
) -> None:
    make_hashes_cheap(monkeypatch)
    household = household_at(serve, **environment)
    household.family.enrol()
    assert f'name="bottom_mgdl" type="text" value="{bottom}"' in household.mum().get("/person").text
    household.close()
