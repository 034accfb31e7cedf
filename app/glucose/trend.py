"""Where glucose is going: Nightscout's directions, their arrows and words, and how to compute one from two readings.

An unknown direction is never Flat: a follower reads Flat as "stable".
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.glucose.measured import Measured
from app.glucose.sentinels import Sense, sense_of

_MINUTE_MS = 60_000
_APART_MIN = (4, 12)  # two readings closer or further apart than this say nothing about the rate
_WANTED_APART_MIN = 5


class Direction(StrEnum):
    """A direction as Nightscout writes it."""

    NONE = "NONE"
    TRIPLE_UP = "TripleUp"
    DOUBLE_UP = "DoubleUp"
    SINGLE_UP = "SingleUp"
    FORTY_FIVE_UP = "FortyFiveUp"
    FLAT = "Flat"
    FORTY_FIVE_DOWN = "FortyFiveDown"
    SINGLE_DOWN = "SingleDown"
    DOUBLE_DOWN = "DoubleDown"
    TRIPLE_DOWN = "TripleDown"
    NOT_COMPUTABLE = "NOT COMPUTABLE"
    RATE_OUT_OF_RANGE = "RATE OUT OF RANGE"

    @property
    def arrow(self) -> str:
        """The arrow, empty when the direction is unknown."""
        return _SHOWN.get(self, ("", "", 0))[0]

    @property
    def words(self) -> str:
        """The direction in words, ``rising fast``; empty when it is unknown."""
        return _SHOWN.get(self, ("", "", 0))[1]

    @property
    def steepness(self) -> int:
        """How steep, from -4 to 4 (0 for flat and unknown)."""
        return _SHOWN.get(self, ("", "", 0))[2]


_SHOWN = {
    Direction.TRIPLE_UP: ("⤊", "rising very fast", 4),
    Direction.DOUBLE_UP: ("⇈", "rising fast", 3),
    Direction.SINGLE_UP: ("↑", "rising", 2),
    Direction.FORTY_FIVE_UP: ("↗", "rising slowly", 1),
    Direction.FLAT: ("→", "steady", 0),
    Direction.FORTY_FIVE_DOWN: ("↘", "falling slowly", -1),
    Direction.SINGLE_DOWN: ("↓", "falling", -2),
    Direction.DOUBLE_DOWN: ("⇊", "falling fast", -3),
    Direction.TRIPLE_DOWN: ("⤋", "falling very fast", -4),
    Direction.RATE_OUT_OF_RANGE: ("⇕", "changing too fast to tell", 0),
}

_BY_LETTERS = {direction.replace(" ", "").lower(): direction for direction in Direction}

# Dexcom Share's numbers, which several uploaders store as ``trend``.
_BY_NUMBER = (
    Direction.NONE,
    Direction.DOUBLE_UP,
    Direction.SINGLE_UP,
    Direction.FORTY_FIVE_UP,
    Direction.FLAT,
    Direction.FORTY_FIVE_DOWN,
    Direction.SINGLE_DOWN,
    Direction.DOUBLE_DOWN,
    Direction.NOT_COMPUTABLE,
    Direction.RATE_OUT_OF_RANGE,
)


def direction_named(text: str) -> Direction:
    """Return the direction an uploader meant, however it writes case and blanks (``NotComputable``, ``singleUp``).

    A single digit is Dexcom's number for it. Whatever nobody knows is NONE.
    """
    letters = "".join(text.split()).replace("_", "").lower()
    if letters.isdecimal():
        return _BY_NUMBER[int(letters)] if int(letters) < len(_BY_NUMBER) else Direction.NONE
    return _BY_LETTERS.get(letters, Direction.NONE)


def known_direction(text: str) -> Direction | None:
    """Return the direction an uploader named, None where it named none that anybody knows."""
    found = direction_named(text)
    return found if found is not Direction.NONE or text.strip().upper() == "NONE" or text.strip() == "0" else None


def direction_between(earlier: Measured, later: Measured) -> Direction:
    """Return the direction from one reading to a later one; NONE unless both are numbers, 4 to 12 minutes apart."""
    apart_min = (later.at_ms - earlier.at_ms) / _MINUTE_MS
    numbers = sense_of(earlier.mgdl) is sense_of(later.mgdl) is Sense.NUMBER
    if not numbers or not _APART_MIN[0] <= apart_min <= _APART_MIN[1]:
        return Direction.NONE
    return direction_at((later.mgdl - earlier.mgdl) / apart_min)


def direction_at(rate_mgdl_per_min: float) -> Direction:
    """Return the direction for a rate of change.

    Up to 1 mg/dL per minute is flat, up to 2 forty-five degrees, up to 3 single, above that double (Dexcom's own
    steps).
    """
    rate, up = rate_mgdl_per_min, rate_mgdl_per_min > 0
    if abs(rate) <= 1:
        return Direction.FLAT
    if abs(rate) <= 2:
        return Direction.FORTY_FIVE_UP if up else Direction.FORTY_FIVE_DOWN
    if abs(rate) <= 3:
        return Direction.SINGLE_UP if up else Direction.SINGLE_DOWN
    return Direction.DOUBLE_UP if up else Direction.DOUBLE_DOWN


def computed_direction(readings: Sequence[Measured]) -> Direction:
    """Return the direction at the last of ``readings`` (oldest first) for a source that gave none.

    It is measured from the reading nearest to five minutes earlier, so that a one-minute sensor's noise is no trend.
    """
    if not readings:
        return Direction.NONE
    last = readings[-1]
    wanted_ms = last.at_ms - _WANTED_APART_MIN * _MINUTE_MS
    recent = [reading for reading in readings[-20:-1] if last.at_ms - reading.at_ms <= _APART_MIN[1] * _MINUTE_MS]
    earlier = min(recent, key=lambda reading: abs(reading.at_ms - wanted_ms), default=None)
    return direction_between(earlier, last) if earlier else Direction.NONE
