"""What all uploaders of a household share: the addresses they may reach, vendors' constants, the person's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.config import Settings
from app.glucose.wall_clock import WallClock
from app.records.zones import wall_clock
from app.store.interface import Store
from app.uploaders.constants import Constants


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``private_allowed`` lets uploaders reach addresses of the house's own network; ``wall_clock`` reads it anew."""

    private_allowed: bool
    constants: Constants
    wall_clock: Callable[[], WallClock]


def surroundings(settings: Settings, store: Store) -> Surroundings:
    """Return the surroundings as a household has set them."""
    return Surroundings(
        private_allowed=settings["ALLOW_PRIVATE_SOURCES"],
        constants=Constants(Path(settings["DATA_DIR"])),
        wall_clock=lambda: wall_clock(store, settings),
    )
