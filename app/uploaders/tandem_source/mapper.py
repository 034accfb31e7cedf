"""Turns the log of one pump into documents, without I/O. What each kind of event becomes is in modules of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.records.sources.acts import temp_basal
from app.records.sources.basals import Piece, joined
from app.records.sources.documents import TIME_FIELDS, identifier_of, mapped, ms_of
from app.store.interface import Document
from app.uploaders.tandem_source.basals import pieces
from app.uploaders.tandem_source.boluses import bolus_document, put_together
from app.uploaders.tandem_source.changes import insulin_change, mode_document, modes, site_change, site_changes
from app.uploaders.tandem_source.events import Code
from app.uploaders.tandem_source.readings import BRANDS, DEVICE, sensor_reading, sensor_start, typed_glucose
from app.uploaders.tandem_source.status import pump_status
from app.uploaders.tandem_source.timeline import Timed

_STARTS = (Code.SENSOR_STARTED_DEXCOM, Code.SENSOR_STARTED_LIBRE)


@dataclass(frozen=True, slots=True)
class PumpLog:
    """What is at hand of a pump's log, in its order; ``pump`` is the pump's id at the vendor."""

    pump: str
    model: str
    events: Sequence[Timed]


@dataclass(frozen=True, slots=True)
class Mapped:
    """The documents of a log by collection, and why some of it was left out."""

    documents: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    unusable: Sequence[str] = ()


def documents_of(log: PumpLog, from_ms: int, end_ms: int, now_ms: int) -> Mapped:
    """Return what happened from one instant to another (UTC epoch ms, whole hours, the end not included).

    The log may reach further in both directions: a bolus, a suspension or a night in sleep mode does not end with the
    window it is looked at through.
    """
    entries, treatments, unusable = _events(log, now_ms)
    boluses = put_together(log.events)
    basals, bad_basals = pieces(log.events, now_ms)
    given, bad_boluses = mapped(boluses, lambda parts: bolus_document(parts, log.pump, now_ms, DEVICE))
    treatments += given + _temp_basals(log, basals)
    status = pump_status(log.events, boluses, basals, log.pump, log.model, now_ms)
    found = {"entries": _once(entries), "treatments": treatments, "devicestatus": [status] if status else []}
    return Mapped(
        {
            collection: [one for one in documents if from_ms <= (ms_of(one[TIME_FIELDS[collection]]) or 0) < end_ms]
            for collection, documents in found.items()
        },
        [*unusable, *bad_basals, *bad_boluses],
    )


def _events(log: PumpLog, now_ms: int) -> tuple[list[Document], list[Document], list[str]]:
    """Return entries, treatments and what is unusable of everything that is told by single events."""
    events, pump = log.events, log.pump
    readings, bad_readings = mapped(
        [one for one in events if one.event.code in BRANDS], lambda one: sensor_reading(one, pump, now_ms)
    )
    typed = [one for one in events if one.event.code == Code.GLUCOSE_ENTERED]
    meter, bad_meter = mapped(typed, lambda one: found.entry if (found := typed_glucose(one, pump, now_ms)) else None)
    checks, _ = mapped(typed, lambda one: found.treatment if (found := typed_glucose(one, pump, now_ms)) else None)
    starts, bad_starts = mapped(
        [one for one in events if one.event.code in _STARTS], lambda one: sensor_start(one, pump, now_ms)
    )
    cartridges, bad_cartridges = mapped(
        [one for one in events if one.event.code == Code.CARTRIDGE_FILLED],
        lambda one: insulin_change(one, pump, now_ms),
    )
    sites, bad_sites = mapped(site_changes(events), lambda fills: site_change(fills, pump, now_ms))
    stays, bad_stays = mapped(modes(events), lambda stay: mode_document(stay, pump, now_ms))
    unusable = [*bad_readings, *bad_meter, *bad_starts, *bad_cartridges, *bad_sites, *bad_stays]
    return [*readings, *meter], [*checks, *starts, *cartridges, *sites, *stays], unusable


def _temp_basals(log: PumpLog, basals: Sequence[Piece]) -> list[Document]:
    offsets = {one.at_ms: one.offset_min for one in log.events}
    offset_min = None
    made = []
    for piece in joined(basals):
        offset_min = offsets.get(piece.at_ms, offset_min)
        made.append(
            temp_basal(
                identifier=identifier_of("tandem_source", log.pump, "basal", piece.at_ms),
                at_ms=piece.at_ms,
                entered_by=DEVICE,
                offset_min=offset_min,
                rate_u_per_h=piece.rate_u_per_h,
                duration_min=piece.duration_min,
            )
        )
    return made


def _once(entries: Sequence[Document]) -> list[Document]:
    """Return the entries with one for each instant and type: a reading the pump logged again is the same reading."""
    return list({(one["date"], one["type"]): one for one in reversed(entries)}.values())[::-1]
