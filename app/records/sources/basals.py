"""Many short pieces of basal delivery as few temp basals, the same however often and in whatever window they are read.

A pump or its cloud tells the rate of each five minutes. Equal neighbours are one temp basal, but none reaches across a
full hour of UTC: so that one that goes on changes only its own document, and a window that begins later makes no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

BLOCK_MS = 3_600_000
TOUCHING_MS = 90_000
"""Clocks of pumps are read to the second and pieces to the minute: a gap up to this is none."""

_SAME_RATE_U_PER_H = 0.0005


@dataclass(frozen=True, slots=True)
class Piece:
    """So much basal insulin per hour from one instant to another (UTC epoch ms)."""

    at_ms: int
    end_ms: int
    rate_u_per_h: float

    @property
    def duration_min(self) -> float:
        """Return how long it lasts, in minutes."""
        return (self.end_ms - self.at_ms) / 60_000


def joined(pieces: Iterable[Piece], *, whole_from_ms: int = 0) -> list[Piece]:
    """Return the pieces in order of time, equal neighbours joined within each hour, none reaching into the next.

    A piece that overlaps the next ends where that begins. ``whole_from_ms`` is since when everything is known: an hour
    that began earlier is left out, since its first pieces may be missing and its documents would be others.
    """
    made: list[Piece] = []
    for piece in _apart(pieces):
        for part in _by_hours(piece):
            before = made[-1] if made else None
            if before and _go_together(before, part):
                made[-1] = replace(before, end_ms=part.end_ms)
            else:
                made.append(part)
    return [piece for piece in made if _hour(piece.at_ms) * BLOCK_MS >= whole_from_ms]


def _apart(pieces: Iterable[Piece]) -> Iterator[Piece]:
    in_order = sorted(set(pieces), key=lambda piece: (piece.at_ms, piece.end_ms, piece.rate_u_per_h))
    for place, piece in enumerate(in_order, 1):
        end_ms = min(piece.end_ms, in_order[place].at_ms) if place < len(in_order) else piece.end_ms
        if end_ms > piece.at_ms:
            yield replace(piece, end_ms=end_ms)


def _by_hours(piece: Piece) -> Iterator[Piece]:
    at_ms = piece.at_ms
    while at_ms < piece.end_ms:
        end_ms = min(piece.end_ms, (_hour(at_ms) + 1) * BLOCK_MS)
        yield Piece(at_ms, end_ms, piece.rate_u_per_h)
        at_ms = end_ms


def _go_together(before: Piece, part: Piece) -> bool:
    return (
        _hour(before.at_ms) == _hour(part.at_ms)
        and abs(before.rate_u_per_h - part.rate_u_per_h) < _SAME_RATE_U_PER_H
        and part.at_ms - before.end_ms <= TOUCHING_MS
    )


def _hour(at_ms: int) -> int:
    return at_ms // BLOCK_MS
