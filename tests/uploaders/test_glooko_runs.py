"""Glooko over many runs: what comes late, is changed, is deleted, is told twice, or was cut off in the middle."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from app.actor import NOBODY
from app.house import House
from app.records.entries import Entries
from app.records.sources.keeping import Keeping
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.trial import try_out
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.glooko import GlookoEmulator
from tests.emulators.server import Reply, page
from tests.uploaders.conftest import around

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
QUICK = Limits(total_s=2.0, connect_s=2.0, rest_s=0)
BOLUSES = "pumps/normal_boluses"


@pytest.fixture
def glooko(clock: SettableClock) -> Iterator[GlookoEmulator]:
    with GlookoEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def runner(house: House) -> Runner:
    return Runner(house.store, house.clock, house.keyring, around(house), limits=QUICK, jitter=lambda: 0.0)


def answers(glooko: GlookoEmulator, **changed: Any) -> dict[str, Any]:
    return {
        "email": glooko.email,
        "password": glooko.password,
        "server": glooko.url,
        "zone": "Europe/Berlin",
        **changed,
    }


@pytest.fixture
def uploader(uploaders: Uploaders, glooko: GlookoEmulator) -> Uploader:
    return uploaders.create("glooko", answers(glooko))


def entries(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def treatments(house: House, *kinds: str) -> list[Document]:
    found = Treatments(house.store, house.clock, NOBODY).search(sort=(("created_at", 1),))
    return [one for one in found if not kinds or one["eventType"] in kinds]


def a_day(glooko: GlookoEmulator) -> None:
    """Everything an account can hold, one of each."""
    at_ms = START_MS - 2 * HOUR_MS
    glooko.readings(118, 124, 131)
    glooko.add("readings", at_ms, value=11200)
    glooko.add(BOLUSES, at_ms, insulinDelivered=3.2, carbsInput=40)
    glooko.add("pumps/extended_boluses", at_ms - HOUR_MS, initialDelivery=1, extendedDelivery=2, duration=7200)
    glooko.add("injection_boluses", at_ms - 2 * HOUR_MS, units=4)
    glooko.add("injection_basals", at_ms - 3 * HOUR_MS, units=12)
    glooko.add("cgm/insulin_events", at_ms - 4 * HOUR_MS, units=1, insulinType="Fast Acting")
    glooko.add("foods", at_ms + MINUTE_MS, carbs=40)
    glooko.add("foods", at_ms + HOUR_MS, carbs=15)
    glooko.add("cgm/carbs_events", at_ms + 90 * MINUTE_MS, carbs=12)
    glooko.add("pumps/scheduled_basals", at_ms, rate=0.8, duration=6 * 3600, startTime=0)
    glooko.add("pumps/temporary_basals", at_ms + HOUR_MS, rate=0.2, duration=1800)
    glooko.add("pumps/suspend_basals", at_ms - HOUR_MS, duration=900)
    glooko.add("pumps/events", at_ms, eventType="pod_activated")
    glooko.add("pumps/alarms", at_ms, alarmType="Occlusion")
    glooko.add("notes", at_ms, text="school")
    glooko.add("exercises", at_ms, duration=1800, name="Running")


def test_a_day_comes_whole_and_once_however_often_it_is_fetched(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock, uploaders: Uploaders
) -> None:
    a_day(glooko)
    runner.run(uploader.id)
    kinds = [one["eventType"] for one in treatments(house)]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "BG Check": 1,
        "Meal Bolus": 1,
        "Combo Bolus": 1,
        "Correction Bolus": 2,
        "Carb Correction": 2,
        "Temp Basal": 4,
        "Site Change": 1,
        "Insulin Change": 1,
        "Exercise": 1,
        "Note": 3,
    }
    assert sum(one.get("carbs", 0) for one in treatments(house)) == 40 + 15 + 12
    assert sum(one.get("insulin", 0) for one in treatments(house)) == 3.2 + 1 + 4 + 1
    assert [one.get("sgv") or one.get("mbg") for one in entries(house)] == [112, 118, 124, 131]
    before = (entries(house), treatments(house))
    for _ in range(3):
        clock.advance(minutes=31)
        assert runner.run(uploader.id)
    assert (entries(house), treatments(house)) == before
    after = uploaders.find(uploader.id).state
    assert (after.failure, after.unusable, after.last_reading_mgdl) == (None, 0, 131)
    assert glooko.log_ins == 1


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_twice(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(glooko)

    class Killed(BaseException):
        pass

    kept, calls = Keeping.write, itertools.count()

    def write(self: Keeping, *given: Any) -> Any:
        written = kept(self, *given)
        if next(calls) == 3:
            raise Killed
        return written

    monkeypatch.setattr(Keeping, "write", write)
    with pytest.raises(Killed):
        runner.run(uploader.id)
    assert treatments(house)
    glooko.clock.advance(minutes=2)
    assert runner.run(uploader.id)
    kinds = [one["eventType"] for one in treatments(house)]
    assert (kinds.count("Meal Bolus"), kinds.count("Combo Bolus"), len(kinds)) == (1, 1, 17)
    assert len(entries(house)) == 4


def test_a_pump_that_uploads_days_late_is_taken_whole(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.readings(118)
    runner.run(uploader.id)
    clock.advance(days=5)
    for day in range(5):
        glooko.add(BOLUSES, START_MS + day * DAY_MS, insulinDelivered=1 + day)
    runner.run(uploader.id)
    assert [one["insulin"] for one in treatments(house)] == [1, 2, 3, 4, 5]


def test_carbs_noted_days_before_their_bolus_is_uploaded_are_not_doubled(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.add("foods", START_MS - HOUR_MS, carbs=40)
    glooko.add("foods", START_MS - HOUR_MS, carbs=9)
    runner.run(uploader.id)
    assert [one["eventType"] for one in treatments(house)] == ["Carb Correction"] * 2
    for _ in range(5):
        clock.advance(days=1)
        glooko.add("foods", clock.now_ms() - HOUR_MS, carbs=7)
        runner.run(uploader.id)
    glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=3, carbsInput=40)
    clock.advance(hours=1)
    runner.run(uploader.id)
    carbs = sorted(one["carbs"] for one in treatments(house))
    assert carbs == [7, 7, 7, 7, 7, 9, 40]
    assert [one["carbs"] for one in treatments(house, "Meal Bolus")] == [40]


def test_a_bolus_uploaded_days_before_its_food_is_noted_keeps_the_carbs(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=3, carbsInput=40)
    for _ in range(5):
        runner.run(uploader.id)
        clock.advance(days=1)
        glooko.add(BOLUSES, clock.now_ms() - HOUR_MS, insulinDelivered=0.5)
    glooko.add("foods", START_MS - HOUR_MS, carbs=40)
    runner.run(uploader.id)
    assert not treatments(house, "Carb Correction")


def test_a_dual_bolus_that_is_told_in_two_records_is_one(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=1.5)
    runner.run(uploader.id)
    assert [one["insulin"] for one in treatments(house)] == [1.5]
    glooko.add("pumps/extended_boluses", START_MS - HOUR_MS, initialDelivery=1.5, extendedDelivery=2, duration=7200)
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert [(one["eventType"], one["insulin"]) for one in treatments(house)] == [("Combo Bolus", 1.5)]


def test_what_changes_or_is_deleted_at_glooko_changes_and_goes_here(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    changed = glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=1.5)
    deleted = glooko.add(BOLUSES, START_MS - 2 * HOUR_MS, insulinDelivered=2.5)
    pod = glooko.add("pumps/events", START_MS - 2 * HOUR_MS, eventType="pod_activated")
    stick = glooko.add("readings", START_MS - 2 * HOUR_MS, value=11200)
    runner.run(uploader.id)
    assert len(treatments(house)) == 5
    clock.advance(days=9)
    glooko.change(BOLUSES, changed, insulinDelivered=1.7)
    glooko.delete(BOLUSES, deleted)
    glooko.delete("pumps/events", pod)
    glooko.delete("readings", stick)
    runner.run(uploader.id)
    assert [one["insulin"] for one in treatments(house)] == [1.7]
    assert not entries(house)


def test_a_deletion_takes_nothing_that_somebody_else_wrote(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    Treatments(house.store, clock, NOBODY).save(
        [{"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:00.000Z", "insulin": 3.2, "carbs": 40}]
    )
    guid = glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=3.2, carbsInput=40)
    runner.run(uploader.id)
    clock.advance(hours=1)
    glooko.delete(BOLUSES, guid)
    runner.run(uploader.id)
    assert len(treatments(house)) == 1


def test_what_a_person_deleted_here_stays_away(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=3.2)
    glooko.add(BOLUSES, START_MS - 5 * DAY_MS, insulinDelivered=2.2)
    runner.run(uploader.id)
    Treatments(house.store, clock, NOBODY).delete({})
    for _ in range(4):
        clock.advance(hours=7)
        glooko.readings(120)
        runner.run(uploader.id)
    assert not treatments(house)


def test_nothing_is_doubled_beside_a_loop_and_a_phone(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    a_day(glooko)
    at = "2026-11-21T08:00:30.000Z"
    Treatments(house.store, clock, NOBODY).save(
        [
            {"eventType": "Meal Bolus", "created_at": at, "insulin": 3.2, "carbs": 40, "enteredBy": "Loop"},
            {"eventType": "Site Change", "created_at": at, "enteredBy": "mum"},
        ]
    )
    Entries(house.store, clock, NOBODY).save(
        [{"type": "sgv", "sgv": 131, "date": START_MS - 9 * MINUTE_MS, "device": "xDrip", "direction": "Flat"}]
    )
    runner.run(uploader.id)
    assert len(treatments(house, "Meal Bolus")) == 1
    assert len(treatments(house, "Site Change")) == 1
    assert [one["sgv"] for one in entries(house) if one["type"] == "sgv"] == [118, 124, 131]


def test_a_loops_bolus_that_arrives_later_takes_the_clouds_place(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    glooko.add(BOLUSES, START_MS - HOUR_MS, insulinDelivered=3.2, carbsInput=40)
    runner.run(uploader.id)
    Treatments(house.store, clock, NOBODY).save(
        [{"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:30.000Z", "insulin": 3.2, "carbs": 40}]
    )
    clock.advance(minutes=31)
    runner.run(uploader.id)
    assert ["nl_uploader" in one for one in treatments(house)] == [False]


def test_bad_records_cost_themselves_alone(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock, uploaders: Uploaders
) -> None:
    glooko.readings(118)
    at_ms = START_MS - HOUR_MS
    glooko.add("cgm/egvs", at_ms, glucoseValue="HIGH")
    glooko.add("cgm/egvs", at_ms, glucoseValue=0)
    glooko.add("cgm/egvs", None, glucoseValue=12000)
    glooko.add("cgm/egvs", at_ms, glucoseValue={"value": 1}, trend="sideways", brandNew=[1, {"a": None}])
    glooko.add("pumps/scheduled_basals", at_ms, rate=-1, duration=300)
    glooko.add("pumps/scheduled_basals", at_ms, rate=0.5, duration="long")
    glooko.add("pumps/events", at_ms, eventType="somethingNew")
    glooko.add("foods", at_ms, carbs=None, name=["no", "text"])
    runner.run(uploader.id)
    assert [one["sgv"] for one in entries(house)] == [118]
    assert not treatments(house)
    assert uploaders.find(uploader.id).state.unusable == 6
    clock.advance(minutes=31)
    runner.run(uploader.id)
    state = uploaders.find(uploader.id).state
    assert (state.failure, state.unusable) == (None, 0)


def test_out_of_order_and_repeated_records_are_one_each(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader
) -> None:
    made = [
        {
            "guid": f"g{n}",
            "displayTime": glooko.wall(START_MS - n * 300_000),
            "updatedAt": f"2026-11-21T09:0{n}:00.000Z",
        }
        for n in (3, 1, 2, 1, 3)
    ]
    body = {"egvs": [one | {"glucoseValue": 12000} for one in made], "lastPage": True}
    glooko.script("/cgm/egvs", Reply(body))
    runner.run(uploader.id)
    assert len(entries(house)) == 3


def test_a_run_that_fails_in_the_middle_keeps_what_it_has_and_goes_on(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, clock: SettableClock, uploaders: Uploaders
) -> None:
    a_day(glooko)
    glooko.script("/foods", *[page(503)] * 3)
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert failure.kind == "transient"
    assert len(entries(house)) == 4
    assert not treatments(house, "Carb Correction")
    clock.advance(minutes=3)
    runner.run(uploader.id)
    assert len(treatments(house, "Carb Correction")) == 2


def test_a_session_that_ends_in_the_middle_of_a_run_costs_nothing(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader
) -> None:
    a_day(glooko)
    glooko.script("/foods", Reply({"error": "x"}, 421))
    runner.run(uploader.id)
    assert len(treatments(house)) == 17
    assert glooko.log_ins == 2


@pytest.mark.parametrize("late_min", [1, 50, 90, 200])
def test_when_clocks_go_back_every_reading_has_its_place(
    house: House,
    runner: Runner,
    glooko: GlookoEmulator,
    uploaders: Uploaders,
    clock: SettableClock,
    late_min: int,
) -> None:
    begin_ms = 1_792_879_200_000  # 2026-10-25T00:00:00+02:00: three hours later it is two o'clock again
    clock.set(begin_ms + late_min * MINUTE_MS)
    uploader = uploaders.create("glooko", answers(glooko))
    for step in range(14):
        begun_ms = begin_ms + step * 30 * MINUTE_MS
        clock.advance(minutes=30)
        for at_ms in range(begun_ms, begun_ms + 30 * MINUTE_MS, 5 * MINUTE_MS):
            glooko.add("cgm/egvs", at_ms + step, changed_ms=at_ms + late_min * MINUTE_MS, glucoseValue=12000)
        runner.run(uploader.id)
    times = [one["date"] for one in entries(house)]
    assert len(times) == 14 * 6
    assert all(4.9 * MINUTE_MS < later - earlier < 5.1 * MINUTE_MS for earlier, later in itertools.pairwise(times))
    assert times[0] == begin_ms


def test_a_whole_night_of_two_two_oclocks_uploaded_at_once_has_its_places(
    house: House, runner: Runner, glooko: GlookoEmulator, uploaders: Uploaders, clock: SettableClock
) -> None:
    begin_ms = 1_792_879_200_000
    clock.set(begin_ms + 12 * HOUR_MS)
    uploader = uploaders.create("glooko", answers(glooko))
    for number in range(72):
        glooko.add("cgm/egvs", begin_ms + number * 5 * MINUTE_MS, glucoseValue=12000 + 100 * number)
    for _ in range(3):
        runner.run(uploader.id)
        clock.advance(minutes=31)
    times = [one["date"] for one in entries(house)]
    assert len(times) == 72
    assert all(later - earlier == 5 * MINUTE_MS for earlier, later in itertools.pairwise(times))


def test_somebody_edits_the_zone_and_everything_moves(
    house: House, runner: Runner, glooko: GlookoEmulator, uploader: Uploader, uploaders: Uploaders
) -> None:
    glooko.add(BOLUSES, START_MS - 5 * HOUR_MS, insulinDelivered=3.2)
    runner.run(uploader.id)
    uploaders.edit(uploader.id, answers(glooko, zone="Europe/London"))
    runner.run(uploader.id)
    assert [one["created_at"] for one in treatments(house)] == ["2026-11-21T06:00:00.000Z"]


def test_the_test_button_signs_in_and_tells_the_last_reading(
    house: House, glooko: GlookoEmulator, uploaders: Uploaders
) -> None:
    glooko.readings(118, 131)
    trial = try_out(uploaders, "glooko", answers(glooko), clock=house.clock, around=around(house), limits=QUICK)
    assert trial.ok
    assert "131" in trial.sentence
    glooko.wants_second_factor = True
    refused = try_out(uploaders, "glooko", answers(glooko), clock=house.clock, around=around(house), limits=QUICK)
    assert (refused.ok, refused.step) == (False, "twoFaRequired")
