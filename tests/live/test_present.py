"""The present is worked out once for everybody, and anew when there is something new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.config import load_settings
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.picture import Facts, Picture
from app.live.present import Presents
from app.records.person import Person
from tests.clocks import START_MS
from tests.live.device_documents import a_profile, by_loop
from tests.live.presents import documents, present
from tests.live.uploads import done, sgv

PERSON = Person("Ada", "Europe/Berlin", Unit.MGDL, Thresholds())
PICTURE = Picture(1, (), (), Facts(), documents=documents([sgv(5, 110)]))


class Household:
    """Somebody whose data it is, and how often that was asked."""

    def __init__(self) -> None:
        self.person = PERSON
        self.asked = 0

    def read(self) -> Person:
        self.asked += 1
        return self.person


@pytest.fixture
def household() -> Household:
    return Household()


@pytest.fixture
def presents(household: Household) -> Presents:
    return Presents(load_settings({}), household.read)


def test_whoever_asks_within_the_half_minute_gets_the_same(presents: Presents, household: Household) -> None:
    first = presents.at(PICTURE, START_MS)
    assert presents.at(PICTURE, START_MS + 29_999) is first
    assert (first.now_ms, household.asked) == (START_MS, 1)


def test_the_next_half_minute_is_another_present(presents: Presents, household: Household) -> None:
    first = presents.at(PICTURE, START_MS)
    later = presents.at(PICTURE, START_MS + 30_000)
    assert later is not first
    assert (later.now_ms, household.asked) == (START_MS + 30_000, 1)


def test_other_documents_are_another_present(presents: Presents) -> None:
    first = presents.at(PICTURE, START_MS)
    changed = replace(PICTURE, seq=2, documents=documents([sgv(1, 90)]))
    assert presents.at(changed, START_MS + 1) is not first


def test_a_change_that_is_none_of_its_business_leaves_it(presents: Presents, household: Household) -> None:
    first = presents.at(PICTURE, START_MS)
    assert presents.at(replace(PICTURE, seq=2), START_MS + 1) is first
    assert household.asked == 2


def test_a_change_of_the_person_is_another_present(presents: Presents, household: Household) -> None:
    presents.at(PICTURE, START_MS)
    household.person = replace(PERSON, unit=Unit.MMOLL)
    assert presents.at(replace(PICTURE, seq=2), START_MS + 1).person.unit is Unit.MMOLL


def test_everything_comes_together() -> None:
    known = present(
        [sgv(5, 120), sgv(10, 110), sgv(0, 125)],
        [done(30, "Temp Basal", absolute=0.2, duration=60), done(60, "Meal Bolus", insulin=2)],
        [by_loop()],
        [a_profile()],
    )
    assert known.delta
    assert known.forecast
    assert known.profile
    assert known.last
    assert (known.delta.mgdl, known.profile.sens, known.basal.total_u_per_h, known.last.mgdl) == (5, 50, 0.2, 125)
    preview = known.bolus_preview(Unit.MGDL, known.insulin.units)
    assert preview.outcome == pytest.approx(125 - 1.5049 * 50)


def test_a_profile_without_a_zone_is_read_by_the_persons_clock() -> None:
    """It is 10:00 UTC and 11:00 in Berlin; the rate steps at 10:30."""
    for zone, rate in (("UTC", 0.5), ("Europe/Berlin", 0.8)):
        known = present(profiles=[a_profile(timezone="")], zone=zone)
        assert known.profile
        assert known.profile.basal_u_per_h == rate


def test_of_nothing_nothing_is_known() -> None:
    known = present()
    assert (known.last, known.buckets, known.delta, known.forecast, known.pump) == (None, (), None, None, None)
    assert (known.profile, known.insulin.units, known.carbs.grams, known.basal.total_u_per_h) == (
        None,
        None,
        None,
        None,
    )
