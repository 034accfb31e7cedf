"""What one running process shares: its settings, the store, the clock and the keys.

It is put together once, after the fork and before the first request, and handed to ``create_app`` and to the jobs.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.config import Settings
from app.keyring import KeyRing
from app.store.interface import Store


@dataclass(frozen=True)
class House:
    """The ground under every surface and job of one process."""

    settings: Settings
    store: Store
    clock: Clock
    keyring: KeyRing
