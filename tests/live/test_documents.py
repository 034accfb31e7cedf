"""Behind the picture stand the stored documents, with every field, for as long as somebody may need them."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.documents import Documents
from app.live.live_picture import LivePicture
from app.records.activity import Activity
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.live.conftest import PHONE
from tests.live.uploads import DAY_MIN, done, sgv, status
from tests.waiting import wait_until


@pytest.fixture
def profiles(store: Store, clock: SettableClock) -> Profiles:
    return Profiles(store, clock, PHONE)


def events(documents: Documents) -> list[Any]:
    return [treatment["eventType"] for treatment in documents.treatments]


def test_fields_nobody_here_knows_are_kept(live: LivePicture, entries: Entries) -> None:
    entries.save([sgv(5, 110, trendRate=0.4, filtered=117000)])
    [entry] = live.now().documents.entries
    assert (entry["trendRate"], entry["filtered"]) == (0.4, 117000)


def test_what_changes_later_is_in_them(live: LivePicture, entries: Entries, statuses: DeviceStatus) -> None:
    before = live.now().documents
    entries.save([sgv(5, 110)])
    statuses.save([status(3)])
    wait_until(lambda: bool(live.now().documents.device_statuses))
    entries.save([sgv(5, 112)])
    wait_until(lambda: [entry["sgv"] for entry in live.now().documents.entries] == [112])
    assert before.entries == ()


def test_what_is_deleted_is_not(live: LivePicture, treatments: Treatments) -> None:
    treatments.save([done(5, "Note"), done(10, "Meal Bolus", carbs=3)])
    assert events(live.now().documents) == ["Meal Bolus", "Note"]
    treatments.delete({"eventType": "Note"})
    wait_until(lambda: events(live.now().documents) == ["Meal Bolus"])


def test_treatments_go_back_60_hours_and_readings_48(
    live: LivePicture, entries: Entries, treatments: Treatments
) -> None:
    entries.save([sgv(48 * 60 - 1, 100), sgv(48 * 60 + 1, 90)])
    treatments.save([done(60 * 60 - 1, "Note"), done(60 * 60 + 1, "Exercise")])
    documents = live.now().documents
    assert [entry["sgv"] for entry in documents.entries] == [100]
    assert events(documents) == ["Note"]


def test_the_newest_of_each_lasting_event_stays(live: LivePicture, treatments: Treatments) -> None:
    treatments.save(
        [
            done(9 * DAY_MIN, "Site Change"),
            done(5 * DAY_MIN, "Site Change"),
            done(6 * DAY_MIN, "Sensor Stop"),
            done(63 * DAY_MIN, "Insulin Change"),
            done(300 * DAY_MIN, "Profile Switch", profile="Day", duration=0),
            done(8 * DAY_MIN, "Profile Switch", profile="Ill", duration=60),
            done(30, "Note"),
        ]
    )
    documents = live.now().documents
    assert events(documents) == ["Profile Switch", "Sensor Stop", "Site Change", "Note"]
    assert documents.treatments[0]["profile"] == "Day"


def test_a_lasting_event_that_is_new_takes_the_place_of_the_old(live: LivePicture, treatments: Treatments) -> None:
    treatments.save([done(9 * DAY_MIN, "Site Change", notes="old")])
    assert len(live.now().documents.treatments) == 1
    treatments.save([done(5, "Site Change", notes="new")])
    wait_until(lambda: [one["notes"] for one in live.now().documents.treatments] == ["new"])
    treatments.delete({"notes": "new"})
    wait_until(lambda: [one["notes"] for one in live.now().documents.treatments] == ["old"])


def test_the_profile_that_started_last_is_the_one(live: LivePicture, profiles: Profiles) -> None:
    profiles.save([{"startDate": "2026-11-01T00:00:00.000Z", "defaultProfile": "A", "store": {}}])
    assert [profile["defaultProfile"] for profile in live.now().documents.profiles] == ["A"]
    profiles.save([{"startDate": "2026-11-02T00:00:00.000Z", "defaultProfile": "B", "store": {}}])
    wait_until(lambda: live.now().documents.profiles[0]["defaultProfile"] == "B")


def test_food_and_activity_are_in_them(live: LivePicture, store: Store, clock: SettableClock) -> None:
    food, activity = Food(store, clock, PHONE), Activity(store, clock, PHONE)
    food.save([{"type": "food", "name": "Apple", "carbs": 12}])
    assert [one["name"] for one in live.now().documents.food] == ["Apple"]
    food.save([{"type": "food", "name": "Bread", "carbs": 20}])
    activity.save([{"created_at": "2026-11-21T08:00:00+01:00", "heartrate": 90}])
    activity.save([{"created_at": "2026-11-18T08:00:00+01:00", "heartrate": 70}])
    wait_until(lambda: len(live.now().documents.food) == 2 and bool(live.now().documents.activity))
    assert [one["heartrate"] for one in live.now().documents.activity] == [90]


@pytest.mark.parametrize(("status_days", "reports"), [(1, 1), (2, 2)])
def test_device_status_goes_back_a_day_or_two(
    store: Store, clock: SettableClock, statuses: DeviceStatus, status_days: int, reports: int
) -> None:
    statuses.save([status(10), status(DAY_MIN + 10)])
    live = LivePicture(store, clock, status_days=status_days)
    assert len(live.now().documents.device_statuses) == reports
    live.close()


def test_old_ones_leave_as_the_hours_go_by(live: LivePicture, entries: Entries, clock: SettableClock) -> None:
    entries.save([sgv(47 * 60, 100), sgv(5, 110)])
    assert len(live.now().documents.entries) == 2
    clock.advance(hours=2)
    assert [entry["sgv"] for entry in live.now().documents.entries] == [110]
