"""Tidepool over many runs: each event once, whatever order its records come in, get changed, deleted or told again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.glucose.wall_clock import WallClock
from app.house import House
from app.importers.imports import Imports
from app.importers.working import Work
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders import runner as runner_module
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.server import Reply, page
from tests.emulators.tidepool import USER_ID, TidepoolEmulator
from tests.importers.tidepool_files import as_workbook
from tests.uploaders.conftest import QUICK, around

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def tidepool(clock: SettableClock) -> Iterator[TidepoolEmulator]:
    with TidepoolEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def uploader(uploaders: Uploaders, tidepool: TidepoolEmulator) -> Uploader:
    return uploaders.create("tidepool", answers(tidepool))


def answers(tidepool: TidepoolEmulator, **changed: Any) -> dict[str, Any]:
    return {"email": tidepool.email, "password": tidepool.password, "server": tidepool.url, **changed}


def entries(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def treatments(house: House, event_type: str = "") -> list[Document]:
    which = {"eventType": event_type} if event_type else {}
    return list(Treatments(house.store, house.clock, NOBODY).search(which, sort=(("created_at", 1),)))


class Household:
    """A household with one Tidepool uploader that runs when it is told to."""

    def __init__(self, house: House, runner: Runner, uploaders: Uploaders, uploader: Uploader) -> None:
        self.house, self.runner, self.uploaders, self.uploader = house, runner, uploaders, uploader

    def run(self) -> None:
        self.uploaders.run_now(self.uploader.id)
        assert self.runner.run(self.uploader.id)
        assert self.uploaders.find(self.uploader.id).state.failure is None

    def run_later(self, clock: SettableClock, minutes: float = 5) -> None:
        clock.advance(minutes=minutes)
        self.run()

    def doses(self) -> list[tuple[str, float, float]]:
        return [
            (one["eventType"], one.get("insulin", 0), one.get("carbs", 0))
            for one in treatments(self.house)
            if one.get("insulin") or one.get("carbs")
        ]


@pytest.fixture
def household(house: House, runner: Runner, uploaders: Uploaders, uploader: Uploader) -> Household:
    return Household(house, runner, uploaders, uploader)


def fill(tidepool: TidepoolEmulator) -> None:
    for step in range(12):
        tidepool.glucose(100 + step, 2 + 5 * step)
    tidepool.glucose(118, 30, "smbg")
    tidepool.add("wizard", 61, bolus="b1", carbInput=48)
    tidepool.add("bolus", 60, id="b1", subType="dual/square", normal=2.5, extended=1.2, duration=HOUR_MS)
    tidepool.add("basal", 50, deliveryType="automated", rate=0.4, duration=5 * MINUTE_MS)
    tidepool.add("basal", 5000, deliveryType="suspend", duration=3 * DAY_MS)
    tidepool.add("food", 70, nutrition={"carbohydrate": {"net": 15, "units": "grams"}})
    tidepool.add("deviceEvent", 90, subType="prime", primeTarget="cannula")
    tidepool.add("deviceEvent", 91, subType="reservoirChange")
    tidepool.add("physicalActivity", 200, duration={"value": 0.5, "units": "hours"}, name="Run")
    tidepool.add("pumpSettings", 90, activeSchedule="A", basalSchedules={"A": [{"start": 0, "rate": 0.8}]})


def everything(house: House) -> tuple[list[Document], list[Document], list[Document]]:
    profiles = list(Profiles(house.store, house.clock, NOBODY).search())
    return entries(house), treatments(house), profiles


def test_twice_is_once(household: Household, tidepool: TidepoolEmulator, clock: SettableClock) -> None:
    fill(tidepool)
    household.run()
    first = everything(household.house)
    assert [len(found) for found in first] == [13, 10, 1]
    for _ in range(15):
        household.run_later(clock)
    assert everything(household.house) == first


def test_a_forgotten_memory_makes_no_doubles(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    fill(tidepool)
    household.run()
    first = everything(household.house)
    household.uploaders.edit(household.uploader.id, answers(tidepool, first_days="90"))
    household.house.store.collection("nl_uploader_seen").delete_many({})
    household.run_later(clock)
    assert [{one["identifier"] for one in found} for found in everything(household.house)] == [
        {one["identifier"] for one in found} for found in first
    ]


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_doubled(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(self: Any, page: Page) -> None:
        raise Killed

    fill(tidepool)
    with monkeypatch.context() as broken:
        broken.setattr(runner_module._Run, "_move_to", die)
        with pytest.raises(Killed):
            household.runner.run(household.uploader.id)
    written = everything(household.house)
    household.run_later(clock)
    assert everything(household.house) == written
    assert [len(found) for found in written] == [13, 10, 1]


def test_a_renewed_token_survives_a_kill(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    household.run()
    tidepool.script("/data/", *[page(503)] * 3)
    clock.advance(minutes=30)
    household.runner.run(household.uploader.id)
    household.run_later(clock)
    assert tidepool.log_ins == 1


@pytest.mark.parametrize("with_a_broken_one", [False, True])
@pytest.mark.parametrize("apart_min", [0, 1, -1, 45])
@pytest.mark.parametrize("bolus_first", [True, False])
def test_a_calculation_and_its_bolus_that_come_in_different_fetches_are_one_meal(
    household: Household,
    tidepool: TidepoolEmulator,
    clock: SettableClock,
    bolus_first: bool,
    apart_min: int,
    with_a_broken_one: bool,
) -> None:
    if with_a_broken_one:
        tidepool.records[USER_ID].append({"type": "bolus", "id": "x", "normal": 1})
    bolus = tidepool.record("bolus", START_MS - 60 * MINUTE_MS, id="b1", subType="normal", normal=4.8)
    wizard = tidepool.record("wizard", START_MS - (60 + apart_min) * MINUTE_MS, bolus="b1", carbInput=48)
    kept = tidepool.records[USER_ID]
    kept.append(bolus if bolus_first else wizard)
    household.run()
    assert household.doses() == ([("Correction Bolus", 4.8, 0)] if bolus_first else [("Carb Correction", 0, 48)])
    kept.append(wizard if bolus_first else bolus)
    household.run_later(clock, 61)
    assert household.doses() == [("Meal Bolus", 4.8, 48)]
    household.run_later(clock, 61)
    assert household.doses() == [("Meal Bolus", 4.8, 48)]


def test_a_calculation_and_its_bolus_in_two_pieces_of_the_history_are_one_meal(
    household: Household, tidepool: TidepoolEmulator
) -> None:
    for half_minutes in range(0, 20 * 24 * 120, 120 * 12 + 7):
        at_ms, name = START_MS - 60_000 - half_minutes * 30_000, f"b{half_minutes}"
        kept = tidepool.records[USER_ID]
        kept.append(tidepool.record("wizard", at_ms, bolus=name, carbInput=48))
        kept.append(tidepool.record("bolus", at_ms + 30_000, id=name, subType="normal", normal=4.8))
    edge_ms = START_MS - 90 * DAY_MS + 6 * 14 * DAY_MS  # where one piece ends and the next begins
    kept.append(tidepool.record("wizard", edge_ms - 1000, bolus="edge", carbInput=48))
    kept.append(tidepool.record("bolus", edge_ms + 1000, id="edge", subType="normal", normal=4.8))
    household.uploaders.edit(household.uploader.id, answers(tidepool, first_days="90"))
    household.run()
    assert set(household.doses()) == {("Meal Bolus", 4.8, 48)}
    assert len(household.doses()) == len(tidepool.records[USER_ID]) // 2


def test_a_bolus_that_is_never_told_leaves_the_carbs(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.add("wizard", 60, bolus="gone", carbInput=48)
    tidepool.add("wizard", 50, carbInput=12)
    tidepool.add("wizard", 40, bolus="zero", carbInput=20)
    tidepool.add("bolus", 40, id="zero", subType="normal", normal=0, expectedNormal=2)
    for _ in range(3):
        household.run_later(clock, 61)
    assert household.doses() == [("Carb Correction", 0, 48), ("Carb Correction", 0, 12), ("Carb Correction", 0, 20)]


def test_a_record_an_app_wrote_anew_takes_the_place_of_the_old_one(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    kept = tidepool.records[USER_ID]
    begun = tidepool.add("bolus", 10, id="r1", subType="normal", normal=1.5, expectedNormal=5)
    basal = tidepool.add("basal", 10, id="t1", deliveryType="automated", rate=0.4, duration=5 * MINUTE_MS)
    snack = tidepool.add("food", 70, id="f1", nutrition={"carbohydrate": {"net": 15}})
    note = tidepool.add("physicalActivity", 65, id="p1", duration={"value": 10, "units": "minutes"})
    household.run()
    for old, new in (
        (begun, {"id": "r2", "normal": 5, "expectedNormal": None}),
        (basal, {"id": "t2", "duration": 10 * MINUTE_MS}),
        (snack, {"id": "f2", "nutrition": {"carbohydrate": {"net": 20}}}),
        (note, {"id": "p2", "duration": {"value": 20, "units": "minutes"}}),
    ):
        kept.remove(old)
        kept.append(old | new)
    tidepool.glucose(120, 1)
    household.run_later(clock, 61)
    assert household.doses() == [("Carb Correction", 0, 20), ("Correction Bolus", 5, 0)]
    assert [one["duration"] for one in treatments(household.house, "Temp Basal")] == [10]
    assert [one["duration"] for one in treatments(household.house, "Exercise")] == [20]


def test_a_bolus_that_goes_on_is_read_again_at_the_next_visit(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    begun = tidepool.add("bolus", 1, id="r1", subType="normal", normal=1.5, expectedNormal=5)
    tidepool.add("food", 0.5, nutrition={"carbohydrate": {"net": 20}})
    household.run()
    household.run_later(clock, 5)
    tidepool.records[USER_ID].remove(begun)
    tidepool.records[USER_ID].append(begun | {"id": "r2", "normal": 5, "expectedNormal": None})
    household.run_later(clock, 5)
    assert household.doses() == [("Correction Bolus", 5, 0), ("Carb Correction", 0, 20)]


def test_what_was_deleted_at_tidepool_is_deleted_here_and_comes_back_with_it(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    snack = tidepool.add("food", 120, nutrition={"carbohydrate": {"net": 15}})
    tidepool.add("food", 30, nutrition={"carbohydrate": {"net": 10}})
    household.run()
    tidepool.records[USER_ID].remove(snack)
    household.run_later(clock, 61)
    assert household.doses() == [("Carb Correction", 0, 10)]
    tidepool.records[USER_ID].append(snack)
    household.run_later(clock, 61)
    assert household.doses() == [("Carb Correction", 0, 15), ("Carb Correction", 0, 10)]


def test_what_was_deleted_here_stays_deleted(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.add("food", 120, nutrition={"carbohydrate": {"net": 15}})
    household.run()
    Treatments(household.house.store, clock, NOBODY).delete({})
    for _ in range(3):
        household.run_later(clock, 61)
    assert household.doses() == []


def test_what_was_deleted_here_long_ago_stays_deleted_when_the_hourly_look_goes_far_back(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    for hours_ago in (60, 45):
        tidepool.add("deviceEvent", hours_ago * 60, subType="prime", primeTarget="cannula")
    tidepool.glucose(120, 5)
    household.run()
    Treatments(household.house.store, clock, NOBODY).delete({})
    for _ in range(3):
        household.run_later(clock, 61)
    assert treatments(household.house) == []
    tidepool.add("deviceEvent", 1, subType="prime", primeTarget="cannula")
    household.run_later(clock, 61)
    assert len(treatments(household.house)) == 1


@pytest.mark.parametrize("answer", ["nothing", "glucose only"])
def test_an_answer_that_lacks_everything_deletes_nothing(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock, answer: str
) -> None:
    fill(tidepool)
    household.run()
    first = treatments(household.house)
    newest = tidepool.glucose(120, -61)
    clock.advance(minutes=61)
    tidepool.script("/data/", tidepool.latest(), Reply([] if answer == "nothing" else [newest]))
    household.run()
    assert treatments(household.house) == first


def test_where_a_record_is_broken_none_of_its_kind_is_taken_for_deleted(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    bolus = tidepool.add("bolus", 60, subType="normal", normal=1)
    snack = tidepool.add("food", 50, nutrition={"carbohydrate": {"net": 15}})
    tidepool.add("bolus", 40, subType="normal", normal=2)
    tidepool.add("food", 30, nutrition={"carbohydrate": {"net": 10}})
    household.run()
    tidepool.records[USER_ID].remove(snack)
    bolus["normal"] = "plenty"
    household.run_later(clock, 61)
    assert household.doses() == [("Correction Bolus", 1, 0), ("Correction Bolus", 2, 0), ("Carb Correction", 0, 10)]


@pytest.mark.parametrize("file_first", [False, True])
@pytest.mark.parametrize("written", ["json", "xlsx"])
def test_the_same_records_from_a_file_add_nothing(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock, written: str, file_first: bool
) -> None:
    fill(tidepool)
    house, records = household.house, tidepool.records[USER_ID]
    imports = Imports(house.store, clock, NOBODY)
    work = Work(house.store, clock, NOBODY, lambda: WallClock.in_zone(ZoneInfo("Europe/Berlin")))

    def bring() -> None:
        content = json.dumps(records).encode() if written == "json" else as_workbook(records)
        one = imports.receive(BytesIO(content), "export", most_bytes=1 << 30)
        work.carry_out(one.id)
        imports.confirm(one.id)
        work.carry_out(one.id)
        assert imports.find(one.id).stage == "done"

    first, second = (bring, household.run) if file_first else (household.run, bring)
    first()
    before = [{one["identifier"] for one in found} for found in everything(house)]
    assert [len(found) for found in before] == [13, 10, 1]
    second()
    assert [{one["identifier"] for one in found} for found in everything(house)] == before


def test_two_boluses_of_one_id_are_two_and_two_records_without_any_too(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    for min_ago, normal in ((60, 1), (40, 2)):
        tidepool.add("bolus", min_ago, id="same", guid="same", subType="normal", normal=normal)
        tidepool.add("bolus", min_ago + 5, id=..., guid=..., subType="normal", normal=normal + 0.5)
    for _ in range(2):
        household.run_later(clock, 61)
    assert [dose for _, dose, _ in household.doses()] == [1.5, 1, 2.5, 2]


def test_beside_a_loop_and_a_phone_nothing_is_doubled(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    house = household.house
    at = iso_of(START_MS - 60 * MINUTE_MS)
    Treatments(house.store, clock, NOBODY).save(
        [
            {"eventType": "Meal Bolus", "created_at": at, "insulin": 4.8, "carbs": 48, "enteredBy": "loop://phone"},
            {"eventType": "Temp Basal", "created_at": at, "absolute": 0.4, "duration": 30, "enteredBy": "loop://phone"},
        ]
    )
    Entries(house.store, clock, NOBODY).save(
        [{"type": "sgv", "sgv": 131, "date": START_MS - 2 * MINUTE_MS, "device": "xDrip Dexcom G6"}]
    )
    origin = {"name": "com.loopkit.Loop", "type": "application"}
    tidepool.add("bolus", 60, subType="normal", normal=4.8, origin=origin)
    tidepool.add("food", 60, nutrition={"carbohydrate": {"net": 48}}, origin=origin)
    tidepool.add("basal", 60, deliveryType="temp", rate=0.4, duration=30 * MINUTE_MS, origin=origin)
    tidepool.glucose(131, 2.1)
    before = everything(house)
    household.run()
    household.run_later(clock, 61)
    assert everything(house) == before


def test_a_loops_own_records_that_arrive_later_take_the_place_of_ours(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    house = household.house
    tidepool.add("bolus", 60, subType="normal", normal=4.8)
    household.run()
    mine = {"eventType": "Correction Bolus", "created_at": iso_of(START_MS - 60 * MINUTE_MS + 20_000), "insulin": 4.8}
    Treatments(house.store, clock, NOBODY).save([mine | {"enteredBy": "loop://phone"}])
    tidepool.glucose(131, -60)
    tidepool.add("bolus", -60, subType="normal", normal=1)
    household.run_later(clock, 61)
    household.run_later(clock, 61)
    assert [(one["enteredBy"], one["insulin"]) for one in treatments(house)] == [
        ("loop://phone", 4.8),
        ("nightlight-tidepool", 1),
    ]


def test_another_brand_on_the_same_body_is_another_sensor(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    Entries(household.house.store, clock, NOBODY).save(
        [{"type": "sgv", "sgv": 131, "date": START_MS - 3 * MINUTE_MS, "device": "xDrip LimiTTer"}]
    )
    tidepool.glucose(131, 2)
    household.run()
    assert [one["device"] for one in entries(household.house)] == ["xDrip LimiTTer", "nightlight-tidepool Dexcom G6"]


def test_settings_told_again_are_one_profile_and_changed_ones_another(
    household: Household, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    def tell(rate: float) -> None:
        tidepool.add("pumpSettings", 1, activeSchedule="A", basalSchedules={"A": [{"start": 0, "rate": rate}]})

    for rate in (0.8, 0.8, 0.9, 0.9, 0.8):
        tell(rate)
        for _ in range(3):
            household.run_later(clock, 300)
    profiles = list(Profiles(household.house.store, clock, NOBODY).search(sort=(("startDate", 1),)))
    assert [one["store"]["A"]["basal"][0]["value"] for one in profiles] == [0.8, 0.9, 0.8]


def test_a_run_that_is_cut_by_its_time_goes_on_from_there(
    house: House, uploaders: Uploaders, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    for day in range(120):
        tidepool.glucose(100 + day, day * 24 * 60 + 1)
    one = uploaders.create("tidepool", answers(tidepool, first_days="365"))
    ends = iter([False] * 14 + [True] * 100)
    runner = Runner(house.store, clock, house.keyring, around(house), limits=QUICK, jitter=lambda: 0.0)
    runner.run(one.id, is_over=lambda: next(ends))
    had = len(entries(house))
    assert had < 120
    first = len(tidepool.fetches)
    assert runner.run(one.id)
    assert len(entries(house)) == 120
    assert len(tidepool.fetches) - first < 27
