"""What has to be known of all rows of a LibreView table before the first is read: their order, clocks, and meals."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from app.glucose.wall_clock import Placed, WallClock
from app.importers.bounded import Opened
from app.importers.format import Said
from app.importers.libreview.columns import Layout
from app.importers.placing import Order, Walks, checked_local
from app.importers.set_clocks import SetClock, Stretch
from app.importers.tables import local_time, number_in, rows
from app.records.sources.acts import MOST_CARBS_G, MOST_INSULIN_U
from app.records.sources.documents import amount_of

_MOST_MEALS = 400_000
_MOST_SETTINGS = 200
_MOST_DEVICES = 500
_FAST_INSULIN = frozenset({"rapid", "meal", "correction", "change"})


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number, and those of its fields that hold anything, by what they are."""

    number: int
    fields: Mapping[str, str]

    def at(self, name: str) -> str:
        """Return a field, empty where the row has none."""
        return self.fields.get(name, "")

    @property
    def place(self) -> str:
        """Return where it stands, in words."""
        return f"row {self.number}"

    @property
    def device(self) -> str:
        """Return what tells one device from another."""
        return self.at("serial") or self.at("device")

    def local(self, order: str) -> datetime:
        """Return its wall-clock time. Raises ``ValueError``."""
        return checked_local(local_time(self.at("time"), order))


def lines_of(file: Opened, layout: Layout) -> Iterator[Line]:
    """Yield the rows below the header that hold anything; a header that comes again is none."""
    header: tuple[str, ...] | None = None
    with file.open() as content:
        for row in rows(content, file.unpacked_head, layout.delimiter):
            if row.number == layout.header_row:
                header = row.fields
            elif row.number > layout.header_row and any(row.fields) and row.fields != header:
                fields, width = row.fields, len(row.fields)
                there = {name: fields[at] for name, at in layout.places.items() if at < width and fields[at]}
                yield Line(row.number, there)


def number_or_none(text: str) -> float | None:
    """Return a number, None for an empty field and for what is no number."""
    try:
        return number_in(text)
    except ValueError:
        return None


def fast_insulin_u(line: Line) -> float:
    """Return the units of a row: as entered, else the parts the reader's calculator gave. Raises ``ValueError``."""
    if _FAST_INSULIN.isdisjoint(line.fields):
        return 0.0
    entered = number_in(line.at("rapid"))
    if entered is None:
        parts = [number_in(line.at(name)) or 0.0 for name in ("meal", "correction", "change")]
        entered = max(sum(parts), 0.0)
    return amount_of(entered, most=MOST_INSULIN_U, what="insulin")


def eaten_g(line: Line) -> float:
    """Return the grams of carbohydrate of a row. Raises ``ValueError``."""
    return amount_of(number_in(line.at("carbs")), most=MOST_CARBS_G, what="carbohydrate")


@dataclass(slots=True)
class _Device:
    """The order of a device's rows: all together, and of each kind alone."""

    together: Order = field(default_factory=Order)
    by_kind: dict[str, Order] = field(default_factory=dict)

    def see(self, kind: str, local: datetime) -> None:
        self.together.see(local)
        if kind in self.by_kind or len(self.by_kind) < 10:
            self.by_kind.setdefault(kind, Order()).see(local)

    @property
    def is_grouped(self) -> bool:
        """Tell whether the rows are in order within each kind only."""
        return self.together.against > sum(order.against for order in self.by_kind.values())


@dataclass(slots=True)
class Overview:
    """All rows seen once. ``carbs_g`` has the grams eaten in a device's minute, ``doses`` minutes with fast insulin."""

    devices: dict[str, _Device] = field(default_factory=dict)
    carbs_g: dict[Hashable, list[float]] = field(default_factory=dict)
    doses: set[Hashable] = field(default_factory=set)
    stretches: list[Stretch] = field(default_factory=lambda: [Stretch()])
    _settings_min: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, file: Opened, layout: Layout, order: str) -> Overview:
        """Look through a file."""
        made = cls()
        for line in lines_of(file, layout):
            made._see(line, order)
        made._reckon_stretches()
        return made

    @property
    def newest_first(self) -> bool:
        """Tell whether the rows go back in time."""
        orders = [order for device in self.devices.values() for order in device.by_kind.values()]
        return sum(order.backward for order in orders) > sum(order.forward for order in orders)

    def walk_of(self, line: Line) -> Hashable:
        """Return what goes through time in order: the device, or its rows of one kind."""
        device = self.devices.get(line.device)
        return (line.device, line.at("type")) if device and device.is_grouped else line.device

    def _see(self, line: Line, order: str) -> None:
        try:
            local = line.local(order)
        except ValueError:
            return
        set_min = setting_min(line, order)
        if set_min is not None and len(self._settings_min) < _MOST_SETTINGS:
            self._settings_min.append(set_min)
            self.stretches.append(Stretch())
            return
        self.stretches[-1].see(local)
        if line.device in self.devices or len(self.devices) < _MOST_DEVICES:
            self.devices.setdefault(line.device, _Device()).see(line.at("type"), local)
        minute = (line.device, local)
        if len(self.doses) + len(self.carbs_g) < _MOST_MEALS:
            with suppress(ValueError):
                if fast_insulin_u(line):
                    self.doses.add(minute)
            with suppress(ValueError):
                if carbs_g := eaten_g(line):
                    self.carbs_g.setdefault(minute, []).append(carbs_g)

    def _reckon_stretches(self) -> None:
        sign = -1 if self.newest_first else 1
        for number, set_min in enumerate(self._settings_min):
            self.stretches[number + 1].ahead_min = self.stretches[number].ahead_min + sign * set_min


def setting_min(line: Line, order: str) -> float | None:
    """Return by how many minutes the clock was set on in this row, None where it was not set."""
    if not line.at("previous") or not line.at("updated"):
        return None
    try:
        previous, updated = local_time(line.at("previous"), order), local_time(line.at("updated"), order)
    except ValueError:
        return None
    return (updated - previous).total_seconds() / 60


class Placing:
    """Places the rows of a file one after the other."""

    def __init__(self, wall_clock: WallClock, overview: Overview, order: str) -> None:
        self._overview = overview
        self._order = order
        self._walks = Walks(wall_clock, newest_first=overview.newest_first)
        self._set_clock = SetClock(wall_clock, overview.stretches) if len(overview.stretches) > 1 else None
        self._stretch = 0

    def place(self, line: Line, local: datetime) -> Placed:
        """Return where the next row lies."""
        if self._set_clock is None:
            return self._walks.place(self._overview.walk_of(line), local)
        return self._set_clock.place(local, self._stretch)

    def is_setting(self, line: Line) -> bool:
        """Tell whether this row says that the clock was set; the rows after it are from another stretch."""
        if setting_min(line, self._order) is None:
            return False
        self._stretch = min(self._stretch + 1, len(self._overview.stretches) - 1)
        return True

    @property
    def is_by_stretch(self) -> bool:
        """Tell whether the device wrote down when its clock was set."""
        return self._set_clock is not None

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say of the times."""
        yield from self._walks.notes()
        if self._set_clock is not None:
            count = len(self._overview.stretches) - 1
            yield Said(f"The device's clock was set {count} times; what it wrote is placed by how its clock was then.")
