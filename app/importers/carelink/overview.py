"""All rows of a CareLink export seen once: their order, the pump's clock, and which rows tell one event together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

from app.glucose.wall_clock import Placed, WallClock, ZoneSince
from app.importers.bounded import Opened
from app.importers.carelink.boluses import Boluses
from app.importers.carelink.sections import DAILY, UNKNOWN, Layout, Line, lines_of
from app.importers.format import Said
from app.importers.placing import Order, Walks, checked_local
from app.importers.set_clocks import SetClock, Stretch
from app.importers.tables import local_time

_MOST_SETTINGS = 200
_MOST_DEVICES = 50
_MOST_EVENTS = 200_000
_TOGETHER = timedelta(minutes=30)
_ALERTS_APART = timedelta(minutes=5)
_LONGEST_SUSPENSION = timedelta(hours=24)

RESUMED = "normal"
SITE, INSULIN = "Site Change", "Insulin Change"


def local_of(line: Line, order: str) -> datetime:
    """Return the wall-clock time of a row. Raises ``ValueError``."""
    if not line.date:
        raise ValueError("the record has no time")
    return checked_local(local_time(line.date, order, line.time))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Something told in a row that others may belong to."""

    row: int
    local: datetime
    word: str


@dataclass(slots=True)
class _Device:
    """One pump: when its clock was set and to what, and what it told that belongs together."""

    settings: list[tuple[datetime, datetime]] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    suspensions: list[_Seen] = field(default_factory=list)
    deliveries: list[datetime] = field(default_factory=list)
    changes: list[_Seen] = field(default_factory=list)
    alerts: list[_Seen] = field(default_factory=list)
    sticks: set[tuple[datetime, str]] = field(default_factory=set)


@dataclass(slots=True)
class Overview:
    """What has to be known of all rows before the first is read.

    ``suspended_min`` has the length of each suspension by the row that begins it, ``changes`` what was changed by the
    row that tells it, ``kept_alerts`` the rows of alerts that are told; ``open_suspensions`` never ended in the file.
    """

    boluses: Boluses = field(default_factory=Boluses)
    suspended_min: dict[int, float] = field(default_factory=dict)
    changes: dict[int, str] = field(default_factory=dict)
    kept_alerts: set[int] = field(default_factory=set)
    open_suspensions: int = 0
    _orders: dict[int, Order] = field(default_factory=dict)
    _devices: dict[str, _Device] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Opened, layout: Layout, order: str) -> Overview:
        """Look through a file."""
        made = cls()
        for line in lines_of(file, layout):
            if line.section.kind not in (DAILY, UNKNOWN):
                made._see(line, order)
        made.boluses.settle()
        for device in made._devices.values():
            made._settle(device)
        return made

    def newest_first(self, section: int) -> bool:
        """Tell whether the rows of a section go back in time, as CareLink writes them."""
        order = self._orders.get(section)
        return order is not None and order.newest_first

    def is_known_stick(self, line: Line, local: datetime, value: str) -> bool:
        """Tell whether a calibration is told as a reading of the meter too."""
        device = self._devices.get(line.section.serial)
        near = (local + timedelta(minutes=apart) for apart in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5))
        return device is not None and any((_minute(time), value) in device.sticks for time in near)

    def settings_of(self, serial: str) -> list[tuple[datetime, datetime]]:
        """Return from what to what a device's clock was set, in the order of time."""
        device = self._devices.get(serial)
        return device.settings if device else []

    def times_of(self, serial: str) -> list[datetime]:
        """Return some times a device whose clock was set wrote, the day of each once."""
        device = self._devices.get(serial)
        return device.times if device else []

    def _see(self, line: Line, order: str) -> None:
        try:
            local = local_of(line, order)
        except ValueError:
            return
        self._orders.setdefault(line.section.number, Order()).see(local)
        self.boluses.see(line, local)
        serial = line.section.serial
        if serial not in self._devices and len(self._devices) >= _MOST_DEVICES:
            return
        device = self._devices.setdefault(serial, _Device())
        if not device.times or device.times[-1].date() != local.date():
            device.times.append(local)
        new_time = _new_time(line, order, local)
        if new_time is not None and len(device.settings) < _MOST_SETTINGS:
            device.settings.append((local, new_time))
        self._see_events(line, local, device)

    def _see_events(self, line: Line, local: datetime, device: _Device) -> None:
        if len(device.alerts) + len(device.changes) + len(device.suspensions) >= _MOST_EVENTS:
            return
        if line.at("suspend"):
            device.suspensions.append(_Seen(line.number, local, line.at("suspend").lower()))
        if line.at("bolus volume delivered"):
            device.deliveries.append(local)
        change = _change_in(line)
        if change:
            device.changes.append(_Seen(line.number, local, change))
        if line.at("alert"):
            device.alerts.append(_Seen(line.number, local, line.at("alert").lower()))
        if line.at("bg reading"):
            device.sticks.add((_minute(local), line.at("bg reading")))

    def _settle(self, device: _Device) -> None:
        device.settings.sort()
        self._settle_suspensions(device)
        self._settle_changes(device)
        self._settle_alerts(device)

    def _settle_suspensions(self, device: _Device) -> None:
        began: _Seen | None = None
        deliveries = sorted(device.deliveries)
        for one in sorted(device.suspensions, key=lambda one: one.local):
            if RESUMED not in one.word:
                began = began or one
            elif began is not None:
                self._end(began, one.local, deliveries)
                began = None
        if began is not None:
            self._end(began, None, deliveries)

    def _end(self, began: _Seen, resumed: datetime | None, deliveries: list[datetime]) -> None:
        """Note how long a suspension was: until the pump went on, or gave something, whichever is told first."""
        end = next((one for one in deliveries if one > began.local), None)
        ends = [one for one in (resumed, end) if one is not None]
        length = min(ends) - began.local if ends else None
        if length is None or length > _LONGEST_SUSPENSION:
            self.open_suspensions += 1
        else:
            self.suspended_min[began.row] = length.total_seconds() / 60

    def _settle_changes(self, device: _Device) -> None:
        """Of rewind, filled tubing and filled cannula close together, keep one change of site and one of insulin."""
        group: list[_Seen] = []
        for one in [*sorted(device.changes, key=lambda one: one.local), None]:
            if group and (one is None or one.local - group[-1].local > _TOGETHER):
                for word in (SITE, INSULIN):
                    first = next((seen for seen in group if seen.word == word), None)
                    if first is not None:
                        self.changes[first.row] = word
                group = []
            if one is not None:
                group.append(one)

    def _settle_alerts(self, device: _Device) -> None:
        before: dict[str, datetime] = {}
        for one in sorted(device.alerts, key=lambda one: one.local):
            last = before.get(one.word)
            if last is None or one.local - last > _ALERTS_APART:
                self.kept_alerts.add(one.row)
            before[one.word] = one.local


