"""Basal rates that lie over each other: a pump's program, what somebody set for a time, stops.

Clouds and files tell the three apart, and do not say whether a rate of the program goes on beneath a temporary one. So
a lower one counts for the time only in which no higher one held.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

SUSPENDED, TEMPORARY, SCHEDULED = "suspend_basal", "temporary_basal", "scheduled_basal"
LAYERS = (SUSPENDED, TEMPORARY, SCHEDULED)
"""From the one that holds whatever the others say, to the one that holds when nothing else does."""

Span = tuple[int, int]
"""From one instant to another, UTC epoch ms."""


class Layers:
    """The spans of the layers, as far as they are known."""

    def __init__(self) -> None:
        self._spans: dict[str, list[Span]] = {layer: [] for layer in LAYERS}
        self._longest_ms = 0

    def learn(self, layer: str, span: Span) -> None:
        """Take note of a time in which a layer held; the lowest is above none."""
        kept = self._spans[layer]
        place = bisect_left(kept, span)
        if layer != SCHEDULED and span[1] > span[0] and kept[place : place + 1] != [span]:
            kept.insert(place, span)
            self._longest_ms = max(self._longest_ms, span[1] - span[0])

    def left_of(self, layer: str, span: Span) -> list[Span]:
        """Return the parts of a span in which no higher layer held, oldest first."""
        over: list[Span] = []
        for above in LAYERS[: LAYERS.index(layer)]:
            kept = self._spans[above]
            over += kept[bisect_left(kept, (span[0] - self._longest_ms, 0)) : bisect_left(kept, (span[1], 0))]
        return uncovered(span, over)


def uncovered(span: Span, over: Iterable[Span]) -> list[Span]:
    """Return the parts of a span that none of the others covers, oldest first."""
    first_ms, end_ms = span
    parts: list[Span] = []
    for other_first_ms, other_end_ms in sorted(over):
        if other_end_ms <= first_ms:
            continue
        if other_first_ms >= end_ms:
            break
        if other_first_ms > first_ms:
            parts.append((first_ms, other_first_ms))
        first_ms = other_end_ms
    if first_ms < end_ms:
        parts.append((first_ms, end_ms))
    return parts
