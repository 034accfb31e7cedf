"""``openaps`` and ``loop``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import properties
from tests.live.device_documents import by_androidaps, by_loop, by_old_rig, when
from tests.live.uploads import at

SiteWith = Callable[..., Site]


@pytest.fixture
def loops(site_with: SiteWith) -> Site:
    return site_with(ENABLE="openaps loop")


def shown(site: Site, name: str, *statuses: dict[str, Any]) -> Any:
    site.device_status.save(statuses)
    return properties(site, name)[name]


def test_androidaps(loops: Site) -> None:
    said = by_androidaps()["openaps"]
    assert shown(loops, "openaps", by_androidaps()) == {
        "seenDevices": {
            "openaps://samsung SM-A515F": {
                "name": "samsung SM-A515F",
                "uri": "openaps://samsung SM-A515F",
                "status": {"symbol": "⌁", "code": "enacted", "label": "Enacted", "when": when(2)},
            }
        },
        "lastEnacted": said["enacted"] | {"moment": when(2)},
        "lastNotEnacted": None,
        "lastSuggested": said["suggested"] | {"moment": when(2)},
        "lastIOB": said["iob"] | {"moment": when(2), "timestamp": when(2)},
        "lastMMTune": None,
        "lastPredBGs": None,
        "lastLoopMoment": when(2),
        "lastEventualBG": 104,
        "status": {"symbol": "⌁", "code": "enacted", "label": "Enacted"},
    }


def test_an_old_rig(loops: Site) -> None:
    found = shown(loops, "openaps", by_old_rig())
    assert found["lastIOB"]["iob"] == 0.831
    assert found["lastEnacted"]["recieved"] is True
    assert found["lastPredBGs"] == {"IOB": [101, 99, 97], "ZT": [101, 98], "moment": when(2)}
    assert (found["lastLoopMoment"], found["lastEventualBG"]) == (when(2), 96)
    assert found["seenDevices"]["openaps://edison"]["mmtune"]["moment"] == when(62)
    assert found["lastMMTune"]["setFreq"] == 868.36


def test_the_rigs_own_milliseconds_stand_before_its_text(loops: Site) -> None:
    said = {"timestamp": "2026-11-21 01:02", "mills": at(3), "received": True}
    found = shown(loops, "openaps", by_androidaps() | {"openaps": {"enacted": said}})
    assert found["lastEnacted"]["moment"] == when(3)


@pytest.mark.parametrize(
    ("openaps", "symbol", "code", "label"),
    [
        ({"enacted": {"timestamp": when(2)}}, "x", "notenacted", "Not Enacted"),
        ({"suggested": {"timestamp": when(2)}}, "↻", "looping", "Looping"),
        ({"version": "0.7"}, "⚠", "warning", "Warning"),
    ],
)
def test_how_openaps_goes(loops: Site, openaps: dict[str, Any], symbol: str, code: str, label: str) -> None:
    found = shown(loops, "openaps", by_androidaps() | {"openaps": openaps})
    assert found["status"] == {"symbol": symbol, "code": code, "label": label}


def test_a_device_that_says_nothing_waits(loops: Site) -> None:
    [device] = shown(loops, "openaps", by_androidaps() | {"openaps": {"version": "0.7"}})["seenDevices"].values()
    assert device["status"] == {"symbol": "◉", "code": "waiting", "label": "Waiting", "when": when(2)}


def test_what_was_not_enacted(loops: Site) -> None:
    found = shown(loops, "openaps", by_androidaps() | {"openaps": {"enacted": {"timestamp": when(2), "rate": 1}}})
    assert (found["lastEnacted"], found["lastNotEnacted"]["rate"]) == (None, 1)


def test_without_a_rig_there_is_a_warning(loops: Site) -> None:
    found = properties(loops, "openaps")["openaps"]
    assert found.pop("seenDevices") == {}
    assert found.pop("status")["code"] == "warning"
    assert set(found.values()) == {None}


def test_loop(loops: Site) -> None:
    status = by_loop()
    assert shown(loops, "loop", status) == {
        "lastLoop": status["loop"] | {"moment": when(2)},
        "lastEnacted": status["loop"]["enacted"] | {"moment": when(2)},
        "lastPredicted": status["loop"]["predicted"],
        "lastOkMoment": when(2),
        "lastOverride": {"active": False, "timestamp": when(2), "moment": when(2)},
        "display": {"symbol": "⌁", "code": "enacted", "label": "Enacted"},
    }


@pytest.mark.parametrize(
    ("fields", "symbol", "code", "label"),
    [
        ({"failureReason": "pumpDataTooOld"}, "x", "error", "Error"),
        ({"enacted": {"timestamp": when(2)}}, "x", "error", "Error"),
        ({"enacted": None, "recommendedTempBasal": {"timestamp": when(2)}}, "⏀", "recommendation", "Recomendation"),
        ({"enacted": None}, "↻", "looping", "Looping"),
    ],
)
def test_how_loop_goes(loops: Site, fields: dict[str, Any], symbol: str, code: str, label: str) -> None:
    """The third label is misspelt in the contract."""
    assert shown(loops, "loop", by_loop(2, **fields))["display"] == {"symbol": symbol, "code": code, "label": label}


def test_without_loop_there_is_a_warning(loops: Site) -> None:
    assert properties(loops, "loop")["loop"] == {
        "lastLoop": None,
        "lastEnacted": None,
        "lastPredicted": None,
        "lastOkMoment": None,
        "display": {"symbol": "⚠", "code": "warning", "label": "Warning"},
    }
