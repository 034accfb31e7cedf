"""Which records to ask Tidepool for: from where, in what pieces, and of which of them documents are wanted.

Each type of records has a cursor of its own, the newest one had: a sensor may be read each minute and the pump once a
month. A look at the newest of each type tells where there is news; where there is none nothing is fetched, but for once
an hour a day, so that what reached Tidepool late is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.records.sources.documents import DAY_MS, FUTURE_MS, HOUR_MS
from app.records.sources.tidepool.meals import COMPANION_MS
from app.uploaders.vendor import DEEP_EVERY_MS, DEEP_OVERLAP_MS, OVERLAP_MS, Cursors

SETTINGS = "pumpSettings"

GROUPS: tuple[tuple[str, ...], ...] = (
    ("cbg",),
    ("bolus", "wizard", "insulin", "food"),
    ("basal",),
    ("smbg", "bloodKetone", "deviceEvent", "physicalActivity"),
)
"""Types that are fetched together, since some of their records speak of one event."""

PIECE_DAYS = 14
"""So many days are asked for at once; with what lies around them never more than thirty."""

WALK, DEEP, OFFSETS = "walk", "deep", "offsets"
"""Cursors beside those of types: until where an unfinished walk has come; when late records were last looked for; and
since when it is known that some records write their time with an offset."""

AROUND_MS = 14 * HOUR_MS
"""Looked at on both sides of a piece: a server that compares times as text misplaces those with an offset by it."""

_RECENT_MS = 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class Piece:
    """Documents are wanted of records from ``from_ms`` to ``end_ms`` (None: to now); asked for is a little more."""

    types: tuple[str, ...]
    from_ms: int
    end_ms: int | None
    ask_from_ms: int
    ask_to_ms: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the walk begins for each group of types, and from when on documents of each type are wanted.

    ``goes_on`` is true for the rest of a walk that was interrupted.
    """

    begins: Mapping[tuple[str, ...], int]
    floors: Mapping[str, int]
    is_deep: bool
    goes_on: bool
    now_ms: int

    @property
    def begin_ms(self) -> int:
        """Return where the walk begins."""
        return min(self.begins.values())

    def pieces(self, days: float, *, with_settings: bool) -> Iterator[Piece]:
        """Yield the pieces of the walk, oldest first; the last one has no end."""
        from_ms, goes_on = self.begin_ms, self.goes_on
        while True:
            end_ms: int | None = self._end_of(from_ms, days)
            if end_ms is None or end_ms >= self.now_ms:
                end_ms = None
            until_ms = self.now_ms if end_ms is None else end_ms
            types = [type for group, begin_ms in self.begins.items() if begin_ms < until_ms for type in group]
            if with_settings:
                types.append(SETTINGS)
            yield Piece(
                tuple(types),
                from_ms,
                end_ms,
                from_ms - (AROUND_MS if goes_on else COMPANION_MS),
                self.now_ms + DAY_MS if end_ms is None else end_ms + AROUND_MS,
            )
            if end_ms is None:
                return
            from_ms, goes_on = end_ms, True

    def _end_of(self, from_ms: int, days: float) -> int:
        later = [begin_ms for begin_ms in self.begins.values() if begin_ms > from_ms + _RECENT_MS]
        return min([from_ms + int(days * DAY_MS), *later])


def planned(
    cursors: Cursors, newest: Mapping[str, int], wanted: Collection[str], first_ms: int, now_ms: int
) -> Plan | None:
    """Return what to fetch, None when there is no news.

    ``newest`` is the moment of the newest record of each type at Tidepool, ``wanted`` the types of use; ``first_ms``
    is where to begin with a type of which nothing was had yet. Instants are UTC epoch ms.
    """
    is_deep = OFFSETS in cursors or now_ms - cursors.get(DEEP, 0) >= DEEP_EVERY_MS
    # The rest of the overlap is for what belongs to a record and lies before it.
    overlap_ms = (DEEP_OVERLAP_MS if is_deep else OVERLAP_MS + COMPANION_MS) - COMPANION_MS
    floors = {type: cursors[type] - overlap_ms if type in cursors else first_ms for type in wanted}
    walked_ms = cursors.get(WALK, 0)
    begins: dict[tuple[str, ...], int] = {}
    for group in GROUPS:
        types = [type for type in group if type in wanted]
        news = [type for type in types if newest.get(type, 0) > cursors.get(type, first_ms)]
        if is_deep:
            news += [type for type in types if cursors.get(type, 0) > now_ms - _RECENT_MS]
        if news:
            begins[tuple(types)] = max(min(floors[type] for type in news), walked_ms)
    return Plan(begins, floors, is_deep, walked_ms > 0, now_ms) if begins else None


def newest_by_type(moments: Mapping[str, int], now_ms: int) -> dict[str, int]:
    """Return the moments as news: one in the future says nothing of what lies before it, so it counts as now."""
    return {type: now_ms if at_ms > now_ms + FUTURE_MS else at_ms for type, at_ms in moments.items()}
