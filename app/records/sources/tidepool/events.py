"""Changes of the site and the reservoir, alarms, what was set on a device, and sports."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.records.sources.acts import LONGEST_MIN, event, exercise
from app.records.sources.tidepool.record import Record, number_in, text_of
from app.store.interface import Document

_MINUTES: Mapping[str, float] = {
    "milliseconds": 1 / 60_000,
    "seconds": 1 / 60,
    "minutes": 1,
    "hours": 60,
    "days": 24 * 60,
}


def device_event(record: Record) -> Document | None:
    """Return what happened to a device, None for what is of no use to anybody."""
    made = _EVENTS.get(text_of(record.get("subType")))
    return made(record) if made else None


def activity(record: Record) -> Document:
    """Return sports, with how long they lasted where that is told in a unit we know."""
    told = [text_of(record.get("name")), text_of(record.get("reportedIntensity"))]
    return exercise(duration_min=_duration_min(record), **record.act(notes=", ".join(filter(None, told))[:200]))


def _duration_min(record: Record) -> float | None:
    duration = record.get("duration")
    if isinstance(duration, Mapping):
        value, unit = number_in(duration.get("value")), text_of(duration.get("units")).lower()
    else:
        value, unit = number_in(duration), "milliseconds"
    if value is None or unit not in _MINUTES:
        return None
    minutes = value * _MINUTES[unit]
    return minutes if 0 < minutes <= LONGEST_MIN else None


def _prime(record: Record) -> Document | None:
    # What fills the tubing comes with the new reservoir.
    target = text_of(record.get("primeTarget")) or text_of(record.get("target"))
    return event("Site Change", **record.act()) if target == "cannula" else None


def _reservoir(record: Record) -> Document:
    return event("Insulin Change", **record.act())


def _alarm(record: Record) -> Document:
    payload = record.part("payload")
    kind = text_of(record.get("alarmType"))
    said = kind if kind and kind != "other" else text_of(payload.get("alarm_type")) or kind or "unknown"
    return event("Note", **record.act(notes=f"Alarm: {_words(said)}"))


def _status(record: Record) -> Document | None:
    status = text_of(record.get("status"))
    if status not in ("suspended", "resumed"):
        return None
    why = text_of(record.part("reason").get(status))
    return event("Note", **record.act(notes=f"Pump {status}" + (f" ({_words(why)})" if why else "")))


def _clock(record: Record) -> Document:
    # Tidepool has the moments of the records right already; this is for whoever wonders about the pump's own screen.
    change = record.part("change")
    before, after = (text_of(change.get(name))[:16].replace("T", " ") for name in ("from", "to"))
    told = f": from {before} to {after}" if before and after else ""
    return event("Note", **record.act(notes=f"Clock of the device was set{told}"))


def _override(record: Record) -> Document:
    name = text_of(record.get("overridePreset")) or _words(text_of(record.get("overrideType")))
    return event("Note", **record.act(notes=f"Pump settings overridden: {name or 'unknown'}"[:200]))


def _words(name: str) -> str:
    """Return a name out of a data model as words: ``low_insulin``, ``pumpSuspended``."""
    name = name.lower() if name.isupper() else name
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return " ".join(spaced.replace("_", " ").replace("-", " ").split())[:100]


_EVENTS: Mapping[str, Callable[[Record], Document | None]] = {
    "prime": _prime,
    "reservoirChange": _reservoir,
    "alarm": _alarm,
    "status": _status,
    "timeChange": _clock,
    "pumpSettingsOverride": _override,
}
