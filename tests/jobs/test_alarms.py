"""The alarms are watched by whoever holds the lease: soon after a change, and all the time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.actor import NOBODY, system_actor
from app.alarms.engine import Engine
from app.alarms.state import AlarmState, Overtaken
from app.config import load_settings
from app.errors import Unavailable
from app.glucose.levels import Level
from app.house import House
from app.jobs.alarms import AlarmWatch
from app.jobs.schedule import Running
from app.keyring import KeyRing, new_key
from app.live.live_picture import LivePicture
from app.records.entries import Entries
from app.store.interface import Store
from app.uploaders.runner import Runner
from app.uploaders.uploaders import Uploaders
from tests.clocks import SettableClock
from tests.jobs.conftest import eventually
from tests.uploaders.conftest import around
from tests.waiting import wait_until

BY = system_actor("test")
PROJECT = Path(__file__).parents[2]


class Watched:
    """A watch over a store that a test ticks, and how often it looked."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.looks = house, 0
        self.live = LivePicture(house.store, house.clock)
        self.watch = AlarmWatch(house, self.live)
        self.ear = house.store.listen(self.watch.heard)
        look = Engine.look

        def counted(engine: Engine, *arguments: Any) -> None:
            self.looks += 1
            look(engine, *arguments)

        monkeypatch.setattr(Engine, "look", counted)

    def close(self) -> None:
        self.ear.close()
        self.live.close()

    def glucose(self, mgdl: int) -> None:
        entry = {"type": "sgv", "sgv": mgdl, "date": self.house.clock.now_ms(), "device": "Libre3"}
        Entries(self.house.store, self.house.clock, BY).save([entry])

    def tick_until(self, looks: int) -> None:
        def looked() -> bool:
            self.watch.tick()
            return self.looks >= looks

        wait_until(looked)

    def titles(self) -> list[str]:
        said = AlarmState(self.house.store, self.house.clock).said()
        return [f"{saying.word.value} {saying.notice.title}" for saying in said]


@pytest.fixture
def simple_house(store: Store, clock: SettableClock, keyring: KeyRing) -> House:
    settings = load_settings({"ALARM_TYPES": "simple", "TIMEAGO_ENABLE_ALERTS": "on"})
    return House(settings, store, clock, keyring)


