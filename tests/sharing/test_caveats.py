from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sharing.caveats import NotAfter, NotUnderstood, caveats_of

moments = st.integers(min_value=0, max_value=2**52)


@given(moments, moments)
def test_a_link_ends_at_its_end(ends_ms: int, now_ms: int) -> None:
    assert NotAfter(ends_ms).verify(now_ms) is (now_ms < ends_ms)


@given(moments)
def test_a_caveat_is_read_as_it_was_kept(ends_ms: int) -> None:
    assert caveats_of([NotAfter(ends_ms).stored]) == (NotAfter(ends_ms),)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"kind": "weekdays", "days": [1, 2]},
        {"kind": "not-after"},
        {"kind": "not-after", "at_ms": "tomorrow"},
        {"kind": "not-after", "at_ms": 5, "unless": "asked"},
    ],
)
@given(now_ms=moments)
def test_what_is_not_understood_refuses_always(row: dict[str, Any], now_ms: int) -> None:
    (caveat,) = caveats_of([row])
    assert isinstance(caveat, NotUnderstood)
    assert not caveat.verify(now_ms)


def test_no_caveat_at_all_refuses_too() -> None:
    assert not all(caveat.verify(0) for caveat in caveats_of([]))
