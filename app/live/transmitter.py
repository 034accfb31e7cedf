"""What a transmitter last reported through xDrip-js (Lookout, Logger): its state and its batteries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.config import Settings
from app.glucose.levels import Level
from app.glucose.numbers import figure
from app.live.fields import Document, first_number, part, text
from app.live.setting_values import number_set
from app.live.statuses import Status, with_part

_HOUR_MS = 3_600_000
_LOOKS_BACK_MS = 24 * _HOUR_MS
_OK, _WANTS_CALIBRATION = 6, 7
_SECOND_CELL_BELOW = 10
"""By how much the second cell of a transmitter may lie below the first (hundredths of a volt)."""


@dataclass(frozen=True, slots=True)
class Transmitter:
    """The newest report of a transmitter, the devices that reported within a day, and how much it matters."""

    devices: tuple[str, ...] = ()
    latest: Status | None = None
    at_ms: int | None = None
    state_level: Level = Level.NONE
    battery_level: Level = Level.NONE

    @property
    def said(self) -> Document:
        """The part of the report that is about the transmitter."""
        return part(self.latest.document, "xdripjs") if self.latest else {}

    @property
    def level(self) -> Level:
        """The higher of both levels."""
        return max(self.state_level, self.battery_level)


def transmitter(statuses: Iterable[Status], now_ms: int, settings: Settings) -> Transmitter:
    """Return what a transmitter reported up to ``now_ms``."""
    devices: dict[str, None] = {}
    newest: tuple[int, Status] | None = None
    for status, said in with_part(statuses, "xdripjs", now_ms - _LOOKS_BACK_MS, now_ms):
        devices[status.device or "device"] = None
        at_ms = status.said_ms(said, "timestamp") or status.at_ms
        if newest is None or at_ms >= newest[0]:
            newest = at_ms, status
    if newest is None:
        return Transmitter()
    said = part(newest[1].document, "xdripjs")
    warn = number_set(settings, "XDRIPJS_WARN_BAT_V")
    return Transmitter(tuple(devices), newest[1], newest[0], _state_level(said), _battery_level(said, warn))


def _state_level(said: Document) -> Level:
    state = figure(said.get("state"))
    if state is None and not text(said.get("stateString")):
        return Level.NONE
    if state == _WANTS_CALIBRATION:
        return Level.INFO
    return Level.NONE if state == _OK else Level.WARN


def _battery_level(said: Document, warn: float) -> Level:
    first, second = first_number(said, "voltagea", "voltageA"), first_number(said, "voltageb", "voltageB")
    low = (first is not None and first < warn) or (second is not None and second < warn - _SECOND_CELL_BELOW)
    return Level.WARN if low else Level.NONE
