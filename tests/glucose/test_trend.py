from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.trend import Direction, computed_direction, direction_between, direction_named
from tests.glucose.samples import ago


@pytest.mark.parametrize("direction", list(Direction))
def test_nightscouts_own_word_names_itself(direction: Direction) -> None:
    assert direction_named(direction.value) is direction


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("NotComputable", Direction.NOT_COMPUTABLE),
        ("NOT_COMPUTABLE", Direction.NOT_COMPUTABLE),
        ("RateOutOfRange", Direction.RATE_OUT_OF_RANGE),
        ("singleUp", Direction.SINGLE_UP),
        ("flat", Direction.FLAT),
        ("4", Direction.FLAT),
        ("7", Direction.DOUBLE_DOWN),
        ("0", Direction.NONE),
        ("12", Direction.NONE),
    ],
)
def test_other_spellings_and_dexcoms_numbers_are_understood(text: str, direction: Direction) -> None:
    assert direction_named(text) is direction


@given(st.text())
def test_an_unknown_word_is_never_flat(text: str) -> None:
    if "".join(text.split()).replace("_", "").lower() not in {"flat", "4"} and not text.strip().isdecimal():
        assert direction_named(text) is not Direction.FLAT


@pytest.mark.parametrize("direction", [Direction.NONE, Direction.NOT_COMPUTABLE])
def test_an_unknown_direction_has_neither_arrow_nor_words(direction: Direction) -> None:
    assert direction.arrow == direction.words == ""


def test_known_directions_have_arrows_and_words() -> None:
    shown = {direction.arrow: direction.words for direction in Direction if direction.arrow}
    assert shown["↗"] == "rising slowly"
    assert shown["⇊"] == "falling fast"
    assert shown["→"] == "steady"
    assert len(shown) == 10


@pytest.mark.parametrize(
    ("change", "direction"),
    [
        (0, Direction.FLAT),
        (5, Direction.FLAT),
        (-5, Direction.FLAT),
        (5.1, Direction.FORTY_FIVE_UP),
        (10, Direction.FORTY_FIVE_UP),
        (-10, Direction.FORTY_FIVE_DOWN),
        (11, Direction.SINGLE_UP),
        (-15, Direction.SINGLE_DOWN),
        (16, Direction.DOUBLE_UP),
        (-40, Direction.DOUBLE_DOWN),
    ],
)
def test_a_direction_is_computed_from_the_rate(change: float, direction: Direction) -> None:
    assert direction_between(ago(5, 150), ago(0, 150 + change)) is direction


@pytest.mark.parametrize("minutes", [0.5, 3.9, 12.1, 60])
def test_readings_too_close_or_too_far_apart_say_nothing(minutes: float) -> None:
    assert direction_between(ago(minutes, 150), ago(0, 150)) is Direction.NONE


@pytest.mark.parametrize(("earlier", "later"), [(39, 80), (80, 39), (401, 390), (5, 100)])
def test_no_rate_is_computed_from_a_sentinel(earlier: float, later: float) -> None:
    assert direction_between(ago(5, earlier), ago(0, later)) is Direction.NONE


def test_a_one_minute_sensor_is_measured_over_five_minutes() -> None:
    readings = [ago(minutes, 100 + 12 * (minutes == 1)) for minutes in range(30, -1, -1)]
    assert computed_direction(readings) is Direction.FLAT


def test_a_single_reading_has_no_direction() -> None:
    assert computed_direction([ago(0, 100)]) is Direction.NONE
    assert computed_direction([]) is Direction.NONE


def test_a_reading_after_a_gap_has_no_direction() -> None:
    assert computed_direction([ago(45, 100), ago(40, 100), ago(0, 100)]) is Direction.NONE


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 450)), max_size=30))
def test_computing_never_invents_more_than_two_readings_tell(raw: list[tuple[int, int]]) -> None:
    readings = [ago(minutes, mgdl) for minutes, mgdl in sorted(raw, reverse=True)]
    found = computed_direction(readings)
    possible = {direction_between(earlier, readings[-1]) for earlier in readings[:-1]} if readings else set()
    assert found in possible | {Direction.NONE}
