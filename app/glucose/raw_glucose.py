"""Raw glucose: what a sensor's own signal says before the sensor smooths it, by the calibration of an uploader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.glucose.numbers import figure, positive
from app.glucose.sentinels import LOW_MGDL
from app.glucose.units import half_up

_NOISE = {0: "---", 1: "Clean", 2: "Light", 3: "Medium", 4: "Heavy"}
_UNKNOWN_NOISE = "~~~"
_SHOWN_FROM_MGDL = LOW_MGDL + 1


class RawDisplay(StrEnum):
    """Which of the signals is shown: the unfiltered one set right by the sensor's own value, or either as it is."""

    UNSMOOTHED = "unsmoothed"
    FILTERED = "filtered"
    UNFILTERED = "unfiltered"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A line from signal to glucose: ``scale * (signal - intercept) / slope`` mg/dL."""

    scale: float | None
    intercept: float | None
    slope: float | None

    def mgdl(self, signal: float) -> float | None:
        """Return the glucose a signal stands for; None when the line is not whole, or for no signal."""
        scale, intercept, slope = figure(self.scale), figure(self.intercept), figure(self.slope)
        if not scale or not slope or not signal:
            return None
        return scale * (signal - (intercept or 0)) / slope


def raw_mgdl(
    calibration: Calibration,
    *,
    mgdl: float | None,
    filtered: float | None,
    unfiltered: float | None,
    display: RawDisplay = RawDisplay.UNSMOOTHED,
) -> int | None:
    """Return raw glucose for a reading of ``mgdl``, None when it cannot be told (Nightscout writes 0).

    Without a filtered signal, or while the sensor shows LOW or an error, it is that of the unfiltered signal.
    """
    reading = figure(mgdl)
    by_unfiltered = calibration.mgdl(figure(unfiltered) or 0)
    by_filtered = calibration.mgdl(figure(filtered) or 0)
    if by_unfiltered is None:
        return None
    raw: float | None
    if by_filtered is None or reading is None or reading < _SHOWN_FROM_MGDL or display is RawDisplay.UNFILTERED:
        raw = by_unfiltered
    elif display is RawDisplay.FILTERED:
        raw = by_filtered
    else:
        raw = by_unfiltered * reading / by_filtered if by_filtered else None
    shown = positive(raw)
    return None if shown is None else int(half_up(shown))


def noise_label(noise: float | None, mgdl: float | None) -> str:
    """Return a word for the noise an uploader reports, 0 to 4; LOW and errors count as heavy where it reports none."""
    number, reading = figure(noise), figure(mgdl)
    known = _NOISE.get(int(number)) if number is not None and number.is_integer() else None
    if known is not None:
        return known
    return "Heavy" if reading is not None and reading < _SHOWN_FROM_MGDL else _UNKNOWN_NOISE
