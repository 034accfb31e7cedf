"""Where a person lived: journeys in, journeys out, and the wall clock that follows from them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.actor import NOBODY
from app.config import Settings
from app.errors import BadDocument
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from app.records.zones import Stay, read_stays, save_stays, wall_clock, with_stay, without_stay
from app.store.interface import Store

DAY_MS = 86_400_000
BERLIN, NEW_YORK, TOKYO = "Europe/Berlin", "America/New_York", "Asia/Tokyo"
HOME = Stay(0, BERLIN)
THERE, BACK = 100 * DAY_MS, 114 * DAY_MS


def test_a_journey_leads_there_and_back() -> None:
    assert with_stay([], BERLIN, Stay(THERE, NEW_YORK), BACK) == [HOME, Stay(THERE, NEW_YORK), Stay(BACK, BERLIN)]


def test_a_journey_within_a_journey_leads_back_to_the_first() -> None:
    stays = with_stay([], BERLIN, Stay(THERE, NEW_YORK), BACK)
    inner = with_stay(stays, BERLIN, Stay(THERE + DAY_MS, TOKYO), THERE + 3 * DAY_MS)
    assert inner == [
        HOME,
        Stay(THERE, NEW_YORK),
        Stay(THERE + DAY_MS, TOKYO),
        Stay(THERE + 3 * DAY_MS, NEW_YORK),
        Stay(BACK, BERLIN),
    ]


def test_a_move_for_good_ends_what_came_after() -> None:
    stays = with_stay([], BERLIN, Stay(THERE, NEW_YORK), BACK)
    assert with_stay(stays, BERLIN, Stay(THERE + DAY_MS, TOKYO), None)[-1] == Stay(THERE + DAY_MS, TOKYO)


def test_taking_a_journey_out_leaves_home() -> None:
    stays = with_stay([], BERLIN, Stay(THERE, NEW_YORK), BACK)
    assert without_stay(stays, THERE) == []
    assert without_stay(stays, 12345) == stays


def test_the_wall_clock_follows_the_stays(store: Store, settings: Settings) -> None:
    save_person(store, Person("Ada", BERLIN, Unit.MGDL, Thresholds()), NOBODY)
    july = ZoneInfo(BERLIN)
    assert wall_clock(store, settings).zone_at(0) == july
    there = int(datetime(2026, 7, 10, 12, tzinfo=july).timestamp() * 1000)
    back = there + 14 * DAY_MS
    save_stays(store, with_stay([], BERLIN, Stay(there, "america/new_york"), back), NOBODY)
    assert read_stays(store)[1] == Stay(there, NEW_YORK)
    clock = wall_clock(store, settings)
    assert [clock.offset_min(at_ms) for at_ms in (there - 1, there, back)] == [120, -240, 120]


def test_the_last_stay_is_in_the_zone_the_person_has_now(store: Store, settings: Settings) -> None:
    save_stays(store, with_stay([], BERLIN, Stay(THERE, NEW_YORK), BACK), NOBODY)
    save_person(store, Person("Ada", TOKYO, Unit.MGDL, Thresholds()), NOBODY)
    assert wall_clock(store, settings).offset_min(BACK + DAY_MS) == 540
    assert wall_clock(store, settings).offset_min(THERE) == -300


def test_what_is_no_zone_is_refused_and_changes_nothing(store: Store) -> None:
    save_stays(store, [HOME, Stay(THERE, NEW_YORK)], NOBODY)
    with pytest.raises(BadDocument, match="no time zone"):
        save_stays(store, [Stay(0, "Berlin")], NOBODY)
    assert read_stays(store) == [HOME, Stay(THERE, NEW_YORK)]


def test_a_wall_clock_is_not_known_before_somebody_entered_the_person(store: Store, settings: Settings) -> None:
    assert not wall_clock(store, settings).is_known
    save_person(store, Person("Ada", BERLIN, Unit.MGDL, Thresholds()), NOBODY)
    assert wall_clock(store, settings).is_known
