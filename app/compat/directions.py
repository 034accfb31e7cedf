"""Nightscout's directions as its clients see them: the word, an arrow's HTML entity, and Pebble's number."""

from __future__ import annotations

from app.compat.quirks import quirk
from app.glucose.trend import Direction, known_direction

_UNKNOWN_TREND = 8
_TRENDS = {
    Direction.NONE: 0,
    Direction.DOUBLE_UP: 1,
    Direction.SINGLE_UP: 2,
    Direction.FORTY_FIVE_UP: 3,
    Direction.FLAT: 4,
    Direction.FORTY_FIVE_DOWN: 5,
    Direction.SINGLE_DOWN: 6,
    Direction.DOUBLE_DOWN: 7,
    Direction.NOT_COMPUTABLE: 8,
    Direction.RATE_OUT_OF_RANGE: 9,
}


@quirk("NotComputable is NOT COMPUTABLE", "Loop")
def direction_word(told: str) -> str:
    """Return a direction in Nightscout's spelling (Loop writes ``NotComputable``); what nobody knows stays as it is."""
    known = known_direction(told)
    return known.value if known else told


def entity(character: str) -> str:
    """Return a character as a decimal HTML entity."""
    return f"&#{ord(character)};"


def trend_number(told: str) -> int:
    """Return the number Pebble watches know a direction by; those of Dexcom, which ends at double."""
    known = known_direction(told)
    return _TRENDS.get(known, _UNKNOWN_TREND) if known else _UNKNOWN_TREND
