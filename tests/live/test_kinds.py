from __future__ import annotations

import pytest

from app.glucose.staleness import Staleness
from app.live.glance import DASHES
from app.live.kinds import ALL_KINDS, only
from app.live.picture import Facts
from tests.live.pictures import NOW_MS, fact, falling, picture, reading, seen, treatment

EVERYTHING = picture(
    *falling(62),
    treatments=[treatment(11, carbs=8), treatment(30, "Temp Basal", absolute=1.5, duration_min=60)],
    facts=Facts(
        loop=fact("Loop"),
        iob=fact(0.85),
        phone=fact("iPhone"),
        phone_battery=fact(71),
        sensor_started_ms=NOW_MS - 1000,
        site_changed_ms=NOW_MS - 1000,
    ),
)


def test_a_viewer_of_all_kinds_gets_the_picture_itself() -> None:
    assert only(EVERYTHING, ALL_KINDS) is EVERYTHING


def test_a_viewer_of_glucose_alone_learns_nothing_of_doses_and_devices() -> None:
    said = seen(EVERYTHING, kinds=frozenset({"entries"}))
    assert (said.words, said.number, said.done, said.facts) == ("Low and falling", "62", "", ())
    assert [link.name for link in said.chain] == ["Sensor", "Phone", "Server"]
    assert "day" not in said.chain[0].text


def test_a_viewer_without_treatments_sees_neither_site_nor_done() -> None:
    said = seen(EVERYTHING, kinds=frozenset({"entries", "devicestatus"}))
    assert said.done == ""
    assert [shown.name for shown in said.facts] == ["IOB", "Loop", "Phone"]


def test_a_viewer_without_device_status_sees_no_loop() -> None:
    said = seen(EVERYTHING, kinds=frozenset({"entries", "treatments"}))
    assert [shown.name for shown in said.facts] == ["Basal", "Sensor", "Site"]
    assert "8 g carbs" in said.done


def test_a_viewer_without_glucose_learns_nothing_of_it() -> None:
    shown = picture(
        *EVERYTHING.readings,
        treatments=EVERYTHING.treatments,
        facts=EVERYTHING.facts,
        last_before=reading(5000, 123),
    )
    said = seen(shown, kinds=frozenset({"treatments", "devicestatus"}))
    assert (said.state, said.words, said.number) == (Staleness.NEVER, "Glucose is not shown here", DASHES)
    assert (said.age, said.at_ms, said.device, said.chain, said.broken) == ("", None, "", (), "")
    assert "8 g carbs" in said.done


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"profile"}), frozenset({"food", "activity"})])
def test_a_viewer_of_other_kinds_gets_an_empty_picture(kinds: frozenset[str]) -> None:
    left = only(EVERYTHING, kinds)
    assert (left.readings, left.treatments, left.facts, left.last_before) == ((), (), Facts(), None)