class Placing:
    """Places the rows of a file one after the other, each section for itself."""

    def __init__(self, wall_clock: WallClock, overview: Overview) -> None:
        self._person = wall_clock
        self._overview = overview
        self._clocks: dict[str, WallClock] = {}
        self._walks: dict[tuple[str, bool], Walks] = {}
        self._set = 0

    def place(self, line: Line, local: datetime) -> Placed:
        """Return where the next row lies; the offset is that of the person's zone. Raises ``BadRecord``."""
        section, newest_first = line.section, self._overview.newest_first(line.section.number)
        which = (section.serial, newest_first)
        if which not in self._walks:
            self._walks[which] = Walks(self._clock_of(section.serial), newest_first=newest_first)
        placed = self._walks[which].place(section.number, local)
        if self._overview.settings_of(section.serial):
            return Placed(placed.at_ms, self._person.offset_min(placed.at_ms), placed.came)
        return placed

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say of the times."""
        for walks in self._walks.values():
            yield from walks.notes()
        if self._set:
            yield Said(
                f"The pump's clock was set {self._set} times; what it wrote is placed by how its clock was then."
            )

    def _clock_of(self, serial: str) -> WallClock:
        if serial not in self._clocks:
            settings = self._overview.settings_of(serial)
            self._set += len(settings)
            made = _set_clock(self._person, settings, self._overview.times_of(serial)) if settings else self._person
            self._clocks[serial] = made
        return self._clocks[serial]


def _set_clock(person: WallClock, settings: list[tuple[datetime, datetime]], times: list[datetime]) -> WallClock:
    """Return the clock of a pump that nobody but its wearer sets: one offset from one setting to the next."""
    stretches = [Stretch()]
    for old, new in settings:
        stretches.append(Stretch(ahead_min=stretches[-1].ahead_min + (new - old).total_seconds() / 60))
    for local in sorted(times):
        stretches[sum(old <= local for old, _ in settings)].see(local)
    base_min = SetClock(person, stretches).base_min
    zones = [ZoneSince(0, _zone(base_min))]
    for (old, _), before, after in zip(settings, stretches, stretches[1:], strict=False):
        at_ms = int((old - timedelta(minutes=base_min + before.ahead_min) - _EPOCH).total_seconds() * 1000)
        zones.append(ZoneSince(at_ms, _zone(base_min + after.ahead_min)))
    return WallClock(zones)


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a time on a pump has no zone)


def _zone(offset_min: float) -> tzinfo:
    return timezone(timedelta(seconds=round(60 * offset_min)))


def _new_time(line: Line, order: str, local: datetime) -> datetime | None:
    """Return what the clock was set to in a row: date and time, or a time of day near the old one."""
    text = line.at("new device time")
    if not text:
        return None
    try:
        return checked_local(local_time(text, order))
    except ValueError:
        pass
    try:
        alone = local_time(f"{local:%Y-%m-%d}", "ymd", text)
    except ValueError:
        return None
    near = (alone + timedelta(days=days) for days in (-1, 0, 1))
    return min(near, key=lambda one: abs(one - local))


def _change_in(line: Line) -> str:
    """Return what a row tells was changed: the insulin by rewinding or filling the tubing, the site by its filling."""
    prime = line.at("prime type").lower()
    if "cannula" in prime or "fixed" in prime:
        return SITE
    return INSULIN if prime or line.at("rewind") else ""


def _minute(local: datetime) -> datetime:
    return local.replace(second=0)
