"""Basal rates as they were given: what the pump had in its program, under what somebody set for a time, under stops.

Glooko tells the three apart, and does not say whether a rate of the program goes on beneath a temporary one. So the
lower one is shown for the time only in which no higher one held: each record becomes the pieces that are left of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from app.records.sources.acts import LONGEST_MIN, MOST_RATE_U_PER_H, event, temp_basal
from app.records.sources.documents import MINUTE_MS, BadRecord, amount_of
from app.store.interface import Document
from app.uploaders.glooko.mapper import Origin, first_of, identifier_in, insulin_in

SUSPENDED, TEMPORARY, SCHEDULED = "suspend_basal", "temporary_basal", "scheduled_basal"
LAYERS = (SUSPENDED, TEMPORARY, SCHEDULED)
"""From the one that holds whatever the others say, to the one that holds when nothing else does."""

MOST_PIECES = 12
_PIECE_MIN = 30.0  # no more pieces than the record has half hours: nobody sets and unsets a rate faster than that

Span = tuple[int, int]


class Layers:
    """The spans (UTC epoch ms) of the layers, as far as they are known in a run."""

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
        """Return the parts of a span in which no higher layer held."""
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


def span_of(record: Mapping[str, Any], origin: Origin) -> Span:
    """Return when a rate held; Glooko counts durations in seconds. Raises ``BadRecord``."""
    duration_s = amount_of(record.get("duration"), most=60 * LONGEST_MIN, what="duration")
    return origin.at_ms, origin.at_ms + int(1000 * duration_s)


def basal(layer: str, record: Mapping[str, Any], origin: Origin, layers: Layers) -> list[Document]:
    """Return the temp basals a record makes beneath the layers above it. Raises ``BadRecord``.

    A stop that has not ended yet is a note. So is a temporary rate told in percent only: whether of the program's rate
    or more than it, Glooko does not say.
    """
    span = span_of(record, origin)
    if span[0] == span[1]:
        return [event("Note", **origin.act(layer, "Pump suspended"))] if layer == SUSPENDED else []
    rate_u_per_h = 0.0 if layer == SUSPENDED else rate_in(record, (span[1] - span[0]) / MINUTE_MS)
    if rate_u_per_h is None:
        return [_percent_note(layer, record, origin, span)]
    parts = layers.left_of(layer, span)[: most_pieces(span)]
    return [
        temp_basal(
            rate_u_per_h=rate_u_per_h,
            duration_min=round((end_ms - first_ms) / MINUTE_MS, 2),
            **(
                origin.act(layer)
                | {"identifier": piece_in(origin.account, layer, origin.guid, place), "at_ms": first_ms}
            ),
        )
        for place, (first_ms, end_ms) in enumerate(parts)
    ]


def most_pieces(span: Span) -> int:
    """Return how many pieces a record may become."""
    return min(MOST_PIECES, 1 + int((span[1] - span[0]) / MINUTE_MS / _PIECE_MIN))


def piece_in(account: str, layer: str, guid: str, place: int) -> str:
    """Return the identifier of a piece of a record; the first goes by the record's own name."""
    return identifier_in(account, layer, f"{guid}|{place}" if place else guid)


def rate_in(record: Mapping[str, Any], duration_min: float) -> float | None:
    """Return U/h: what was given over the time where the record says it, else the rate; None when it tells neither."""
    if first_of(record, ("insulinDelivered", "totalInsulinDelivered")):
        given_u = insulin_in(record)
        if given_u:
            return amount_of(given_u / (duration_min / 60), most=MOST_RATE_U_PER_H, what="rate")
    rate = first_of(record, ("rate", "basalRate", "absolute"))
    return None if rate is None else amount_of(rate, most=MOST_RATE_U_PER_H, what="rate")


def _percent_note(layer: str, record: Mapping[str, Any], origin: Origin, span: Span) -> Document:
    percent = first_of(record, ("percentage", "percent"))
    if percent is None:
        raise BadRecord("a basal tells no rate")
    shown = amount_of(percent, most=1000, what="percentage")
    minutes = round((span[1] - span[0]) / MINUTE_MS)
    return event("Note", **origin.act(layer, f"Temporary basal {shown:g} % for {minutes} min"))
