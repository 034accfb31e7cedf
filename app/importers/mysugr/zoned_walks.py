"""Placing times of which some are written with the zone they were in, by its name or its offset from UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from app.glucose.wall_clock import Placed, WallClock
from app.importers.format import Said
from app.importers.placing import Walks
from app.records.sources.documents import WIDEST_OFFSET_MIN
from app.records.times import zone_named

_OFFSET = re.compile(r"(?:GMT|UTC|Z)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_UTC = frozenset({"gmt", "utc", "z"})
_MOST_ZONES = 100


def zone_in(text: str) -> tzinfo | None:
    """Return the zone a text names: ``Europe/Vienna``, ``GMT+01:00``, ``+0200``; None when it names none."""
    plain = text.strip()
    if plain.lower() in _UTC:
        return timezone(timedelta(0))
    offset = _OFFSET.fullmatch(plain)
    if offset:
        minutes = 60 * int(offset[2]) + int(offset[3] or 0)
        sign = -1 if offset[1] == "-" else 1
        return timezone(timedelta(minutes=sign * minutes)) if minutes <= WIDEST_OFFSET_MIN else None
    known = zone_named(plain) if "/" in plain else None
    return ZoneInfo(known) if known else None


class ZonedWalks:
    """Places times by the zone written beside them, by the person's where there is none."""

    def __init__(self, wall_clock: WallClock, *, newest_first: bool = False) -> None:
        self._newest_first = newest_first
        self._own = Walks(wall_clock, newest_first=newest_first)
        self._by_zone: dict[str, Walks] = {}

    def place(self, local: datetime, zone_text: str) -> Placed:
        """Return where the next time lies. Raises ``BadRecord`` for an impossible year."""
        return self._walks(zone_text).place("", local)

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say once all times are placed."""
        for walks in (self._own, *self._by_zone.values()):
            yield from walks.notes()

    def _walks(self, zone_text: str) -> Walks:
        zone = zone_in(zone_text) if zone_text else None
        if zone is None:
            return self._own
        if zone_text not in self._by_zone and len(self._by_zone) < _MOST_ZONES:
            self._by_zone[zone_text] = Walks(WallClock.in_zone(zone), newest_first=self._newest_first)
        return self._by_zone.get(zone_text) or Walks(WallClock.in_zone(zone))
