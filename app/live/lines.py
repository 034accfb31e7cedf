"""The lines Nightscout writes about the present, to the letter: in its properties and in its alarms."""

from __future__ import annotations

from dataclasses import dataclass

from app.features import Features
from app.glucose.display import glucose_text
from app.glucose.nightscout_texts import arrow, change_text, iob_text, js_text, unit_label
from app.glucose.numbers import figure
from app.glucose.raw_glucose import noise_label
from app.glucose.units import half_up, in_unit
from app.live.measurements import Calibrated, Measurement, raw_of
from app.live.present import Present


@dataclass(frozen=True, slots=True)
class Raw:
    """What the raw signal says at the last reading: mg/dL (0 where it cannot be told), and a word for its noise."""

    measured: Measurement
    calibrated: Calibrated
    mgdl: int
    noise: str


def raw_now(present: Present) -> Raw | None:
    """Return what the raw signal says, None without a reading or a calibration."""
    last, made = present.last, [one for one in present.calibrations if one.at_ms <= present.now_ms]
    if last is None or not made:
        return None
    mgdl = raw_of(last, made[-1], str(present.settings["RAWBG_DISPLAY"])) or 0
    return Raw(last, made[-1], mgdl, noise_label(figure(last.document.get("noise")), last.mgdl))


def raw_line(raw: Raw, present: Present) -> str:
    """Return the raw signal's line, ``Raw BG: 108 mg/dl Clean``."""
    unit = present.person.unit
    return f"Raw BG: {in_unit(raw.mgdl, unit):.{unit.digits}f} {unit_label(unit)} {raw.noise}"


def iob_u(present: Present) -> float | None:
    """Return insulin on board (U) as Nightscout rounds it, None where nobody knows."""
    units = present.insulin.units
    return None if units is None else half_up(units, 3)


def iob_line(units: float | None) -> str:
    """Return the line of insulin on board, ``IOB: 1.01U``."""
    return f"IOB: {iob_text(units)}U"


def cob_line(grams: float) -> str:
    """Return the line of carbs on board, ``COB: 25g``."""
    return f"COB: {js_text(half_up(grams, 1))}g"


def change_now(present: Present) -> str | None:
    """Return the change in five minutes, ``+5``, None where it is unknown."""
    return None if present.delta is None else change_text(present.delta.scaled(present.person.unit))


def arrow_now(present: Present) -> str | None:
    """Return the arrow of the last reading, None when that is not current."""
    return arrow(present.last.reading.direction) if present.last and present.is_current else None


def message(present: Present, features: Features) -> str:
    """Return the lines of every alarm that has none of its own: glucose, then what the features say beside it."""
    lines: list[str | None] = [_glucose_line(present, features)]
    raw = raw_now(present) if features.on("rawbg") else None
    lines.append(raw_line(raw, present) if raw else None)
    if features.on("ar2") and present.forecast:
        lines.append(present.forecast.text(present.person.unit))
    iob = iob_u(present) if features.on("iob") else None
    if features.on("bwp"):
        preview = present.bolus_preview(present.person.unit, iob)
        lines.append(None if preview.errors else preview.text())
    lines.append(None if iob is None else iob_line(iob))
    grams = present.carbs.grams if features.on("cob") else None
    lines.append(None if grams is None else cob_line(grams))
    return "\n".join(line for line in lines if line)


def _glucose_line(present: Present, features: Features) -> str | None:
    """Return ``BG Now: 301 +5 ↗ mg/dl``, None without a reading."""
    if present.last is None:
        return None
    unit = present.person.unit
    change = change_now(present) if features.on("bgnow") else None
    direction = arrow_now(present) if features.on("direction") else None
    parts = ("BG Now:", glucose_text(present.last.mgdl, unit), change, direction, unit_label(unit))
    return " ".join(part for part in parts if part)
