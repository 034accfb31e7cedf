"""How full the batteries of the uploaders are, phone by phone, and which of them is the lowest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.glucose.levels import Level
from app.glucose.numbers import figure
from app.live.fields import Document, part, text
from app.live.setting_values import number_set
from app.live.statuses import Status, uploader_of

_MINUTE_MS = 60_000
_RECENT_MS = 30 * _MINUTE_MS
_TOGETHER_MS = 10 * _MINUTE_MS
_MILLIVOLTS_FROM = 1000
_NAMELESS = "uploader"
_TRANSMITTER = "transmitter"
"""The name under which one app reports its sensor's battery; it says nothing about the phone."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A battery as one status reports it: ``percent`` 0 to 100, or ``volts`` where that is all there is."""

    status: Status
    uploader: Document
    percent: float | None
    volts: float | None
    charging: bool
    level: Level

    @property
    def rank(self) -> tuple[bool, float]:
        """The place in the order from empty to full; volts count only where nobody reports percent."""
        return self.percent is None, self.percent if self.percent is not None else self.volts or 0.0

    @property
    def is_known(self) -> bool:
        """Tell whether the report says anything about the battery."""
        return self.percent is not None or self.volts is not None


@dataclass(frozen=True, slots=True)
class Uploader:
    """One uploader: its own name, its reports of the last half hour, and the lowest charge of the newest of them."""

    uri: str
    charges: tuple[Charge, ...]
    lowest: Charge | None


def uploaders(statuses: Iterable[Status], now_ms: int, settings: Settings) -> tuple[Uploader, ...]:
    """Return every uploader that reported within the last half hour, in the order in which they began to."""
    warn, urgent = number_set(settings, "UPBAT_WARN"), number_set(settings, "UPBAT_URGENT")
    by_uri: dict[str, list[Charge]] = {}
    for status in statuses:
        uploader = uploader_of(status.document)
        if uploader and now_ms - _RECENT_MS <= status.at_ms <= now_ms:
            charge = _charge(status, uploader, warn, urgent)
            by_uri.setdefault(status.device or _NAMELESS, []).append(charge)
    return tuple(Uploader(uri, tuple(charges), _lowest_of_newest(charges)) for uri, charges in by_uri.items())


def lowest_charge(found: Iterable[Uploader]) -> Charge | None:
    """Return the lowest charge of all uploaders."""
    lowest = [uploader.lowest for uploader in found if uploader.lowest]
    return min(lowest, key=lambda charge: charge.rank, default=None)


def last_percent(statuses: Sequence[Status]) -> float | None:
    """Return the percent of the phone that spoke last, None where it does not say."""
    for status in reversed(statuses):
        uploader = uploader_of(status.document)
        if uploader and text(uploader.get("name")) != _TRANSMITTER:
            percent = figure(uploader.get("battery"))
            return percent if percent is not None and 0 <= percent <= 100 else None
    return None


def _charge(status: Status, uploader: Document, warn: float, urgent: float) -> Charge:
    percent, volts = figure(uploader.get("battery")), figure(uploader.get("batteryVoltage"))
    known = text(uploader.get("name")) != _TRANSMITTER
    if percent is not None and not (known and 0 <= percent <= 100):
        percent = None
    if volts is not None:
        volts = (volts / 1000 if volts > _MILLIVOLTS_FROM else volts) if known and volts > 0 else None
    return Charge(status, uploader, percent, volts, _is_charging(status.document), _level(percent, warn, urgent))


def _level(percent: float | None, warn: float, urgent: float) -> Level:
    if percent is None or percent > max(warn, urgent):
        return Level.NONE
    return Level.URGENT if percent <= urgent else Level.WARN


def _is_charging(document: Document) -> bool:
    said: tuple[Any, ...] = (document.get("isCharging"), part(document, "uploader").get("isCharging"))
    return True in said


def _lowest_of_newest(charges: Sequence[Charge]) -> Charge | None:
    known = [charge for charge in charges if charge.is_known]
    newest_ms = max((charge.status.at_ms for charge in charges), default=0)
    recent = [charge for charge in known if charge.status.at_ms >= newest_ms - _TOGETHER_MS]
    return min(recent, key=lambda charge: charge.rank, default=None)
