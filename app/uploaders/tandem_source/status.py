"""What the log says of the pump itself: whether it runs, what is left in it, how full its battery is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from app.clock import iso_of
from app.records.sources.basals import Piece
from app.records.sources.documents import DAY_MS, BadRecord, identifier_of
from app.records.sources.pump_status import PumpState, status_document
from app.store.interface import Document
from app.uploaders.tandem_source.basals import is_suspended
from app.uploaders.tandem_source.boluses import Parts, given
from app.uploaders.tandem_source.events import Code
from app.uploaders.tandem_source.readings import DEVICE
from app.uploaders.tandem_source.timeline import Timed

SAYS_NOTHING_AFTER_MS = 2 * DAY_MS
MOST_RESERVOIR_U = 310.0
"""A t:slim X2's cartridge holds 300 units, a Mobi's 200."""


def pump_status(
    events: Sequence[Timed], boluses: Iterable[Parts], basals: Iterable[Piece], pump: str, model: str, now_ms: int
) -> Document | None:
    """Return the device status at the end of a pump's log, None for a log that ended days ago.

    The log tells what is in the reservoir when insulin is stopped, resumed or filled; what was given since is taken
    off. After a filling of unknown size nothing is said.
    """
    newest = max((one for one in events if one.at_ms <= now_ms), key=lambda one: one.at_ms, default=None)
    if newest is None or newest.at_ms < now_ms - SAYS_NOTHING_AFTER_MS:
        return None
    told = _reservoir_told(events)
    left_u = _left_u(told, events, boluses, basals) if told else None
    state = PumpState(
        clock_ms=newest.at_ms,
        reservoir_u=left_u,
        battery_percent=_battery_percent(events),
        suspended=is_suspended(events),
        manufacturer="Tandem",
        model=model,
    )
    return status_document(
        identifier=identifier_of("tandem_source", pump, "status", newest.event.record),
        at_ms=newest.at_ms,
        device=DEVICE,
        pump=state,
        offset_min=newest.offset_min,
        more={"tandem": {"reservoirTold": told[1], "reservoirToldAt": iso_of(told[0].at_ms)}} if told else None,
    )


def _reservoir_told(events: Iterable[Timed]) -> tuple[Timed, float] | None:
    """Return the newest event that says how much is in the reservoir, and how many units."""
    found = None
    for one in events:
        name = "insulinvolume" if one.event.code == Code.CARTRIDGE_FILLED else "insulinamount"
        if one.event.code in (Code.SUSPENDED, Code.RESUMED, Code.CARTRIDGE_FILLED):
            units = one.event.number_of(name)
            if units is not None and 0 < units <= MOST_RESERVOIR_U:
                found = (one, units)
    return found


def _left_u(
    told: tuple[Timed, float], events: Iterable[Timed], boluses: Iterable[Parts], basals: Iterable[Piece]
) -> float | None:
    since, units = told
    primed_u = 0.0
    for one in events:
        if one.event.key > since.event.key and one.event.code in (Code.TUBING_FILLED, Code.CANNULA_FILLED):
            size_u = one.event.number_of("primesize")
            if size_u is None or size_u < 0:
                return None
            primed_u += size_u
    try:
        bolused_u = sum(amount for parts in boluses for at_ms, amount in given(parts) if at_ms > since.at_ms)
    except BadRecord:
        return None
    basal_u = sum(_u_after(piece, since.at_ms) for piece in basals)
    return float(max(math.floor(units - bolused_u - basal_u - primed_u), 0))


def _u_after(piece: Piece, at_ms: int) -> float:
    return piece.rate_u_per_h * max(piece.end_ms - max(piece.at_ms, at_ms), 0) / 3_600_000


def _battery_percent(events: Iterable[Timed]) -> float | None:
    """Return the charge of the newest summary of a day: two bytes, of which the higher one counts from 14 to 17."""
    found = None
    for one in events:
        if one.event.code == Code.DAY_SUMMARY:
            high = one.event.number_of("batterychargepercentmsbraw")
            low = one.event.number_of("batterychargepercentlsbraw")
            if high is not None and low is not None:
                found = round(100 * (256 * (high - 14) + low) / (3 * 256))
    return float(found) if found is not None and 0 < found <= 100 else None
