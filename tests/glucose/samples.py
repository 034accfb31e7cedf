"""Readings for tests of the calculations."""

from __future__ import annotations

from dataclasses import dataclass

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Sample:
    at_ms: int
    mgdl: float


def ago(minutes: float, mgdl: float) -> Sample:
    """A reading so many minutes before NOW_MS."""
    return Sample(NOW_MS - round(minutes * MINUTE_MS), mgdl)
