from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.ranges import Range
from app.glucose.thresholds import Thresholds
from app.glucose.trend import Direction
from app.glucose.words import (
    age_text,
    last_known_sentence,
    old_sentence,
    silence_sentence,
    span_text,
    status_sentence,
    trend_words,
)
from tests.glucose.samples import MINUTE_MS


@pytest.mark.parametrize(
    ("mgdl", "direction", "sentence"),
    [
        (62, Direction.FORTY_FIVE_DOWN, "Low and falling"),
        (62, Direction.SINGLE_DOWN, "Low and falling"),
        (50, Direction.DOUBLE_DOWN, "Very low, falling fast"),
        (62, Direction.FORTY_FIVE_UP, "Low, rising slowly"),
        (62, Direction.NONE, "Low"),
        (39, Direction.FLAT, "Very low, steady"),
        (120, Direction.FLAT, "In range, steady"),
        (120, Direction.FORTY_FIVE_DOWN, "In range, falling slowly"),
        (200, Direction.SINGLE_UP, "High and rising"),
        (300, Direction.DOUBLE_UP, "Very high, rising fast"),
        (300, Direction.NOT_COMPUTABLE, "Very high"),
        (401, Direction.RATE_OUT_OF_RANGE, "Very high, changing too fast to tell"),
        (5, Direction.FLAT, "Sensor error: not calibrated"),
    ],
)
def test_the_status_is_a_sentence(mgdl: float, direction: Direction, sentence: str) -> None:
    assert status_sentence(mgdl, Thresholds(), direction) == sentence


@given(st.sampled_from(list(Range)), st.sampled_from(list(Direction)))
def test_moving_further_out_of_range_is_never_called_slow(range_: Range, direction: Direction) -> None:
    if direction.steepness * range_ > 0:
        assert "slowly" not in trend_words(range_, direction)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (-3, "just now"),
        (0.99, "just now"),
        (1, "1 min ago"),
        (4.9, "4 min ago"),
        (59.9, "59 min ago"),
        (60, "1 h ago"),
        (125, "2 h 5 min ago"),
        (3120, "2 d 4 h ago"),
    ],
)
def test_ages_are_cut_to_what_has_passed(minutes: float, text: str) -> None:
    assert age_text(round(minutes * MINUTE_MS)) == text


def test_spans_have_no_ago() -> None:
    assert [span_text(minutes * MINUTE_MS) for minutes in (0, 18, 1440, 3120)] == ["0 min", "18 min", "1 d", "2 d 4 h"]


def test_silence_is_told_in_words() -> None:
    assert old_sentence(18 * MINUTE_MS + 59_000) == "Old: 18 min"
    assert silence_sentence("02:31") == "No data since 02:31"


def test_the_last_known_value_is_told_with_its_direction() -> None:
    assert last_known_sentence("78", Direction.SINGLE_DOWN) == "Last known 78, falling"
    assert last_known_sentence("LOW", Direction.NONE) == "Last known LOW"
