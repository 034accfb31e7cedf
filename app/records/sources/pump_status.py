"""What a pump and the phone beside it said of themselves, as the device status Nightscout's clients read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.clock import iso_of
from app.store.interface import Document


@dataclass(frozen=True, slots=True)
class PumpState:
    """A pump at one moment; None where it did not say.

    ``clock_ms`` is when it was last heard and ``iob_at_ms`` when it computed ``iob_u`` (insulin on board from boluses),
    UTC epoch ms. ``word`` is its own word for what it does. Units of insulin, percent, volts.
    """

    clock_ms: int | None = None
    reservoir_u: float | None = None
    battery_percent: float | None = None
    battery_v: float | None = None
    suspended: bool | None = None
    bolusing: bool | None = None
    word: str = ""
    iob_u: float | None = None
    iob_at_ms: int | None = None
    manufacturer: str = ""
    model: str = ""


def status_document(
    *,
    identifier: str,
    at_ms: int,
    device: str,
    pump: PumpState | None = None,
    uploader_percent: float | None = None,
    offset_min: int | None = None,
    more: Document | None = None,
) -> Document:
    """Return the device status of an instant (UTC epoch ms); ``more`` is what this source alone knows."""
    made: Document = {"device": device, "created_at": iso_of(at_ms), "identifier": identifier}
    if offset_min is not None:
        made["utcOffset"] = offset_min
    if pump is not None:
        made["pump"] = _pump(pump)
    if uploader_percent is not None:
        made["uploader"] = {"battery": uploader_percent}
    return made | (more or {})


def _pump(pump: PumpState) -> Document:
    battery = _told(percent=pump.battery_percent, voltage=pump.battery_v)
    word = "suspended" if pump.suspended else "normal"
    known = pump.word or (None if pump.suspended is None else word)
    status = _told(status=known, suspended=pump.suspended, bolusing=pump.bolusing)
    iob = _told(bolusiob=pump.iob_u, timestamp=_iso(pump.iob_at_ms)) if pump.iob_u is not None else None
    return _told(
        clock=_iso(pump.clock_ms),
        reservoir=pump.reservoir_u,
        battery=battery or None,
        status=status or None,
        iob=iob,
        manufacturer=pump.manufacturer or None,
        model=pump.model or None,
    )


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_of(at_ms)


def _told(**parts: Any) -> Document:
    return {name: value for name, value in parts.items() if value is not None}
