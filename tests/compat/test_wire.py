"""Values as JavaScript's readers take them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as supposing
from hypothesis import strategies as st

from app.compat.answers import json_bytes
from app.compat.directions import direction_word, entity, trend_number
from app.compat.wire import given, on_wire
from app.glucose.nightscout_texts import arrow, js_text
from app.store import ObjectId
from tests.compat.reading_present import only_plain_numbers


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (2.0, "2"),
        (-0.0, "0"),
        (2.5, "2.5"),
        (True, "true"),
        (math.nan, "null"),
        (-math.inf, "null"),
        ({"a": [1.0, {"b": (2.0, None)}]}, '{"a":[1,{"b":[2,null]}]}'),
        ({1: "x"}, '{"1":"x"}'),
        (ObjectId("64b1f0c2a7e94e3f8a5d1c20"), '"64b1f0c2a7e94e3f8a5d1c20"'),
        (datetime(2026, 11, 21, 10, tzinfo=UTC), '"2026-11-21T10:00:00.000Z"'),
        (b"ab", "\"b'ab'\""),
    ],
)
def test_values_on_the_wire(value: Any, json: str) -> None:
    assert json_bytes(on_wire(value)).decode() == json


def test_hidden_names_are_left_out_at_any_depth() -> None:
    value = {"password": 1, "a": [{"password": 2, "b": 3}]}
    assert on_wire(value, hidden=frozenset({"password"})) == {"a": [{"b": 3}]}


numbers = st.integers() | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@supposing(values)
def test_everything_can_be_put_on_the_wire(value: Any) -> None:
    only_plain_numbers(json_bytes(on_wire(value)).decode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(("number", "text"), [(2.0, "2"), (-0.3, "-0.3"), (0, "0"), (-0.0, "0")])
def test_a_number_in_a_text(number: float, text: str) -> None:
    assert js_text(number) == text


def test_members_that_are_none_are_left_out() -> None:
    assert given(a=None, b=0, c="", d=False) == {"b": 0, "c": "", "d": False}


@supposing(st.text())
def test_every_direction_has_an_arrow_a_word_and_a_number(told: str) -> None:
    assert entity(arrow(told)).startswith("&#")
    assert 0 <= trend_number(told) <= 9
    assert isinstance(direction_word(told), str)
