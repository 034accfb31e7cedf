"""Reading the many ways in which uploaders write an instant.

Everything becomes UTC epoch milliseconds and the offset that was written with it. What has no zone is UTC.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from zoneinfo import available_timezones

from app.clock import iso_of

MS_2000 = 946_684_800_000
"""2000-01-01: a smaller number is taken for seconds, as in Nightscout's API v3."""

_FIRST_MS = -62_135_596_800_000  # 0001-01-01
_LAST_MS = 253_402_300_799_999  # 9999-12-31
_DAY_MIN = 1440

_NUMBER = re.compile(r"-?\d{1,16}(?:\.\d*)?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-?(\d{2})(?:-?(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?"
    r"\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_RFC_2822 = re.compile(r"(?:[a-z]{3},\s*)?\d{1,2}\s+[a-z]{3}\s+\d{4}\s+\d{2}:\d{2}.*", re.ASCII | re.IGNORECASE)
# What JavaScript's Date prints: Wed Jan 14 2026 08:05:09 GMT+0100 (CET)
_JS_DATE = re.compile(
    r"[a-z]{3}\s+([a-z]{3})\s+(\d{1,2})\s+(\d{4})\s+(\d{2}:\d{2}:\d{2})\s+GMT([+-]\d{4})(?:\s+\(.*\))?",
    re.ASCII | re.IGNORECASE,
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_PUNCTUATION = ("-", "-", "T", ":", ":", ".", "Z")


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment as somebody wrote it: UTC epoch milliseconds, and the offset from UTC in minutes it was written in."""

    at_ms: int
    offset_min: int = 0

    @property
    def iso(self) -> str:
        """Return the moment as UTC ISO text with three fraction digits and ``Z``."""
        return iso_of(self.at_ms)


def read_instant(written: object) -> Instant | None:
    """Return the moment ``written`` stands for, or None when it stands for none.

    Understood: epoch milliseconds or seconds as a number or as text (fractions of a millisecond are cut off), ISO 8601
    with ``Z``, ``+01:00``, ``+0100``, ``+01`` or nothing, with a blank for the ``T``, with a decimal comma, cut short
    after any part from the month on; RFC 2822; what JavaScript prints for a date; and ``datetime`` objects.
    """
    if isinstance(written, bool) or written is None:
        return None
    if isinstance(written, int | float):
        return _from_number(written)
    if isinstance(written, datetime):
        return _from_datetime(written)
    if not isinstance(written, str) or len(written) > 100:
        return None
    if _is_canonical(written):
        with suppress(ValueError):
            return instant_at((datetime.fromisoformat(written) - _EPOCH) // _MS)
    text = written.strip()
    if _NUMBER.fullmatch(text):
        return _from_number(float(text) if "." in text else int(text))
    return _from_iso(text) or _from_mail(text) or _from_javascript(text)


def _is_canonical(text: str) -> bool:
    """Tell whether this has the form we write times in, and nearly all programs do: it can be read the quick way."""
    return len(text) == 24 and (text[4], text[7], text[10], text[13], text[16], text[19], text[23]) == _PUNCTUATION


def _from_number(number: float) -> Instant | None:
    if not math.isfinite(number):
        return None
    as_seconds = instant_at(int(number * 1000)) if number < MS_2000 <= number * 1000 else None
    return as_seconds or instant_at(int(number))


def _from_datetime(moment: datetime) -> Instant | None:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    offset = aware.utcoffset() or timedelta()
    return instant_at((aware - _EPOCH) // _MS, int(offset.total_seconds() // 60))


def _from_iso(text: str) -> Instant | None:
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    offset_min = _offset_min(zone)
    if offset_min is None:
        return None
    ends_the_day = hour == "24" and not int(minute or 0) and not int(second or 0)
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day or 1),
            0 if ends_the_day else int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(((fraction or "") + "000")[:3]) * 1000,
            timezone(timedelta(minutes=offset_min)),
        )
    except ValueError:
        return None
    instant = _from_datetime(moment)
    if instant and ends_the_day:
        return instant_at(instant.at_ms + _DAY_MIN * 60_000, instant.offset_min)
    return instant


def _offset_min(zone: str | None) -> int | None:
    if not zone or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if minutes > 59 or hours > 23:
        return None
    return (60 * hours + minutes) * (-1 if zone[0] == "-" else 1)


def _from_mail(text: str) -> Instant | None:
    if not _RFC_2822.fullmatch(text):
        return None
    try:
        return _from_datetime(parsedate_to_datetime(text))
    except ValueError:
        return None


def _from_javascript(text: str) -> Instant | None:
    found = _JS_DATE.fullmatch(text)
    if not found:
        return None
    month, day, year, time, offset = found.groups()
    return _from_mail(f"{day} {month} {year} {time} {offset}")


def instant_at(at_ms: int, offset_min: int = 0) -> Instant | None:
    """Return the moment, or None when it lies outside the years 1 to 9999."""
    return Instant(at_ms, offset_min) if _FIRST_MS <= at_ms <= _LAST_MS else None


@cache
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def zone_named(text: str) -> str | None:
    """Return the IANA zone ``text`` means in its proper spelling (``ETC/GMT+5`` is ``Etc/GMT+5``), or None."""
    return _zone_names().get(text.strip().replace(" ", "_").lower())
