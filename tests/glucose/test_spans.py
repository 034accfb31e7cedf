from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.spans import Span, cut_spans, span_at
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import TREATMENTS, Treatment, after


def lasting(minutes: float | None, at_min: float = 0) -> Treatment:
    """A treatment that begins so many minutes after NOW_MS."""
    return Treatment(after(at_min), duration_min=minutes)


def ran(spans: tuple[Span[Treatment], ...]) -> list[tuple[float, float]]:
    """From which minute to which each of them ran."""
    return [((span.from_ms - NOW_MS) / 60_000, (span.until_ms - NOW_MS) / 60_000) for span in spans]


def test_what_nothing_follows_runs_its_whole_duration() -> None:
    (span,) = cut_spans([lasting(30)])
    assert (span.duration_min, span.cut_by, span.cuts) == (30, None, None)


def test_each_ends_when_the_next_begins() -> None:
    first, second = lasting(60), lasting(60, at_min=20)
    found = cut_spans([second, first])
    assert ran(found) == [(0, 20), (20, 80)]
    assert (found[0].cut_by, found[0].cuts, found[1].cut_by, found[1].cuts) == (second, None, None, first)


def test_what_has_ended_before_the_next_is_not_cut() -> None:
    found = cut_spans([lasting(20), lasting(20, at_min=20)])
    assert ran(found) == [(0, 20), (20, 40)]
    assert (found[0].cut_by, found[1].cuts) == (None, None)


@pytest.mark.parametrize("nothing", [0, None, -5, float("nan")])
def test_without_a_duration_it_ends_what_runs_and_is_left_out(nothing: float | None) -> None:
    end = lasting(nothing, at_min=10)
    (span,) = cut_spans([lasting(60), end])
    assert ran((span,)) == [(0, 10)]
    assert span.cut_by is end


def test_what_has_no_duration_can_be_kept() -> None:
    first, end = lasting(60), lasting(0, at_min=10)
    found = cut_spans([first, end], keep_endless=True)
    assert ran(found) == [(0, 10), (10, 10)]
    assert found[1].cuts is first


def test_of_several_that_begin_together_the_first_counts() -> None:
    (span,) = cut_spans([lasting(30), lasting(0), lasting(90)])
    assert span.duration_min == 30


def test_a_span_is_found_by_a_moment_in_it_ends_included() -> None:
    spans = cut_spans([lasting(10), lasting(10, at_min=20)])
    found = [span_at(spans, after(minute)) for minute in (-1, 0, 10, 15, 20, 30, 31)]
    assert found == [None, spans[0], spans[0], None, spans[1], spans[1], None]


def test_where_one_follows_another_its_begin_is_its_own() -> None:
    spans = cut_spans([lasting(30), lasting(30, at_min=10)])
    assert span_at(spans, after(10)) is spans[1]


def test_without_spans_none_is_found() -> None:
    assert cut_spans([]) == ()
    assert span_at((), NOW_MS) is None


@given(st.lists(TREATMENTS, max_size=12), st.booleans())
def test_spans_are_in_order_and_never_overlap(items: list[Treatment], keep_endless: bool) -> None:
    spans = cut_spans(items, keep_endless=keep_endless)
    for earlier, later in pairwise(spans):
        assert earlier.from_ms < later.from_ms
        assert earlier.from_ms <= earlier.until_ms <= later.from_ms
    assert all(keep_endless or span.duration_min > 0 for span in spans)
