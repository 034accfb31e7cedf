"""Tandem Source over many runs: what grows, what comes late, what was cut off, and what a phone tells as well."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.actor import NOBODY
from app.glucose.wall_clock import WallClock
from app.house import House
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.sources.documents import DAY_MS, HOUR_MS
from app.records.sources.keeping import Keeping
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders import runner as runner_module
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.trial import try_out
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.server import Reply, cut_off, page, too_often
from tests.emulators.tandem import TandemEmulator, profile_of, settings_of
from tests.uploaders.conftest import around

MINUTE_MS = 60_000
QUICK = Limits(total_s=2.0, connect_s=2.0)
LOGS, LOGIN = "/pump-logs/", "/accounts/api/login"


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def tandem(clock: SettableClock) -> Iterator[TandemEmulator]:
    with TandemEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def runner(house: House) -> Runner:
    return Runner(house.store, house.clock, house.keyring, around(house), limits=QUICK, jitter=lambda: 0.0)


def answers(tandem: TandemEmulator, **changed: Any) -> dict[str, Any]:
    return {
        "email": tandem.email,
        "password": tandem.password,
        "server": tandem.url,
        "zone": "Europe/Berlin",
        "first_days": "2",
        **changed,
    }


@pytest.fixture
def uploader(uploaders: Uploaders, tandem: TandemEmulator) -> Uploader:
    return uploaders.create("tandem_source", answers(tandem))


def entries(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def treatments(house: House, *kinds: str) -> list[Document]:
    found = Treatments(house.store, house.clock, NOBODY).search(sort=(("created_at", 1),))
    return [one for one in found if not kinds or one["eventType"] in kinds]


def statuses(house: House) -> list[Document]:
    return list(DeviceStatus(house.store, house.clock, NOBODY).search(sort=(("created_at", 1),)))


def profiles(house: House) -> list[Document]:
    return list(Profiles(house.store, house.clock, NOBODY).search(sort=(("startDate", 1),)))


def content(document: Document) -> Document:
    """A document without what the records stamp on it."""
    return {name: value for name, value in document.items() if not name.startswith(("srv", "nl_", "_id"))}


def a_day(tandem: TandemEmulator) -> None:
    """Everything a pump writes, up to ten minutes ago."""
    pump, begin_ms = tandem.pump, START_MS - 6 * HOUR_MS
    pump.log(229, begin_ms, currentUserMode=1, previousUserMode=0, requestedAction=1)
    at_ms = pump.basals(begin_ms, *[850] * 12, *[0] * 3, *[1200] * 9)
    pump.log(229, at_ms, currentUserMode=0, previousUserMode=1, requestedAction=2)
    pump.bolus(at_ms + MINUTE_MS, 7, 3.2, carbs=40)
    pump.suspended(at_ms + 10 * MINUTE_MS, left=20)
    pump.log(33, at_ms + 15 * MINUTE_MS, insulinVolume=250)
    pump.log(63, at_ms + 17 * MINUTE_MS, primeSize=-1, completionStatus=3)
    pump.log(61, at_ms + 20 * MINUTE_MS, primeSize=0.3, completionStatus=3)
    pump.resumed(at_ms + 25 * MINUTE_MS, left=235)
    pump.bolus(at_ms + 40 * MINUTE_MS, 8, 0.4, kind=2, options=3)
    pump.bolus(at_ms + 50 * MINUTE_MS, 9, 1.0, carbs=30, options=1, duration=60)
    pump.extended_begins(at_ms + 50 * MINUTE_MS, 9, 2.0)
    pump.extended_ends(at_ms + 110 * MINUTE_MS, 9, 2.0)
    pump.log(16, at_ms + 112 * MINUTE_MS, BG=142, bgEntryType=0)
    for place, mgdl in enumerate((118, 124, 131)):
        pump.glucose(START_MS - (20 - 5 * place) * MINUTE_MS, mgdl)
    pump.settings = settings_of(profile_of("Day", 0, (0, 800, 45, 10000, 110)))


COUNTS = {
    "Note": 1,
    "Temp Basal": 4,
    "Meal Bolus": 1,
    "Insulin Change": 1,
    "Site Change": 1,
    "Correction Bolus": 1,
    "Combo Bolus": 1,
    "BG Check": 1,
}


def counts(house: House) -> dict[str, int]:
    kinds = [one["eventType"] for one in treatments(house)]
    return {kind: kinds.count(kind) for kind in kinds}


def test_a_day_comes_whole_and_once_however_often_it_is_fetched(
    house: House,
    runner: Runner,
    tandem: TandemEmulator,
    uploader: Uploader,
    clock: SettableClock,
    uploaders: Uploaders,
) -> None:
    a_day(tandem)
    runner.run(uploader.id)
    assert counts(house) == COUNTS
    assert sum(one.get("insulin", 0) for one in treatments(house)) == pytest.approx(3.2 + 0.4 + 1.0)
    assert sum(one.get("carbs", 0) for one in treatments(house)) == 70
    assert [one.get("sgv") or one.get("mbg") for one in entries(house)] == [142, 118, 124, 131]
    [status] = statuses(house)
    assert (status["pump"]["reservoir"], status["pump"]["status"]["suspended"]) == (231, False)
    assert [one["defaultProfile"] for one in profiles(house)] == ["Day"]
    before = (entries(house), treatments(house), statuses(house), profiles(house))
    for _ in range(6):
        clock.advance(minutes=25)
        assert runner.run(uploader.id)
    assert (entries(house), treatments(house), statuses(house), profiles(house)) == before
    after = uploaders.find(uploader.id).state
    assert (after.failure, after.unusable, after.last_reading_mgdl) == (None, 0, 131)
    assert tandem.log_ins <= 3


@pytest.mark.parametrize("place", range(4))
def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_twice(
    house: House,
    runner: Runner,
    tandem: TandemEmulator,
    uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    place: int,
) -> None:
    a_day(tandem)
    kept, calls = Keeping.write, itertools.count()

    def write(self: Keeping, *given: Any) -> Any:
        written = kept(self, *given)
        if next(calls) == place:
            raise Killed
        return written

    monkeypatch.setattr(Keeping, "write", write)
    with pytest.raises(Killed):
        runner.run(uploader.id)
    clock.advance(minutes=2)
    assert runner.run(uploader.id)
    assert counts(house) == COUNTS
    assert len(entries(house)) == 4
    assert len(profiles(house)) == 1


def test_a_cursor_that_did_not_move_brings_the_page_again_and_changes_nothing(
    house: House,
    runner: Runner,
    tandem: TandemEmulator,
    uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_day(tandem)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        moved: Callable[..., None] = runner_module._Run._move_to
        broken.setattr(runner_module._Run, "_move_to", lambda run, one: die() if one.whole else moved(run, one))
        with pytest.raises(Killed):
            runner.run(uploader.id)
    before = [content(one) for one in (*entries(house), *treatments(house))]
    assert before
    clock.advance(minutes=2)
    runner.run(uploader.id)
    assert [content(one) for one in (*entries(house), *treatments(house))] == before


def test_a_token_is_kept_before_it_is_used(
    runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(tandem)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("app.uploaders.tandem_source.client.TandemClient.pumper", die)
        with pytest.raises(Killed):
            runner.run(uploader.id)
    clock.advance(minutes=2)
    assert runner.run(uploader.id)
    assert tandem.log_ins == 1


def test_basal_that_grows_is_the_same_record_and_pieces_that_join_leave_none_behind(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    begin_ms = START_MS + 5 * MINUTE_MS
    clock.set(begin_ms + 6 * MINUTE_MS)
    tandem.pump.basal(begin_ms, 850)
    runner.run(uploader.id)
    lost = {**tandem.pump.log(279, begin_ms + 5 * MINUTE_MS, commandedRate=850)}
    tandem.pump.events.pop()
    tandem.pump.basal(begin_ms + 10 * MINUTE_MS, 850)
    clock.advance(minutes=20)
    runner.run(uploader.id)
    assert [one["duration"] for one in treatments(house)] == [5, 5]
    tandem.pump.events.append(lost)
    tandem.pump.basal(begin_ms + 15 * MINUTE_MS, 850)
    clock.advance(minutes=20)
    runner.run(uploader.id)
    [whole] = treatments(house)
    assert (whole["duration"], whole["created_at"]) == (20, "2026-11-21T10:05:00.000Z")


def test_an_extended_bolus_is_put_right_when_it_ends(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    tandem.pump.bolus(START_MS - 20 * MINUTE_MS, 9, 1.0, carbs=30, options=1, duration=120)
    tandem.pump.extended_begins(START_MS - 20 * MINUTE_MS, 9, 2.0)
    runner.run(uploader.id)
    [running] = treatments(house)
    assert (running["enteredinsulin"], running["duration"]) == (3, 120)
    clock.advance(hours=1)
    tandem.pump.extended_ends(START_MS + 10 * MINUTE_MS, 9, 0.5, asked=2.0, status=0)
    runner.run(uploader.id)
    [stopped] = treatments(house)
    assert (stopped["enteredinsulin"], stopped["duration"], stopped["_id"]) == (1.5, 30, running["_id"])


def test_an_answer_that_is_empty_for_once_takes_nothing_away(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    a_day(tandem)
    runner.run(uploader.id)
    tandem.script(LOGS, Reply({"events": [], "clockChanges": []}))
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert counts(house) == COUNTS
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert counts(house) == COUNTS


def test_what_was_deleted_here_does_not_come_back(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    a_day(tandem)
    runner.run(uploader.id)
    [meal] = treatments(house, "Meal Bolus")
    Treatments(house.store, clock, NOBODY).delete({"_id": meal["_id"]})
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert treatments(house, "Meal Bolus") == []


def test_a_bolus_the_phone_told_first_is_not_doubled(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader
) -> None:
    a_day(tandem)
    [pumped] = [one for one in tandem.pump.events if one["eventCode"] == 20 and one["eventProperties"]["bolusId"] == 7]
    Treatments(house.store, house.clock, NOBODY).save(
        [
            {
                "eventType": "Meal Bolus",
                "created_at": f"{pumped['pumpDateTime']}+01:00",
                "insulin": 3.2,
                "carbs": 40,
                "enteredBy": "phone",
            }
        ]
    )
    runner.run(uploader.id)
    assert [one["enteredBy"] for one in treatments(house, "Meal Bolus")] == ["phone"]


def test_readings_of_a_phone_come_first_and_the_pumps_fill_its_holes(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader
) -> None:
    times = [START_MS - minutes * MINUTE_MS for minutes in range(120, 40, -5)]
    for at_ms in times:
        tandem.pump.glucose(at_ms, 120)
    Entries(house.store, house.clock, NOBODY).save(
        [{"type": "sgv", "sgv": 121, "date": at_ms + 3000, "device": "xDrip-DexcomG7"} for at_ms in times[:8]]
    )
    runner.run(uploader.id)
    found = entries(house)
    assert len(found) == len(times)
    assert [one["sgv"] for one in found] == [121] * 8 + [120] * 8


def test_the_kinds_nobody_wants_stay_out(
    house: House, runner: Runner, tandem: TandemEmulator, uploaders: Uploaders
) -> None:
    a_day(tandem)
    unwanted = dict.fromkeys(("glucose", "basals", "events", "status", "profile"), "never")
    runner.run(uploaders.create("tandem_source", answers(tandem, **unwanted)).id)
    assert (entries(house), statuses(house), profiles(house)) == ([], [], [])
    assert set(counts(house)) == {"Meal Bolus", "Correction Bolus", "Combo Bolus"}


def test_the_night_clocks_change_is_whole_whenever_the_pump_is_set(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    back_ms = 1_824_944_400_000  # 2027-10-31T01:00Z: 03:00 becomes 02:00 in Berlin
    berlin = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
    assert (berlin.offset_min(back_ms - 1), berlin.offset_min(back_ms)) == (120, 60)
    tandem.pump.offset_min = 120
    expected: list[int] = []
    at_ms = back_ms - 4 * HOUR_MS
    for step in range(48):
        for minutes in (0, 5, 10):
            tandem.pump.glucose(at_ms + minutes * MINUTE_MS, 120)
            tandem.pump.basal(at_ms + minutes * MINUTE_MS, 600)
            expected.append(at_ms + minutes * MINUTE_MS)
        at_ms += 15 * MINUTE_MS
        clock.set(at_ms + 3 * MINUTE_MS)
        runner.run(uploader.id)
        if step == 40:
            tandem.pump.clock_set(at_ms - 2 * MINUTE_MS, 60)
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert [one["date"] for one in entries(house)] == expected
    basals = treatments(house, "Temp Basal")
    assert sum(one["duration"] for one in basals) == 48 * 15
    assert all(one["absolute"] == 0.6 for one in basals)


def test_settings_that_changed_are_a_new_profile_and_the_old_one_stays(
    house: House, runner: Runner, tandem: TandemEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    a_day(tandem)
    runner.run(uploader.id)
    clock.advance(hours=5)
    tandem.pump.settings = settings_of(profile_of("Day", 0, (0, 900, 45, 10000, 110)))
    runner.run(uploader.id)
    clock.advance(hours=5)
    runner.run(uploader.id)
    found = [(one["startDate"], one["store"]["Day"]["basal"][0]["value"]) for one in profiles(house)]
    assert found == [("2026-11-21T10:00:00.000Z", 0.8), ("2026-11-21T15:00:00.000Z", 0.9)]


def test_a_lockout_is_sat_out_whatever_anybody_wishes(
    runner: Runner, tandem: TandemEmulator, uploader: Uploader, uploaders: Uploaders, clock: SettableClock
) -> None:
    tandem.script(LOGIN, Reply({"status": "FAILURE", "message": "Max attempted logins exceeded"}))
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert failure.kind == "locked"
    for _ in range(5):
        uploaders.run_now(uploader.id)
        assert not runner.run(uploader.id)
        clock.advance(hours=1)
    assert tandem.log_ins == 1
    clock.advance(hours=1)
    assert runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None


def test_a_wrong_password_waits_for_its_owner(
    runner: Runner, tandem: TandemEmulator, uploaders: Uploaders, clock: SettableClock
) -> None:
    uploader = uploaders.create("tandem_source", answers(tandem, password="wrong"))
    runner.run(uploader.id)
    clock.advance(days=3)
    assert not runner.run(uploader.id)
    assert tandem.log_ins == 1


@pytest.mark.parametrize(
    "reply", [too_often("60"), page(503), Reply(status=403, raw="blocked"), cut_off({"events": []})]
)
def test_a_bad_hour_at_the_vendor_costs_no_sign_in_and_nothing_is_lost(
    house: House,
    runner: Runner,
    tandem: TandemEmulator,
    uploader: Uploader,
    uploaders: Uploaders,
    clock: SettableClock,
    reply: Reply,
) -> None:
    a_day(tandem)
    tandem.script(LOGS, *[reply] * 3)
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert failure.kind in ("rate-limited", "transient")
    tandem._scenes.clear()
    clock.advance(minutes=30)
    assert runner.run(uploader.id)
    assert counts(house) == COUNTS
    assert tandem.log_ins == 1


def test_a_renamed_parameter_is_told_to_the_owner_in_words(
    runner: Runner, tandem: TandemEmulator, uploader: Uploader, uploaders: Uploaders
) -> None:
    a_day(tandem)
    tandem.parameters = {"pumperId", "startDate", "endDate", "logCodes"}
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert failure.kind == "schema-changed"
    assert "eventCodes" in failure.message


def test_years_are_fetched_in_as_many_runs_as_it_takes(
    house: House, tandem: TandemEmulator, uploaders: Uploaders, clock: SettableClock
) -> None:
    for days in range(200, 0, -10):
        tandem.pump.bolus(START_MS - days * DAY_MS, days, 1.0)
    uploader = uploaders.create("tandem_source", answers(tandem, first_days="365"))
    # Longer than the clock is moved on within a call: an answer that comes in two pieces is not late for that.
    patient = Limits(total_s=600)
    runner = Runner(house.store, clock, house.keyring, around(house), limits=patient, jitter=lambda: 0.0, run_s=100)
    runs = 0
    answered = tandem.reply

    def slowly(asked: Any) -> Reply:
        if LOGS in asked.path:
            clock.advance(s=30)
        return answered(asked)

    tandem.reply = slowly  # type: ignore[method-assign]
    while len(treatments(house)) < 20 and runs < 30:
        runs += runner.run(uploader.id)
        clock.advance(minutes=2)
    assert len(treatments(house)) == 20
    assert runs > 3


def test_the_test_button_says_what_it_found_and_keeps_nothing(
    house: House, tandem: TandemEmulator, uploaders: Uploaders, clock: SettableClock
) -> None:
    a_day(tandem)
    found = try_out(uploaders, "tandem_source", answers(tandem), clock=clock, around=around(house))
    assert found.ok
    assert "131 mg/dL" in found.sentence
    assert entries(house) == treatments(house) == []
    refused = try_out(uploaders, "tandem_source", answers(tandem, password="no"), clock=clock, around=around(house))
    assert (refused.ok, refused.kind) == (False, "auth-invalid")
