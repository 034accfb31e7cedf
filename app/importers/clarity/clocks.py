"""The clocks of displays, found out from the clock of the transmitter, which nobody sets.

A transmitter counts seconds; a display writes what its own clock showed. The difference of the two stays the same
until the display's clock is changed: by a journey, by summer time, by hand. All readings with one difference are a
*lane*: they were taken while the clock had one offset from UTC. Rows are sorted by the time shown, so both hours of a
clock that went back lie between each other; in lanes they fall apart again.

How far lanes are apart is exact. Where all of them lie together is found by asking where most readings agree with the
zones the person lived in. From one transmitter to the next the display is taken to be as right or wrong as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.glucose.wall_clock import Came, Placed, WallClock
from app.importers.format import Said

QUARTER_S = 900
HOUR_S = 3600
DAY_S = 86_400

_SAME_LANE_S = 450
"""Half a quarter of an hour: less is drift of the transmitter's quartz (a second or two a day), more a set clock."""

_ROUND_S = 300  # a step this close to whole quarters of an hour is that many
_SAME_SESSION_S = 27 * HOUR_S
"""More than offsets on Earth differ: beyond it lies a transmitter that began to count anew."""

_LINKED_S = 12 * HOUR_S
_AGREES_S = 480
_NEAR_HOURS = 12
_MOST_LANES = 5000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a time on a display has no zone)


def seconds_of(local: datetime) -> int:
    """Return a displayed time as seconds since 1970 on that display."""
    return int((local - _EPOCH).total_seconds())


