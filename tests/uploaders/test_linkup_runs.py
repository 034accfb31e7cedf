"""LibreLinkUp over many runs: current readings and the lagging graph become one line, whatever happened in between."""

from __future__ import annotations

import itertools

import pytest

from app.actor import NOBODY
from app.house import House
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.linkup import LinkUpEmulator
from tests.uploaders.conftest import linkup_answers

MINUTE_MS = 60_000


def times_min(house: House) -> list[float]:
    entries = Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),))
    return [round((entry["date"] - START_MS) / MINUTE_MS, 1) for entry in entries]


def show_as_the_sensor(linkup: LinkUpEmulator, started_ms: int) -> None:
    """Show what the service shows at this moment: a value of this minute, and a graph that is a quarter hour late."""
    now_ms = linkup.clock.now_ms()
    linkup.current = linkup.measurement(now_ms - 20_000, 120, 3)
    end_ms = (now_ms - 16 * MINUTE_MS) // (5 * MINUTE_MS) * 5 * MINUTE_MS
    begin_ms = max(started_ms, end_ms - 12 * 60 * MINUTE_MS)
    linkup.graph = [linkup.measurement(at_ms, 117) for at_ms in range(begin_ms, end_ms + 1, 5 * MINUTE_MS)]


def test_graph_points_that_arrive_later_do_not_double_current_readings(
    house: House, runner: Runner, linkup: LinkUpEmulator, linkup_uploader: Uploader, clock: SettableClock
) -> None:
    for _ in range(12):
        show_as_the_sensor(linkup, START_MS)
        runner.run(linkup_uploader.id)
        clock.advance(minutes=5)
    found = times_min(house)
    assert len(found) == 12
    assert all(later - earlier == pytest.approx(5) for earlier, later in itertools.pairwise(found))


def test_after_an_outage_the_graph_fills_the_gap(
    house: House, runner: Runner, linkup: LinkUpEmulator, linkup_uploader: Uploader, clock: SettableClock
) -> None:
    show_as_the_sensor(linkup, START_MS)
    runner.run(linkup_uploader.id)
    clock.advance(hours=3)
    show_as_the_sensor(linkup, START_MS)
    runner.run(linkup_uploader.id)
    found = times_min(house)
    gaps = [later - earlier for earlier, later in itertools.pairwise(found)]
    assert max(gaps[:-1]) <= 7.5
    assert len(found) == 34


def test_a_sensor_starts_once(
    house: House, runner: Runner, linkup: LinkUpEmulator, linkup_uploader: Uploader, clock: SettableClock
) -> None:
    started_s = START_MS // 1000 - 3600
    linkup.sensor = {"sn": "ABC", "a": started_s, "w": 60, "pt": 4}
    linkup.show(120)
    for _ in range(3):
        runner.run(linkup_uploader.id)
        clock.advance(minutes=10)
    [start] = Treatments(house.store, clock, NOBODY).search()
    assert (start["eventType"], start["created_at"]) == ("Sensor Start", "2026-11-21T09:00:00.000Z")


def test_a_sensor_start_somebody_entered_is_not_doubled(
    house: House, runner: Runner, linkup: LinkUpEmulator, linkup_uploader: Uploader
) -> None:
    Treatments(house.store, house.clock, NOBODY).save(
        [{"eventType": "Sensor Start", "created_at": "2026-11-21T09:20:00.000Z", "enteredBy": "mum"}]
    )
    linkup.sensor = {"sn": "ABC", "a": START_MS // 1000 - 3600, "w": 60, "pt": 4}
    linkup.show(120)
    runner.run(linkup_uploader.id)
    assert Treatments(house.store, house.clock, NOBODY).count() == 1


def test_the_region_is_found_once_and_kept_over_runs(
    runner: Runner, linkup: LinkUpEmulator, linkup_uploader: Uploader, clock: SettableClock
) -> None:
    linkup.show(120)
    for _ in range(3):
        runner.run(linkup_uploader.id)
        clock.advance(minutes=10)
    assert linkup.log_ins == 2


def test_consent_to_new_terms_is_good_for_one_time(
    runner: Runner, uploaders: Uploaders, linkup: LinkUpEmulator, clock: SettableClock
) -> None:
    linkup.show(120)
    linkup.region, linkup.steps = "any", ["tou", "pp"]
    uploader = uploaders.create("librelinkup", linkup_answers(linkup))
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert (failure.kind, failure.step) == ("action-required", "tou")
    uploaders.edit(uploader.id, linkup_answers(linkup, accept_terms="on"))
    runner.run(uploader.id)
    after = uploaders.find(uploader.id)
    assert after.state.failure is None
    assert after.options["accept_terms"] is False
    assert linkup.count("/auth/continue") == 2


def test_a_lockout_is_respected_to_the_second(
    runner: Runner, uploaders: Uploaders, linkup: LinkUpEmulator, clock: SettableClock
) -> None:
    linkup.region, linkup.locks_after = "any", 1
    uploader = uploaders.create("librelinkup", linkup_answers(linkup, password="wrong"))
    runner.run(uploader.id)
    uploaders.run_now(uploader.id)
    clock.advance(s=299)
    assert not runner.run(uploader.id)
    clock.advance(s=1)
    assert runner.run(uploader.id)
    assert linkup.log_ins == 2
