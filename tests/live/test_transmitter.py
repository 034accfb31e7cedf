"""What a transmitter last said through xDrip-js, and how much it matters."""

from __future__ import annotations

from typing import Any

import pytest

from app.glucose.levels import Level
from app.live.transmitter import Transmitter
from tests.live.device_documents import by_loop, by_transmitter, when
from tests.live.presents import present


def transmitter(*statuses: dict[str, Any], **settings: str) -> Transmitter:
    return present(statuses=statuses, **settings).transmitter


def test_the_newest_by_the_transmitters_own_time_counts() -> None:
    found = transmitter(by_transmitter(2, timestamp=when(30), txId="old"), by_transmitter(9, txId="new"))
    assert found.said["txId"] == "new"
    assert found.devices == ("xdripjs://raspberrypi",)


def test_a_day_is_looked_at() -> None:
    assert transmitter(by_transmitter(24 * 60 - 1)).latest is not None
    assert transmitter(by_transmitter(24 * 60 + 1)) == Transmitter()
    assert transmitter(by_loop()) == Transmitter()


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({}, Level.NONE),
        ({"state": 7, "stateString": "Needs calibration"}, Level.INFO),
        ({"state": 2, "stateString": "Warmup"}, Level.WARN),
        ({"state": "6"}, Level.NONE),
        ({"state": None, "stateString": ""}, Level.NONE),
        ({"state": None, "stateString": "Stopped"}, Level.WARN),
    ],
)
def test_its_state_matters(said: dict[str, Any], level: Level) -> None:
    assert transmitter(by_transmitter(2, **said)).level is level


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [(300, 290, Level.NONE), (299, 303, Level.WARN), (312, 289, Level.WARN), (None, "x", Level.NONE)],
)
def test_its_batteries_matter(first: Any, second: Any, level: Level) -> None:
    assert transmitter(by_transmitter(2, voltagea=first, voltageb=second)).battery_level is level


def test_the_voltage_is_a_setting() -> None:
    assert transmitter(by_transmitter(), XDRIPJS_WARN_BAT_V="313").battery_level is Level.WARN
