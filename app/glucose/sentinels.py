"""Stored numbers that are not measurements: a vendor's LOW and HIGH, and error codes.

A comparison never runs on the stored number but on its ``rank``, where LOW and error codes lie below the lowest number
and HIGH above the highest: the lowest reading is the loudest, and no code is mistaken for a recovery.
"""

from __future__ import annotations

import math
from enum import Enum

from app.glucose.units import half_up

LOW_MGDL = 39
"""At and below this no sensor measures: Dexcom writes 39 for LOW, AndroidAPS uploads 37, older xDrip less."""

HIGH_MGDL = 401
"""Dexcom's HIGH in Nightscout's contract."""

_HIGH_CODES = frozenset({HIGH_MGDL, 501})  # LibreLinkUp marks its HIGH with 501
_HIGHEST_MGDL = 600  # the end of the scale of every meter; sensors end at 500

ERROR_CODES = {
    1: ("?SN", "sensor not active"),
    2: ("?MD", "signal too weak"),
    3: ("?NA", "no antenna"),
    5: ("?NC", "not calibrated"),
    6: ("?CD", "reading unsure"),
    9: ("?AD", "reading unsure"),
    10: ("???", "reading unsure"),
    12: ("?RF", "radio trouble"),
}
"""Dexcom's codes below 13: Nightscout's short text for each, and what it means in words."""

_HIGHEST_CODE = 12


class Sense(Enum):
    """What a stored number means."""

    NUMBER = "number"
    LOW = "low"
    HIGH = "high"
    ERROR = "error"


def sense_of(mgdl: float) -> Sense:
    """Tell what a stored number (mg/dL) means, judged as the whole number people read.

    13 to 39 is LOW, no error code: apps store 37 and less while the sensor says LOW, and Dexcom's codes end at 12.
    """
    whole = half_up(mgdl)
    if whole <= _HIGHEST_CODE:
        return Sense.ERROR
    if whole <= LOW_MGDL:
        return Sense.LOW
    if whole in _HIGH_CODES or whole > _HIGHEST_MGDL:
        return Sense.HIGH
    return Sense.NUMBER


def rank(mgdl: float) -> float:
    """Return the place in the order of loudness: minus infinity for LOW and errors, infinity for HIGH, else mg/dL."""
    sense = sense_of(mgdl)
    if sense is Sense.NUMBER:
        return half_up(mgdl)
    return math.inf if sense is Sense.HIGH else -math.inf


def error_text(mgdl: float) -> tuple[str, str]:
    """Return an error code's short text and its meaning in words; codes nobody documented say so."""
    code = int(half_up(mgdl))
    return ERROR_CODES.get(code, (f"{code}??", "unknown code"))
