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
from app.uploaders.vendor import DEEP_EVERY_MS, DEEP_OVERLAP_MS, Cursors

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
_REMEMBERED_MS = 47 * HOUR_MS  # an hour less than what was brought is remembered
_SHALLOW_MS = 2 * HOUR_MS
_MARK = "_mark"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest record of a type at Tidepool: its moment (UTC epoch ms), and a number made of its content."""

    at_ms: int
    mark: int


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

    ``goes_on`` is true for the rest of a walk that was interrupted. ``reached`` are cursors for when the walk is over,
    ``newest_ms`` what Tidepool has as newest of each type, as far as that can be.
    """

    begins: Mapping[tuple[str, ...], int]
    floors: Mapping[str, int]
    is_deep: bool
    goes_on: bool
    reached: Cursors
    newest_ms: Mapping[str, int]
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
    cursors: Cursors, newest: Mapping[str, Newest], wanted: Collection[str], first_ms: int, now_ms: int
) -> Plan | None:
    """Return what to fetch, None when there is no news.

    ``newest`` is by type, ``wanted`` are the types of use; ``first_ms`` (UTC epoch ms) is where to begin with a type of
    which nothing was had yet.
    """
    is_deep = OFFSETS in cursors or now_ms - cursors.get(DEEP, 0) >= DEEP_EVERY_MS
    # The rest of the overlap is for what belongs to a record and lies before it.
    overlap_ms = DEEP_OVERLAP_MS - COMPANION_MS if is_deep else _SHALLOW_MS
    floors = {type: _floor_ms(cursors[type], overlap_ms, now_ms) if type in cursors else first_ms for type in wanted}
    walked_ms = cursors.get(WALK, 0)
    begins: dict[tuple[str, ...], int] = {}
    for group in GROUPS:
        types = [type for type in group if type in wanted]
        news = [type for type in types if type in newest and _is_news(type, newest[type], cursors, first_ms, now_ms)]
        if is_deep:
            news += [type for type in types if cursors.get(type, 0) > now_ms - _RECENT_MS]
        if news:
            begins[tuple(types)] = max(min(floors[type] for type in news), walked_ms)
    if not begins:
        return None
    reached = {type + _MARK: newest[type].mark for group in begins for type in group if type in newest}
    if is_deep:
        reached[DEEP] = now_ms
    newest_ms = {type: one.at_ms for type, one in newest.items() if one.at_ms <= now_ms + FUTURE_MS}
    return Plan(begins, floors, is_deep, walked_ms > 0, reached, newest_ms, now_ms)


def _floor_ms(cursor_ms: int, overlap_ms: int, now_ms: int) -> int:
    """Return from when on documents are wanted of a type that was read until ``cursor_ms``.

    What was had and is older than what is remembered is not brought again: somebody may have deleted it here.
    """
    return min(cursor_ms + 1, max(cursor_ms - overlap_ms, now_ms - _REMEMBERED_MS))


def _is_news(type: str, newest: Newest, cursors: Cursors, first_ms: int, now_ms: int) -> bool:
    """Tell whether a record is news: a newer one, or the one we know with another content.

    One in the future says nothing of what lies before it.
    """
    if newest.at_ms > now_ms + FUTURE_MS:
        return True
    known_ms = cursors.get(type, first_ms)
    changed = type in cursors and newest.mark != cursors.get(type + _MARK)
    return newest.at_ms > known_ms or (newest.at_ms == known_ms and changed)
