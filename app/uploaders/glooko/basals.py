"""Basal rates as they were given: each record becomes the pieces in which no higher layer held (``layers.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.records.sources.acts import LONGEST_MIN, MOST_RATE_U_PER_H, event, temp_basal
from app.records.sources.documents import MINUTE_MS, BadRecord, amount_of
from app.records.sources.layers import SUSPENDED, Layers, Span
from app.store.interface import Document
from app.uploaders.glooko.mapper import Origin, first_of, identifier_in, insulin_in

MOST_PIECES = 12
_PIECE_MIN = 30.0  # no more pieces than the record has half hours: nobody sets and unsets a rate faster than that


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
