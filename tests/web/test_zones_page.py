"""Journeys, as people enter them."""

from __future__ import annotations

import pytest

from app.records.zones import read_stays
from tests.web.household import Household, words_in

JOURNEY = {"zone": "america/new_york", "since": "2026-07-10T12:00", "until": "2026-07-24T06:00"}


def zones_of(household: Household) -> list[str]:
    return [stay.zone for stay in read_stays(household.family.store)]


def test_a_journey_is_entered_shown_and_taken_out(household: Household) -> None:
    mum = household.mum()
    assert mum.fill("/person/zones", **JOURNEY).headers["Location"] == "/person/zones"
    assert zones_of(household) == ["Europe/Berlin", "America/New_York", "Europe/Berlin"]
    there = read_stays(household.family.store)[1]
    page = words_in(mum.get("/person/zones"))
    assert "America/New_York from 10 Jul 2026, 06:00" in page
    assert "Europe/Berlin from 24 Jul 2026, 12:00" in page
    assert household.told()[-1] == "person changed"
    mum.post("/person/zones/remove", {"from_ms": str(there.from_ms)})
    assert zones_of(household) == []


def test_a_move_for_good_changes_the_persons_zone(household: Household) -> None:
    mum = household.mum()
    mum.fill("/person/zones", **{**JOURNEY, "until": ""})
    assert 'value="America/New_York"' in mum.get("/person").text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"zone": "Boston"}, "There is no such time zone."),
        ({"since": "last summer"}, "Enter a day and a time"),
        ({"since": ""}, "Enter when it began."),
        ({"until": "2026-07-01T00:00"}, "It ends before it begins."),
    ],
)
def test_what_cannot_be_is_refused(household: Household, wrong: dict[str, str], words: str) -> None:
    answer = household.mum().fill("/person/zones", **{**JOURNEY, **wrong})
    assert answer.status_code == 400
    assert words in words_in(answer)
    assert zones_of(household) == []
