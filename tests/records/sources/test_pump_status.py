"""What a pump said of itself is a device status with what it said, and with nothing it did not say."""

from __future__ import annotations

import pytest

from app.records.sources.pump_status import PumpState, status_document
from tests.clocks import START_MS

NAMED = {"identifier": "a-status", "at_ms": START_MS, "device": "nightlight-somewhere"}


def test_everything_a_pump_says_has_its_place() -> None:
    pump = PumpState(
        clock_ms=START_MS - 60_000,
        reservoir_u=140.2,
        battery_percent=75,
        suspended=False,
        bolusing=True,
        iob_u=2.1,
        iob_at_ms=START_MS - 30_000,
        manufacturer="Maker",
        model="One",
    )
    made = status_document(**NAMED, pump=pump, uploader_percent=55, offset_min=60, more={"connect": {"x": 1}})
    assert made == {
        "device": "nightlight-somewhere",
        "created_at": "2026-11-21T10:00:00.000Z",
        "identifier": "a-status",
        "utcOffset": 60,
        "pump": {
            "clock": "2026-11-21T09:59:00.000Z",
            "reservoir": 140.2,
            "battery": {"percent": 75},
            "status": {"status": "normal", "suspended": False, "bolusing": True},
            "iob": {"bolusiob": 2.1, "timestamp": "2026-11-21T09:59:30.000Z"},
            "manufacturer": "Maker",
            "model": "One",
        },
        "uploader": {"battery": 55},
        "connect": {"x": 1},
    }


def test_what_a_pump_does_not_say_is_left_out() -> None:
    assert status_document(**NAMED, pump=PumpState()) == {
        "device": "nightlight-somewhere",
        "created_at": "2026-11-21T10:00:00.000Z",
        "identifier": "a-status",
        "pump": {},
    }


def test_nothing_in_the_reservoir_and_no_insulin_on_board_are_said() -> None:
    pump = status_document(**NAMED, pump=PumpState(reservoir_u=0, iob_u=0))["pump"]
    assert pump == {"reservoir": 0, "iob": {"bolusiob": 0}}


@pytest.mark.parametrize(
    ("pump", "word"),
    [
        (PumpState(suspended=True), "suspended"),
        (PumpState(suspended=False), "normal"),
        (PumpState(suspended=False, word="priming"), "priming"),
    ],
)
def test_the_status_has_a_word(pump: PumpState, word: str) -> None:
    assert status_document(**NAMED, pump=pump)["pump"]["status"]["status"] == word
