"""The demo fills a store once, goes on as time passes, and stays away from real data."""

from __future__ import annotations

import threading

import pytest

from app.actor import NOBODY, system_actor
from app.clock import iso_of
from app.config import Settings
from app.demo.feeding import fill, keep_adding
from app.errors import Conflict, Unavailable
from app.glucose.staleness import Staleness
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.live_picture import LivePicture
from app.live.sight import sight_of
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.person import Person, read_person, save_person
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store import migrate
from app.store.interface import Store
from tests.clocks import SettableClock

SERVICES = (Entries, Treatments, DeviceStatus, Profiles)


def counts(store: Store, clock: SettableClock) -> list[int]:
    return [service(store, clock, NOBODY).count() for service in SERVICES]


def real_reading(clock: SettableClock) -> dict:
    at_ms = clock.now_ms() - 60_000
    return {"type": "sgv", "sgv": 123, "date": at_ms, "dateString": iso_of(at_ms), "device": "xDrip-DexcomG6"}


def test_filling_makes_a_fortnight_and_a_current_picture(store: Store, clock: SettableClock) -> None:
    migrate(store)
    fill(store, clock)
    readings, treatments, statuses, profiles = counts(store, clock)
    assert readings > 3900
    assert treatments > 500
    assert statuses > 3900
    assert profiles == 1
    live = LivePicture(store, clock)
    try:
        picture = live.now()
        assert sight_of(picture, clock.now_ms()).state is Staleness.FRESH
        assert picture.facts.sensor_started_ms is not None
        assert picture.facts.site_changed_ms is not None
        assert picture.facts.loop is not None
    finally:
        live.close()


def test_filling_again_doubles_nothing(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=2)
    before = counts(store, clock)
    fill(store, clock, days=2)
    assert counts(store, clock) == before


def test_filling_later_or_longer_adds_only_what_is_missing(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=1)
    first = counts(store, clock)[0]
    clock.advance(hours=6)
    fill(store, clock, days=1)
    assert counts(store, clock)[0] == first + 72
    entries = Entries(store, clock, NOBODY)
    dates = [entry["date"] for entry in entries.search({"type": "sgv"})]
    assert len(dates) == len(set(dates))


def test_a_store_keeps_its_child_whatever_seed_is_asked_for(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=1, seed=1)
    before = counts(store, clock)
    fill(store, clock, days=1, seed=2)
    assert counts(store, clock) == before


@pytest.mark.parametrize(
    ("service", "document"),
    [
        (Entries, {"type": "sgv", "sgv": 123, "date": 1_795_000_000_000}),
        (Treatments, {"eventType": "Note", "created_at": "2026-11-01T10:00:00Z"}),
        (DeviceStatus, {"device": "loop://iPhone", "created_at": "2026-11-01T10:00:00Z"}),
        (Profiles, {"defaultProfile": "Default", "startDate": "2026-11-01T10:00:00Z", "store": {}}),
    ],
)
def test_a_store_with_anybodys_data_is_refused(
    store: Store, clock: SettableClock, service: type, document: dict
) -> None:
    service(store, clock, NOBODY).save([document])
    before = counts(store, clock)
    with pytest.raises(Conflict):
        fill(store, clock, days=1)
    assert counts(store, clock) == before


def test_a_store_with_data_is_filled_when_forced(store: Store, clock: SettableClock) -> None:
    Entries(store, clock, NOBODY).save([real_reading(clock)])
    fill(store, clock, days=1, force=True)
    assert counts(store, clock)[0] > 250


def test_what_people_try_in_a_demo_does_not_end_it(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=1)
    Treatments(store, clock, NOBODY).save([{"eventType": "Note", "notes": "trying", "enteredBy": "Mum"}])
    clock.advance(hours=1)
    fill(store, clock, days=1)
    assert counts(store, clock)[0] > 260


def test_a_demo_that_began_to_get_real_readings_is_refused(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=1)
    Entries(store, clock, NOBODY).save([real_reading(clock)])
    with pytest.raises(Conflict):
        fill(store, clock, days=1)


def test_a_store_without_a_person_gets_one(store: Store, clock: SettableClock, settings: Settings) -> None:
    fill(store, clock, days=1)
    assert read_person(store, settings) == Person("Demo", "Europe/Berlin", Unit.MGDL, Thresholds())


def test_a_person_stays_and_the_child_lives_in_their_zone(
    store: Store, clock: SettableClock, settings: Settings
) -> None:
    person = Person("Mila", "America/New_York", Unit.MMOLL, Thresholds())
    save_person(store, person, system_actor("test"))
    fill(store, clock, days=1)
    assert read_person(store, settings) == person
    profile = Profiles(store, clock, NOBODY).current()
    assert profile is not None
    assert profile["store"]["Default"]["timezone"] == "America/New_York"


class Passing(threading.Event):
    """A stop signal under which waiting lets the tests' clock run, and which is set after a while."""

    def __init__(self, clock: SettableClock, *, until_ms: int) -> None:
        super().__init__()
        self._clock = clock
        self._until_ms = until_ms
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert 0 < timeout <= 15
        self.waits += 1
        self._clock.advance(s=timeout)
        if self._clock.now_ms() >= self._until_ms:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(("speed", "readings"), [(1, 6), (5, 30), (0.5, 3)])
def test_readings_come_as_time_passes_and_faster_when_asked(
    store: Store, clock: SettableClock, speed: float, readings: int
) -> None:
    fill(store, clock, days=1)
    before = Entries(store, clock, NOBODY).count({"type": "sgv"})
    keep_adding(store, clock, speed=speed, stop=Passing(clock, until_ms=clock.now_ms() + 1_800_001))
    entries = Entries(store, clock, NOBODY)
    assert entries.count({"type": "sgv"}) - before == readings
    assert entries.count({"date": {"$gt": clock.now_ms()}}) == 0


def test_what_passed_between_filling_and_adding_is_made_up_for(store: Store, clock: SettableClock) -> None:
    fill(store, clock, days=1)
    before = Entries(store, clock, NOBODY).count({"type": "sgv"})
    clock.advance(hours=1)
    keep_adding(store, clock, speed=5, stop=Passing(clock, until_ms=clock.now_ms() + 1))
    assert Entries(store, clock, NOBODY).count({"type": "sgv"}) - before == 12


def test_a_reading_is_there_when_its_moment_is(store: Store, clock: SettableClock) -> None:
    keep_adding(store, clock, stop=Passing(clock, until_ms=clock.now_ms() + 300_000))
    last = next(Entries(store, clock, NOBODY).search({"type": "sgv"}, limit=1), None)
    assert last is None
    keep_adding(store, clock, stop=Passing(clock, until_ms=clock.now_ms() + 300_001))
    assert Entries(store, clock, NOBODY).count() == 1


def test_a_stopped_demo_adds_nothing(store: Store, clock: SettableClock) -> None:
    stop = threading.Event()
    stop.set()
    keep_adding(store, clock, stop=stop)
    assert counts(store, clock)[:3] == [0, 0, 0]


def test_nothing_is_left_out_while_the_store_does_not_answer(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, clock, days=1)
    before = Entries(store, clock, NOBODY).count({"type": "sgv"})
    stop = Passing(clock, until_ms=clock.now_ms() + 1_800_001)
    save = Entries.save

    def failing(self: Entries, documents: list) -> list:
        if stop.waits < 50:
            raise Unavailable("the store is down")
        return save(self, documents)

    monkeypatch.setattr(Entries, "save", failing)
    keep_adding(store, clock, stop=stop)
    assert Entries(store, clock, NOBODY).count({"type": "sgv"}) - before == 6
