"""Medtrum over many runs: each reading of a two-minute sensor once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.actor import NOBODY
from app.house import House
from app.records.entries import Entries
from app.uploaders import runner as runner_module
from app.uploaders.runner import Runner
from app.uploaders.state import COLLECTION
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Page
from tests.clocks import SettableClock
from tests.emulators.medtrum import MedtrumEmulator

MINUTE_MS = 60_000


@pytest.fixture
def medtrum(clock: SettableClock) -> Iterator[MedtrumEmulator]:
    with MedtrumEmulator(clock).running() as emulator:
        yield emulator


def answers(medtrum: MedtrumEmulator, **changed: Any) -> dict[str, Any]:
    return {"user": medtrum.user, "password": medtrum.password, "server": medtrum.url, "first_days": "1", **changed}


@pytest.fixture
def uploader_id(uploaders: Uploaders, medtrum: MedtrumEmulator) -> str:
    return uploaders.create("medtrum", answers(medtrum)).id


def values(house: House) -> list[int]:
    return [one["sgv"] for one in Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),))]


def test_a_two_minute_sensor_is_stored_reading_by_reading(
    house: House, runner: Runner, medtrum: MedtrumEmulator, uploader_id: str, clock: SettableClock
) -> None:
    for number in range(1, 16):
        medtrum.show(*[5.0 + 0.1 * one for one in range(number)])
        assert runner.run(uploader_id)
        clock.advance(minutes=2)
    assert len(values(house)) == 15
    assert values(house) == sorted(values(house))
    assert medtrum.log_ins == 1


def test_fetched_twice_is_stored_once(
    house: House, runner: Runner, uploaders: Uploaders, medtrum: MedtrumEmulator, uploader_id: str
) -> None:
    medtrum.show(*[5.0 + 0.01 * one for one in range(300)])
    runner.run(uploader_id)
    before = values(house)
    seq = house.store.last_seq()
    uploaders.run_now(uploader_id)
    assert runner.run(uploader_id)
    assert values(house) == before
    assert {change.collection for change in house.store.changes_since(seq)} <= {COLLECTION}


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_doubled(
    house: House, runner: Runner, medtrum: MedtrumEmulator, uploader_id: str, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    medtrum.show(5.5, 6.0, 7.1)

    def die(self: Any, page: Page) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner_module._Run, "_move_to", die)
        with pytest.raises(KeyboardInterrupt):
            runner.run(uploader_id)
    clock.advance(minutes=2)
    assert runner.run(uploader_id)
    assert values(house) == [99, 108, 128]


def test_after_an_outage_of_days_the_gap_is_filled(
    house: House, runner: Runner, medtrum: MedtrumEmulator, uploader_id: str, clock: SettableClock
) -> None:
    medtrum.show(5.5)
    runner.run(uploader_id)
    clock.advance(days=4)
    medtrum.show(*[6.0] * 960, every_min=6)
    runner.run(uploader_id)
    assert len(values(house)) == 961


def test_what_the_phone_uploads_is_not_doubled(
    house: House, runner: Runner, medtrum: MedtrumEmulator, uploader_id: str
) -> None:
    medtrum.show(*[5.5] * 60, newest_min_ago=15)
    times = [1000 * row[0] for row in medtrum.rows]
    phone = [{"type": "sgv", "sgv": 99, "date": at_ms + 9_000, "device": "TouchCare"} for at_ms in times[::2]]
    Entries(house.store, house.clock, NOBODY).save(phone)
    runner.run(uploader_id)
    assert len(values(house)) <= 60
    assert [one for one in values(house) if one != 99] == []


def test_the_session_lies_sealed_in_the_store_and_lasts(
    house: House, runner: Runner, medtrum: MedtrumEmulator, uploader_id: str, clock: SettableClock
) -> None:
    medtrum.show(5.5)
    runner.run(uploader_id)
    clock.advance(minutes=10)
    runner.run(uploader_id)
    assert medtrum.log_ins == 1
    [session] = medtrum._sessions
    assert session not in str(house.store.collection(COLLECTION).find_one({"_id": uploader_id}))


def test_a_wrong_password_is_tried_once(
    runner: Runner, uploaders: Uploaders, medtrum: MedtrumEmulator, uploader_id: str, clock: SettableClock
) -> None:
    medtrum.password = "changed"
    runner.run(uploader_id)
    clock.advance(days=2)
    assert not runner.run(uploader_id)
    assert medtrum.log_ins == 1
    failure = uploaders.find(uploader_id).state.failure
    assert failure is not None
    assert failure.kind == "auth-invalid"
