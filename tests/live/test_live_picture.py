"""The picture holds what the store holds, however and by whomever it was written."""

from __future__ import annotations

from pathlib import Path

from app.live.live_picture import LivePicture
from app.live.picture import Facts, Picture
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store import migrate, open_store
from app.store.interface import Store
from tests.clocks import START_MS, SettableClock
from tests.live.conftest import PHONE
from tests.live.uploads import DAY_MIN, at, done, sgv, status
from tests.waiting import wait_until


def values(picture: Picture) -> list[float]:
    return [reading.mgdl for reading in picture.readings]


def test_an_empty_store_is_an_empty_picture(live: LivePicture) -> None:
    picture = live.now()
    assert (picture.readings, picture.treatments, picture.facts, picture.last_before) == ((), (), Facts(), None)


def test_the_last_two_days_are_in_it_oldest_first(
    live: LivePicture, entries: Entries, treatments: Treatments, statuses: DeviceStatus
) -> None:
    entries.save([sgv(5, 110), sgv(10, 100), sgv(2 * DAY_MIN - 1, 90), sgv(2 * DAY_MIN + 1, 80)])
    treatments.save([done(30, "Meal Bolus", carbs=20), done(40, "Note", notes="x"), done(2 * DAY_MIN + 5, "Note")])
    statuses.save([status(10, iob=2.0), status(5, iob=1.5)])
    picture = live.now()
    assert values(picture) == [90, 100, 110]
    assert [treatment.event_type for treatment in picture.treatments] == ["Note", "Meal Bolus"]
    assert picture.facts.iob is not None
    assert (picture.facts.iob.value, picture.facts.iob.at_ms) == (1.5, at(5))


def test_a_reading_knows_when_it_was_received(live: LivePicture, entries: Entries, clock: SettableClock) -> None:
    clock.advance(minutes=3)
    entries.save([sgv(5, 110)])
    [reading] = live.now().readings
    assert (reading.at_ms, reading.received_ms) == (at(5), START_MS + 3 * 60_000)


def test_what_is_written_later_comes_into_it(
    live: LivePicture, entries: Entries, treatments: Treatments, statuses: DeviceStatus
) -> None:
    before = live.now()
    entries.save([sgv(5, 110)])
    treatments.save([done(3, "Carb Correction", carbs=8)])
    statuses.save([status(2)])
    wait_until(lambda: bool(live.now().facts.iob))
    picture = live.now()
    assert values(picture) == [110]
    assert picture.treatments[0].carbs == 8
    assert picture.facts.phone_battery is not None
    assert picture.seq > before.seq
    assert before.readings == ()


def test_what_arrives_late_is_put_in_its_place(live: LivePicture, entries: Entries) -> None:
    entries.save([sgv(20, 100), sgv(5, 110)])
    live.now()
    entries.save([sgv(10, 105), sgv(3 * DAY_MIN, 50)])
    wait_until(lambda: len(live.now().readings) == 3)
    assert values(live.now()) == [100, 105, 110]


def test_an_edit_replaces_what_was_there(live: LivePicture, entries: Entries, treatments: Treatments) -> None:
    entries.save([sgv(5, 110)])
    treatments.save([done(10, "Meal Bolus", carbs=20, identifier="meal")])
    live.now()
    entries.save([sgv(5, 112, direction="Flat")])
    treatments.save([done(12, "Meal Bolus", carbs=25, identifier="meal")])
    wait_until(lambda: values(live.now()) == [112] and live.now().treatments[0].carbs == 25)
    assert [reading.direction for reading in live.now().readings] == ["Flat"]
    assert [treatment.at_ms for treatment in live.now().treatments] == [at(12)]


def test_an_edit_can_move_something_out_of_the_two_days(live: LivePicture, treatments: Treatments) -> None:
    treatments.save([done(10, "Note", identifier="note")])
    assert len(live.now().treatments) == 1
    treatments.save([done(3 * DAY_MIN, "Note", identifier="note")])
    wait_until(lambda: live.now().treatments == ())


def test_what_is_deleted_leaves_it(live: LivePicture, entries: Entries, treatments: Treatments) -> None:
    entries.save([sgv(5, 110), sgv(10, 100)])
    treatments.save([done(10, "Note")])
    live.now()
    entries.delete({"sgv": 110})
    treatments.delete({})
    wait_until(lambda: values(live.now()) == [100] and live.now().treatments == ())


def test_what_is_marked_as_deleted_leaves_it_and_can_come_back(
    live: LivePicture, store: Store, entries: Entries
) -> None:
    entries.save([sgv(5, 110)])
    live.now()
    store.collection("entries").update_one({"sgv": 110}, {"$set": {"isValid": False}})
    wait_until(lambda: live.now().readings == ())
    entries.save([sgv(5, 110)])
    wait_until(lambda: values(live.now()) == [110])


