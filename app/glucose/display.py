"""How a glucose value and a change of it are written; the unit's label stands beside the text, never in it."""

from __future__ import annotations

from app.glucose.sentinels import Sense, error_text, sense_of
from app.glucose.units import Unit, in_unit

MINUS = "\N{MINUS SIGN}"


def glucose_text(mgdl: float, unit: Unit) -> str:
    """Return what a viewer reads: ``112``, ``6.2``, ``LOW``, ``HIGH`` or an error code such as ``?NC``."""
    sense = sense_of(mgdl)
    if sense is Sense.ERROR:
        return error_text(mgdl)[0]
    if sense is not Sense.NUMBER:
        return sense.name
    return f"{in_unit(mgdl, unit):.{unit.digits}f}"


def signed_text(number: float, unit: Unit) -> str:
    """Return a change already in ``unit`` with its sign, ``+0.3`` or ``−6``; no change is ``+0``."""
    digits = f"{abs(number):.{unit.digits}f}"
    return f"{MINUS if number < 0 and float(digits) else '+'}{digits}"
