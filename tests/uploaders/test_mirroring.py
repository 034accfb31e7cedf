"""A Nightscout kept in step: changes, deletions, what people do here, and nothing that comes back to itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.errors import BadDocument
from app.house import House
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.nightscout import NightscoutEmulator
from tests.uploaders.conftest import nightscout_answers

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SERVICES: dict[str, type[Records]] = {
    "entries": Entries,
    "treatments": Treatments,
    "devicestatus": DeviceStatus,
    "profile": Profiles,
}


def service(house: House, collection: str) -> Records:
    return SERVICES[collection](house.store, house.clock, NOBODY)


def kept(house: House, collection: str) -> list[Document]:
    return list(service(house, collection).search())


def fill(nightscout: NightscoutEmulator) -> None:
    nightscout.show(118, 121)
    at = iso_of(START_MS - HOUR_MS)
    nightscout.add_v1("treatments", eventType="Correction Bolus", created_at=at, insulin=0.05, utcOffset=60)
    nightscout.add_v3("treatments", eventType="Note", created_at=at, notes="a note", date=START_MS - HOUR_MS)
    nightscout.add_v1("devicestatus", created_at=at, device="loop://phone", loop={"iob": {"iob": 0.35}})
    nightscout.add_v1("profile", startDate=iso_of(START_MS - 90 * DAY_MS), defaultProfile="D", store={"D": {"dia": 5}})


def again(runner: Runner, uploader: Uploader, clock: SettableClock) -> None:
    clock.advance(minutes=6)
    assert runner.run(uploader.id)


def test_everything_comes_and_keeps_its_content(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader
) -> None:
    fill(nightscout)
    runner.run(nightscout_uploader.id)
    assert [entry["sgv"] for entry in kept(house, "entries")] == [121, 118]
    assert {entry["utcOffset"] for entry in kept(house, "entries")} == {60}
    bolus = next(one for one in kept(house, "treatments") if one["eventType"] == "Correction Bolus")
    assert (bolus["insulin"], bolus["utcOffset"], bolus["created_at"]) == (0.05, 60, "2026-11-21T09:00:00.000Z")
    assert kept(house, "devicestatus")[0]["loop"] == {"iob": {"iob": 0.35}}
    assert kept(house, "profile")[0]["store"] == {"D": {"dia": 5}}


def test_a_second_run_writes_no_document(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    fill(nightscout)
    runner.run(nightscout_uploader.id)
    seq = house.store.last_seq()
    for _ in range(12):
        again(runner, nightscout_uploader, clock)
    assert {change.collection for change in house.store.changes_since(seq)} == {"nl_uploaders"}


def test_a_forgotten_memory_doubles_nothing(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    fill(nightscout)
    runner.run(nightscout_uploader.id)
    before = {collection: kept(house, collection) for collection in SERVICES}
    house.store.collection("nl_uploader_seen").delete_many({})
    house.store.collection("nl_uploaders").update_one({}, {"$set": {"cursors": {}}})
    again(runner, nightscout_uploader, clock)
    assert {collection: kept(house, collection) for collection in SERVICES} == before


def test_a_change_and_a_deletion_at_the_source_come_along(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    at = iso_of(START_MS - 3 * DAY_MS)
    changed = nightscout.add_v3("treatments", eventType="Note", created_at=at, notes="first")
    deleted = nightscout.add_v3("treatments", eventType="Exercise", created_at=at, duration=30)
    runner.run(nightscout_uploader.id)
    assert len(kept(house, "treatments")) == 2
    clock.advance(minutes=1)
    nightscout.change(changed, notes="second")
    nightscout.delete(deleted)
    again(runner, nightscout_uploader, clock)
    [treatment] = kept(house, "treatments")
    assert (treatment["identifier"], treatment["notes"]) == (changed["identifier"], "second")
    gone = house.store.collection("treatments").find_one({"identifier": deleted["identifier"]})
    assert gone
    assert gone["isValid"] is False


def test_what_is_deleted_here_stays_deleted(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    fill(nightscout)
    runner.run(nightscout_uploader.id)
    for collection in SERVICES:
        service(house, collection).delete({})
    for _ in range(12):
        again(runner, nightscout_uploader, clock)
    assert {collection: kept(house, collection) for collection in SERVICES} == {key: [] for key in SERVICES}


def test_what_is_deleted_here_stays_deleted_when_its_source_changes_it(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    theirs = nightscout.add_v3("treatments", eventType="Note", created_at=iso_of(START_MS - HOUR_MS), notes="first")
    runner.run(nightscout_uploader.id)
    service(house, "treatments").delete({})
    nightscout.change(theirs, notes="second")
    again(runner, nightscout_uploader, clock)
    assert kept(house, "treatments") == []


def test_what_is_edited_here_stays_until_the_source_changes(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    theirs = nightscout.add_v3("treatments", eventType="Note", created_at=iso_of(START_MS - HOUR_MS), notes="theirs")
    runner.run(nightscout_uploader.id)
    [note] = kept(house, "treatments")
    service(house, "treatments").save([note | {"notes": "ours"}])
    again(runner, nightscout_uploader, clock)
    assert kept(house, "treatments")[0]["notes"] == "ours"
    nightscout.change(theirs, notes="theirs again")
    again(runner, nightscout_uploader, clock)
    assert kept(house, "treatments")[0]["notes"] == "theirs again"


def test_what_an_app_uploads_here_too_is_neither_doubled_nor_changed_nor_deleted(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    at = iso_of(START_MS - HOUR_MS)
    shared = {"identifier": "from-the-app", "eventType": "Note", "created_at": at}
    service(house, "treatments").save([{**shared, "notes": "here"}])
    service(house, "treatments").save([{"eventType": "Bolus", "created_at": at, "insulin": 1.5}])
    theirs = nightscout.add_v3("treatments", **shared, notes="there")
    nightscout.add_v1("treatments", eventType="Correction Bolus", created_at=at, insulin=1.5)
    runner.run(nightscout_uploader.id)
    nightscout.delete(theirs)
    again(runner, nightscout_uploader, clock)
    assert sorted(one.get("notes", "-") for one in kept(house, "treatments")) == ["-", "here"]


def test_a_document_that_went_from_here_to_there_does_not_come_back_as_another(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader
) -> None:
    [ours] = service(house, "treatments").save([{"eventType": "Note", "created_at": iso_of(START_MS - HOUR_MS)}])
    name = str(ours["_id"])
    nightscout.add_v3("treatments", eventType="Note", created_at=ours["created_at"], identifier=name, nl_uploader="x")
    runner.run(nightscout_uploader.id)
    assert [str(one["_id"]) for one in kept(house, "treatments")] == [name]


def test_device_status_is_left_to_whoever_uploads_it_here(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, clock: SettableClock
) -> None:
    service(house, "devicestatus").save([{"device": "here", "created_at": iso_of(START_MS - 5 * MINUTE_MS)}])
    nightscout.add_v1("devicestatus", device="there", created_at=iso_of(START_MS - 4 * MINUTE_MS))
    runner.run(nightscout_uploader.id)
    assert [one["device"] for one in kept(house, "devicestatus")] == ["here"]
    clock.advance(minutes=40)
    nightscout.add_v1("devicestatus", device="there", created_at=iso_of(clock.now_ms() - MINUTE_MS))
    runner.run(nightscout_uploader.id)
    assert {one["device"] for one in kept(house, "devicestatus")} == {"here", "there"}


def test_one_document_the_records_refuse_does_not_cost_the_others(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader
) -> None:
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"deeper": deep}
    at = iso_of(START_MS - HOUR_MS)
    nightscout.add_v1("treatments", eventType="Note", created_at=at, notes="good")
    nightscout.add_v1("treatments", eventType="Bad", created_at=at, nested=deep)
    runner.run(nightscout_uploader.id)
    assert [one["eventType"] for one in kept(house, "treatments")] == ["Note"]


@pytest.mark.parametrize(("collection", "time"), [("devicestatus", "created_at"), ("profile", "startDate")])
def test_a_batch_that_broke_off_half_way_is_finished_without_doubles(
    house: House,
    runner: Runner,
    nightscout: NightscoutEmulator,
    nightscout_uploader: Uploader,
    monkeypatch: pytest.MonkeyPatch,
    collection: str,
    time: str,
) -> None:
    for number in range(3):
        nightscout.add_v1(collection, device=f"phone {number}", **{time: iso_of(START_MS - HOUR_MS - number)})
    put = SERVICES[collection].put
    batches = []

    def break_off(self: Records, documents: Iterable[Mapping[str, Any]]) -> list[Document]:
        batch = list(documents)
        batches.append(batch)
        if len(batches) == 1:
            put(self, batch[:2])
            raise BadDocument("the third")
        return put(self, batch)

    monkeypatch.setattr(SERVICES[collection], "put", break_off)
    runner.run(nightscout_uploader.id)
    assert len(batches) > 1
    assert sorted(one["device"] for one in kept(house, collection)) == ["phone 0", "phone 1", "phone 2"]


@pytest.mark.parametrize("api", ["v1", "v3"])
def test_finger_sticks_and_calibrations_come_too(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader, api: str
) -> None:
    add = nightscout.add_v1 if api == "v1" else nightscout.add_v3
    add("entries", type="mbg", mbg=110, date=START_MS - HOUR_MS, dateString=iso_of(START_MS - HOUR_MS))
    add("entries", type="cal", slope=850.5, intercept=30000, scale=1, date=START_MS - HOUR_MS)
    runner.run(nightscout_uploader.id)
    assert sorted(entry["type"] for entry in kept(house, "entries")) == ["cal", "mbg"]
    assert {entry.get("slope") for entry in kept(house, "entries")} == {None, 850.5}


def test_an_old_sites_documents_come_by_time_alone(
    house: House, runner: Runner, uploaders: Uploaders, nightscout: NightscoutEmulator
) -> None:
    nightscout.has_v3 = False
    fill(nightscout)
    uploader = uploaders.create("nightscout", nightscout_answers(nightscout, token="", api_secret=nightscout.secret))
    runner.run(uploader.id)
    assert len(kept(house, "entries")) == 2
    assert len(kept(house, "treatments")) == 2


def test_a_name_used_in_two_collections_is_two_documents(
    house: House, runner: Runner, nightscout: NightscoutEmulator, nightscout_uploader: Uploader
) -> None:
    at = iso_of(START_MS - HOUR_MS)
    nightscout.add_v3("entries", type="mbg", mbg=110, date=START_MS - HOUR_MS, dateString=at, identifier="one name")
    nightscout.add_v3("treatments", eventType="BG Check", created_at=at, glucose=110, identifier="one name")
    runner.run(nightscout_uploader.id)
    assert len(kept(house, "entries")) == 1
    assert len(kept(house, "treatments")) == 1
