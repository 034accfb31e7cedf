"""Braces in ``times`` and ``slice`` expand as in a shell."""

from __future__ import annotations

import pytest

from app.compat.braces import expanded
from app.errors import BadQuery


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("2026-11", ["2026-11"]),
        ("", [""]),
        ("{a,b}", ["a", "b"]),
        ("x{a,b}y{1..3}", ["xay1", "xay2", "xay3", "xby1", "xby2", "xby3"]),
        ("{00..03}", ["00", "01", "02", "03"]),
        ("{8..11}", ["8", "9", "10", "11"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{a..c}", ["a", "b", "c"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"]),
        ("a{,b}", ["a", "ab"]),
        ("T{3}", ["T{3}"]),
        ("{}", ["{}"]),
        ("{a", ["{a"]),
        ("a}", ["a}"]),
        ("{3}{a,b}", ["{3}a", "{3}b"]),
        ("{a,b", ["{a,b"]),
    ],
)
def test_alternatives_come_the_leftmost_slowest(text: str, alternatives: list[str]) -> None:
    assert expanded(text) == alternatives


@pytest.mark.parametrize("text", ["{1..5000}", "{1..100}{1..100}", "{1..999999999}"])
def test_too_many_alternatives_are_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        expanded(text)
