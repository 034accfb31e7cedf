"""What Loop last did, and how that goes."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.loop_status import LoopCode, LoopStatus
from tests.live.device_documents import by_androidaps, by_loop, when
from tests.live.presents import present
from tests.live.uploads import at


def loop(*statuses: dict[str, Any], **settings: str) -> LoopStatus:
    return present(statuses=statuses, **settings).loop


def test_the_newest_run_counts() -> None:
    found = loop(by_loop(12), by_loop(2), by_loop(7))
    assert found.run
    assert found.enacted
    assert (found.run.at_ms, found.enacted.at_ms, found.ok_ms) == (at(2), at(2), at(2))
    assert found.predicted == by_loop(2)["loop"]["predicted"]


def test_each_thing_is_the_last_that_was_told() -> None:
    found = loop(by_loop(12), by_loop(2, enacted=None, predicted={"values": []}))
    assert found.run
    assert found.enacted
    assert (found.run.at_ms, found.enacted.at_ms) == (at(2), at(12))
    assert found.predicted == by_loop(12)["loop"]["predicted"]


def test_a_failure_is_no_good_run() -> None:
    found = loop(by_loop(12), by_loop(2, failureReason="pumpDataTooOld"))
    assert (found.ok_ms, found.code) == (at(12), LoopCode.ERROR)


@pytest.mark.parametrize(
    ("minutes", "fields", "code"),
    [
        (2, {}, LoopCode.ENACTED),
        (2, {"enacted": {"timestamp": when(2), "received": False}}, LoopCode.ERROR),
        (2, {"enacted": None, "recommendedTempBasal": {"timestamp": when(2), "rate": 1}}, LoopCode.RECOMMENDATION),
        (2, {"enacted": None, "recommendedTempBasal": {"timestamp": when(40)}}, LoopCode.LOOPING),
        (2, {"enacted": None}, LoopCode.LOOPING),
        (14, {"enacted": None}, LoopCode.LOOPING),
        (16, {}, LoopCode.WARNING),
        (16, {"enacted": None}, LoopCode.WARNING),
    ],
)
def test_how_it_goes(minutes: float, fields: dict[str, Any], code: LoopCode) -> None:
    assert loop(by_loop(minutes, **fields)).code is code


def test_half_of_loop_warn_is_what_counts_as_lately() -> None:
    assert loop(by_loop(16), LOOP_WARN="40").code is LoopCode.ENACTED


def test_six_hours_are_looked_at() -> None:
    assert loop(by_loop(359)).run is not None
    assert loop(by_loop(361)).run is None


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", True])
def test_a_run_without_a_time_is_none(timestamp: Any) -> None:
    assert loop(by_loop(2, timestamp=timestamp)) == LoopStatus(None, None, None, None, None, LoopCode.WARNING)


def test_the_last_override_is_told_whether_it_runs_or_not() -> None:
    found = loop(by_loop(2) | {"override": {"active": True, "timestamp": when(2), "name": "Run"}}, by_loop(12))
    assert found.override
    assert found.override.part["name"] == "Run"
    assert loop(by_loop(2) | {"override": {"active": False}}).override is None


def test_other_loops_are_not_meant() -> None:
    assert loop(by_androidaps()).run is None


def test_a_phone_whose_clock_runs_ahead_does_not_hide_what_comes_after() -> None:
    ahead = by_loop(-60, failureReason="x") | {"srvCreated": at(10)}
    assert loop(ahead, by_loop(2)).code is LoopCode.ENACTED
