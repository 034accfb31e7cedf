"""Readings with their documents, calibrations, and the raw signal."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.measurements import raw_of
from tests.live.presents import present
from tests.live.uploads import at, sgv

CAL = {"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800}
SIGNALS = {"filtered": 120000, "unfiltered": 118000}


def test_readings_keep_their_documents() -> None:
    [found] = present([sgv(5, 110, trendRate=0.3)]).sensor
    assert (found.at_ms, found.mgdl, found.document["trendRate"]) == (at(5), 110, 0.3)


def test_the_sensor_is_one_thing_and_the_finger_another() -> None:
    known = present([sgv(5, 110), {"type": "mbg", "mbg": 101, "date": at(4)}, CAL])
    assert [one.reading.kind for one in known.measurements] == ["sgv", "mbg"]
    assert [one.mgdl for one in known.sensor] == [110]
    assert [one.at_ms for one in known.calibrations] == [at(30)]


def test_readings_of_the_future_are_not_of_the_present() -> None:
    known = present([sgv(5, 110), sgv(-1, 120)])
    assert [one.mgdl for one in known.sensor] == [110]
    assert known.last is known.sensor[-1]


def test_a_reading_from_a_wrong_clock_never_counts_even_when_its_hour_has_come() -> None:
    wrong = sgv(3, 300, srvCreated=at(60))
    assert [one.mgdl for one in present([sgv(5, 110, srvCreated=at(5)), wrong]).sensor] == [110]


@pytest.mark.parametrize(("minutes", "current"), [(15, True), (16, False)])
def test_a_reading_is_current_for_a_quarter_of_an_hour(minutes: float, current: bool) -> None:
    assert present([sgv(minutes, 110)]).is_current is current
    assert not present().is_current


@pytest.mark.parametrize(("display", "raw"), [("unsmoothed", 108), ("filtered", 113), ("unfiltered", 110), ("?", 108)])
def test_the_raw_signal_is_read_as_set(display: str, raw: int) -> None:
    known = present([sgv(5, 110, **SIGNALS), CAL])
    assert raw_of(known.sensor[0], known.calibrations[0], display) == raw


@pytest.mark.parametrize("broken", [{"slope": 0}, {"scale": "x"}, {"slope": None}])
def test_a_broken_calibration_tells_nothing(broken: dict[str, Any]) -> None:
    known = present([sgv(5, 110, **SIGNALS), CAL | broken])
    assert raw_of(known.sensor[0], known.calibrations[0], "unsmoothed") is None


def test_deleted_entries_are_none() -> None:
    known = present([sgv(5, 110, isValid=False), CAL | {"isValid": False}])
    assert (known.measurements, known.calibrations) == ((), ())


@pytest.mark.parametrize(
    ("mgdl", "is_one"), [(5, True), (39, True), (600, True), (99_999, True), (1e5, False), (1e308, False)]
)
def test_a_number_no_sensor_can_mean_is_no_reading(mgdl: float, is_one: bool) -> None:
    assert bool(present([sgv(5, mgdl)]).sensor) is is_one
