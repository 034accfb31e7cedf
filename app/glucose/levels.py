"""How much something matters, on Nightscout's ladder of levels."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """A level; its number is what Nightscout's clients read."""

    URGENT = 2
    WARN = 1
    INFO = 0
    LOW = -1
    LOWEST = -2
    NONE = -3

    @property
    def display(self) -> str:
        """The name in a title, ``Urgent`` or ``Warning``."""
        return "Warning" if self is Level.WARN else self.name.capitalize()

    @property
    def status(self) -> str:
        """The state of what has this level: ``urgent``, ``warn`` or ``current``."""
        return self.name.lower() if self >= Level.WARN else "current"
