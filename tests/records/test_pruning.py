"""What a household keeps for so many days only is removed when it is older, and nothing else is."""

from __future__ import annotations

import pytest

from app.clock import iso_of
from app.records.profiles import Profiles
from app.records.pruning import prune_old
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock
from tests.records.conftest import ACTOR

DAY_MS = 86_400_000
OLD_MS = START_MS - 31 * DAY_MS
YOUNG_MS = START_MS - 29 * DAY_MS


@pytest.mark.parametrize(
    "document",
    [
        {"srvCreated": OLD_MS, "date": YOUNG_MS},
        {"created_at": iso_of(OLD_MS)},
        {"date": OLD_MS, "srvCreated": YOUNG_MS},
        {"date": OLD_MS, "isValid": False},
    ],
)
def test_the_oldest_of_its_times_counts(store: Store, clock: SettableClock, document: Document) -> None:
    treatments = store.collection("treatments")
    treatments.insert_many([document, {"date": YOUNG_MS, "created_at": iso_of(YOUNG_MS), "srvCreated": YOUNG_MS}])
    assert prune_old(store, clock, ACTOR, {"treatments": 30}) == {"treatments": 1}
    assert [one["date"] for one in treatments.find()] == [YOUNG_MS]


@pytest.mark.parametrize("document", [{}, {"date": 5}, {"date": "2020"}, {"created_at": "long ago"}, {"created_at": 5}])
def test_what_has_no_time_stays(store: Store, clock: SettableClock, document: Document) -> None:
    store.collection("food").insert_one(document)
    assert prune_old(store, clock, ACTOR, {"food": 0.5}) == {"food": 0}


@pytest.mark.parametrize("days", [0, -1])
def test_without_a_limit_everything_stays(store: Store, clock: SettableClock, days: float) -> None:
    store.collection("entries").insert_one({"date": OLD_MS})
    assert prune_old(store, clock, ACTOR, {"entries": days}) == {}
    assert prune_old(store, clock, ACTOR, {"entries": float("inf")}) == {"entries": 0}


def test_a_fraction_of_a_day_is_understood(store: Store, clock: SettableClock) -> None:
    store.collection("devicestatus").insert_many([{"date": START_MS - hours * 3_600_000} for hours in (5, 7)])
    assert prune_old(store, clock, ACTOR, {"devicestatus": 0.25}) == {"devicestatus": 1}


def test_the_profile_in_force_stays(store: Store, clock: SettableClock, profiles: Profiles) -> None:
    profiles.save(
        [{"startDate": day, "created_at": day} for day in ("2025-01-01T00:00:00.000Z", "2025-06-01T00:00:00.000Z")]
    )
    assert prune_old(store, clock, ACTOR, {"profile": 30}) == {"profile": 1}
    current = profiles.current()
    assert current
    assert current["startDate"] == "2025-06-01T00:00:00.000Z"
