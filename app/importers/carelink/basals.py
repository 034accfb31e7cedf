"""Basal in a CareLink export: the small boluses of the automatic mode, which were given, and the pattern, which is set.

What the 780G gives as basal in its automatic mode is in the totals of each day only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.glucose.units import Unit, from_unit
from app.glucose.wall_clock import Placed, WallClock
from app.importers.carelink.mapping import SOURCE, VENDOR, act_of, delivered_in
from app.importers.carelink.sections import Line
from app.importers.format import Found, Item, Rejected
from app.importers.readings import unit_in
from app.importers.tables import number_in
from app.records.sources.acts import MOST_RATE_U_PER_H, temp_basal
from app.records.sources.documents import MINUTE_MS
from app.records.sources.profile_document import PumpProfile, Step, profile_document, profile_store, sight_of
from app.store.interface import Document

STEP_MS = 5 * MINUTE_MS
_SHORTEST_MS = MINUTE_MS
_PATTERN = "CareLink pattern"
_MOST_DAYS = 20_000


@dataclass(frozen=True, slots=True)
class _Dose:
    line: Line
    local: datetime
    placed: Placed
    units: float


@dataclass(slots=True)
class MicroBasals:
    """The small boluses of one section, row after row; each lasts five minutes, or until the next one."""

    newest_first: bool
    _before: _Dose | None = None

    def see(self, line: Line, local: datetime, placed: Placed) -> Iterator[Item]:
        """Yield the older of this dose and the one before it, now that its end is known. Raises ``ValueError``."""
        dose = _Dose(line, local, placed, delivered_in(line))
        before, self._before = self._before, dose
        if self.newest_first:
            yield _found(dose, before)
        elif before is not None:
            yield _found(before, dose)

    def rest(self) -> Iterator[Item]:
        """Yield the last one, once no row follows."""
        if self._before is not None and not self.newest_first:
            yield _found(self._before, None)
        self._before = None


def _found(dose: _Dose, following: _Dose | None) -> Item:
    length_ms = STEP_MS
    if following is not None and 0 < following.placed.at_ms - dose.placed.at_ms < STEP_MS:
        length_ms = max(following.placed.at_ms - dose.placed.at_ms, _SHORTEST_MS)
    rate = dose.units * 60 * MINUTE_MS / length_ms
    if dose.units * 12 > MOST_RATE_U_PER_H:
        return Rejected(dose.line.place, "the basal insulin is no amount")
    act = act_of(dose.line, dose.local, dose.placed, "micro")
    document = temp_basal(rate_u_per_h=rate, duration_min=length_ms / MINUTE_MS, **act)
    return Found("treatments", document, dose.line.place)


@dataclass(slots=True)
class Pattern:
    """The programmed basal by day, and what the calculator reckoned with last; for a profile, on request."""

    days: dict[date, dict[int, float]] = field(default_factory=dict)
    place: str = ""
    _told: dict[str, tuple[datetime, float]] = field(default_factory=dict)

    def see(self, line: Line, local: datetime, unit: Unit) -> None:
        """Take note of the next row. Raises ``ValueError`` for a rate that is no number."""
        rate = number_in(line.at("basal rate"))
        if rate is not None and 0 <= rate <= MOST_RATE_U_PER_H and len(self.days) < _MOST_DAYS:
            self.days.setdefault(local.date(), {})[local.hour * 60 + local.minute] = rate
            self.place = self.place or line.place
        if line.bracket("bwz carb ratio").startswith("g"):
            self._tell("ratio", local, _number(line, "bwz carb ratio"))
        for name, column in _GLUCOSE.items():
            value = _number(line, column)
            if value:
                self._tell(name, local, from_unit(value, unit_in(line.bracket(column)) or unit))

    def documents(self, wall_clock: WallClock, now_ms: int) -> Iterator[Document]:
        """Yield the profile of the newest whole day, none where there is no pattern. Raises ``BadRecord``."""
        whole = sorted(self.days)[:-1] or sorted(self.days)
        if not whole:
            return
        day = whole[-1]
        steps: dict[int, float] = dict(self.days[day])
        before = self.days.get(day - timedelta(days=1))
        if 0 not in steps and before:
            steps[0] = before[max(before)]
        since_ms = wall_clock.place(datetime(day.year, day.month, day.day)).at_ms  # noqa: DTZ001
        profile = PumpProfile(
            _PATTERN,
            basal=sorted(steps.items()),
            carb_ratio=self._step("ratio"),
            sens=self._step("sens"),
            target_low=self._step("low"),
            target_high=self._step("high"),
        )
        zone = wall_clock.zone_at(since_ms)
        store = profile_store([profile], zone.key if isinstance(zone, ZoneInfo) else "")
        sight = sight_of(_PATTERN, store, None, min(since_ms, now_ms))
        yield profile_document(VENDOR, "", _PATTERN, store, sight, SOURCE)

    def _tell(self, name: str, local: datetime, value: float | None) -> None:
        if value and (name not in self._told or self._told[name][0] <= local):
            self._told[name] = (local, value)

    def _step(self, name: str) -> list[Step]:
        return [(0, self._told[name][1])] if name in self._told else []


def _number(line: Line, name: str) -> float | None:
    try:
        return number_in(line.at(name))
    except ValueError:
        return None


_GLUCOSE = {"sens": "bwz insulin sensitivity", "low": "bwz target low bg", "high": "bwz target high bg"}
