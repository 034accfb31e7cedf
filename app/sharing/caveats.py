"""Restrictions a share carries, each of which has to agree at every use.

A share may have been made by a newer version of this program than the one that reads it: a caveat that is not
understood always refuses, because leaving out a restriction would open more than was granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NotAfter:
    """Ends a share at an instant (UTC epoch ms)."""

    at_ms: int

    def verify(self, now_ms: int) -> bool:
        """Tell whether the share may be used now."""
        return now_ms < self.at_ms

    @property
    def stored(self) -> dict[str, Any]:
        """Return the caveat as it is kept."""
        return {"kind": "not-after", "at_ms": self.at_ms}


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Stands for a restriction this version does not know."""

    kind: str

    def verify(self, now_ms: int) -> bool:
        """Refuse, whenever it is."""
        return False


Caveat = NotAfter | NotUnderstood


def caveats_of(stored: Iterable[dict[str, Any]]) -> tuple[Caveat, ...]:
    """Return kept caveats; none at all is not understood either, for every share ends."""
    found = tuple(_caveat_of(row) for row in stored)
    return found or (NotUnderstood("none"),)


def _caveat_of(row: dict[str, Any]) -> Caveat:
    match row:
        case {"kind": "not-after", "at_ms": int(at_ms), **rest} if not rest:
            return NotAfter(at_ms)
        case _:
            return NotUnderstood(str(row.get("kind")))
