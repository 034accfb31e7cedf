"""Creates the indexes of imports and alarms."""

from __future__ import annotations

from app.store import Store
from app.store.indexes import create_all


def up(store: Store) -> None:
    """Have every index of the list."""
    create_all(store)
