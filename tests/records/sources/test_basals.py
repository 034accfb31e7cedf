"""Short pieces of basal joined: no insulin is gained or lost, and every window of reading makes the same documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.sources.basals import BLOCK_MS, Piece, joined
from tests.clocks import START_MS

FIVE_MIN_MS = 300_000
START = START_MS // BLOCK_MS * BLOCK_MS


def pieces_of(rates: list[float], start_ms: int = START) -> list[Piece]:
    return [
        Piece(start_ms + place * FIVE_MIN_MS, start_ms + (place + 1) * FIVE_MIN_MS, rate)
        for place, rate in enumerate(rates)
    ]


def units(pieces: list[Piece]) -> float:
    return sum(piece.rate_u_per_h * piece.duration_min / 60 for piece in pieces)


rates = st.lists(st.sampled_from([0.0, 0.4, 0.8, 1.25]), min_size=1, max_size=100)


@given(rates)
def test_no_insulin_is_gained_or_lost(given_rates: list[float]) -> None:
    pieces = pieces_of(given_rates)
    assert units(joined(pieces)) == pytest.approx(units(pieces))


@given(rates, st.integers(0, 100), st.randoms())
def test_a_window_that_begins_later_makes_the_same_documents(
    given_rates: list[float], cut: int, random: object
) -> None:
    pieces = pieces_of(given_rates)
    later = START + -(-cut * FIVE_MIN_MS // BLOCK_MS) * BLOCK_MS
    window = joined([piece for piece in pieces if piece.end_ms > later], whole_from_ms=later)
    assert window == [piece for piece in joined(pieces) if piece.at_ms >= later]


def test_equal_neighbours_are_one_within_an_hour_and_never_across() -> None:
    assert joined(pieces_of([0.8] * 15)) == [
        Piece(START, START + BLOCK_MS, 0.8),
        Piece(START + BLOCK_MS, START + BLOCK_MS + 3 * FIVE_MIN_MS, 0.8),
    ]


def test_another_rate_or_a_gap_begins_anew() -> None:
    assert len(joined(pieces_of([0.8, 0.4, 0.8]))) == 3
    first, _, third = pieces_of([0.8, 0.8, 0.8])
    assert joined([first, third]) == [first, third]


def test_an_overlap_ends_where_the_next_begins_and_a_double_is_one() -> None:
    long = Piece(START, START + 2 * FIVE_MIN_MS, 0.8)
    second = Piece(START + FIVE_MIN_MS, START + 2 * FIVE_MIN_MS, 0.4)
    assert joined([second, long, long]) == [Piece(START, START + FIVE_MIN_MS, 0.8), second]


def test_an_hour_that_is_not_whole_is_left_out() -> None:
    pieces = pieces_of([0.8] * 24, START + 2 * FIVE_MIN_MS)
    assert [piece.at_ms for piece in joined(pieces, whole_from_ms=START + 2 * FIVE_MIN_MS)] == [
        START + BLOCK_MS,
        START + 2 * BLOCK_MS,
    ]
