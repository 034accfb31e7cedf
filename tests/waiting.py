"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 20.0


def wait_until(holds: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Return as soon as ``holds`` answers something true; fail when it has not after ``within_s``."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} seconds: {holds}")
        time.sleep(0.01)
