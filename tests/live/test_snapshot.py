"""The documents as they stood at a moment of the past."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.documents import Documents
from app.live.snapshot import documents_at
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.live.conftest import PHONE
from tests.live.device_documents import a_profile, by_loop
from tests.live.uploads import DAY_MIN, at, done, sgv

THEN = 10 * DAY_MIN


def then(store: Store) -> Documents:
    return documents_at(store, at(THEN))


def test_readings_are_those_of_the_two_days_before(store: Store, entries: Entries) -> None:
    entries.save(
        [sgv(THEN + minutes, mgdl) for minutes, mgdl in ((-1, 99), (0, 100), (1, 101), (2880, 102), (2881, 103))]
    )
    assert [entry["sgv"] for entry in then(store).entries] == [102, 101, 100]


def test_readings_without_a_date_are_among_them(store: Store, entries: Entries) -> None:
    entries.save(
        [{"type": "sgv", "sgv": 90, "dateString": sgv(THEN + minutes, 1)["dateString"]} for minutes in (5, -5)]
    )
    assert [entry["sysTime"] for entry in then(store).entries] == [sgv(THEN + 5, 1)["dateString"]]


def test_treatments_are_those_of_sixty_hours_and_what_lasts(store: Store, treatments: Treatments) -> None:
    treatments.save(
        [
            done(THEN - 1, "Note", notes="later"),
            done(THEN + 1, "Note", notes="before"),
            done(THEN + 61 * 60, "Note", notes="long before"),
            done(THEN + 5 * DAY_MIN, "Site Change"),
            done(THEN - 30, "Site Change"),
        ]
    )
    found = then(store).treatments
    assert [(one["eventType"], one.get("notes")) for one in found] == [("Site Change", None), ("Note", "before")]


def test_statuses_are_those_of_a_day_or_two(store: Store, statuses: DeviceStatus) -> None:
    statuses.save([by_loop(THEN + minutes) for minutes in (-5, 5, 30 * 60)])
    assert len(then(store).device_statuses) == 1
    assert len(documents_at(store, at(THEN), status_days=2).device_statuses) == 2


def test_the_profile_is_the_one_that_had_started(store: Store, clock: SettableClock) -> None:
    def starting(minutes: float) -> dict[str, Any]:
        return a_profile() | {"startDate": sgv(minutes, 1)["dateString"]}

    profiles = Profiles(store, clock, PHONE)
    profiles.save([starting(THEN + 30), starting(THEN + 10), starting(THEN - 10)])
    assert [one["startDate"] for one in then(store).profiles] == [starting(THEN + 10)["startDate"]]


def test_before_any_profile_had_started_it_is_the_last_there_is(store: Store, clock: SettableClock) -> None:
    Profiles(store, clock, PHONE).save([a_profile() | {"startDate": sgv(5, 1)["dateString"]}])
    assert len(then(store).profiles) == 1


def test_what_is_deleted_is_not_there(store: Store, treatments: Treatments) -> None:
    treatments.save([done(THEN + 1, "Note", isValid=False)])
    assert then(store).treatments == ()


def test_the_store_is_measured(store: Store) -> None:
    assert then(store).stats["data_bytes"] > 0


@pytest.mark.parametrize("at_ms", [946_684_800_000, 250_000_000_000_000])
def test_the_ends_of_time_are_moments_too(store: Store, at_ms: int) -> None:
    assert documents_at(store, at_ms).entries == ()
