"""Eversense NOW over many runs: one reading each, none twice, the session kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.actor import NOBODY
from app.house import House
from app.records.entries import Entries
from app.uploaders import runner as runner_module
from app.uploaders.runner import Runner
from app.uploaders.uploaders import Uploaders
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.eversense import EversenseEmulator

MINUTE_MS = 60_000


@pytest.fixture
def eversense(clock: SettableClock) -> Iterator[EversenseEmulator]:
    with EversenseEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def uploader_id(uploaders: Uploaders, eversense: EversenseEmulator) -> str:
    return uploaders.create(
        "eversense",
        {
            "email": eversense.email,
            "password": eversense.password,
            "client_id": eversense.client_id,
            "client_secret": eversense.client_secret,
            "server": eversense.url,
        },
    ).id


def values(house: House) -> list[int]:
    return [one["sgv"] for one in Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),))]


def test_an_hour_of_visits_is_a_line_of_readings_and_one_sign_in(
    house: House, runner: Runner, eversense: EversenseEmulator, uploader_id: str, clock: SettableClock
) -> None:
    for _ in range(24):
        at_ms = clock.now_ms() // (5 * MINUTE_MS) * 5 * MINUTE_MS
        eversense.following = [eversense.person(at_ms, 100 + (at_ms - START_MS) // (5 * MINUTE_MS))]
        runner.run(uploader_id)
        clock.advance(minutes=2.5)
    assert values(house) == list(range(100, 112))
    assert eversense.log_ins == 1


def test_killed_between_write_and_cursor_the_reading_is_there_once(
    house: House, runner: Runner, eversense: EversenseEmulator, uploader_id: str, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    eversense.following = [eversense.person(START_MS - MINUTE_MS, 112)]

    def die(self: Any, page: Page) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner_module._Run, "_move_to", die)
        with pytest.raises(KeyboardInterrupt):
            runner.run(uploader_id)
    clock.advance(minutes=2)
    assert runner.run(uploader_id)
    assert values(house) == [112]


def test_a_reading_the_phone_has_uploaded_is_not_doubled(
    house: House, runner: Runner, eversense: EversenseEmulator, uploader_id: str
) -> None:
    phone = {"type": "sgv", "sgv": 112, "date": START_MS - MINUTE_MS + 9_000, "device": "ESEL Eversense"}
    Entries(house.store, house.clock, NOBODY).save([phone])
    eversense.following = [eversense.person(START_MS - MINUTE_MS, 112)]
    runner.run(uploader_id)
    assert values(house) == [112]


def test_a_wrong_password_is_tried_once(
    runner: Runner, uploaders: Uploaders, eversense: EversenseEmulator, uploader_id: str, clock: SettableClock
) -> None:
    eversense.password = "changed"
    runner.run(uploader_id)
    clock.advance(days=2)
    assert not runner.run(uploader_id)
    assert eversense.log_ins == 1
    failure = uploaders.find(uploader_id).state.failure
    assert failure is not None
    assert failure.kind == "auth-invalid"
