"""Which basals of a payload are written: all of them once, although the day they are shown for moves on.

The oldest markers fall out of the payload one by one. The pieces at that edge would look as if they began later with
each payload, so they are left as they were written when all of them were there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.records.sources.basals import BLOCK_MS, Piece
from app.uploaders.carelink.basal import LONGEST_PAUSE_MS, Told, pieces_of
from app.uploaders.vendor import Cursors

FIRST, LAST = "basals_from", "basals"
"""The cursors: since when we have read every delivery, and the last one read."""


@dataclass(frozen=True, slots=True)
class Window:
    """The pieces to write, from when to when (UTC epoch ms) they are all there is, and the cursors behind them."""

    pieces: list[Piece]
    whole: tuple[int, int] | None
    cursors: Mapping[str, int]


def window_of(told: Told, cursors: Cursors) -> Window:
    """Return what to write of a payload's basals."""
    times = [*(one.at_ms for one in told.deliveries), *(one.at_ms for one in told.pauses)]
    if not times:
        return Window([], None, {})
    oldest_ms, last_ms = min(times), cursors.get(LAST, 0)
    first_ms = cursors.get(FIRST, oldest_ms)
    pieces = pieces_of(told)
    end_ms = max([told.until_ms, *(piece.end_ms for piece in pieces)]) + 1
    if oldest_ms <= first_ms or oldest_ms > last_ms:
        return Window(pieces, (oldest_ms, end_ms), {FIRST: oldest_ms, LAST: max(times)})
    whole_ms = -(-oldest_ms // BLOCK_MS) * BLOCK_MS + LONGEST_PAUSE_MS
    unread = replace(
        told,
        deliveries=tuple(one for one in told.deliveries if one.at_ms > last_ms),
        pauses=tuple(one for one in told.pauses if one.at_ms > last_ms),
    )
    at_the_edge = [piece for piece in pieces_of(unread) if piece.at_ms < whole_ms]
    inside = [piece for piece in pieces if piece.at_ms >= whole_ms]
    whole = (whole_ms, end_ms) if whole_ms < end_ms else None
    return Window([*at_the_edge, *inside], whole, {LAST: max(last_ms, *times)})