@pytest.fixture
def watched(simple_house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    found = Watched(simple_house, monkeypatch)
    yield found
    found.close()


def test_it_looks_at_once_and_then_after_half_a_minute(watched: Watched, clock: SettableClock) -> None:
    for _ in range(3):
        watched.watch.tick()
    assert watched.looks == 1
    clock.advance(s=29)
    watched.watch.tick()
    assert watched.looks == 1
    clock.advance(s=1)
    watched.watch.tick()
    assert watched.looks == 2


def test_a_reading_is_looked_at_without_waiting(watched: Watched) -> None:
    watched.watch.tick()
    watched.glucose(50)
    watched.tick_until(2)
    assert watched.titles() == ["alarm Urgent LOW"]


def test_a_burst_of_changes_is_looked_at_once(watched: Watched) -> None:
    watched.watch.tick()
    for mgdl in (120, 110, 100):
        watched.glucose(mgdl)
    wait_until(lambda: watched.live.now().seq >= watched.house.store.last_seq())
    watched.tick_until(2)
    for _ in range(5):
        watched.watch.tick()
    assert watched.looks == 2


@pytest.mark.parametrize("collection", ["nl_alarms", "nl_silences", "nl_audit", "nl_uploaders"])
def test_what_shows_in_no_picture_is_no_reason_to_look(watched: Watched, collection: str) -> None:
    watched.watch.tick()
    watched.house.store.collection(collection).insert_one({"x": 1})
    wait_until(lambda: watched.live.now().seq >= watched.house.store.last_seq())
    watched.watch.tick()
    assert watched.looks == 1


def test_other_limits_are_a_reason(watched: Watched) -> None:
    watched.watch.tick()
    limits = {"very_low": 54, "bottom": 70, "top": 180, "very_high": 250}
    person = {"_id": "person", "name": "", "zone": "UTC", "unit": "mg/dL", "thresholds": limits}
    watched.house.store.collection("nl_person").insert_one(person)
    watched.tick_until(2)


def test_a_change_that_does_not_show_yet_is_looked_at_when_it_does(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.watch.tick()
    before = watched.live.now()
    watched.glucose(50)
    wait_until(lambda: watched.live.now().seq > before.seq)
    now = LivePicture.now
    monkeypatch.setattr(LivePicture, "now", lambda picture: before)
    watched.watch.tick()
    assert watched.looks == 1
    monkeypatch.setattr(LivePicture, "now", now)
    watched.tick_until(2)


def test_silence_is_noticed_without_any_change(watched: Watched, clock: SettableClock) -> None:
    watched.glucose(120)
    watched.tick_until(1)
    clock.advance(minutes=15, s=30)
    watched.watch.tick()
    assert watched.titles() == ["alarm Stale data, check rig?"]


def test_a_look_that_fails_is_made_again_after_a_little_while(
    watched: Watched, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Engine.look
    failures = [Unavailable("no store")]

    def failing(engine: Engine, *arguments: Any) -> None:
        if failures:
            raise failures.pop()
        look(engine, *arguments)

    monkeypatch.setattr(Engine, "look", failing)
    watched.glucose(50)
    with pytest.raises(Unavailable):
        watched.watch.tick()
    watched.watch.tick()
    assert watched.titles() == []
    clock.advance(s=5)
    watched.watch.tick()
    assert watched.titles() == ["alarm Urgent LOW"]


def test_whoever_is_overtaken_looks_again_at_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = AlarmState.keep
    overtakings = [Overtaken()]

    def overtaken(state: AlarmState, *standings: Any) -> None:
        if overtakings:
            raise overtakings.pop()
        keep(state, *standings)

    monkeypatch.setattr(AlarmState, "keep", overtaken)
    watched.glucose(50)
    watched.watch.tick()
    assert watched.titles() == []
    watched.watch.tick()
    assert watched.titles() == ["alarm Urgent LOW"]


def test_lost_contact_names_the_feed_that_is_in_trouble(watched: Watched, clock: SettableClock) -> None:
    house = watched.house
    uploaders = Uploaders(house.store, house.clock, NOBODY, house.keyring)
    uploader = uploaders.create("dexcom_share", {"account": "mum", "password": "secret", "label": "Dexcom"})
    failure = {"kind": "auth-invalid", "message": "Dexcom refused the password", "count": 3}
    since_ms = house.clock.now_ms()
    house.store.collection("nl_uploaders").update_one(
        {"_id": uploader.id},
        {
            "$set": {
                "state.failure": {**failure, "since_ms": since_ms, "at_ms": since_ms, "hint": ""},
                "state.next_run_ms": None,
            }
        },
    )
    watched.glucose(120)
    clock.advance(minutes=31)
    watched.watch.tick()
    [saying] = AlarmState(house.store, house.clock).said()
    assert saying.notice.level is Level.URGENT
    assert saying.notice.message.splitlines()[-1] == "Dexcom refused the password at 10:00."


# With the real clock, and processes.


def alarming(house: House, mgdl: int = 50) -> None:
    entry = {"type": "sgv", "sgv": mgdl, "date": house.clock.now_ms(), "device": "Libre3"}
    Entries(house.store, house.clock, BY).save([entry])


def test_whoever_holds_the_lease_watches(live_house: House) -> None:
    running = Running(live_house)
    state = AlarmState(live_house.store, live_house.clock)
    try:
        eventually(lambda: running.counts["executed"])
        alarming(live_house)
        eventually(lambda: [saying.notice.is_urgent_low for saying in state.said()] == [True])
    finally:
        running.stop()


def test_whoever_takes_over_watches_on_and_says_nothing_twice(live_house: House) -> None:
    state = AlarmState(live_house.store, live_house.clock)
    alarming(live_house)
    for _ in range(2):
        running = Running(live_house)
        try:
            eventually(lambda: running.counts["executed"] > 8)  # noqa: B023
            eventually(lambda: state.said())
        finally:
            running.stop()
    assert [saying.emission for saying in state.said()] == [1]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_while_it_raises_an_alarm_loses_none(tmp_path: Path, live_house: House, moment: str) -> None:
    alarming(live_house)
    uri = f"sqlite:///{tmp_path}/live.db"
    command = [sys.executable, "-m", "tests.jobs.killed_worker", uri, new_key(), moment]
    assert subprocess.run(command, cwd=PROJECT, timeout=60, capture_output=True).returncode == -9
    state = AlarmState(live_house.store, live_house.clock)
    assert len(state.said()) == (moment == "after")
    runner = Runner(live_house.store, live_house.clock, live_house.keyring, around(live_house))
    running = Running(live_house, runner=runner, lease_ms=1500, renew_s=0.2)
    try:
        eventually(lambda: running.counts["executed"] > 8)
        eventually(lambda: state.said())
    finally:
        running.stop()
    assert [(saying.emission, saying.notice.title) for saying in state.said()] == [(1, "Urgent, LOW")]
