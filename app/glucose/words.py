"""What is said about a reading, in words: the status sentence, and ages.

Words come first on every page; colour and arrow only repeat them.
"""

from __future__ import annotations

from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import Sense, error_text, sense_of
from app.glucose.thresholds import Thresholds
from app.glucose.trend import Direction

_MINUTE_MS = 60_000


def span_text(span_ms: int) -> str:
    """Return a length of time in the two largest parts that matter: ``18 min``, ``2 h 5 min``, ``2 d 4 h``.

    Parts are cut, not rounded; less than a minute is ``0 min``.
    """
    minutes = max(0, span_ms) // _MINUTE_MS
    hours, days = minutes // 60, minutes // 1440
    if days:
        return _two(days, "d", hours % 24, "h")
    return _two(hours, "h", minutes % 60, "min") if hours else f"{minutes} min"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def age_text(age_ms: int) -> str:
    """Return an age: ``just now`` below a minute, then ``4 min ago``, ``2 h 5 min ago``."""
    return f"{span_text(age_ms)} ago" if age_ms >= _MINUTE_MS else "just now"


def trend_words(range_: Range, direction: Direction) -> str:
    """Return the direction in words, empty when unknown.

    Moving further out of range is never called slow: ``falling`` while low, whatever the slope.
    """
    leaving = direction.steepness * range_ > 0
    return direction.words.removesuffix(" slowly") if leaving else direction.words


def status_sentence(mgdl: float, thresholds: Thresholds, direction: Direction) -> str:
    """Return where glucose is and where it goes: ``Low and falling``, ``In range, steady``, ``Very high, rising fast``.

    A single word that leads further out of range is joined by "and", all else by a comma. An error code says what is
    wrong instead; an unknown direction adds nothing.
    """
    if sense_of(mgdl) is Sense.ERROR:
        return f"Sensor error: {error_text(mgdl)[1]}"
    range_ = range_of(mgdl, thresholds)
    place, going = range_.words.capitalize(), trend_words(range_, direction)
    if not going:
        return place
    worse_in_a_word = direction.steepness * range_ > 0 and " " not in going
    return f"{place} and {going}" if worse_in_a_word else f"{place}, {going}"


def old_sentence(age_ms: int) -> str:
    """Return the status of a reading too old to be now, ``Old: 18 min``."""
    return f"Old: {span_text(age_ms)}"


def silence_sentence(since: str) -> str:
    """Return the status when the last reading is gone; ``since`` is its local time, ``No data since 02:31``."""
    return f"No data since {since}"


def last_known_sentence(text: str, direction: Direction) -> str:
    """Return what was last known before silence, ``Last known 78, falling``."""
    going = direction.words
    return f"Last known {text}, {going}" if going else f"Last known {text}"
