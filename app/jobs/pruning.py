"""Pruning the collections a household keeps for so many days only."""

from __future__ import annotations

import logging

from app.actor import system_actor
from app.config import Settings
from app.house import House
from app.logs import told
from app.records.identified import COLLECTIONS
from app.records.pruning import prune_old

log = logging.getLogger(__name__)


def kept_days(settings: Settings) -> dict[str, float]:
    """Return for how many days each collection is kept; those kept for ever are left out."""
    asked = {collection: settings[f"API3_AUTOPRUNE_{collection.upper()}"] for collection in COLLECTIONS}
    return {collection: days for collection, days in asked.items() if days > 0}


def prune(house: House) -> int:
    """Remove what is too old, in every collection that is not kept for ever, and return how many documents went."""
    gone = prune_old(house.store, house.clock, system_actor("autoprune"), kept_days(house.settings))
    for collection, count in gone.items():
        if count:
            log.info("old documents were removed", extra=told(collection=collection, count=count))
    return sum(gone.values())
