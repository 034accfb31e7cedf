"""Readings with the documents they were stored as, and the calibrations an uploader sends for the raw signal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.glucose.numbers import figure
from app.glucose.raw_glucose import Calibration, RawDisplay, raw_mgdl
from app.glucose.staleness import is_ahead
from app.glucose.units import Unit, from_unit, unit_named
from app.live.building import HIGHEST_MMOLL, reading_of
from app.live.fields import Document, first_moment, text
from app.live.picture import Reading
from app.live.statuses import received_of
from app.live.treated import Treated
from app.records.deletion import is_deleted

_NO_GLUCOSE_MGDL = 100_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """A reading and its document."""

    reading: Reading
    document: Document

    @property
    def at_ms(self) -> int:
        """When it was measured."""
        return self.reading.at_ms

    @property
    def mgdl(self) -> float:
        """The stored number, sentinels included."""
        return self.reading.mgdl


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration, when it was made, and its document."""

    at_ms: int
    calibration: Calibration
    document: Document


def measurement_of(entry: Document) -> Measurement | None:
    """Return the reading in an entry, None for what is none; a number no sensor and no code can be is none."""
    reading = reading_of(entry)
    return Measurement(reading, entry) if reading and reading.mgdl < _NO_GLUCOSE_MGDL else None


def finger_stick(treated: Treated, unit: Unit) -> Measurement | None:
    """Return the reading somebody entered from a finger stick with a treatment (``BG Check``), None for what is none.

    ``unit`` is that of a value without one.
    """
    glucose, kind = figure(treated.document.get("glucose")), text(treated.document.get("glucoseType"))
    if not glucose or kind != "Finger":
        return None
    written = text(treated.document.get("units"))
    in_mmol = (unit_named(written) if written else unit) is Unit.MMOLL and glucose <= HIGHEST_MMOLL
    mgdl = from_unit(glucose, Unit.MMOLL) if in_mmol else glucose
    found = Reading(str(treated.document.get("_id")), treated.at_ms, received_of(treated.document), mgdl, kind="mbg")
    return Measurement(found, treated.document) if mgdl < _NO_GLUCOSE_MGDL else None


def true_measurements(found: Iterable[Measurement], now_ms: int) -> tuple[Measurement, ...]:
    """Return the measurements that can be true.

    Whatever is dated more than five minutes after it came is from a wrong clock and left out for good: its hour will
    come, and it would look new then.
    """
    return tuple(one for one in found if not is_ahead(one.at_ms, min(now_ms, one.reading.received_ms or now_ms)))


def calibrations_of(entries: Iterable[Document]) -> tuple[Calibrated, ...]:
    """Return the calibrations among entries, oldest first."""
    found = []
    for entry in entries:
        at_ms = first_moment(entry, "date", "dateString", "sysTime")
        if entry.get("type") == "cal" and at_ms is not None and not is_deleted(entry):
            line = Calibration(*(figure(entry.get(name)) for name in ("scale", "intercept", "slope")))
            found.append(Calibrated(at_ms, line, entry))
    return tuple(sorted(found, key=lambda one: one.at_ms))


def raw_of(measured: Measurement, calibrated: Calibrated, display: str) -> int | None:
    """Return raw glucose (mg/dL) at a reading, None when it cannot be told; ``display`` is RAWBG_DISPLAY."""
    known = {kind.value: kind for kind in RawDisplay}
    return raw_mgdl(
        calibrated.calibration,
        mgdl=measured.mgdl,
        filtered=figure(measured.document.get("filtered")),
        unfiltered=figure(measured.document.get("unfiltered")),
        display=known.get(display, RawDisplay.UNSMOOTHED),
    )
