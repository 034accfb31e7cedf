"""Waiting for what another thread does, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 10.0


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail when it does not in ten seconds."""
    give_up = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < give_up, "what was waited for did not come"
        time.sleep(0.01)
