"""One run of one uploader: what it stores, when it comes back, what it never does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.actor import NOBODY
from app.house import House
from app.keyring import KeyRing, new_key
from app.records.entries import Entries
from app.store.interface import Document
from app.uploaders import runner as runner_module
from app.uploaders.errors import RunEnded
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import COLLECTION, Uploader
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Access, Cursors, Page, Vendor
from app.uploaders.vendors import VENDORS
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom import DexcomEmulator, fault
from tests.emulators.server import Reply, cut_off, page, too_often
from tests.uploaders.conftest import QUICK, around, dexcom_answers

MINUTE_MS = 60_000
READ = "ReadPublisherLatestGlucoseValues"


def stored(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def values(house: House) -> list[int]:
    return [entry["sgv"] for entry in stored(house)]


def test_a_run_stores_the_readings_and_says_when_it_comes_back(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118, 121, 125)
    assert runner.run(dexcom_uploader.id)
    entries = stored(house)
    assert [entry["sgv"] for entry in entries] == [118, 121, 125]
    assert entries[-1]["utcOffset"] == 60
    assert entries[-1]["dateString"] == entries[-1]["sysTime"] == "2026-11-21T09:59:00.000Z"
    assert entries[-1]["nl_uploader"] == dexcom_uploader.id
    state = uploaders.find(dexcom_uploader.id).state
    assert (state.last_success_ms, state.last_reading_ms) == (START_MS, START_MS - MINUTE_MS)
    assert (state.last_reading_mgdl, state.failure) == (125, None)
    assert state.next_run_ms == START_MS + 4 * MINUTE_MS + 15_000
    assert uploaders.find(dexcom_uploader.id).cursors["entries"] == START_MS - MINUTE_MS


def test_what_is_fetched_twice_is_stored_once(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118, 121)
    runner.run(dexcom_uploader.id)
    before = stored(house)
    seq = house.store.last_seq()
    uploaders.run_now(dexcom_uploader.id)
    assert runner.run(dexcom_uploader.id)
    assert stored(house) == before
    changes = house.store.changes_since(seq)
    assert {change.collection for change in changes} <= {COLLECTION}


def test_an_uploader_that_is_not_due_or_switched_off_is_left_alone(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    assert runner.run(dexcom_uploader.id)
    assert not runner.run(dexcom_uploader.id)
    clock.advance(minutes=30)
    uploaders.enable(dexcom_uploader.id, False)
    assert not runner.run(dexcom_uploader.id)
    assert not runner.run("nobody")
    assert dexcom.count(READ) == 1


def test_the_session_lasts_over_runs_and_lies_sealed_in_the_store(
    house: House, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.password = "marker-password"
    Uploaders(house.store, clock, NOBODY, house.keyring).edit(dexcom_uploader.id, dexcom_answers(dexcom))
    runner.run(dexcom_uploader.id)
    clock.advance(minutes=10)
    runner.run(dexcom_uploader.id)
    assert dexcom.log_ins == 2
    row = house.store.collection(COLLECTION).find_one({"_id": dexcom_uploader.id})
    assert row
    assert "marker-password" not in str(row)
    assert dexcom.account not in str(row)
    assert dexcom.asked[-1].query["sessionId"] not in str(row)


def test_a_wrong_password_is_tried_once_and_then_only_when_the_owner_says_so(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(118)
    dexcom.password = "changed at Dexcom"
    runner.run(dexcom_uploader.id)
    state = uploaders.find(dexcom_uploader.id).state
    assert state.failure is not None
    assert (state.failure.kind, state.failure.since_ms, state.next_run_ms) == ("auth-invalid", START_MS, None)
    clock.advance(days=3)
    assert not runner.run(dexcom_uploader.id)
    assert dexcom.log_ins == 1
    uploaders.run_now(dexcom_uploader.id)
    assert runner.run(dexcom_uploader.id)
    assert dexcom.log_ins == 2
    assert not runner.run(dexcom_uploader.id)
    uploaders.edit(dexcom_uploader.id, dexcom_answers(dexcom))
    assert runner.run(dexcom_uploader.id)
    assert uploaders.find(dexcom_uploader.id).state.failure is None


def test_a_lockout_is_sat_out_whoever_asks_and_over_restarts(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    dexcom: DexcomEmulator,
    dexcom_uploader: Uploader,
    clock: SettableClock,
) -> None:
    dexcom.script("Authenticate", fault("SSO_AuthenticateMaxAttemptsExceeded"))
    runner.run(dexcom_uploader.id)
    uploaders.run_now(dexcom_uploader.id)
    uploaders.edit(dexcom_uploader.id, dexcom_answers(dexcom, password="another"))
    uploaders.enable(dexcom_uploader.id, False)
    uploaders.enable(dexcom_uploader.id, True)
    clock.advance(minutes=9.9)
    restarted = Runner(house.store, clock, house.keyring, around(house), limits=QUICK)
    assert not restarted.run(dexcom_uploader.id)
    assert dexcom.log_ins == 1
    clock.advance(minutes=0.2)
    assert restarted.run(dexcom_uploader.id)
    assert dexcom.log_ins == 2


def test_passing_trouble_is_counted_over_restarts(
    house: House, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    waits = []
    for _ in range(6):
        dexcom.script(READ, *[page(503)] * 3)
        runner = Runner(house.store, clock, house.keyring, around(house), limits=QUICK, jitter=lambda: 0.0)
        assert runner.run(dexcom_uploader.id)
        next_ms = uploaders.find(dexcom_uploader.id).state.next_run_ms
        assert next_ms is not None
        waits.append((next_ms - clock.now_ms()) / MINUTE_MS)
        clock.set(next_ms)
    assert waits == [2.5, 5, 10, 20, 30, 30]
    failure = uploaders.find(dexcom_uploader.id).state.failure
    assert failure is not None
    assert (failure.count, failure.since_ms) == (6, START_MS)


def test_an_open_breaker_lets_one_probe_through(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.script(READ, *[page(503)] * 16)
    for _ in range(5):
        runner.run(dexcom_uploader.id)
        clock.advance(minutes=31)
    assert dexcom.count(READ) == 15
    runner.run(dexcom_uploader.id)
    assert dexcom.count(READ) == 16
    clock.advance(minutes=31)
    runner.run(dexcom_uploader.id)
    assert uploaders.find(dexcom_uploader.id).state.failure is None


@pytest.mark.parametrize(
    ("retry_after", "minutes"), [("120", 5), ("1200", 20), ("Sat, 21 Nov 2026 10:40:00 GMT", 40), (None, 5)]
)
def test_a_vendor_that_is_asked_too_often_is_left_alone_as_long_as_it_says(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, retry_after: str | None, minutes: int
) -> None:
    first = uploaders.create("dexcom_share", dexcom_answers(dexcom))
    neighbour = uploaders.create("dexcom_share", dexcom_answers(dexcom))
    dexcom.script(READ, too_often(retry_after))
    runner.run(first.id)
    assert uploaders.find(first.id).state.next_run_ms == START_MS + minutes * MINUTE_MS
    assert not runner.run(neighbour.id)
    assert dexcom.count(READ) == 1


def test_after_an_outage_the_gap_is_filled(
    house: House, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    clock.advance(hours=6)
    dexcom.show(*range(100, 172))
    runner.run(dexcom_uploader.id)
    assert values(house) == [118, *range(100, 172)]


def test_what_reached_the_vendor_late_is_found_within_the_hour(
    house: House, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    clock.advance(hours=4)
    dexcom.show(150)
    runner.run(dexcom_uploader.id)
    dexcom.show(140, 141, newest_min_ago=150)
    for _ in range(13):
        clock.advance(minutes=5)
        runner.run(dexcom_uploader.id)
    assert values(house) == [118, 140, 141, 150]


def test_one_malformed_record_costs_itself_alone(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    dexcom.extra_records = [{"Value": "x"}]
    runner.run(dexcom_uploader.id)
    assert values(house) == [118]
    assert uploaders.find(dexcom_uploader.id).state.unusable == 1


def test_a_reading_deleted_here_stays_deleted(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118, 40, 121)
    runner.run(dexcom_uploader.id)
    assert Entries(house.store, house.clock, NOBODY).delete({"sgv": 40}) == 1
    uploaders.run_now(dexcom_uploader.id)
    runner.run(dexcom_uploader.id)
    assert values(house) == [118, 121]


def test_beside_a_phone_that_uploads_nothing_is_doubled_and_holes_are_filled(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(100, 110, 120, 130)
    newest_ms = START_MS - MINUTE_MS
    phone = [
        {"type": "sgv", "sgv": sgv, "date": newest_ms - ago * 300_000 + 9_000, "device": "xDrip-DexcomG5"}
        for sgv, ago in ((100, 3), (120, 1))
    ]
    Entries(house.store, house.clock, NOBODY).save(phone)
    runner.run(dexcom_uploader.id)
    assert values(house) == [100, 110, 120]  # the newest is left to the phone
    assert [entry.get("direction") for entry in stored(house)] == ["Flat", "Flat", "Flat"]
    assert [entry["device"] for entry in stored(house)].count("xDrip-DexcomG5") == 2
    state = uploaders.find(dexcom_uploader.id).state
    assert state.standing_by == ("glucose",)
    assert state.last_reading_mgdl == 130


def test_a_live_phone_that_is_a_little_late_is_waited_for(
    house: House, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(*range(100, 112))
    runner.run(dexcom_uploader.id)
    clock.advance(minutes=5)
    phone_ms = clock.now_ms() - 21 * MINUTE_MS + 9_000
    Entries(house.store, clock, NOBODY).save(
        [{"type": "sgv", "sgv": 108, "date": phone_ms, "device": "xDrip-DexcomG5"}]
    )
    dexcom.show(112)
    runner.run(dexcom_uploader.id)
    assert max(values(house)) == 111
    clock.advance(minutes=5)
    dexcom.show(113)
    runner.run(dexcom_uploader.id)
    assert max(values(house)) == 111
    clock.advance(minutes=5)
    runner.run(dexcom_uploader.id)
    assert max(values(house)) >= 112


def test_a_switched_off_kind_is_not_stored(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator
) -> None:
    dexcom.show(118)
    uploader = uploaders.create("dexcom_share", dexcom_answers(dexcom, glucose="never"))
    runner.run(uploader.id)
    assert values(house) == []


def test_secrets_sealed_with_a_lost_key_wait_for_their_owner(
    house: House, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    other_keys = Runner(house.store, clock, KeyRing([new_key()]), around(house), limits=QUICK)
    other_keys.run(dexcom_uploader.id)
    state = uploaders.find(dexcom_uploader.id).state
    assert state.failure is not None
    assert (state.failure.kind, state.failure.step, state.next_run_ms) == ("action-required", "key", None)
    assert dexcom.asked == []
    row = house.store.collection(COLLECTION).find_one({"_id": dexcom_uploader.id})
    assert row
    assert row["sealed"]


def test_private_addresses_are_refused_unless_allowed(
    house: House, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    Runner(house.store, clock, house.keyring, around(house, private_allowed=False)).run(dexcom_uploader.id)
    failure = uploaders.find(dexcom_uploader.id).state.failure
    assert failure is not None
    assert failure.step == "address"
    assert dexcom.asked == []


def test_no_secret_is_in_a_log_or_in_what_is_stored_of_a_failure(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dexcom.account, dexcom.password = "marker-account", "marker-password"
    uploader = uploaders.create("dexcom_share", dexcom_answers(dexcom))
    scenes = [page(503), fault("SessionNotValid"), too_often("1"), cut_off([1, 2, 3]), Reply(raw="marker-body")]
    for scene in [*scenes, fault("InvalidArgument", "marker-message")]:
        dexcom.script(READ, *[scene] * 3)
        uploaders.edit(uploader.id, dexcom_answers(dexcom))
        runner.run(uploader.id)
        dexcom._scenes.clear()
    uploaders.edit(uploader.id, dexcom_answers(dexcom, password="marker-wrong"))
    runner.run(uploader.id)
    assert "an uploader failed" in caplog.text
    assert "marker" not in caplog.text
    assert "marker" not in str(list(house.store.collection(COLLECTION).find()))


class Scripted:
    """A vendor whose pages a test writes."""

    def __init__(self) -> None:
        self.pages_of: Callable[[Access, Cursors], Iterator[Page]] = lambda access, cursors: iter(())

    def vendor(self) -> Vendor:
        dexcom = VENDORS["dexcom_share"]
        scripted = self

        class ScriptedSource:
            def __init__(self, access: Access) -> None:
                self._access = access

            def pages(self, cursors: Cursors) -> Iterator[Page]:
                return scripted.pages_of(self._access, cursors)

            def look(self) -> list[Document]:
                return []

        return replace(dexcom, name="scripted", title="Scripted", open=ScriptedSource, when_silent="")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    monkeypatch.setitem(VENDORS, "scripted", made.vendor())  # type: ignore[arg-type]
    return made


@pytest.fixture
def scripted_uploader(uploaders: Uploaders, scripted: Scripted) -> Uploader:
    return uploaders.create("scripted", {"account": "ada", "password": "x"})


def page_with(at_ms: int, sgv: int, **cursors: int) -> Page:
    entry = {"type": "sgv", "sgv": sgv, "date": at_ms, "device": "d", "identifier": f"id-{at_ms}"}
    return Page(cursors or {"entries": at_ms}, {"entries": [entry]})


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_doubled(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    scripted: Scripted,
    scripted_uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        for place in range(cursors.get("entries", 0), 5):
            yield page_with(START_MS - (5 - place) * 300_000, 100 + place, entries=place + 1)

    scripted.pages_of = pages
    move = runner_module._Run._move_to

    def die(self: Any, page: Page) -> None:
        if page.cursors["entries"] == 3:
            raise Killed
        move(self, page)

    with monkeypatch.context() as broken:
        broken.setattr(runner_module._Run, "_move_to", die)
        with pytest.raises(Killed):
            runner.run(scripted_uploader.id)
    assert values(house) == [100, 101, 102]
    assert uploaders.find(scripted_uploader.id).cursors == {"entries": 2}
    assert not runner.run(scripted_uploader.id)  # it comes back by itself, but not in a tight circle
    clock.advance(minutes=1)
    assert runner.run(scripted_uploader.id)
    assert values(house) == [100, 101, 102, 103, 104]


def test_a_holder_that_slept_through_its_lease_moves_nothing(
    house: House, uploaders: Uploaders, scripted: Scripted, scripted_uploader: Uploader, clock: SettableClock
) -> None:
    runner = Runner(house.store, clock, house.keyring, around(house), run_s=10**6)
    slept = False

    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        nonlocal slept
        if not slept:
            slept = True
            clock.advance(minutes=5)  # the lease has run out, and another process has done the work
            assert runner.run(scripted_uploader.id)
            yield page_with(START_MS - 600_000, 90, entries=1)
        else:
            yield page_with(START_MS, 120, entries=2)

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    kept = uploaders.find(scripted_uploader.id)
    assert kept.cursors == {"entries": 2}
    assert kept.state.last_reading_mgdl == 120
    assert values(house) == [120]


def test_a_holder_that_slept_while_it_wrote_does_not_move_the_cursor_either(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    scripted: Scripted,
    scripted_uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cursors_to_give = [1, 2]
    scripted.pages_of = lambda access, cursors: iter([page_with(START_MS, 120, entries=cursors_to_give.pop(0))])
    save = runner_module.Saver.save
    slept = False

    def sleep_and_save(self: Any, page: Page) -> Any:
        nonlocal slept
        if not slept:
            slept = True
            clock.advance(minutes=5)
            assert runner.run(scripted_uploader.id)
        return save(self, page)

    monkeypatch.setattr(runner_module.Saver, "save", sleep_and_save)
    runner.run(scripted_uploader.id)
    kept = uploaders.find(scripted_uploader.id)
    assert kept.cursors == {"entries": 2}
    assert kept.state.last_success_ms == START_MS + 5 * MINUTE_MS
    assert values(house) == [120]


def test_a_holder_that_slept_before_it_began_begins_nothing(
    runner: Runner,
    uploaders: Uploaders,
    scripted: Scripted,
    scripted_uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted.pages_of = lambda access, cursors: iter([page_with(START_MS, 120)])
    read = runner_module.uploader_in
    slept = False

    def sleep_after_reading(row: Document) -> Uploader:
        nonlocal slept
        found = read(row)
        if not slept:
            slept = True
            clock.advance(minutes=5)
            assert runner.run(scripted_uploader.id)
        return found

    monkeypatch.setattr(runner_module, "uploader_in", sleep_after_reading)
    assert not runner.run(scripted_uploader.id)
    assert uploaders.find(scripted_uploader.id).fence == 2


def test_one_lease_lets_one_run_at_a_time(runner: Runner, scripted: Scripted, scripted_uploader: Uploader) -> None:
    seen = []

    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        seen.append(runner.run(scripted_uploader.id))
        yield Page({})

    scripted.pages_of = pages
    assert runner.run(scripted_uploader.id)
    assert seen == [False]


def test_an_edit_in_mid_run_makes_its_result_worthless(
    runner: Runner, uploaders: Uploaders, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        uploaders.edit(scripted_uploader.id, {"password": "the right one"})
        yield page_with(START_MS, 120)

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    kept = uploaders.find(scripted_uploader.id)
    assert kept.cursors == {}
    assert kept.state.last_success_ms is None
    assert kept.is_due(START_MS)


def test_a_session_is_stored_before_it_is_used(
    house: House, runner: Runner, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        access.keep({"token": "fresh"})
        row = house.store.collection(COLLECTION).find_one({"_id": scripted_uploader.id})
        assert row
        place = f"uploader:{scripted_uploader.id}:session"
        assert house.keyring.open(place, row["session"]) == {"id": scripted_uploader.id, "session": {"token": "fresh"}}
        yield Page({})

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    row = house.store.collection(COLLECTION).find_one({"_id": scripted_uploader.id})
    assert row
    assert row["session"]


def session_of(house: House, uploader: Uploader) -> Any:
    row = house.store.collection(COLLECTION).find_one({"_id": uploader.id})
    assert row
    return row["session"] and house.keyring.open(f"uploader:{uploader.id}:session", row["session"])["session"]


def test_a_renewed_token_outlives_an_edit_that_let_the_old_one_stand(
    house: House, runner: Runner, uploaders: Uploaders, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        access.keep({"token": "first"})
        uploaders.enable(scripted_uploader.id, True)
        access.keep({"token": "second"})
        yield page_with(START_MS, 120)

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    assert session_of(house, scripted_uploader) == {"token": "second"}
    assert uploaders.find(scripted_uploader.id).cursors == {}


def test_a_renewed_token_of_the_account_that_was_is_not_kept(
    house: House, runner: Runner, uploaders: Uploaders, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        access.keep({"token": "first"})
        uploaders.edit(scripted_uploader.id, {"account": "bob", "password": "x"})
        access.keep({"token": "second"})
        yield page_with(START_MS, 120)

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    assert session_of(house, scripted_uploader) is None


def test_a_run_that_takes_too_long_goes_on_where_it_was(
    house: House, uploaders: Uploaders, scripted: Scripted, scripted_uploader: Uploader, clock: SettableClock
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        for place in range(cursors.get("entries", 0), 6):
            clock.advance(s=50)
            yield page_with(START_MS - (6 - place) * 300_000, 100 + place, entries=place + 1)

    scripted.pages_of = pages
    runner = Runner(house.store, clock, house.keyring, around(house), run_s=120, lease_ms=10**6)
    runs = 0
    while runner.run(scripted_uploader.id):
        runs += 1
    assert runs == 3
    assert values(house) == [100, 101, 102, 103, 104, 105]
    assert uploaders.find(scripted_uploader.id).state.failure is None


def test_a_run_that_brings_nothing_in_its_time_is_passing_trouble(
    uploaders: Uploaders, runner: Runner, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        raise RunEnded("too long", why=RunEnded.TIME)
        yield

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    failure = uploaders.find(scripted_uploader.id).state.failure
    assert failure is not None
    assert failure.kind == "transient"


def test_a_process_that_stops_leaves_the_rest_to_the_next(
    uploaders: Uploaders, runner: Runner, house: House, scripted: Scripted, scripted_uploader: Uploader
) -> None:
    stopping = False

    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        nonlocal stopping
        yield page_with(START_MS - 300_000, 100)
        stopping = True
        yield page_with(START_MS, 101)

    scripted.pages_of = pages
    runner.run(scripted_uploader.id, is_over=lambda: stopping)
    assert values(house) == [100]
    kept = uploaders.find(scripted_uploader.id)
    assert kept.cursors == {"entries": START_MS - 300_000}
    assert kept.is_due(START_MS)


def test_our_own_mistake_is_passing_trouble_and_its_text_is_not_logged(
    uploaders: Uploaders,
    runner: Runner,
    scripted: Scripted,
    scripted_uploader: Uploader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def pages(access: Access, cursors: Cursors) -> Iterator[Page]:
        raise RuntimeError("marker of a vendor's body")
        yield

    scripted.pages_of = pages
    runner.run(scripted_uploader.id)
    failure = uploaders.find(scripted_uploader.id).state.failure
    assert failure is not None
    assert failure.kind == "transient"
    assert "RuntimeError" in str([getattr(record, "facts", "") for record in caplog.records])
    assert "marker" not in caplog.text + str([getattr(record, "facts", "") for record in caplog.records])


def test_a_total_limit_of_each_call_ends_a_run_with_a_vendor_that_hangs(
    house: House, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    limits = Limits(total_s=0.05, connect_s=0.05)
    dexcom.script("Authenticate", Reply("x", after_s=5))
    Runner(house.store, clock, house.keyring, around(house), limits=limits).run(dexcom_uploader.id)
    failure = uploaders.find(dexcom_uploader.id).state.failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("transient", "Dexcom did not answer in time")


def test_a_phone_that_brings_its_readings_late_doubles_nothing(
    house: House, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(100, 110, 120)
    runner.run(dexcom_uploader.id)
    phone = [
        {"type": "sgv", "sgv": reading.value, "date": reading.at_ms + 8_000, "device": "xDrip-DexcomG5"}
        for reading in dexcom.readings
    ]
    Entries(house.store, clock, NOBODY).save(phone)
    assert len(stored(house)) == 6
    clock.advance(minutes=5)
    dexcom.show(130)
    runner.run(dexcom_uploader.id)
    assert values(house) == [100, 110, 120]
    assert {entry["device"] for entry in stored(house)} == {"xDrip-DexcomG5"}
    assert {entry["direction"] for entry in stored(house)} == {"Flat"}
    clock.advance(minutes=65)
    runner.run(dexcom_uploader.id)
    assert values(house) == [100, 110, 120, 130]


def test_two_uploaders_of_one_sensor_do_not_wait_for_each_other(
    house: House, runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, clock: SettableClock
) -> None:
    both = [uploaders.create("dexcom_share", dexcom_answers(dexcom, label=name)) for name in ("one", "two")]
    for value in range(100, 106):
        dexcom.show(value)
        both.reverse()
        for uploader in both:
            runner.run(uploader.id)
        assert values(house) == list(range(100, value + 1))
        clock.advance(minutes=5)


def test_a_store_restored_without_its_leases_stops_nobody(
    house: House, runner: Runner, uploaders: Uploaders, dexcom_uploader: Uploader
) -> None:
    house.store.collection(COLLECTION).update_one({"_id": dexcom_uploader.id}, {"$set": {"fence": 500}})
    assert runner.run(dexcom_uploader.id)
    assert uploaders.find(dexcom_uploader.id).state.last_success_ms == START_MS
