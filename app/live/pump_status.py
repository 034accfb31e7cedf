"""What the pump last said of itself: clock, reservoir, battery, what it does, and how much each of it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.config import Settings
from app.glucose.levels import Level
from app.glucose.nightscout_texts import js_text
from app.glucose.numbers import figure
from app.live.fields import Document, part, text
from app.live.setting_values import number_set, switched_on
from app.live.statuses import Status, with_part

_MINUTE_MS = 60_000
_WORDS = ("bolusing", "suspended")
_LEVELS: dict[float | None, Level] = {level: level for level in Level}
_STALE = {Level.WARN: "Warning, Pump data stale", Level.URGENT: "URGENT: Pump data stale"}
_LOW = {Level.WARN: "Warning, Pump {} Low", Level.URGENT: "URGENT: Pump {} Low"}


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number of the pump, and how much it matters."""

    value: float
    level: Level


@dataclass(frozen=True, slots=True)
class PumpStatus:
    """The device status that says most about the pump now, and what it says; None where it says nothing.

    ``heard_ms`` is the pump's clock, else when the status came; ``clock_ms`` the pump's clock alone. ``word`` is what
    the pump does (``normal``, ``bolusing``, ``suspended`` or its own word). ``level`` is the highest of all levels,
    NONE while the loop was put out of action on purpose.
    """

    status: Status
    heard_ms: int
    clock_ms: int | None = None
    clock_level: Level = Level.NONE
    reservoir: Gauge | None = None
    percent: Gauge | None = None
    volts: Gauge | None = None
    word: str = ""
    word_level: Level = Level.NONE
    level: Level = Level.NONE

    @property
    def pump(self) -> Document:
        """The part of the status that is about the pump."""
        return part(self.status.document, "pump")

    @property
    def battery(self) -> Gauge | None:
        """The battery, in percent where it is told so."""
        return self.percent or self.volts

    @property
    def reservoir_text(self) -> str | None:
        """What is left, ``30.0U``; in the pump's own words where it has some; an Omnipod's silence is ``50+ U``."""
        told = text(self.pump.get("reservoir_display_override"))
        if self.reservoir:
            three_digits = f"{self.reservoir.value:#.3g}".rstrip(".")
            return told or f"{three_digits}U"
        return told or ("50+ U" if text(self.pump.get("manufacturer")) == "Insulet" else None)

    @property
    def battery_text(self) -> str | None:
        """The charge, ``80%`` or ``1.4v``."""
        if self.battery is None:
            return None
        return f"{js_text(self.battery.value)}{'%' if self.battery is self.percent else 'v'}"

    @property
    def message(self) -> str:
        """Battery and reservoir, a line each."""
        shown = (("Battery", self.battery_text), ("Reservoir", self.reservoir_text))
        return "\n".join(f"Pump {what}: {told}" for what, told in shown if told)

    @property
    def complaints(self) -> dict[str, tuple[Level, str]]:
        """What warns or is urgent, and its words, by ``clock``, ``reservoir``, ``battery`` and ``status``."""
        found = {"clock": (self.clock_level, _STALE.get(self.clock_level, ""))}
        for name, gauge in (("reservoir", self.reservoir), ("battery", self.battery)):
            if gauge:
                found[name] = (gauge.level, _LOW.get(gauge.level, "").format(name.capitalize()))
        found["status"] = (self.word_level, "Pump Suspended")
        return {name: complaint for name, complaint in found.items() if complaint[0] >= Level.WARN}


def pump_status(
    statuses: Iterable[Status], now_ms: int, settings: Settings, *, hour: float, offline: bool
) -> PumpStatus | None:
    """Return what the pump last said, None when it said nothing for twice PUMP_URGENT_CLOCK minutes.

    ``hour`` is how late it is where the pump is, for quiet nights; ``offline`` tells that somebody put the loop out of
    action.
    """
    recent_ms = number_set(settings, "PUMP_URGENT_CLOCK") * 2 * _MINUTE_MS
    newest: PumpStatus | None = None
    for status, pump in with_part(statuses, "pump", int(now_ms - recent_ms), now_ms):
        clock_ms = status.said_ms(pump, "clock")
        heard_ms = status.at_ms if clock_ms is None else clock_ms
        if newest is None or heard_ms > newest.heard_ms:
            newest = PumpStatus(status, heard_ms, clock_ms)
    return _judged(newest, now_ms, settings, hour, offline) if newest else None


def _judged(found: PumpStatus, now_ms: int, settings: Settings, hour: float, offline: bool) -> PumpStatus:
    pump, battery = found.pump, part(found.pump, "battery")
    night = not number_set(settings, "DAY_START") <= hour <= number_set(settings, "DAY_END")
    quiet = night and switched_on(settings, "PUMP_WARN_BATT_QUIET_NIGHT")
    reservoir = _gauge(figure(pump.get("reservoir")), "RES", settings)
    if reservoir:
        told = figure(pump.get("reservoir_level_override"))
        reservoir = Gauge(reservoir.value, _LEVELS.get(told, reservoir.level))
    word = _word(pump)
    suspended = word == "suspended" and switched_on(settings, "PUMP_WARN_ON_SUSPEND")
    judged = replace(
        found,
        clock_level=_clock_level(found.clock_ms, now_ms, settings),
        reservoir=reservoir,
        percent=_gauge(figure(battery.get("percent")) or None, "BATT_P", settings, quiet=quiet),
        volts=_gauge(figure(battery.get("voltage")) or None, "BATT_V", settings, quiet=quiet),
        word=word,
        word_level=Level.WARN if suspended else Level.NONE,
    )
    gauges = [gauge.level for gauge in (judged.reservoir, judged.battery) if gauge]
    highest = max(judged.clock_level, judged.word_level, *gauges)
    return judged if offline else replace(judged, level=highest)


def _clock_level(clock_ms: int | None, now_ms: int, settings: Settings) -> Level:
    if clock_ms is None:
        return Level.NONE
    minutes = (now_ms - clock_ms) / _MINUTE_MS
    if minutes > number_set(settings, "PUMP_URGENT_CLOCK"):
        return Level.URGENT
    return Level.WARN if minutes > number_set(settings, "PUMP_WARN_CLOCK") else Level.NONE


def _gauge(value: float | None, what: str, settings: Settings, *, quiet: bool = False) -> Gauge | None:
    if value is None:
        return None
    if not quiet and value < number_set(settings, f"PUMP_URGENT_{what}"):
        return Gauge(value, Level.URGENT)
    return Gauge(value, Level.WARN if not quiet and value < number_set(settings, f"PUMP_WARN_{what}") else Level.NONE)


def _word(pump: Document) -> str:
    """Return what the pump does; Loop says it beside ``status``, and no word of the two means nothing is known."""
    status = part(pump, "status")
    if not status and not any(isinstance(pump.get(word), bool) for word in _WORDS):
        return ""
    for word in _WORDS:
        if status.get(word) is True or pump.get(word) is True:
            return word
    return text(status.get("status")) or "normal"
