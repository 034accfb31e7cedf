from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from app.glucose.time_ago import TimeAgo, time_ago
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import MOMENTS, ago_ms


@pytest.mark.parametrize(
    ("minutes", "value", "label", "short", "text"),
    [
        (0, 1, "min ago", "m", "1m ago"),
        (1.4, 1, "min ago", "m", "1m ago"),
        (1.9, 2, "min ago", "m", "2m ago"),
        (2, 2, "mins ago", "m", "2m ago"),
        (4.4, 4, "mins ago", "m", "4m ago"),
        (59, 59, "mins ago", "m", "59m ago"),
        (60, 1, "hour ago", "h", "1h ago"),
        (119, 2, "hour ago", "h", "2h ago"),
        (120, 2, "hours ago", "h", "2h ago"),
        (23 * 60, 23, "hours ago", "h", "23h ago"),
        (24 * 60, 1, "day ago", "d", "1d ago"),
        (48 * 60, 2, "days ago", "d", "2d ago"),
        (6 * 24 * 60, 6, "days ago", "d", "6d ago"),
        (7 * 24 * 60, None, "long ago", "ago", "ago"),
        (-5, 1, "min ago", "m", "1m ago"),
        (-5.1, None, "in the future", "future", "future"),
    ],
)
def test_an_age_is_counted_in_its_largest_unit(
    minutes: float, value: int | None, label: str, short: str, text: str
) -> None:
    found = time_ago(ago_ms(minutes), NOW_MS)
    assert found == TimeAgo(value, label, short)
    assert found.text == text


def test_an_unknown_moment_has_no_number() -> None:
    assert time_ago(None, NOW_MS) == TimeAgo(None, "time ago", "ago")


@given(MOMENTS)
def test_there_is_always_a_text_and_never_a_number_below_one(at_ms: Any) -> None:
    found = time_ago(at_ms, NOW_MS)
    assert found.label
    assert found.short
    assert found.value is None or found.value >= 1