@dataclass(slots=True, eq=False)
class Lane:
    """Readings of one transmitter while the display's clock had one offset.

    ``lowest_s`` and ``highest_s`` are what shown time and count differ by; ``ahead_s`` is by how much the clock was
    ahead of the first lane it is compared with, ``offset_s`` of UTC.
    """

    lowest_s: int
    highest_s: int
    ahead_s: int = 0
    offset_s: int = 0
    days: Counter[int] = field(default_factory=Counter)
    hours: set[int] = field(default_factory=set)

    def away_s(self, difference_s: int) -> int:
        """Return how far a difference lies outside of this lane."""
        return max(self.lowest_s - difference_s, difference_s - self.highest_s, 0)

    def see(self, difference_s: int, local_s: int) -> None:
        """Take note of one of its readings."""
        self.lowest_s = min(self.lowest_s, difference_s)
        self.highest_s = max(self.highest_s, difference_s)
        self.days[local_s // DAY_S] += 1
        self.hours.add(local_s // HOUR_S)

    @property
    def middle_s(self) -> int:
        """Return the difference in the middle."""
        return (self.lowest_s + self.highest_s) // 2


@dataclass(slots=True)
class _End:
    ticks: int
    local_s: int
    lane: Lane


@dataclass(slots=True)
class _Session:
    """One transmitter from when it began to count, as one display heard it."""

    about_s: int
    lanes: list[Lane] = field(default_factory=list)
    first: _End | None = None
    last: _End | None = None

    def lane_of(self, difference_s: int) -> Lane | None:
        near = min(self.lanes, key=lambda lane: lane.away_s(difference_s), default=None)
        return near if near is not None and near.away_s(difference_s) <= _SAME_LANE_S else None

    def see(self, ticks: int, local_s: int, lane: Lane) -> None:
        lane.see(local_s - ticks, local_s)
        if self.first is None or ticks < self.first.ticks:
            self.first = _End(ticks, local_s, lane)
        if self.last is None or ticks > self.last.ticks:
            self.last = _End(ticks, local_s, lane)

    def ends(self) -> tuple[_End, _End]:
        if self.first is None or self.last is None:
            raise AssertionError("a session begins with a reading")
        return self.first, self.last

    def lay_out(self, start_s: int) -> None:
        """Say of each lane how far ahead it is, the one it began in being ahead by ``start_s``."""
        began_s = self.ends()[0].lane.middle_s
        for lane in self.lanes:
            step_s = lane.middle_s - began_s
            quarters_s = QUARTER_S * round(step_s / QUARTER_S)
            lane.ahead_s = start_s + (quarters_s if abs(step_s - quarters_s) <= _ROUND_S else step_s)

    def at(self, local_s: int) -> _End:
        """Return where it was when the next one began: in the lane of that hour, else in its last."""
        last = self.ends()[1]
        if local_s >= last.local_s:
            return last
        lane = next((lane for lane in self.lanes if local_s // HOUR_S in lane.hours), last.lane)
        return _End(last.ticks, local_s, lane)


class Clocks:
    """The clocks of all displays of a file. First ``see`` every reading, then ``settle``, then ``place``."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], list[_Session]] = {}
        self._lanes = 0
        self._by_hour: dict[str, dict[int, list[Lane]]] = {}
        self._wall_clock: WallClock | None = None
        self._offsets_s: set[int] = set()
        self._elsewhere = 0
        self._before: datetime | None = None
        self._untold: Counter[Came] = Counter()

    def see(self, display: str, transmitter: str, ticks: int, local: datetime) -> None:
        """Take note of a reading: which display showed it, whose it was, the count, the time shown."""
        local_s = seconds_of(local)
        session = self._session(display, transmitter, local_s - ticks)
        if session is None:
            if self._lanes >= _MOST_LANES:
                return
            session = _Session(local_s - ticks)
            self._sessions.setdefault((display, transmitter), []).append(session)
        lane = session.lane_of(local_s - ticks)
        if lane is None:
            if self._lanes >= _MOST_LANES:
                return
            lane = Lane(local_s - ticks, local_s - ticks)
            session.lanes.append(lane)
            self._lanes += 1
        session.see(ticks, local_s, lane)

    def settle(self, wall_clock: WallClock) -> None:
        """Find out where on the time line all lanes lie."""
        self._wall_clock = wall_clock
        for display in {display for display, _ in self._sessions}:
            for chain in self._chains(display, wall_clock):
                self._fit(chain, wall_clock)
                by_hour = self._by_hour.setdefault(display, {})
                for lane in _lanes_of(chain):
                    for hour in lane.hours:
                        by_hour.setdefault(hour, []).append(lane)

    def place_counted(self, display: str, transmitter: str, ticks: int, local: datetime) -> Placed | None:
        """Return where a reading with a count lies, None when nothing of the kind was seen."""
        difference_s = seconds_of(local) - ticks
        session = self._session(display, transmitter, difference_s)
        lane = session.lane_of(difference_s) if session else None
        return _placed(local, lane.offset_s) if lane else None

    def place(self, display: str, local: datetime, *, is_reading: bool) -> Placed:
        """Return where something without a count lies: by the readings around it, else by the zones of the person."""
        by_hour = self._by_hour.get(display)
        if by_hour is None and self._by_hour:
            by_hour = next(iter(self._by_hour.values()))
        lanes = _around(by_hour, seconds_of(local) // HOUR_S) if by_hour else ()
        if lanes:
            # Where the hour came twice the file does not say which it was.
            self._untold[Came.TWICE] += len({lane.offset_s for lane in lanes}) > 1
            return _placed(local, max(lane.offset_s for lane in lanes))
        return self._by_zone(local, is_reading=is_reading)

    def shared(self) -> frozenset[str]:
        """Return the transmitters that more than one display heard."""
        heard = Counter(transmitter for _, transmitter in self._sessions)
        return frozenset(transmitter for transmitter, displays in heard.items() if displays > 1)

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say once all is placed."""
        if len(self._offsets_s) > 1:
            shown = ", ".join(_written(offset_s) for offset_s in sorted(self._offsets_s))
            yield Said(
                f"The clock of the display was changed: it showed {shown}. Every reading lies where the transmitter's "
                "own clock puts it."
            )
        if self._elsewhere:
            yield Said(
                f"{self._elsewhere} readings were taken while the display showed another time than that of the zone, "
                "as on a journey."
            )
        if self._untold[Came.TWICE]:
            yield Said(
                f"{self._untold[Came.TWICE]} records without a transmitter time lie in an hour that came twice; the "
                "file does not say in which of the two."
            )
        if self._untold[Came.NEVER]:
            yield Said(
                f"{self._untold[Came.NEVER]} records lie in an hour that was left out because clocks were set forward; "
                "they are moved on by that hour."
            )

    def _session(self, display: str, transmitter: str, difference_s: int) -> _Session | None:
        sessions = self._sessions.get((display, transmitter), ())
        return next((one for one in sessions if abs(one.about_s - difference_s) <= _SAME_SESSION_S), None)

    def _chains(self, display: str, wall_clock: WallClock) -> Iterator[list[_Session]]:
        """Yield the sessions of a display, those together that follow each other within hours."""
        mine = [one for (shown_by, _), sessions in self._sessions.items() if shown_by == display for one in sessions]
        chain: list[_Session] = []
        for session in sorted((one for one in mine if one.first), key=lambda one: one.ends()[0].local_s):
            began = session.ends()[0]
            latest = max(chain, key=lambda one: one.ends()[1].local_s, default=None)
            if latest is not None and began.local_s - latest.ends()[1].local_s <= _LINKED_S:
                before = latest.at(began.local_s)
                turned_s = _zone_s(wall_clock, began.local_s) - _zone_s(wall_clock, before.local_s)
                session.lay_out(before.lane.ahead_s + turned_s)
            else:
                if chain:
                    yield chain
                chain = []
                session.lay_out(0)
            chain.append(session)
        if chain:
            yield chain

    def _fit(self, chain: Sequence[_Session], wall_clock: WallClock) -> None:
        """Give each lane its offset: the one with which most readings agree with the clock on the wall."""
        readings: Counter[int] = Counter()
        newest: dict[int, int] = {}
        days = {day for lane in _lanes_of(chain) for day in lane.days}
        there_s = {day: _offsets_of_day(wall_clock, day) for day in days}
        for lane in _lanes_of(chain):
            for day, count in lane.days.items():
                for base_s in {offset_s - lane.ahead_s for offset_s in there_s[day]}:
                    readings[base_s] += count
                    newest[base_s] = max(newest.get(base_s, day), day)
        base_s = max(readings, key=lambda one: (readings[one], newest[one]))
        for lane in _lanes_of(chain):
            lane.offset_s = base_s + lane.ahead_s
            self._offsets_s.add(lane.offset_s)
            for day, count in lane.days.items():
                if all(abs(offset_s - lane.offset_s) > _AGREES_S for offset_s in there_s[day]):
                    self._elsewhere += count

    def _by_zone(self, local: datetime, *, is_reading: bool) -> Placed:
        """Place by the zones alone. Two readings close together in an hour that came twice are one of each hour."""
        if self._wall_clock is None:
            raise AssertionError("clocks are settled before anything is placed")
        found = self._wall_clock.places(local)
        if not found:
            self._untold[Came.NEVER] += 1
            return self._wall_clock.place(local)
        if len(found) == 1:
            return found[0]
        self._untold[Came.TWICE] += 1
        if not is_reading:
            return found[0]
        before, self._before = self._before, None
        if before is not None and timedelta() <= local - before < timedelta(seconds=150):
            return found[-1]
        self._before = local
        return found[0]


def _lanes_of(chain: Sequence[_Session]) -> Iterator[Lane]:
    for session in chain:
        yield from session.lanes


def _around(by_hour: dict[int, list[Lane]], hour: int) -> Sequence[Lane]:
    """Return the lanes of an hour, else those of the nearest one there is."""
    for away in range(_NEAR_HOURS + 1):
        for near in (hour - away, hour + away):
            if near in by_hour:
                return by_hour[near]
    return ()


def _placed(local: datetime, offset_s: int) -> Placed:
    return Placed(1000 * (seconds_of(local) - offset_s), round(offset_s / 60))


def _zone_s(wall_clock: WallClock, local_s: int) -> int:
    return 60 * wall_clock.place(_EPOCH + timedelta(seconds=local_s)).offset_min


def _offsets_of_day(wall_clock: WallClock, day: int) -> set[int]:
    return {_zone_s(wall_clock, day * DAY_S), _zone_s(wall_clock, (day + 1) * DAY_S)}


def _written(offset_s: int) -> str:
    sign = "−" if offset_s < 0 else "+"
    return f"UTC{sign}{abs(offset_s) // HOUR_S}:{abs(offset_s) % HOUR_S // 60:02}"