def test_what_was_marked_as_deleted_before_was_never_in_it(live: LivePicture, store: Store, entries: Entries) -> None:
    entries.save([sgv(5, 110), sgv(10, 100)])
    store.collection("entries").update_one({"sgv": 110}, {"$set": {"isValid": False}})
    assert values(live.now()) == [100]


def test_one_bad_document_loses_nothing_else(live: LivePicture, store: Store, entries: Entries) -> None:
    kept = store.collection("entries")
    kept.insert_many([{"type": "sgv", "sgv": {"a": 1}, "date": at(1)}, {"date": at(2)}, {"type": "sgv", "date": at(3)}])
    store.collection("treatments").insert_many([{"created_at": "2099"}, {"created_at": [1]}, {}])
    store.collection("devicestatus").insert_many([{"created_at": "2099", "pump": 1}, {"loop": []}])
    entries.save([sgv(5, 110)])
    assert values(live.now()) == [110]
    kept.insert_one({"type": "sgv", "sgv": "?", "date": "?"})
    entries.save([sgv(0, 111)])
    wait_until(lambda: values(live.now()) == [110, 111])


def test_an_entry_without_a_date_number_is_found_by_its_text(live: LivePicture, entries: Entries) -> None:
    document = sgv(5, 110)
    del document["date"]
    entries.save([document])
    assert [(reading.mgdl, reading.at_ms) for reading in live.now().readings] == [(110, at(5))]


def test_it_slides_with_time(live: LivePicture, entries: Entries, treatments: Treatments, clock: SettableClock) -> None:
    entries.save([sgv(60, 100), sgv(5, 110)])
    treatments.save([done(60, "Note"), done(5, "Meal Bolus", carbs=5)])
    live.now()
    clock.advance(days=2, minutes=-30)
    assert values(live.now()) == [110]
    assert [treatment.event_type for treatment in live.now().treatments] == ["Meal Bolus"]


def test_the_last_reading_is_known_however_long_ago(live: LivePicture, entries: Entries, clock: SettableClock) -> None:
    entries.save([sgv(5, 110), sgv(10, 100)])
    assert live.now().last_before is None
    clock.advance(days=30)
    picture = live.now()
    assert picture.readings == ()
    assert picture.last_before is not None
    assert picture.last_before.mgdl == 110
    entries.save([{**sgv(0, 150), "date": clock.now_ms(), "dateString": None}])
    wait_until(lambda: values(live.now()) == [150])
    assert live.now().last_before is None


def test_facts_of_yesterday_are_forgotten(live: LivePicture, statuses: DeviceStatus, clock: SettableClock) -> None:
    statuses.save([status(5)])
    assert live.now().facts.iob is not None
    clock.advance(days=1)
    statuses.save([{"device": "loop://iPhone", "uploader": {"name": "iPhone"}}])
    wait_until(lambda: live.now().facts.iob is None)
    assert live.now().facts.phone is not None


def test_the_last_sensor_and_site_are_known_for_two_months(live: LivePicture, treatments: Treatments) -> None:
    treatments.save([done(5 * DAY_MIN, "Sensor Start"), done(9 * DAY_MIN, "Sensor Change")])
    treatments.save([done(3 * DAY_MIN, "Site Change"), done(70 * DAY_MIN, "Site Change")])
    facts = live.now().facts
    assert (facts.sensor_started_ms, facts.site_changed_ms) == (at(5 * DAY_MIN), at(3 * DAY_MIN))


def test_a_new_site_counts_at_once_and_a_deleted_one_no_more(live: LivePicture, treatments: Treatments) -> None:
    treatments.save([done(3 * DAY_MIN, "Site Change")])
    live.now()
    [new] = treatments.save([done(-1, "Site Change")])
    wait_until(lambda: live.now().facts.site_changed_ms == at(-1))
    treatments.delete({"_id": new["_id"]})
    wait_until(lambda: live.now().facts.site_changed_ms == at(3 * DAY_MIN))


def test_a_change_of_another_collection_only_moves_the_place_in_the_log(live: LivePicture, store: Store) -> None:
    before = live.now()
    store.collection("nl_sessions").insert_one({"a": 1})
    wait_until(lambda: live.now().seq == store.last_seq())
    assert live.now().seq > before.seq


def test_nothing_is_worked_out_again_while_nothing_changes(live: LivePicture, store: Store, entries: Entries) -> None:
    migrate(store)
    entries.save([sgv(minutes, 100 + minutes % 60) for minutes in range(2880)])
    picture = live.now()
    assert len(picture.readings) == 2880
    assert live.now() is picture


def test_what_another_process_writes_comes_into_it(live: LivePicture, tmp_path: Path, clock: SettableClock) -> None:
    assert live.now().readings == ()
    other = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    try:
        Entries(other, clock, PHONE).save([sgv(5, 110)])
        wait_until(lambda: values(live.now()) == [110])
    finally:
        other.close()
