"""Treatments for tests of the calculations, and the odd things that stand where numbers belong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.glucose.samples import MINUTE_MS, NOW_MS

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["1.5", "1,5", "1e400", "NaN", 10**400, -0.0, 5e-324, 1.7e308, [], {}]),
)

MOMENTS: st.SearchStrategy[Any] = st.one_of(st.integers(NOW_MS - 10 * 3_600_000, NOW_MS + 3_600_000), ODD)


@dataclass(frozen=True)
class Treatment:
    at_ms: int
    insulin_u: float | None = None
    carbs_g: float | None = None
    duration_min: float | None = None
    absolute_u_per_h: float | None = None
    percent: float | None = None
    relative_u_per_h: float | None = None


TREATMENTS: st.SearchStrategy[Treatment] = st.builds(
    Treatment,
    at_ms=MOMENTS,
    insulin_u=ODD,
    carbs_g=ODD,
    duration_min=ODD,
    absolute_u_per_h=ODD,
    percent=ODD,
    relative_u_per_h=ODD,
)


def after(minutes: float) -> int:
    """A moment so many minutes after NOW_MS."""
    return NOW_MS + round(minutes * MINUTE_MS)


def ago_ms(minutes: float) -> int:
    """A moment so many minutes before NOW_MS."""
    return after(-minutes)
