from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.live.window import Window


@dataclass(frozen=True)
class Thing:
    id: str
    at_ms: int


things = st.builds(Thing, st.sampled_from("abcdefgh"), st.integers(0, 20))
steps = st.lists(things | st.sampled_from("abcdefgh") | st.integers(0, 20))


@given(st.lists(things, unique_by=lambda thing: thing.id), steps)
def test_a_window_is_what_was_put_and_neither_dropped_nor_trimmed_in_order(
    start: list[Thing], steps: list[Thing | str | int]
) -> None:
    window, expected = Window(start), {thing.id: thing for thing in start}
    for step in steps:
        if isinstance(step, Thing):
            window.put(step)
            expected[step.id] = step
        elif isinstance(step, str):
            window.drop(step)
            expected.pop(step, None)
        else:
            window.trim(step)
            expected = {id: thing for id, thing in expected.items() if thing.at_ms >= step}
        assert list(window.items) == sorted(expected.values(), key=lambda thing: (thing.at_ms, thing.id))
        assert {id: window.get(id) for id in "abcdefgh"} == {id: expected.get(id) for id in "abcdefgh"}


def test_what_was_handed_out_does_not_change_later() -> None:
    window = Window([Thing("a", 1)])
    before = window.items
    window.put(Thing("b", 2))
    assert before == (Thing("a", 1),)
    assert window.items is window.items
