"""How a moment is said to a person, in the zone they live in."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

_HALF_A_DAY_MS = 12 * 3_600_000
_SIX_DAYS_MS = 6 * 86_400_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment_text(at_ms: int, now_ms: int, zone: tzinfo) -> str:
    """Return local time, with as much of the date as it takes to mean one moment only.

    ``02:31`` on the same day or within half a day; ``Tue 02:31`` within six days; else ``3 Nov 02:31``, with the year
    when it is another.
    """
    at, now = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone) for ms in (at_ms, now_ms))
    clock = f"{at:%H:%M}"
    apart_ms = abs(now_ms - at_ms)
    if at.date() == now.date() or apart_ms < _HALF_A_DAY_MS:
        return clock
    if apart_ms < _SIX_DAYS_MS:
        return f"{_DAYS[at.weekday()]} {clock}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {_MONTHS[at.month - 1]}{year} {clock}"
