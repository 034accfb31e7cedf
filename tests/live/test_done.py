from __future__ import annotations

import pytest

from app.live.done import done_line
from app.live.picture import Treatment
from tests.live.pictures import NOW_MS, treatment


def line(*treatments: Treatment) -> str:
    return done_line(sorted(treatments, key=lambda one: one.at_ms), NOW_MS)


@pytest.mark.parametrize(
    ("treatments", "text"),
    [
        ([treatment(11, carbs=8), treatment(52, insulin=0.4)], "8 g carbs 11 min ago · 0.40 U 52 min ago"),
        ([treatment(52, insulin=0.4), treatment(154, carbs=18)], "0.40 U 52 min ago · 18 g carbs 2 h 34 min ago"),
        ([treatment(52, insulin=0.4), treatment(250, carbs=18)], "0.40 U 52 min ago · no carbs for 4 h"),
        ([treatment(300, insulin=2.0), treatment(20, carbs=7.5)], "7.5 g carbs 20 min ago · no insulin for 5 h"),
        ([treatment(5, carbs=30, insulin=1.2)], "30 g carbs, 1.20 U 5 min ago"),
        ([treatment(250, carbs=30), treatment(245, insulin=1.2)], "no carbs, no insulin for 4 h"),
        ([treatment(0, carbs=10)], "10 g carbs just now"),
        ([treatment(10, "Site Change"), treatment(20, carbs=0, insulin=0)], ""),
        ([], ""),
    ],
)
def test_the_last_carbs_and_the_last_insulin_are_told(treatments: list[Treatment], text: str) -> None:
    assert line(*treatments) == text


def test_only_the_last_of_each_is_told() -> None:
    assert line(treatment(5, carbs=10), treatment(30, carbs=50)) == "10 g carbs 5 min ago"


def test_what_is_planned_for_later_has_not_been_done() -> None:
    assert line(treatment(-15, carbs=30), treatment(40, carbs=10)) == "10 g carbs 40 min ago"
