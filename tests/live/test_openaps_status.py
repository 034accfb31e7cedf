"""What rigs and AndroidAPS last suggested and enacted, and how that goes."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.loop_status import LoopCode
from app.live.openaps_status import OpenApsStatus
from tests.live.device_documents import by_androidaps, by_loop, by_old_rig, when
from tests.live.presents import present
from tests.live.uploads import at


def openaps(*statuses: dict[str, Any], **settings: str) -> OpenApsStatus:
    return present(statuses=statuses, **settings).openaps


def rig(minutes: float = 2, **said: Any) -> dict[str, Any]:
    return {"device": "openaps://rig", "created_at": when(minutes), "openaps": said}


def run(minutes: float, **fields: Any) -> dict[str, Any]:
    return {"timestamp": when(minutes), **fields}


def test_the_newest_of_each_thing_counts() -> None:
    found = openaps(by_androidaps(12), by_androidaps(2), by_androidaps(7))
    assert found.enacted
    assert found.suggested
    assert found.iob
    assert (found.enacted.at_ms, found.suggested.at_ms, found.iob.at_ms) == (at(2), at(2), at(2))


def test_a_list_of_insulin_on_board_begins_with_the_present() -> None:
    found = openaps(by_old_rig())
    assert found.iob
    assert (found.iob.part["iob"], found.iob.at_ms) == (0.831, at(2))


@pytest.mark.parametrize("iob", [[], [None], None, "1.2", [[]], 3])
def test_other_insulin_on_board_is_none(iob: Any) -> None:
    assert openaps(rig(iob=iob, suggested=run(2))).iob is None


@pytest.mark.parametrize("received", ["received", "recieved"])
def test_enacted_counts_when_the_pump_received_it(received: str) -> None:
    found = openaps(rig(enacted=run(2) | {received: True}))
    assert found.enacted
    assert (found.not_enacted, found.code) == (None, LoopCode.ENACTED)


@pytest.mark.parametrize("received", [{"received": False}, {}, {"recieved": None}])
def test_what_the_pump_did_not_receive_was_not_enacted(received: dict[str, Any]) -> None:
    found = openaps(rig(enacted=run(2) | received))
    assert found.not_enacted
    assert (found.enacted, found.code) == (None, LoopCode.NOT_ENACTED)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"enacted": run(14, received=True)}, LoopCode.ENACTED),
        ({"enacted": run(16, received=True)}, LoopCode.WARNING),
        ({"enacted": run(16, received=True), "suggested": run(2)}, LoopCode.LOOPING),
        ({"enacted": run(16)}, LoopCode.WARNING),
        ({"suggested": run(2)}, LoopCode.LOOPING),
        ({"suggested": run(16)}, LoopCode.WARNING),
        ({"suggested": {"timestamp": when(200), "mills": at(2)}}, LoopCode.LOOPING),
        ({"iob": run(2)}, LoopCode.WARNING),
        ({"enacted": {"received": True, "mills": at(2)}}, LoopCode.WARNING),
    ],
)
def test_how_it_goes(said: dict[str, Any], code: LoopCode) -> None:
    assert openaps(rig(**said)).code is code


def test_a_failure_after_the_last_success_is_the_news_and_one_before_it_is_not() -> None:
    failed, enacted = rig(3, enacted=run(3)), rig(8, enacted=run(8, received=True))
    assert openaps(failed, enacted).code is LoopCode.NOT_ENACTED
    assert openaps(failed, rig(1, enacted=run(1, received=True))).code is LoopCode.ENACTED


def test_a_device_that_says_nothing_of_the_kind_waits() -> None:
    found = openaps(rig(2, version="0.7.1"))
    assert ([one.code for one in found.rigs], found.code) == ([LoopCode.WAITING], LoopCode.WARNING)


def test_each_device_is_as_at_its_own_last_word() -> None:
    found = openaps(by_old_rig(8), by_androidaps(2))
    assert [(one.uri, one.at_ms) for one in found.rigs] == [
        ("openaps://edison", at(8)),
        ("openaps://samsung SM-A515F", at(2)),
    ]
    assert [one.mmtune.at_ms if one.mmtune else None for one in found.rigs] == [at(68), None]
    assert found.mmtune
    assert found.mmtune.at_ms == at(68)


def test_the_last_loop_is_the_newer_of_the_two() -> None:
    found = openaps(rig(suggested=run(2, eventualBG=99), enacted=run(6, received=True, eventualBG=88)))
    assert found.last_loop
    assert found.last_loop.part["eventualBG"] == 99
    found = openaps(rig(suggested=run(6, eventualBG=99), enacted=run(2, received=True, eventualBG=88)))
    assert found.last_loop
    assert found.last_loop.part["eventualBG"] == 88
    assert openaps().last_loop is None


def test_predictions_come_from_the_newer_of_the_two_that_has_any() -> None:
    curves = {"IOB": [100, 99], "COB": [100, 104]}
    found = openaps(rig(suggested=run(2), enacted=run(6, received=True, predBGs=curves)))
    assert found.predictions
    assert (found.predictions.part, found.predictions.at_ms) == (curves, at(6))
    found = openaps(rig(suggested=run(2, predBGs=[90, 91]), enacted=run(6, received=True, predBGs=curves)))
    assert found.predictions
    assert found.predictions.part == {"values": [90, 91]}
    assert openaps(rig(suggested=run(2, predBGs="none"))).predictions is None


def test_six_hours_are_looked_at() -> None:
    assert openaps(by_androidaps(359)).rigs
    assert openaps(by_androidaps(361)) == OpenApsStatus()


def test_other_loops_are_not_meant() -> None:
    assert openaps(by_loop()) == OpenApsStatus()
