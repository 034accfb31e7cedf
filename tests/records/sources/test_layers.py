"""Rates under rates: what is left of a lower layer is exactly what no higher one covers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.records.sources.layers import SCHEDULED, SUSPENDED, TEMPORARY, Layers, uncovered

SPANS = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda pair: (min(pair), max(pair)))


@given(SPANS, st.lists(SPANS))
def test_what_is_left_of_a_span_is_exactly_what_no_other_covers(
    span: tuple[int, int], over: list[tuple[int, int]]
) -> None:
    left = uncovered(span, over)
    covered = {place for first, end in over for place in range(first, end)}
    assert {place for first, end in left for place in range(first, end)} == set(range(*span)) - covered
    assert sum(end - first for first, end in left) == len(set(range(*span)) - covered)


@given(st.lists(SPANS, max_size=20), SPANS)
def test_layers_find_all_that_lies_above(above: list[tuple[int, int]], span: tuple[int, int]) -> None:
    layers = Layers()
    for one in above:
        layers.learn(SUSPENDED, one)
    assert layers.left_of(SCHEDULED, span) == uncovered(span, above)


def test_a_layer_covers_what_is_below_it_and_nothing_else() -> None:
    layers = Layers()
    for layer in (SUSPENDED, TEMPORARY, SCHEDULED):
        layers.learn(layer, (10, 20))
    assert layers.left_of(SCHEDULED, (0, 30)) == [(0, 10), (20, 30)]
    assert layers.left_of(TEMPORARY, (0, 30)) == [(0, 10), (20, 30)]
    assert layers.left_of(SUSPENDED, (0, 30)) == [(0, 30)]
