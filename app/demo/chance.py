"""Chance that can be repeated: numbers drawn from a seed and the name of what they are for."""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random


def chance(seed: int, *names: object) -> Random:
    """Return a source of numbers for one purpose; the same seed and names give the same numbers."""
    return Random(" ".join(map(str, (seed, *names))))


@lru_cache(maxsize=8192)
def _knot(seed: int, name: str, index: int) -> float:
    return chance(seed, name, index).uniform(-1, 1)


def wandering(seed: int, name: str, at_ms: int, every_ms: int) -> float:
    """Return a number between -1 and 1 that wanders smoothly, with a new direction ``every_ms``."""
    index, past_ms = divmod(at_ms, every_ms)
    share = (1 - math.cos(math.pi * past_ms / every_ms)) / 2
    return _knot(seed, name, index) * (1 - share) + _knot(seed, name, index + 1) * share
